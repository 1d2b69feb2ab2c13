#include <algorithm>
#include <array>
#include <span>

#include "agent/core/fhir/consent_form.h"
#include "agent/core/fhir/consent_reading.h"
#include "agent/core/fhir/consent_time.h"
#include "agent/core/fhir/consent_words.h"
#include "agent/core/fhir/section_names.h"
#include "agent/core/fhir/sections.h"

namespace edge::fhir::consent_reading {

namespace words = consent_words;

void invalid(const std::string& place, std::string_view rule) {
  throw Invalid{place + ": " + std::string(rule)};
}

bool has_coding(const Node& concept_node, std::string_view system, std::string_view code) {
  const Node* list = concept_node.find("coding");
  if (!list) return false;
  return std::any_of(list->items.begin(), list->items.end(), [&](const Node& one) {
    return one.string_at("system") == system && one.string_at("code") == code;
  });
}

std::optional<Effect> written_effect(const Node& provision, const std::string& place) {
  const Node* type = provision.find("type");
  if (!type) return std::nullopt;
  if (type->is_string() && type->text == "permit") return Effect::kPermit;
  if (type->is_string() && type->text == "deny") return Effect::kDeny;
  invalid(place + ".type", "must be permit or deny");
}

namespace {

constexpr std::size_t kMaxRules = 64;
constexpr std::size_t kMaxNames = 256;  // actors, purposes, sections of one provision
constexpr int kMaxDepth = 4;            // provisions in provisions

// An element nobody here knows may restrict what is allowed, so it is never passed over.
void only_known(const Node& node, const std::string& place, std::span<const std::string_view> names) {
  for (const Member& member : node.members)
    if (std::find(names.begin(), names.end(), member.name) == names.end())
      invalid(place + "." + member.name, "can't be represented");
}

// The items of a list that is there and holds something; an empty list must not read as "any".
const std::vector<Node>& items_of(const Node& list, const std::string& place) {
  if (!list.is_array() || list.items.empty()) invalid(place, "must be a list that is not empty");
  if (list.items.size() > kMaxNames) invalid(place, "holds too many items");
  return list.items;
}

// The one code of that system in a CodeableConcept: other codings translate it.
std::string_view code_of(const Node& concept_node, std::string_view system, const std::string& place) {
  std::string_view found;
  if (const Node* list = concept_node.find("coding")) {
    for (const Node& one : list->items) {
      if (one.string_at("system") != system) continue;
      if (!found.empty()) invalid(place, "more than one code of its system");
      found = one.string_at("code");
    }
  }
  return found;
}

// Kinds of resources that fill one section each and stand in no other.
std::optional<Section> section_of_kind(std::string_view kind) {
  static constexpr std::pair<std::string_view, Section> kKinds[] = {
      {"AllergyIntolerance", Section::kAllergies},
      {"Immunization", Section::kImmunizations},
      {"Procedure", Section::kProcedures},
      {"DeviceUseStatement", Section::kDevices},
      {"Flag", Section::kAlerts}};
  for (const auto& [name, section] : kKinds)
    if (name == kind) return section;
  return std::nullopt;
}

std::optional<Section> section_of_code(std::string_view code) {
  for (const auto& [section, name] : kSectionNames)
    if (section_text(section).code == code) return section;
  return std::nullopt;
}

// One provision as it is written, its own words only.
class ProvisionReader {
 public:
  ProvisionReader(const Node& node, std::string place) : node_(node), place_(std::move(place)) {}

  // `rule` holds what the provision's parent reaches; what is written here narrows it.
  ConsentRule narrowed(ConsentRule rule) const {
    static constexpr std::array<std::string_view, 9> kKnown{
        "id", "type", "period", "actor", "action", "purpose", "class", "code", "provision"};
    if (!node_.is_object()) invalid(place_, "must be an object");
    only_known(node_, place_, kKnown);
    read_period(rule);
    read_actors(rule);
    check_actions();
    read_purposes(rule);
    read_sections(rule);
    return rule;
  }

 private:
  std::string at(std::string_view name) const { return place_ + "." + std::string(name); }
  static std::string item(const std::string& list, std::size_t i) {
    return list + "[" + std::to_string(i) + "]";
  }

  void read_period(ConsentRule& rule) const {
    const Node* period = node_.find("period");
    if (!period) return;
    static constexpr std::array<std::string_view, 3> kKnown{"id", "start", "end"};
    if (!period->is_object()) invalid(at("period"), "must be an object");
    only_known(*period, at("period"), kKnown);
    const auto bound = [&](std::string_view name) -> std::optional<TimeSpan> {
      const Node* text = period->find(name);
      if (!text) return std::nullopt;
      const auto span = text->is_string() ? span_of(text->text) : std::nullopt;
      if (!span) invalid(at("period") + "." + std::string(name), "must be a FHIR dateTime");
      return span;
    };
    const auto start = bound("start"), end = bound("end");
    if (!start && !end) invalid(at("period"), "must have a start or an end");
    if (start && end && end->end <= start->begin) invalid(at("period"), "ends before it starts");
    if (start) rule.from = rule.from ? std::max(*rule.from, start->begin) : start->begin;
    if (end) rule.to = rule.to ? std::min(*rule.to, end->end) : end->end;
    if (rule.from && rule.to && *rule.to <= *rule.from)
      invalid(at("period"), "lies outside that of the provision around it");
  }

