// ehr-sample-patients: writes synthetic patients as files, one a patient.
#include <sysexits.h>
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "deploy/sample/patient_generator.h"

namespace {

struct Options {
  std::filesystem::path directory;
  std::uint64_t count = 12;
  std::uint64_t seed = 1;
  std::uint64_t bytes = 0;
  std::string format = "bundle";
};

void write_patients(const Options& options) {
  std::filesystem::create_directories(options.directory);
  const bool ndjson = options.format == "ndjson";
  for (std::uint64_t index = 0; index < options.count; ++index) {
    const sample::SamplePatient patient = sample::generate_patient({options.seed, index, options.bytes});
    char name[64];
    std::snprintf(name, sizeof name, "patient-%06llu.%s", static_cast<unsigned long long>(index),
                  ndjson ? "ndjson" : "json");
    std::ofstream out(options.directory / name, std::ios::binary);
    out << (ndjson ? sample::as_ndjson(patient) : sample::as_bundle(patient));
    if (!out.flush()) throw std::runtime_error("can't write " + (options.directory / name).string());
    // Identifiers as `ehr-agent request` takes them.
    const bool numbered = !patient.identifier_value.empty();
    std::cout << (numbered ? patient.identifier_system + "|" + patient.identifier_value : patient.id) << '\t'
              << patient.name << '\t' << name << '\n';
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{
      "Writes synthetic patients for trying things out, the same for the same seed; prints identifier, name "
      "and file of each.\n"
      "example: ehr-sample-patients ./patients --count 20 --seed 7"};
  app.add_option("OUTDIR", options.directory, "folder for the files, made if missing")->required();
  app.add_option("--count", options.count, "how many patients")->capture_default_str();
  app.add_option("--seed", options.seed, "which patients")->capture_default_str();
  app.add_option("--size", options.bytes, "size of each record in bytes of JSON; K, M and G are understood")
      ->transform(CLI::AsSizeValue(false));
  app.add_option("--format", options.format, "bundle or ndjson")
      ->check(CLI::IsMember({"bundle", "ndjson"}))
      ->capture_default_str();
  try {
    app.parse(argc, argv);
    write_patients(options);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? EX_OK : EX_USAGE;
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << '\n';
    return EX_CANTCREAT;
  }
  return EX_OK;
}
