#include "agent/core/fhir/composition.h"

#include <algorithm>
#include <array>
#include <utility>

#include "agent/core/fhir/json_tree.h"
#include "agent/core/fhir/narrative.h"
#include "agent/core/fhir/sections.h"
#include "ledger-client/core/canonical_json.h"

namespace edge::fhir {

namespace {

constexpr std::string_view kConfidentiality = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
constexpr std::string_view kProfile = "http://hl7.org/fhir/uv/ips/StructureDefinition/Composition-uv-ips";

std::string quoted(std::string_view text) {
  std::string out;
  ledger::append_json_string(out, text);
  return out;
}

std::string coding(std::string_view system, std::string_view code) {
  return R"({"code":)" + quoted(code) + R"(,"system":)" + quoted(system) + '}';
}

std::string concept_of(std::string_view system, std::string_view code) {
  return R"({"coding":[)" + coding(system, code) + "]}";
}

std::string reference(std::string_view uuid_or_url) {
  std::string url =
      uuid_or_url.starts_with("urn:") ? std::string(uuid_or_url) : "urn:uuid:" + std::string(uuid_or_url);
  return R"({"reference":)" + quoted(url) + '}';
}

TextPair pair_of(const Node& resource) {
  TextPair out;
  append_text(out.text, resource);
  append_canonical(out.canonical, resource);
  return out;
}

// Puts the name of a medicine or device that is a resource of its own where a row left a mark for it.
void append_row(std::string& out, std::string_view row,
                const std::unordered_map<std::string_view, const Prepared*>& names) {
  std::size_t mark = row.find("<!--urn:uuid:");
  if (mark == std::string_view::npos) {
    out += row;
    return;
  }
  std::size_t end = row.find("-->", mark);
  auto found = names.find(row.substr(mark + 4, end - mark - 4));
  out += row.substr(0, mark);
  if (found != names.end()) out += found->second->narrative_row;
  out += row.substr(end + 3);
}

class SectionWriter {
 public:
  SectionWriter(const AssembleInput& input, const Selection& selection) : input_(input) {
    for (const Prepared* prepared : selection.resources)
      if (!prepared->narrative_row.starts_with("<tr>")) names_.emplace(prepared->full_url, prepared);
  }

