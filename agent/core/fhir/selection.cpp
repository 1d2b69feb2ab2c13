#include "agent/core/fhir/selection.h"

#include <algorithm>

#include "agent/core/fhir/references.h"

namespace edge::fhir {

namespace {

// Required sections are in every document; recommended and optional ones where there is something to say.
const std::vector<SectionRule> kDefaultRules = {
    {Section::kProblems, true, 0, false, false},      {Section::kAllergies, true, 0, false, false},
    {Section::kMedications, true, 0, true, false},    {Section::kImmunizations, false, 0, false, false},
    {Section::kResults, false, 0, true, false},       {Section::kProcedures, false, 0, false, false},
    {Section::kDevices, false, 0, false, false},      {Section::kAdvanceDirectives, false, 0, false, false},
    {Section::kAlerts, false, 0, false, false},       {Section::kFunctionalStatus, false, 0, false, false},
    {Section::kPastProblems, false, 0, false, false}, {Section::kPregnancy, false, 0, false, false},
    {Section::kPatientStory, false, 0, false, false}, {Section::kPlanOfCare, false, 0, false, true},
    {Section::kSocialHistory, false, 0, true, false}, {Section::kVitalSigns, false, 0, true, false}};

class Selector {
 public:
  explicit Selector(const AssembleInput& input) : input_(input) { index(); }

  Selection run() {
    out_.patient = &input_.patient;
    for (const SectionRule& rule : input_.rules) {
      SelectedSection& section = out_.sections.emplace_back();
      section.rule = &rule;
      section.wanted = is_wanted(rule.section);
      section.withheld = section.wanted && input_.withheld.covers(rule.section);
      if (section.wanted) choose(section);
    }
    for (SelectedSection& section : out_.sections)
      if (section.rule->section == Section::kDevices) use_devices(section);
    carry();
    settle_references();
    return std::move(out_);
  }

 private:
  void index() {
    for (const Prepared& prepared : input_.resources) add(prepared);
    for (const Prepared& prepared : input_.linked) add(prepared);
    for (const SectionRule& rule : input_.rules) enabled_.insert(static_cast<int>(rule.section));
  }

  void add(const Prepared& prepared) {
    bool other_patient = !prepared.patient_key.empty() && prepared.patient_key != input_.patient.key;
    if (!prepared.ips.empty() && prepared.kind != "Patient" && !other_patient)
      known_.emplace(prepared.full_url, &prepared);
  }

  bool is_wanted(Section section) const {
    return input_.sections.empty() ||
           std::find(input_.sections.begin(), input_.sections.end(), section) != input_.sections.end();
  }

  // Active first, then newest; the key makes the order a function of the data alone.
  static bool comes_before(const Prepared* a, const Prepared* b) {
    if (a->active != b->active) return a->active;
    if (a->date != b->date) return a->date > b->date;
    return a->key < b->key;
  }

  void choose(SelectedSection& section) {
    const SectionRule& rule = *section.rule;
    std::vector<const Prepared*> candidates;
    for (const Prepared& prepared : input_.resources) {
      if (prepared.section != rule.section) continue;
      auto known = known_.find(prepared.full_url);
      if (known == known_.end() || known->second != &prepared) continue;
      if (!rule.active_only || prepared.active) candidates.push_back(&prepared);
    }
    std::sort(candidates.begin(), candidates.end(), comes_before);
    std::unordered_map<std::string_view, std::unordered_set<std::string_view>> codes;  // by kind
    for (const Prepared* prepared : candidates) {
      if (rule.limit > 0 && section.entries.size() >= rule.limit) break;
      bool repeated = !prepared->code.empty() && !codes[prepared->kind].insert(prepared->code).second;
      if (repeated && rule.latest_per_code && !is_current_medicine(*prepared)) continue;
      if (is_second_habit(*prepared)) continue;
      section.entries.push_back(prepared);
      section.rows.push_back(prepared->narrative_row);
    }
  }

  // Two running prescriptions of one medicine are two facts.
  static bool is_current_medicine(const Prepared& prepared) {
    return prepared.section == Section::kMedications && prepared.active;
  }

