#include <algorithm>

#include "agent/core/reply.h"
#include "tests/fuzz/require.h"
#include "tests/support/message_examples.h"
#include "tests/support/two_agents.h"

using namespace edge;

namespace {

// What was read can be written, and reads and writes the same again.
template <class Parse, class Sign>
void check(std::string_view payload, const Parse& parse, const Sign& sign) {
  const auto message = parse(payload);
  if (!message) {
    FUZZ_REQUIRE(!message.error().reason.empty());
    return;
  }
  const std::string written = test_support::payload_of(sign(*message));
  const auto again = parse(written);
  FUZZ_REQUIRE(again.ok());
  FUZZ_REQUIRE(test_support::payload_of(sign(*again)) == written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto agents = test_support::make_two_agents();
  static const auto self = agents.a.identity();
  const ledger::ByteView bytes{data, size};
  const std::string_view payload = ledger::as_text(bytes);
  check(payload, parse_manifest, [](const Manifest& message) { return sign_manifest(message, self); });
  check(payload, parse_error, [](const ErrorReply& message) { return sign_error(message, self); });
  check(payload, parse_ack, [](const Ack& message) { return sign_ack(message, self); });
  check(payload, parse_receipt, [](const Receipt& message) { return sign_receipt(message, self); });
  if (const auto ack = parse_ack(payload)) FUZZ_REQUIRE(ack->missing.size() <= kMaxMissing);
  if (const auto framed = unframe_manifest(bytes)) {
    const auto again = frame_manifest(framed->jws, framed->inline_ciphertext);
    FUZZ_REQUIRE(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
  }
  return 0;
}