  // Members in canonical order, so that one text serves both forms.
  void append(std::string& out, const SelectedSection& section) {
    const SectionText& text = section_text(section.rule->section);
    bool empty = section.entries.empty();
    out += R"({"code":)" + concept_of("http://loinc.org", text.code) + ',';
    if (empty) {
      out += R"("emptyReason":)" + concept_of("http://terminology.hl7.org/CodeSystem/list-empty-reason",
                                              is_told(section) ? "withheld" : "unavailable");
    } else {
      out += R"("entry":[)";
      for (std::size_t i = 0; i < section.entries.size(); ++i)
        out.append(i > 0 ? R"(,{"reference":")" : R"({"reference":")")
            .append(section.entries[i]->full_url)
            .append("\"}");
      out += ']';
    }
    out += R"(,"text":{"div":)";
    ledger::append_json_string(out, div(section, text));
    out += R"(,"status":"generated"},"title":)" + quoted(text.title) + '}';
  }

  // Whether the section says that it is kept back: by the requester's own wish, or by a consent whose effect
  // may be seen.
  bool is_told(const SelectedSection& section) const {
    return !section.wanted || (section.withheld && input_.withheld.marked());
  }

 private:
  std::string div(const SelectedSection& section, const SectionText& text) {
    std::string out = R"(<div xmlns="http://www.w3.org/1999/xhtml")";
    if (!input_.language.empty()) {
      out += " lang=\"";
      append_escaped(out, input_.language);
      out += "\" xml:lang=\"";
      append_escaped(out, input_.language);
      out += '"';
    }
    out += '>';
    if (section.entries.empty()) {
      out += "<p>";
      out += !section.wanted    ? "This section is not part of this document."
             : is_told(section) ? "This section is withheld."
                                : text.nothing;
      return out += "</p></div>";
    }
    out += "<table><thead><tr>";
    for (std::string_view heading : {text.what, std::string_view("Status"), text.details, text.date})
      out.append("<th>").append(heading).append("</th>");
    out += "</tr></thead><tbody>";
    for (std::string_view row : section.rows) append_row(out, row, names_);
    return out += "</tbody></table></div>";
  }

  const AssembleInput& input_;
  std::unordered_map<std::string_view, const Prepared*> names_;
};

std::string write_sections(const AssembleInput& input, const Selection& selection) {
  SectionWriter writer(input, selection);
  std::string out = "[";
  for (const SelectedSection& section : selection.sections) {
    const bool marked = section.withheld && input.withheld.marked();
    if (section.entries.empty() && !section.rule->required && !marked) continue;
    if (out.size() > 1) out += ',';
    writer.append(out, section);
  }
  return out += ']';
}

// The care the document covers: from the oldest thing it tells to now.
std::string write_event(const Selection& selection, const std::string& now) {
  std::string start = now;
  for (const SelectedSection& section : selection.sections)
    for (const Prepared* entry : section.entries)
      if (!entry->date.empty() && entry->date < start) start = entry->date;
  std::string period = R"({"end":)" + quoted(now) + (start < now ? R"(,"start":)" + quoted(start) : "") + '}';
  return R"([{"code":[)" + concept_of("http://terminology.hl7.org/CodeSystem/v3-ActClass", "PCPR") +
         R"(],"period":)" + period + "}]";
}

TextPair write_object(std::vector<std::pair<std::string_view, std::string>> members) {
  auto write = [&] {
    std::string out = "{";
    for (const auto& [name, value] : members) {
      if (out.size() > 1) out += ',';
      out.append("\"").append(name).append("\":").append(value);
    }
    return out + '}';
  };
  TextPair pair;
  pair.text = write();
  std::sort(members.begin(), members.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  pair.canonical = write();
  return pair;
}

std::size_t rank_of(std::string_view label) {
  static constexpr std::array<std::string_view, 6> kOrder = {"U", "L", "M", "N", "R", "V"};
  return static_cast<std::size_t>(std::find(kOrder.begin(), kOrder.end(), label) - kOrder.begin());
}

// Labels stand right behind the id, so most resources need no parsing to see that they have none.
std::string_view label_of(const Prepared& prepared) {
  // The search is for a letter rather than a quote, of which every member has four.
  std::string_view start = std::string_view(prepared.ips).substr(0, 160);
  if (start.find(R"(meta":{"security")") == std::string_view::npos) return {};
  auto resource = parse_tree(prepared.ips, {prepared.ips.size(), 256});
  if (!resource) return {};
  const Node* meta = resource->find("meta");
  const Node* labels = meta ? meta->find("security") : nullptr;
  if (!labels) return {};  // it was a contained resource's
  std::string_view highest;
  for (const Node& label : labels->items) {
    if (label.string_at("system") != kConfidentiality) continue;
    for (std::string_view known : {"U", "L", "M", "N", "R", "V"})
      if (label.string_at("code") == known && (highest.empty() || rank_of(known) > rank_of(highest)))
        highest = known;
  }
  return highest;
}

}  // namespace

std::string_view highest_confidentiality(const Selection& selection) {
  std::string_view highest = "N";
  auto raise = [&](const Prepared& prepared) {
    std::string_view label = label_of(prepared);
    if (!label.empty() && rank_of(label) > rank_of(highest)) highest = label;
  };
  raise(*selection.patient);
  for (const Prepared* prepared : selection.resources) raise(*prepared);
  return highest;
}

TextPair write_composition(const AssembleInput& input, const Selection& selection,
                           std::string_view confidentiality) {
  std::string now = ledger::format_time(input.now);
  std::string organization = reference(input.organization_uuid);
  std::vector<std::pair<std::string_view, std::string>> members = {
      {"resourceType", R"("Composition")"},
      {"id", quoted(input.composition_uuid)},
      {"meta", R"({"profile":[)" + quoted(kProfile) + R"(],"security":[)" +
                   coding(kConfidentiality, confidentiality) + "]}"}};
  if (!input.language.empty()) members.emplace_back("language", quoted(input.language));
  members.insert(members.end(), {{"status", R"("final")"},
                                 {"type", concept_of("http://loinc.org", "60591-5")},
                                 {"subject", reference(input.patient.full_url)},
                                 {"date", quoted(now)},
                                 {"author", '[' + organization + ',' + reference(input.device_uuid) + ']'},
                                 {"title", R"("International Patient Summary")"},
                                 {"confidentiality", quoted(confidentiality)},
                                 {"custodian", organization},
                                 {"event", write_event(selection, now)},
                                 {"section", write_sections(input, selection)}});
  return write_object(std::move(members));
}

TextPair write_organization(const AssembleInput& input) {
  Node out = Node::object();
  out.set("resourceType", Node::string("Organization"));
  out.set("id", Node::string(input.organization_uuid));
  out.set("name", Node::string(input.hospital_name.empty() ? input.agent_address : input.hospital_name));
  return pair_of(out);
}

TextPair write_device(const AssembleInput& input) {
  Node name = Node::object();
  name.set("name", Node::string("ehr-agent"));
  name.set("type", Node::string("model-name"));
  Node version = Node::object();
  version.set("value", Node::string(input.software_version));
  Node out = Node::object();
  out.set("resourceType", Node::string("Device"));
  out.set("id", Node::string(input.device_uuid));
  if (!input.agent_address.empty()) {
    Node identifier = Node::object();
    identifier.set("value", Node::string(input.agent_address));
    out.set("identifier", Node::array()).items.push_back(std::move(identifier));
  }
  out.set("deviceName", Node::array()).items.push_back(std::move(name));
  if (!input.software_version.empty()) out.set("version", Node::array()).items.push_back(std::move(version));
  Node owner = Node::object();
  owner.set("reference", Node::string("urn:uuid:" + input.organization_uuid));
  out.set("owner", std::move(owner));
  return pair_of(out);
}

}  // namespace edge::fhir
