#include "agent/core/fhir/render.h"

#include <algorithm>
#include <map>
#include <vector>

#include "agent/core/fhir/concepts.h"
#include "agent/core/fhir/json_tree.h"
#include "agent/core/fhir/narrative.h"
#include "agent/core/fhir/narrative_text.h"

namespace edge::fhir {

namespace {

constexpr TreeLimits kLimits{256U << 20U, 64};

struct Part {
  std::string title;
  std::string div;  // XHTML as sent; empty for a collection's parts
  std::vector<std::string> lines;
};

// What both renderings show.
struct Page {
  std::string patient, details, author, made;
  std::vector<Part> parts;
};

const Node* resource_of_kind(const Node& bundle, std::string_view kind) {
  const Node* entries = bundle.find("entry");
  if (!entries) return nullptr;
  for (const Node& entry : entries->items)
    if (const Node* resource = entry.find("resource");
        resource && resource->string_at("resourceType") == kind)
      return resource;
  return nullptr;
}

std::string human_name(const Node& resource) {
  const Node* name = resource.first("name");
  if (!name) return {};
  if (name->is_string()) return name->text;
  if (std::string_view text = name->string_at("text"); !text.empty()) return std::string(text);
  std::string out;
  for (const char* part : {"prefix", "given", "family"}) {
    const Node* value = name->find(part);
    if (!value) continue;
    for (const Node& item : value->items) out += (out.empty() ? "" : " ") + item.text;
    if (value->is_string()) out += (out.empty() ? "" : " ") + value->text;
  }
  return out;
}

void read_patient(const Node& bundle, Page& page) {
  const Node* patient = resource_of_kind(bundle, "Patient");
  if (!patient) return;
  page.patient = human_name(*patient);
  auto add = [&](const std::string& label, std::string_view text) {
    if (text.empty()) return;
    if (!page.details.empty()) page.details += ", ";
    page.details += label + std::string(text);
  };
  add("born ", patient->string_at("birthDate"));
  add("died ", patient->string_at("deceasedDateTime"));
  add("", patient->string_at("gender"));
  if (const Node* identifiers = patient->find("identifier"))
    for (const Node& identifier : identifiers->items)
      add("", std::string(identifier.string_at("value")) + " (" +
                  std::string(identifier.string_at("system")) + ")");
}

void read_sections(const Node& composition, Page& page) {
  const Node* sections = composition.find("section");
  if (!sections) return;
  for (const Node& section : sections->items) {
    const Node* text = section.find("text");
    page.parts.push_back(
        {std::string(section.string_at("title")), std::string(text ? text->string_at("div") : ""), {}});
  }
}

std::string resource_line(const Node& resource) {
  std::string what;
  for (const char* name : {"code", "vaccineCode", "medicationCodeableConcept", "type"})
    if (what.empty()) what = concept_text(resource.first(name));
  if (what.empty()) what = human_name(resource);
  std::string date;
  for (const char* base : {"effective", "performed", "occurrence", "onset"})
    if (date.empty()) date = choice_date(resource, base);
  for (const char* name : {"authoredOn", "recordedDate", "issued", "created", "date"})
    if (date.empty()) date = resource.string_at(name);
  std::string value = choice_text(resource, "value");
  return date_text(date) + (date.empty() ? "" : "  ") + what + (value.empty() ? "" : ": " + value);
}

void read_collection(const Node& bundle, Page& page) {
  std::map<std::string, std::vector<std::string>> kinds;
  const Node* entries = bundle.find("entry");
  if (!entries) return;
  for (const Node& entry : entries->items)
    if (const Node* resource = entry.find("resource"))
      kinds[std::string(resource->string_at("resourceType"))].push_back(resource_line(*resource));
  for (auto& [kind, lines] : kinds) {
    std::sort(lines.begin(), lines.end(), std::greater<>());
    page.parts.push_back({kind + " (" + std::to_string(lines.size()) + ")", "", std::move(lines)});
  }
}

ledger::Result<Page> read_page(std::string_view json) {
  auto bundle = parse_tree(json, kLimits);
  if (!bundle) return bundle.error();
  if (bundle->string_at("resourceType") != "Bundle") return ledger::Problem{"not a Bundle"};
  Page page;
  page.made = bundle->string_at("timestamp");
  read_patient(*bundle, page);
  if (const Node* organization = resource_of_kind(*bundle, "Organization"))
    page.author = human_name(*organization);
  const Node* composition = resource_of_kind(*bundle, "Composition");
  if (composition)
    read_sections(*composition, page);
  else
    read_collection(*bundle, page);
  return page;
}

constexpr std::string_view kStyle =
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 "
    "1rem;color:#1b1f24;background:#fff}"
    "h1{margin-bottom:0}h2{border-bottom:1px solid #d0d7de;margin-top:2rem}.meta{color:#57606a;margin:.2rem "
    "0}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px "
    "solid #eaeef2;vertical-align:top}"
    "th{background:#f6f8fa}section{overflow-wrap:anywhere}";

}  // namespace

ledger::Result<std::string> render_text(std::string_view bundle_json) {
  auto page = read_page(bundle_json);
  if (!page) return page.error();
  std::string out = terminal_text(page->patient) + '\n';
  if (!page->details.empty()) out += terminal_text(page->details) + '\n';
  out += "From " + terminal_text(page->author) + ", " + terminal_text(page->made) + '\n';
  for (const Part& part : page->parts) {
    std::string title = terminal_text(part.title);
    out += '\n' + title + '\n' + std::string(std::min<std::size_t>(title.size(), 60), '-') + '\n';
    if (!part.div.empty()) out += narrative_text(part.div);
    for (const std::string& line : part.lines) out += terminal_text(line) + '\n';
  }
  return out;
}

ledger::Result<std::string> render_html(std::string_view bundle_json) {
  auto page = read_page(bundle_json);
  if (!page) return page.error();
  // Nothing may be loaded or run, even if sanitising had a hole.
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta "
      "http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\"><title>";
  append_escaped(out, page->patient);
  out.append("</title><style>").append(kStyle).append("</style></head><body><h1>");
  append_escaped(out, page->patient);
  out += "</h1><p class=\"meta\">";
  append_escaped(out, page->details);
  out += "</p><p class=\"meta\">From ";
  append_escaped(out, page->author);
  out += ", ";
  append_escaped(out, page->made);
  out += "</p>\n";
  for (const Part& part : page->parts) {
    out += "<section><h2>";
    append_escaped(out, part.title);
    out += "</h2>";
    if (!part.div.empty()) out += sanitise_narrative(part.div);
    for (const std::string& line : part.lines) {
      out += "<p>";
      append_escaped(out, line);
      out += "</p>";
    }
    out += "</section>\n";
  }
  return out += "</body></html>\n";
}

}  // namespace edge::fhir
