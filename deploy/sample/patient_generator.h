// Synthetic patients, the same for the same seed everywhere: what the demo, the tests and the benchmarks use.
// Nobody here exists. They are varied on purpose: infants, the deceased, names in many scripts, decimals
// whose zeros matter, markup in free text, references that lead nowhere, missing performers, records of any
// size.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sample {

enum class References {
  kUrn,       // "urn:uuid:…", in a transaction Bundle
  kRelative,  // "Type/id", in a collection whose fullUrls are addresses
};

struct Wanted {
  std::uint64_t seed = 1;
  std::uint64_t index = 0;  // which of the seed's patients; they share hospitals, clinicians and drugs
  std::size_t bytes =
      0;  // the size of the record as JSON, reached by adding visits; 0: a size like the patient's life
};

struct Entry {
  std::string full_url;
  std::string request_url;  // the resource's type
  std::string resource;     // JSON text
};

struct SamplePatient {
  std::string id;    // the Patient is "Patient/" + id
  std::string name;  // as text
  std::string
      identifier_system;  // with identifier_value the first identifier; both empty for the few who have none
  std::string identifier_value;
  References references = References::kUrn;
  bool infant = false;
  bool deceased = false;
  std::vector<Entry> entries;  // the Patient first
};

SamplePatient generate_patient(const Wanted& wanted);

// A Bundle: transaction or collection as the patient's references ask for.
std::string as_bundle(const SamplePatient& patient);
// One resource a line.
std::string as_ndjson(const SamplePatient& patient);

}  // namespace sample
