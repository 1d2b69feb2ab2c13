#include "ledger-client/core/topics.h"
#include "tests/fuzz/require.h"

namespace topics = ledger::topics;

namespace {
std::string spelled(const topics::Parsed& topic) {
  switch (topic.kind) {
    case topics::Kind::kStatus:
      return topics::status(topic.agent);
    case topics::Kind::kDescriptor:
      return topics::descriptor(topic.agent);
    case topics::Kind::kMetrics:
      return topics::metrics(topic.agent);
    case topics::Kind::kAlerts:
      return topics::alerts(topic.agent);
    case topics::Kind::kFederation:
      return topics::federation(topic.agent);
    case topics::Kind::kCheckpoint:
      return topics::checkpoint(topic.agent);
    case topics::Kind::kEntries:
      return topics::entries(topic.agent);
    case topics::Kind::kCosignature:
      return topics::cosignature(topic.agent, *topic.peer);
    case topics::Kind::kRequest:
      return topics::request(topic.agent, *topic.peer, topic.id);
    case topics::Kind::kAck:
      return topics::ack(topic.agent, *topic.peer, topic.id);
    case topics::Kind::kManifest:
      return topics::manifest(topic.agent, *topic.peer, topic.id);
    case topics::Kind::kChunk:
      return topics::chunk(topic.agent, *topic.peer, topic.id, topic.chunk);
    case topics::Kind::kError:
      return topics::error(topic.agent, *topic.peer, topic.id);
  }
  return {};
}
}  // namespace

// A topic and an address have one spelling: what is read is what would be written.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  if (const auto topic = topics::parse(text)) FUZZ_REQUIRE(spelled(*topic) == text);
  if (const auto address = ledger::Address::parse(text)) {
    FUZZ_REQUIRE(ledger::Address::parse(address->text()) == address);
    FUZZ_REQUIRE(ledger::Address::from_topic_form(address->topic_form()) == address);
  }
  if (const auto address = ledger::Address::from_topic_form(text))
    FUZZ_REQUIRE(address->topic_form() == text);
  return 0;
}
