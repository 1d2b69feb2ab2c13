#include <array>

#include "agent/core/fhir/classify.h"
#include "agent/core/fhir/concepts.h"
#include "agent/core/fhir/narrative.h"

namespace edge::fhir {

namespace {

// Every section's table has the same columns: what, state, details, date.
struct Row {
  std::string what, state, details, date;
  std::string what_reference;  // urn:uuid of the resource that names it
};

void add(std::string& details, const std::string& label, const std::string& text) {
  if (text.empty()) return;
  if (!details.empty()) details += "; ";
  details += label.empty() ? text : label + ": " + text;
}

std::string list_text(const Node* concepts) {
  std::string out;
  if (concepts)
    for (const Node& item : concepts->items) add(out, "", concept_text(&item));
  return out;
}

void name_by(Row& row, const Node* reference) {
  if (!reference) return;
  row.what = reference->string_at("display");
  if (reference->string_at("reference").starts_with("urn:uuid:"))
    row.what_reference = reference->string_at("reference");
}

void problem(const Node& ips, Row& row) {
  row.state = concept_text(ips.find("clinicalStatus"));
  std::string_view certainty = first_code(ips.find("verificationStatus"));
  if (!certainty.empty() && certainty != "confirmed") add(row.state, "", std::string(certainty));
  add(row.details, "", concept_text(ips.find("severity")));
  add(row.details, "site", list_text(ips.find("bodySite")));
  add(row.details, "until", choice_text(ips, "abatement"));
  row.date = choice_text(ips, "onset");
}

void allergy(const Node& ips, Row& row) {
  problem(ips, row);
  add(row.details, "criticality", std::string(ips.string_at("criticality")));
  const Node* reactions = ips.find("reaction");
  if (!reactions) return;
  for (const Node& reaction : reactions->items) {
    std::string text = list_text(reaction.find("manifestation"));
    add(text, "", std::string(reaction.string_at("severity")));
    add(row.details, "reaction", text);
  }
}

std::string timing_text(const Node& repeat) {
  auto text = [&](const char* name) { return repeat.find(name) ? repeat.find(name)->text : std::string(); };
  std::string out;
  if (!text("frequency").empty()) out = text("frequency") + " times";
  if (!text("period").empty())
    out += (out.empty() ? "every " : " in ") + text("period") + ' ' + text("periodUnit");
  return out;
}

std::string dosage_text(const Node& dosage) {
  if (std::string_view text = dosage.string_at("text"); !text.empty()) return std::string(text);
  std::string out;
  if (const Node* dose = dosage.first("doseAndRate")) add(out, "", choice_text(*dose, "dose"));
  const Node* timing = dosage.find("timing");
  if (const Node* repeat = timing ? timing->find("repeat") : nullptr) add(out, "", timing_text(*repeat));
  add(out, "", timing ? concept_text(timing->find("code")) : "");
  const Node* as_needed = dosage.find("asNeededBoolean");
  if (as_needed && as_needed->text == "true") add(out, "", "as needed");
  add(out, "as needed", concept_text(dosage.find("asNeededCodeableConcept")));
  add(out, "", concept_text(dosage.find("route")));
  return out;
}

void medication(const Node& ips, Row& row) {
  row.what = concept_text(ips.find("medicationCodeableConcept"));
  name_by(row, row.what.empty() ? ips.find("medicationReference") : nullptr);
  for (const char* name : {"dosageInstruction", "dosage"}) {
    const Node* dosages = ips.find(name);
    if (!dosages) continue;
    if (dosages->is_object()) add(row.details, "", choice_text(*dosages, "text"));
    for (const Node& dosage : dosages->items) add(row.details, "", dosage_text(dosage));
  }
}

std::string range_text(const Node& range) {
  if (std::string_view text = range.string_at("text"); !text.empty()) return std::string(text);
  std::string low = quantity_text(range.find("low")), high = quantity_text(range.find("high"));
  if (low.empty()) return high.empty() ? high : "up to " + high;
  return high.empty() ? "from " + low : low + " - " + high;
}

void result(const Node& ips, Row& row) {
  add(row.details, "", choice_text(ips, "value"));
  if (const Node* components = ips.find("component"))
    for (const Node& component : components->items) {
      std::string value = choice_text(component, "value");
      add(row.details, concept_text(component.find("code")), value.empty() ? "no value" : value);
    }
  if (row.details.empty()) add(row.details, "no value", concept_text(ips.find("dataAbsentReason")));
  add(row.details, "", list_text(ips.find("interpretation")));
  if (const Node* ranges = ips.find("referenceRange"))
    for (const Node& range : ranges->items) add(row.details, "reference", range_text(range));
  add(row.details, "", std::string(ips.string_at("conclusion")));
  if (const Node* results = ips.find("result"))
    add(row.details, "", std::to_string(results->items.size()) + " results");
}

void care_plan(const Node& ips, Row& row) {
  if (std::string_view title = ips.string_at("title"); !title.empty()) row.what = title;
  if (row.what.empty()) row.what = list_text(ips.find("category"));
  add(row.details, "", std::string(ips.string_at("description")));
  if (const Node* activities = ips.find("activity"))
    for (const Node& activity : activities->items)
      if (const Node* detail = activity.find("detail"))
        add(row.details, "", concept_text(detail->find("code")));
}

void recommendation(const Node& ips, Row& row) {
  const Node* list = ips.find("recommendation");
  if (!list) return;
  for (const Node& item : list->items) {
    std::string vaccine = list_text(item.find("vaccineCode"));
    add(row.what, "", vaccine.empty() ? concept_text(item.find("targetDisease")) : vaccine);
    add(row.details, "", concept_text(item.find("forecastStatus")));
  }
}

std::string device_name(const Node& ips) {
  if (const Node* name = ips.first("deviceName")) return std::string(name->string_at("name"));
  std::string type = concept_text(ips.find("type"));
  if (!type.empty()) return type;
  for (const char* name : {"modelNumber", "manufacturer", "distinctIdentifier"})
    if (std::string_view text = ips.string_at(name); !text.empty()) return std::string(text);
  return "device";
}

void general(const Node& ips, Row& row) {
  for (const char* name : {"code", "vaccineCode", "type", "scope"})
    if (row.what.empty()) row.what = concept_text(ips.find(name));
  for (const char* name : {"description", "summary"})
    if (row.what.empty()) row.what = ips.string_at(name);
  if (row.what.empty()) row.what = list_text(ips.find("category"));
  row.state = ips.string_at("status");
}

void cell(std::string& out, const std::string& text) {
  out += "<td>";
  append_escaped(out, text);
  out += "</td>";
}

Row make_row(const Node& ips, const std::string& kind) {
  Row row;
  general(ips, row);
  if (kind == "Condition")
    problem(ips, row);
  else if (kind == "AllergyIntolerance")
    allergy(ips, row);
  else if (kind.starts_with("Medication"))
    medication(ips, row);
  else if (kind == "Observation" || kind == "DiagnosticReport")
    result(ips, row);
  else if (kind == "CarePlan")
    care_plan(ips, row);
  else if (kind == "ImmunizationRecommendation")
    recommendation(ips, row);
  else if (kind == "DeviceUseStatement")
    name_by(row, ips.find("device"));
  else if (kind == "Device")
    row.what = device_name(ips);
  if (kind == "ClinicalImpression" && row.what == ips.string_at("description"))
    add(row.details, "", std::string(ips.string_at("summary")));
  return row;
}

}  // namespace

std::string narrative_row(const Node& ips, const Prepared& prepared) {
  std::string out;
  if (prepared.kind == "Medication" || (prepared.kind == "Device" && prepared.section == Section::kNone)) {
    append_escaped(out, prepared.kind == "Device" ? device_name(ips) : concept_text(ips.find("code")));
    return out;
  }
  if (prepared.section == Section::kNone) return out;
  Row row = make_row(ips, prepared.kind);
  if (row.date.empty()) row.date = date_text(prepared.date);
  out = "<tr>";
  if (row.what.empty() && !row.what_reference.empty())
    out += "<td><!--" + row.what_reference + "--></td>";
  else
    cell(out, row.what);
  cell(out, row.state);
  cell(out, row.details);
  cell(out, row.date);
  return out += "</tr>";
}

}  // namespace edge::fhir
