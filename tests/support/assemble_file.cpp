// Reads FHIR R4 JSON files (Bundles or single resources, gzip too) and writes each file's patients as IPS
// documents, without HIS, keys or network: the quick way to try new patients. usage: assemble_file OUT_DIR
// FILE…   Prints one line a patient and what was rejected.
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>

#include "agent/core/fhir/document.h"
#include "agent/core/fhir/json_tree.h"
#include "agent/core/fhir/withholding.h"

namespace {

using namespace edge::fhir;

std::string read_any(const std::filesystem::path& file) {
  gzFile in = gzopen(file.c_str(), "rb");
  if (!in) throw std::runtime_error("can't read " + file.string());
  std::string out;
  char buffer[1 << 16];
  for (int got = 0; (got = gzread(in, buffer, sizeof buffer)) > 0;)
    out.append(buffer, static_cast<std::size_t>(got));
  gzclose(in);
  return out;
}

struct Source {
  std::vector<Prepared> patients;
  std::vector<Prepared> others;
};

void take(Source& source, const Node& resource, std::string_view full_url) {
  auto prepared = prepare(to_text(resource), full_url);
  if (!prepared) {
    std::cout << "  rejected: " << prepared.error().reason << '\n';
    return;
  }
  for (const std::string& note : prepared->notes)
    if (note.find("completed") == std::string::npos)
      std::cout << "  " << prepared->kind << ": " << note << '\n';
  if (prepared->kind == "Patient")
    source.patients.push_back(std::move(*prepared));
  else
    source.others.push_back(std::move(*prepared));
}

AssembleInput input_for(const Prepared& patient, const Source& source, unsigned number) {
  AssembleInput input;
  input.patient = patient;
  for (const Prepared& prepared : source.others) {
    if (prepared.patient_key == patient.key)
      input.resources.push_back(prepared);
    else if (prepared.patient_key.empty())
      input.linked.push_back(prepared);
  }
  input.hospital_name = "Test Hospital";
  input.software_version = "test";
  input.agent_address = "10.0.0.1";
  auto uuid = [&](unsigned part) {
    char text[40];
    std::snprintf(text, sizeof text, "%08x-%04x-4000-8000-%012x", number, part, number);
    return std::string(text);
  };
  input.bundle_uuid = uuid(1), input.composition_uuid = uuid(2), input.organization_uuid = uuid(3),
  input.device_uuid = uuid(4);
  input.now = *ledger::parse_time("2026-11-22T08:00:00.000Z");
  return input;
}

// Keeps some sections back, as a consent would: every second one.
void withhold(AssembleInput& input, bool marked) {
  std::vector<Section> permitted;
  for (int i = marked ? 1 : 2; i <= 16; i += 2) permitted.push_back(static_cast<Section>(i));
  input.withheld = Withholding(permitted, marked);
  const auto out = [&](const Prepared& one) { return input.withheld.takes_out(one); };
  std::erase_if(input.resources, out);
  std::erase_if(input.linked, out);
}

bool run(const std::filesystem::path& out, const std::filesystem::path& file, unsigned& number) {
  auto root = parse_tree(read_any(file), {std::size_t{1} << 30, 128});
  if (!root) {
    std::cout << file.filename().string() << ": " << root.error().reason << '\n';
    return false;
  }
  std::cout << file.filename().string() << '\n';
  Source source;
  if (const Node* entries = root->find("entry")) {
    for (const Node& entry : entries->items)
      if (const Node* resource = entry.find("resource")) take(source, *resource, entry.string_at("fullUrl"));
  } else {
    take(source, *root, "");
  }
  for (const Prepared& patient : source.patients) {
    AssembleInput input = input_for(patient, source, ++number);
    if (number % 3 != 0) withhold(input, number % 3 == 1);
    auto document = assemble(input);
    if (!document) {
      std::cout << "  no document: " << document.error().reason << '\n';
      continue;
    }
    std::string name = file.filename().string();
    name.resize(name.find(".json"));
    std::ofstream(out / (name + '-' + std::to_string(number) + ".ips.json"), std::ios::binary)
        << document->text;
    std::cout << "  " << document->entries << " entries, " << document->text.size() << " bytes\n";
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  unsigned number = 0;
  bool ok = argc > 2;
  for (int i = 2; i < argc; ++i) ok = run(argv[1], argv[i], number) && ok;
  return ok ? 0 : 1;
}
