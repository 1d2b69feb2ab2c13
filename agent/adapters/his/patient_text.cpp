#include "agent/adapters/his/patient_text.h"

#include <map>
#include <nlohmann/json.hpp>

namespace edge::his {

using nlohmann::json;

namespace {

std::string text_at(const json& object, const char* member) {
  if (!object.is_object()) return {};
  const auto found = object.find(member);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void append_word(std::string& text, const std::string& word) {
  if (word.empty()) return;
  if (!text.empty()) text += ' ';
  text += word;
}

std::string words_of(const json& name) {
  std::string text = text_at(name, "text");
  if (!text.empty()) return text;
  if (name.is_object() && name.contains("given") && name["given"].is_array()) {
    for (const json& given : name["given"])
      if (given.is_string()) append_word(text, given.get<std::string>());
  }
  append_word(text, text_at(name, "family"));
  return text;
}

std::string choose_name(const json& patient) {
  if (!patient.contains("name") || !patient["name"].is_array()) return {};
  std::string first;
  for (const json& name : patient["name"]) {
    const std::string use = text_at(name, "use");
    std::string words = words_of(name);
    if (use == "official" && !words.empty()) return words;
    if (use != "old" && first.empty()) first = std::move(words);
  }
  return first;
}

// The order and the names of the sections as `his show` prints them; indexed by fhir::Section.
constexpr const char* kSectionNames[] = {"",
                                         "Problems",
                                         "Allergies",
                                         "Medications",
                                         "Immunizations",
                                         "Results",
                                         "Procedures",
                                         "Devices",
                                         "Advance directives",
                                         "Alerts",
                                         "Functional status",
                                         "Past problems",
                                         "Pregnancy",
                                         "Patient story",
                                         "Plan of care",
                                         "Social history",
                                         "Vital signs"};

const char* section_name(fhir::Section section) {
  const auto index = static_cast<std::size_t>(section);
  return index < std::size(kSectionNames) ? kSectionNames[index] : "";
}

struct PatientPage {
  std::string key;
  PatientText text;
  std::vector<fhir::Identifier> identifiers;
  std::vector<SqliteStore::KindCount> kinds;
  std::map<fhir::Section, std::uint64_t> sections;
};

bool read_page(SqliteStore& store, const std::string& key, PatientPage& page) {
  store.stream(key, [&](fhir::Prepared&& patient) {
    page.key = patient.key;
    page.text = describe_patient(patient.source);
    page.identifiers = std::move(patient.identifiers);
    return false;
  });
  if (page.key.empty()) return false;
  page.kinds = store.count_kinds(key);
  store.stream_sections(key, [&](fhir::Prepared&& resource) {
    if (resource.section != fhir::Section::kNone) ++page.sections[resource.section];
    return true;
  });
  return true;
}

// A terminal obeys control characters; a name must not.
std::string printable(const std::string& text) {
  std::string out;
  for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  return out;
}

void append_line(std::string& out, const std::string& label, const std::string& value) {
  if (value.empty()) return;
  std::string padded = label;
  padded.resize(std::max<std::size_t>(padded.size(), 20), ' ');
  out += padded + ' ' + printable(value) + '\n';
}

}  // namespace

PatientText describe_patient(std::string_view patient_json) {
  const json patient = json::parse(patient_json, nullptr, false);
  if (!patient.is_object()) return {};
  PatientText text{choose_name(patient), text_at(patient, "birthDate"), text_at(patient, "gender"),
                   text_at(patient, "deceasedDateTime")};
  if (text.deceased.empty() && patient.contains("deceasedBoolean") && patient["deceasedBoolean"] == true)
    text.deceased = "yes";
  return text;
}

std::string render_patient(SqliteStore& store, const std::string& patient_key) {
  PatientPage page;
  if (!read_page(store, patient_key, page)) return {};
  std::string out;
  append_line(out, "Patient", page.key);
  append_line(out, "Name", page.text.name);
  append_line(out, "Born", page.text.birth_date);
  append_line(out, "Gender", page.text.gender);
  append_line(out, "Deceased", page.text.deceased);
  for (const fhir::Identifier& identifier : page.identifiers) {
    append_line(out, "Identifier",
                identifier.system.empty() ? identifier.value : identifier.system + "|" + identifier.value);
  }
  out += "\nIn a document\n";
  for (const auto& [section, count] : page.sections)
    append_line(out, std::string("  ") + section_name(section), std::to_string(count));
  out += "\nIn the record\n";
  for (const auto& [kind, count] : page.kinds) append_line(out, "  " + kind, std::to_string(count));
  return out;
}

std::string render_patient_json(SqliteStore& store, const std::string& patient_key) {
  PatientPage page;
  if (!read_page(store, patient_key, page)) return {};
  nlohmann::ordered_json out = {
      {"key", page.key}, {"name", page.text.name}, {"birthDate", page.text.birth_date}};
  out["gender"] = page.text.gender;
  out["deceased"] = page.text.deceased;
  out["identifiers"] = json::array();
  for (const auto& [system, value] : page.identifiers)
    out["identifiers"].push_back({{"system", system}, {"value", value}});
  out["kinds"] = json::object();
  for (const auto& [kind, count] : page.kinds) out["kinds"][kind] = count;
  out["sections"] = json::object();
  for (const auto& [section, count] : page.sections) out["sections"][section_name(section)] = count;
  return out.dump();
}

}  // namespace edge::his
