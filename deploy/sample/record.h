// The record of one sample patient while it is written: references, dates, shared resources. Internal to this
// folder.
#pragma once

#include <set>
#include <string>

#include "deploy/sample/json_text.h"
#include "deploy/sample/patient_generator.h"
#include "deploy/sample/random.h"
#include "deploy/sample/vocabulary.h"

namespace sample {

// Days since 1970-01-01 as "YYYY-MM-DD".
std::string day_text(long day);
// A time of that day in one of several zones, as hospitals write them.
std::string time_text(long day, Random& random);
// A decimal with its digits as given: value 150, decimals 2 gives 1.50.
std::string decimal_text(long value, int decimals);

Json coding(const char* system, std::string_view code, std::string_view display);
Json concept_of(const Concept& entry);
Json concept_of(const char* system, std::string_view code, std::string_view display);
Json words(std::string_view text);  // a CodeableConcept of text alone

class Record {
 public:
  static constexpr long kToday = 20634;  // 2026-06-30

  Record(const Wanted& wanted, SamplePatient& patient);

  Random& random() { return random_; }
  SamplePatient& patient() { return patient_; }
  std::size_t bytes() const { return bytes_; }
  long born() const { return born_; }
  long last_day() const { return last_day_; }  // today or the day of death
  void set_life(long born, long last_day);
  long age_on(long day) const { return (day - born_) / 365; }

  // Adds a resource of the patient; gives its id.
  std::string add(const char* kind, std::initializer_list<Member> members);
  Json reference(const char* kind, const std::string& id, std::string_view display = {}) const;
  Json patient_reference() const { return reference("Patient", patient_.id); }
  // A reference to something no file holds.
  Json dangling(const char* kind);
  // Resources that patients of a seed share: made when first used.
  Json hospital();
  Json clinician();
  Json medication(const Concept& drug);
  // Sometimes a note with text that has to be escaped, else no value.
  Json note();

 private:
  void put(const char* kind, const std::string& id, Json resource);
  std::string shared_id(const char* kind, std::uint64_t index) const;

  Wanted wanted_;
  SamplePatient& patient_;
  Random random_;
  std::size_t bytes_ = 0;
  long born_ = 0, last_day_ = kToday;
  std::set<std::string> shared_;
};

// What a record is made of; each adds one or a few resources.
void add_problem(Record& record, const std::string& encounter, long day, bool resolved);
void add_allergy(Record& record);
void add_medication_request(Record& record, const std::string& encounter, long day);
void add_medication_statement(Record& record, long day);
void add_immunization(Record& record, const std::string& encounter, long day);
void add_procedure(Record& record, const std::string& encounter, long day);
void add_device(Record& record, long day);
void add_vital_signs(Record& record, const std::string& encounter, long day);
void add_laboratory(Record& record, const std::string& encounter, long day);
void add_social_history(Record& record, long day);
void add_pregnancy(Record& record, long day);
void add_plans(Record& record, long day);
std::string add_encounter(Record& record, long day);

}  // namespace sample
