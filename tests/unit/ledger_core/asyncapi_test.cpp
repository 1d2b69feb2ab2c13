// schemas/asyncapi.yaml names every topic this project spells, and nothing that is not there.
#include <catch2/catch.hpp>
#include <set>
#include <sstream>

#include "ledger-client/core/topics.h"
#include "tests/support/shared_data.h"

namespace topics = ledger::topics;

namespace {

const ledger::Address kAgent = *ledger::Address::parse("10.20.0.5");
const ledger::Address kPeer = *ledger::Address::parse("fd00::6");
constexpr const char* kId = "0193a5d0-7c1e-7abc-8def-0123456789ab";

// The topic with values for its parameters, in topics.h's order: agent, peer, id, chunk.
std::string filled(std::string channel) {
  for (const auto& [parameter, value] : {std::pair<std::string, std::string>{"{agent}", kAgent.topic_form()},
                                         {"{peer}", kPeer.topic_form()},
                                         {"{id}", kId},
                                         {"{n}", "7"}}) {
    if (const auto at = channel.find(parameter); at != channel.npos)
      channel.replace(at, parameter.size(), value);
  }
  return channel;
}

std::string document() {
  return test_support::read_file(test_support::source_root() / "schemas/asyncapi.yaml");
}

// Channels are the members of two spaces' depth that begin with the root of all topics.
std::set<std::string> channels() {
  std::set<std::string> found;
  std::istringstream lines(document());
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("  " + std::string(topics::kRoot)) && line.ends_with(":"))
      found.insert(filled(line.substr(2, line.size() - 3)));
  }
  return found;
}

}  // namespace

TEST_CASE("asyncapi.yaml has a channel for every topic, and no other") {
  const std::set<std::string> all{topics::status(kAgent),
                                  topics::descriptor(kAgent),
                                  topics::metrics(kAgent),
                                  topics::alerts(kAgent),
                                  topics::federation(kAgent),
                                  topics::checkpoint(kAgent),
                                  topics::entries(kAgent),
                                  topics::cosignature(kAgent, kPeer),
                                  topics::request(kAgent, kPeer, kId),
                                  topics::ack(kAgent, kPeer, kId),
                                  topics::manifest(kAgent, kPeer, kId),
                                  topics::chunk(kAgent, kPeer, kId, 7),
                                  topics::error(kAgent, kPeer, kId)};
  CHECK(channels() == all);
  std::set<topics::Kind> kinds;
  for (const auto& channel : channels()) {
    const auto parsed = topics::parse(channel);
    REQUIRE(parsed);
    kinds.insert(parsed->kind);
  }
  CHECK(kinds.size() == static_cast<std::size_t>(topics::Kind::kError) + 1);
}

TEST_CASE("what asyncapi.yaml refers to exists") {
  const std::string text = document();
  constexpr std::string_view kReference = "$ref: \"";
  int schemas = 0;
  for (auto at = text.find(kReference); at != text.npos; at = text.find(kReference, at)) {
    at += kReference.size();
    const std::string target = text.substr(at, text.find('"', at) - at);
    INFO(target);
    if (target.starts_with("#/components/parameters/")) {
      CHECK(text.find("\n    " + target.substr(target.rfind('/') + 1) + ": {") != text.npos);
      continue;
    }
    ++schemas;
    CHECK(std::filesystem::exists(test_support::source_root() / "schemas" / target));
  }
  CHECK(schemas >= 10);
}