  void read_actors(ConsentRule& rule) const {
    const Node* list = node_.find("actor");
    if (!list) return;
    std::vector<ledger::Address> peers;
    std::vector<std::string> groups;
    const auto& actors = items_of(*list, at("actor"));
    for (std::size_t i = 0; i < actors.size(); ++i)
      read_actor(actors[i], item(at("actor"), i), peers, groups);
    // What narrows a parent that names actors must be among them by name: groups are known only later.
    const bool any = rule.peers.empty() && rule.groups.empty();
    const auto among = [](const auto& all, const auto& one) {
      return std::find(all.begin(), all.end(), one) != all.end();
    };
    const bool within =
        std::all_of(peers.begin(), peers.end(), [&](const auto& one) { return among(rule.peers, one); }) &&
        std::all_of(groups.begin(), groups.end(), [&](const auto& one) { return among(rule.groups, one); });
    if (!any && !within) invalid(at("actor"), "names somebody the provision around it does not name");
    rule.peers = std::move(peers);
    rule.groups = std::move(groups);
  }

  static void read_actor(const Node& actor, const std::string& place, std::vector<ledger::Address>& peers,
                         std::vector<std::string>& groups) {
    static constexpr std::array<std::string_view, 3> kKnown{"id", "role", "reference"};
    static constexpr std::array<std::string_view, 4> kReference{"id", "type", "identifier", "display"};
    const Node* role = actor.find("role");
    const Node* reference = actor.find("reference");
    if (!role || !reference) invalid(place, "must have a role and a reference");
    only_known(actor, place, kKnown);
    if (!has_coding(*role, words::kParticipation, "IRCP") &&
        !has_coding(*role, words::kParticipation, "PRCP"))
      invalid(place + ".role", "is not a recipient of information (IRCP, PRCP)");
    only_known(*reference, place + ".reference", kReference);
    const Node* identifier = reference->find("identifier");
    if (!identifier) invalid(place + ".reference", "must have an identifier of an agent or a group");
    const std::string value(identifier->string_at("value"));
    if (identifier->string_at("system") == kPeerSystem) {
      const auto address = ledger::Address::parse(value);
      if (!address) invalid(place + ".reference.identifier.value", "is not an IP address");
      peers.push_back(*address);
    } else if (identifier->string_at("system") == kGroupSystem) {
      if (!is_group_name(value)) invalid(place + ".reference.identifier.value", "is not a name of a group");
      groups.push_back(value);
    } else {
      invalid(place + ".reference.identifier.system", "is neither that of agents nor that of groups");
    }
  }

  void check_actions() const {
    const Node* list = node_.find("action");
    if (!list) return;
    const auto& actions = items_of(*list, at("action"));
    const bool disclosing = std::any_of(actions.begin(), actions.end(), [](const Node& one) {
      return has_coding(one, words::kAction, "disclose") || has_coding(one, words::kAction, "access");
    });
    if (!disclosing) invalid(at("action"), "is about neither access nor disclosure");
  }

  void read_purposes(ConsentRule& rule) const {
    const Node* list = node_.find("purpose");
    if (!list) return;
    std::vector<std::string> purposes;
    const auto& codings = items_of(*list, at("purpose"));
    for (std::size_t i = 0; i < codings.size(); ++i) {
      const std::string code(codings[i].string_at("code"));
      if (codings[i].string_at("system") != words::kActReason || !is_purpose_code(code))
        invalid(item(at("purpose"), i), "is not an HL7 PurposeOfUse");
      if (!rule.purposes.empty() &&
          std::find(rule.purposes.begin(), rule.purposes.end(), code) == rule.purposes.end())
        invalid(item(at("purpose"), i), "is none of the provision around it");
      purposes.push_back(code);
    }
    rule.purposes = std::move(purposes);
  }

  void read_sections(ConsentRule& rule) const {
    const Node* codes = node_.find("code");
    const Node* kinds = node_.find("class");
    if (codes && kinds) invalid(at("class"), "beside `code` can't be represented");
    if (!codes && !kinds) return;
    SectionSet sections;
    const std::string list = at(codes ? "code" : "class");
    const auto& items = items_of(codes ? *codes : *kinds, list);
    for (std::size_t i = 0; i < items.size(); ++i) {
      const auto section = codes ? section_of_code(code_of(items[i], words::kLoincSystem, item(list, i)))
                           : items[i].string_at("system") == words::kResourceTypes
                               ? section_of_kind(items[i].string_at("code"))
                               : std::nullopt;
      if (!section) invalid(item(list, i), "is not a section of the International Patient Summary");
      if (!rule.sections.contains(*section)) invalid(item(list, i), "is none of the provision around it");
      sections.add(*section);
    }
    rule.sections = sections;
  }

  const Node& node_;
  std::string place_;
};

}  // namespace

void read_provisions(const Node& node, const std::string& place, const ConsentRule& around, int depth,
                     std::vector<ConsentRule>& out) {
  if (depth > kMaxDepth) invalid(place, "is nested too deep");
  const ProvisionReader reader(node, place);
  ConsentRule rule = reader.narrowed(around);
  const auto effect = written_effect(node, place);
  if (depth > 0 && !effect) invalid(place + ".type", "is missing");
  if (effect) {
    rule.effect = *effect;
    out.push_back(rule);
  }
  if (out.size() > kMaxRules) invalid(place, "has too many provisions");
  const Node* list = node.find("provision");
  if (!list) return;
  const auto& nested = items_of(*list, place + ".provision");
  for (std::size_t i = 0; i < nested.size(); ++i)
    read_provisions(nested[i], place + ".provision[" + std::to_string(i) + "]", rule, depth + 1, out);
}

}  // namespace edge::fhir::consent_reading
