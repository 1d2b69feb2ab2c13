#include "agent/core/fhir/concepts.h"

#include "agent/core/fhir/primitives.h"

namespace edge::fhir {

namespace {

std::string join(std::initializer_list<std::string> parts, std::string_view separator) {
  std::string out;
  for (const std::string& part : parts) {
    if (part.empty()) continue;
    if (!out.empty()) out += separator;
    out += part;
  }
  return out;
}

std::string period_text(const Node& period) {
  return join({date_text(period.string_at("start")), date_text(period.string_at("end"))}, " to ");
}

std::string ratio_text(const Node& ratio) {
  return join({quantity_text(ratio.find("numerator")), quantity_text(ratio.find("denominator"))}, " / ");
}

std::string value_text(const Node& value, std::string_view type) {
  if (type == "CodeableConcept") return concept_text(&value);
  if (type == "Quantity" || type == "Age" || type == "Duration") return quantity_text(&value);
  if (type == "Period") return period_text(value);
  if (type == "Ratio") return ratio_text(value);
  if (type == "Range")
    return join({quantity_text(value.find("low")), quantity_text(value.find("high"))}, " - ");
  if (type == "DateTime" || type == "Instant" || type == "Date") return date_text(value.text);
  if (type == "Boolean") return value.text == "true" ? "yes" : "no";
  if (type == "SampledData") return "sampled data";
  if (type == "Reference") return std::string(value.string_at("display"));
  return value.is_object() || value.is_array() ? std::string() : value.text;
}

}  // namespace

bool has_coding(const Node* concept_node, std::string_view system, std::string_view code) {
  if (!concept_node) return false;
  for (const Node& item : concept_node->items)
    if (has_coding(&item, system, code)) return true;
  const Node* codings = concept_node->find("coding");
  if (!codings) return false;
  for (const Node& coding : codings->items)
    if (coding.string_at("code") == code && (system.empty() || coding.string_at("system") == system))
      return true;
  return false;
}

std::string_view first_code(const Node* concept_node) {
  const Node* coding = concept_node ? concept_node->first("coding") : nullptr;
  return coding ? coding->string_at("code") : std::string_view();
}

std::string concept_text(const Node* concept_node) {
  if (!concept_node) return {};
  if (std::string_view text = concept_node->string_at("text"); !text.empty()) return std::string(text);
  const Node* codings = concept_node->find("coding");
  if (!codings) return {};
  for (const Node& coding : codings->items)
    if (std::string_view display = coding.string_at("display"); !display.empty()) return std::string(display);
  return std::string(first_code(concept_node));
}

std::string concept_key(const Node* concept_node) {
  const Node* coding = concept_node ? concept_node->first("coding") : nullptr;
  if (coding && !coding->string_at("code").empty())
    return std::string(coding->string_at("system")) + '|' + std::string(coding->string_at("code"));
  std::string text = concept_text(concept_node);
  return text.empty() ? text : "text|" + text;
}

std::string quantity_text(const Node* quantity) {
  if (!quantity) return {};
  const Node* value = quantity->find("value");
  std::string_view unit = quantity->string_at("unit");
  if (unit.empty()) unit = quantity->string_at("code");
  if (!value) return {};
  std::string text(quantity->string_at("comparator"));
  text += value->text;
  return unit.empty() ? text : text + ' ' + std::string(unit);
}

std::string choice_text(const Node& object, std::string_view base) {
  for (const Member& member : object.members)
    if (member.name.size() > base.size() && member.name.starts_with(base) && member.name[base.size()] < 'a')
      return value_text(member.value, std::string_view(member.name).substr(base.size()));
  return {};
}

std::string date_text(std::string_view date_time) {
  std::string text(date_time.substr(0, 16));
  if (text.size() > 10) text[10] = ' ';
  return text;
}

std::string choice_date(const Node& object, std::string_view base) {
  const std::string name(base);
  for (const char* type : {"DateTime", "Instant", "Date"})
    if (std::string_view text = object.string_at(name + type); !text.empty()) return std::string(text);
  if (const Node* period = object.find(name + "Period")) {
    std::string_view start = period->string_at("start");
    return std::string(start.empty() ? period->string_at("end") : start);
  }
  if (const Node* timing = object.find(name + "Timing"))
    if (const Node* event = timing->first("event")) return event->text;
  return {};
}

}  // namespace edge::fhir