  // The IPS allows one statement about tobacco and one about alcohol.
  bool is_second_habit(const Prepared& prepared) {
    if (prepared.section != Section::kSocialHistory) return false;
    for (const char* code : {"\"72166-2\"", "\"74013-4\""})
      if (prepared.ips.find(code) != std::string::npos && !habits_.insert(code).second) return true;
    return false;
  }

  // The section holds statements of use; a Device that only says whose it is gets one.
  void use_devices(SelectedSection& section) {
    std::unordered_set<std::string_view> used;
    for (const Prepared* entry : section.entries)
      if (entry->kind != "Device") used.insert(entry->references.begin(), entry->references.end());
    std::vector<const Prepared*> entries;
    std::vector<std::string_view> rows;
    for (const Prepared* entry : section.entries) {
      const Prepared* shown = entry;
      if (entry->kind == "Device") shown = used.count(entry->full_url) > 0 ? nullptr : make_use(*entry);
      if (shown == nullptr) continue;
      entries.push_back(shown);
      rows.push_back(entry->narrative_row);
    }
    section.entries = std::move(entries);
    section.rows = std::move(rows);
  }

  const Prepared* make_use(const Prepared& device) {
    bool ended = device.ips.find("\"status\":\"inactive\"") != std::string::npos;
    std::string json = R"({"resourceType":"DeviceUseStatement","status":")" +
                       std::string(ended ? "completed" : "active") + R"(","subject":{"reference":")" +
                       input_.patient.full_url + R"("},"device":{"reference":")" + device.full_url + R"("}})";
    auto use = prepare(json, full_url_of("DeviceUseStatement", device.full_url));
    if (!use || use->ips.empty()) return nullptr;
    use->references = {device.full_url};
    return &out_.owned.emplace_back(std::move(*use));
  }

  // Breadth first from the patient and the sections.
  void carry() {
    for (const SelectedSection& section : out_.sections)
      for (const Prepared* entry : section.entries) include(entry);
    follow(input_.patient);
    for (std::size_t i = 0; i < out_.resources.size(); ++i) follow(*out_.resources[i]);
  }

  void follow(const Prepared& from) {
    for (const std::string& reference : from.references) {
      auto found = known_.find(reference);
      if (found != known_.end() && may_be_carried(*found->second)) include(found->second);
    }
  }

  // What a section nobody asked for would hold is not carried in by a reference either.
  bool may_be_carried(const Prepared& prepared) const {
    if (prepared.section == Section::kNone) return true;
    return is_wanted(prepared.section) && enabled_.count(static_cast<int>(prepared.section)) > 0;
  }

  void include(const Prepared* prepared) {
    if (included_.insert(prepared->full_url).second) out_.resources.push_back(prepared);
  }

  // A document stands alone: a reference to what is not in it is taken out of a copy.
  void settle_references() {
    out_.patient = settled(out_.patient);
    for (const Prepared*& prepared : out_.resources) {
      const Prepared* before = prepared;
      prepared = settled(prepared);
      if (prepared == before) continue;
      for (SelectedSection& section : out_.sections)
        for (std::size_t i = 0; i < section.entries.size(); ++i)
          if (section.entries[i] == before) {
            section.entries[i] = prepared;
            if (before->kind == prepared->kind && section.rows[i] == before->narrative_row)
              section.rows[i] = prepared->narrative_row;
          }
    }
  }

  const Prepared* settled(const Prepared* prepared) {
    std::vector<std::string> missing;
    for (const std::string& reference : prepared->references)
      if (included_.count(reference) == 0 && reference != input_.patient.full_url)
        missing.push_back(reference);
    const bool partial = input_.withheld.any();
    if (missing.empty() && !partial) return prepared;
    Prepared& copy = out_.owned.emplace_back(*prepared);
    drop_references(copy, missing, partial ? &input_.withheld : nullptr);
    return &copy;
  }

  const AssembleInput& input_;
  Selection out_;
  std::unordered_map<std::string_view, const Prepared*> known_;
  std::unordered_set<std::string_view> included_;
  std::unordered_set<std::string> habits_;
  std::unordered_set<int> enabled_;
};

}  // namespace

const std::vector<SectionRule>& default_rules() {
  return kDefaultRules;
}

Selection select(const AssembleInput& input) {
  return Selector(input).run();
}

}  // namespace edge::fhir
