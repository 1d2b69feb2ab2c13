#include "ledger-client/core/topics.h"

#include <catch2/catch.hpp>

using ledger::Address;
namespace topics = ledger::topics;
using topics::Kind;

namespace {
const std::string kId = "0195f3c0-7e5a-7cc0-8000-0123456789ab";
const Address kA = *Address::parse("10.20.0.5");
const Address kB = *Address::parse("fd00::6");
}  // namespace

TEST_CASE("every topic is spelled as the wire format says, and is read back") {
  struct Row {
    std::string topic, text;
    Kind kind;
    bool peer, id;
  };
  const auto row = GENERATE(
      Row{topics::status(kA), "ehr/v1/10-20-0-5/status", Kind::kStatus, false, false},
      Row{topics::descriptor(kA), "ehr/v1/10-20-0-5/descriptor", Kind::kDescriptor, false, false},
      Row{topics::metrics(kA), "ehr/v1/10-20-0-5/metrics", Kind::kMetrics, false, false},
      Row{topics::alerts(kA), "ehr/v1/10-20-0-5/alerts", Kind::kAlerts, false, false},
      Row{topics::federation(kA), "ehr/v1/10-20-0-5/federation", Kind::kFederation, false, false},
      Row{topics::checkpoint(kA), "ehr/v1/10-20-0-5/ledger/checkpoint", Kind::kCheckpoint, false, false},
      Row{topics::entries(kA), "ehr/v1/10-20-0-5/ledger/entries", Kind::kEntries, false, false},
      Row{topics::cosignature(kA, kB), "ehr/v1/10-20-0-5/ledger/cosignature/fd00--6", Kind::kCosignature,
          true, false},
      Row{topics::request(kA, kB, kId), "ehr/v1/10-20-0-5/request/fd00--6/" + kId, Kind::kRequest, true,
          true},
      Row{topics::ack(kA, kB, kId), "ehr/v1/10-20-0-5/request/fd00--6/" + kId + "/ack", Kind::kAck, true,
          true},
      Row{topics::manifest(kA, kB, kId), "ehr/v1/10-20-0-5/response/fd00--6/" + kId + "/manifest",
          Kind::kManifest, true, true},
      Row{topics::error(kA, kB, kId), "ehr/v1/10-20-0-5/response/fd00--6/" + kId + "/error", Kind::kError,
          true, true},
      Row{topics::chunk(kA, kB, kId, 0), "ehr/v1/10-20-0-5/response/fd00--6/" + kId + "/chunk/0",
          Kind::kChunk, true, true});
  CHECK(row.topic == row.text);
  const auto parsed = topics::parse(row.topic);
  REQUIRE(parsed);
  CHECK(parsed->kind == row.kind);
  CHECK(parsed->agent == kA);
  CHECK(parsed->peer.has_value() == row.peer);
  if (row.peer) CHECK(parsed->peer == kB);
  CHECK(parsed->id == (row.id ? kId : ""));
}

TEST_CASE("a chunk's number is read whole") {
  CHECK(topics::parse(topics::chunk(kA, kB, kId, 4'294'967'296))->chunk == 4'294'967'296);
}

TEST_CASE("filters and the response prefix") {
  CHECK(topics::all_requests_to(kA) == "ehr/v1/10-20-0-5/request/#");
  CHECK(topics::all_responses_to(kA) == "ehr/v1/10-20-0-5/response/#");
  // B asked A: answers go below B's own name.
  CHECK(topics::response(kA, kB, kId) == "ehr/v1/fd00--6/response/10-20-0-5/" + kId);
  CHECK(topics::manifest(kB, kA, kId).starts_with(topics::response(kA, kB, kId) + "/"));
}

TEST_CASE("what is not exactly one of our topics gives nothing") {
  const std::string a = "ehr/v1/10-20-0-5", response = a + "/response/fd00--6/" + kId;
  for (const std::string& topic : {std::string{},
                                   std::string{"ehr/v1/"},
                                   a,
                                   a + "/",
                                   a + "/status/",
                                   "/" + a + "/status",
                                   std::string{"ehr/v2/10-20-0-5/status"},
                                   std::string{"ehr/v1/10.20.0.5/status"},
                                   std::string{"ehr/v1/FD00--6/status"},
                                   std::string{"ehr/v1/+/status"},
                                   a + "/Status",
                                   a + "/ledger",
                                   a + "/ledger/checkpoint/x",
                                   a + "/ledger/cosignature",
                                   a + "/ledger/cosignature/x",
                                   a + "/request/#",
                                   a + "/request/fd00--6",
                                   a + "/request/fd00--6/",
                                   a + "/request/fd00-0--6/" + kId,
                                   a + "/request/fd00--6/" + kId + "/",
                                   a + "/request/fd00--6/" + kId + "/manifest",
                                   a + "/request/fd00--6/0195F3C0-7e5a-7cc0-8000-0123456789ab",
                                   a + "/request/fd00--6/0195f3c07e5a7cc080000123456789ab",
                                   response,
                                   response + "/ack",
                                   response + "/chunk",
                                   response + "/chunk/",
                                   response + "/chunk/01",
                                   response + "/chunk/-1",
                                   response + "/chunk/1x",
                                   response + "/chunk/+",
                                   response + "/chunk/99999999999999999999",
                                   response + "/chunk/1/2",
                                   response + "/error/1",
                                   response + "/manifest/"}) {
    INFO(topic);
    CHECK_FALSE(topics::parse(topic));
  }
}
