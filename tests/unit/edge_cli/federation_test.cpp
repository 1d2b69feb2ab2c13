// `ehr-agent federation` as admins use it: keys, drafts, votes, and what it refuses to sign.
#include <sys/stat.h>
#include <sysexits.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "ledger-client/core/federation_draft.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/edge_cli/invoke.h"

using Catch::Contains;
using nlohmann::json;

namespace {

// Three admins, two of whom decide, and a first version they have signed.
struct Council {
  test_support::TempDir dir;
  std::string current = path("f1.json");

  Council() {
    std::vector<std::string> init{"federation", "init", "--threshold", "2", "-o", path("d1.json")};
    for (const auto* admin : {"alice", "bob", "carol"}) {
      const auto made = json::parse(invoke({"federation", "admin-key", path(admin), "--json"}).out);
      init.insert(init.end(), {"--add-admin", std::string{admin} + "=" + made.at("key").get<std::string>()});
    }
    const auto drafted = invoke(init);
    INFO(drafted.err);
    REQUIRE(drafted.status == 0);
    for (const auto* admin : {"alice", "bob"}) REQUIRE(vote("approve", "d1.json", admin).status == 0);
    REQUIRE(invoke({"federation", "publish", path("d1.json"), "-o", current}).status == 0);
  }
  std::string path(const std::string& name) const { return (dir / name).string(); }
  Invoked propose(const std::string& name, const std::vector<std::string>& changes) const {
    std::vector<std::string> line{"federation", "propose", "--current", current, "-o", path(name)};
    line.insert(line.end(), changes.begin(), changes.end());
    return invoke(line);
  }
  Invoked vote(const std::string& verb, const std::string& draft, const std::string& admin) const {
    std::vector<std::string> line{"federation", verb, path(draft), "--key", path(admin), "--yes"};
    if (draft != "d1.json") line.insert(line.end(), {"--current", current});
    return invoke(line);
  }
  Invoked publish(const std::string& draft) const {
    return invoke({"federation", "publish", path(draft), "--current", current, "-o", path("next.json")});
  }
};

}  // namespace

TEST_CASE("admins propose, see what changes, sign, and publish") {
  const Council council;
  const auto proposed = council.propose("d2.json", {"--witness-quorum", "1", "--reason", "witnesses"});
  INFO(proposed.err);
  REQUIRE(proposed.status == 0);
  CHECK_THAT(proposed.out, Contains("+ witness_quorum") || Contains("~ witness_quorum: 0 -> 1"));
  CHECK_THAT(proposed.out, Contains("reason: witnesses") && Contains("! witness_quorum"));
  CHECK(council.publish("d2.json").status == EX_DATAERR);
  const auto taken = invoke({"init", "--address", "10.20.0.5", "--dir", council.path("etc"), "--federation",
                             council.path("d2.json")});
  CHECK(taken.status == EX_DATAERR);
  CHECK_THAT(taken.err, Contains("it is a draft") && Contains("federation publish"));
  const auto approved = council.vote("approve", "d2.json", "alice");
  CHECK_THAT(approved.out, Contains("witness_quorum: 0 -> 1"));
  CHECK(council.vote("approve", "d2.json", "alice").status == 0);  // again: still one vote
  CHECK(council.publish("d2.json").status == EX_DATAERR);
  CHECK(council.vote("approve", "d2.json", "carol").status == 0);
  CHECK(council.publish("d2.json").status == 0);
  const auto shown = invoke({"federation", "show", council.path("next.json"), "--json"});
  CHECK(json::parse(shown.out).at("version") == 2);
  CHECK_THAT(invoke({"federation", "diff", council.current, council.path("next.json")}).out,
             Contains("~ version: 1 -> 2"));
}

TEST_CASE("a draft that changes nothing, and numbers nobody means, are refused with what would do") {
  const Council council;
  const auto same = council.propose("d2.json", {"--threshold", "2"});
  CHECK(same.status == EX_DATAERR);
  CHECK_THAT(same.err, Contains("nothing would change"));
  for (const auto* option : {"--threshold", "--witness-quorum"}) {
    const auto negative = council.propose("d2.json", {option, "-1"});
    CHECK(negative.status == EX_USAGE);
    CHECK_THAT(negative.err, Contains(option));
  }
  CHECK(!std::filesystem::exists(council.path("d2.json")));
}

TEST_CASE("an admin's two contradictory votes void each other, and show and diff say so") {
  const Council council;
  REQUIRE(council.propose("d2.json", {"--witness-quorum", "1"}).status == 0);
  REQUIRE(council.vote("approve", "d2.json", "alice").status == 0);
  REQUIRE(council.vote("approve", "d2.json", "bob").status == 0);
  std::filesystem::remove(council.path("bob.votes"));  // a tool that forgot, or another one
  REQUIRE(council.vote("reject", "d2.json", "bob").status == 0);
  CHECK(council.publish("d2.json").status == EX_DATAERR);
  const auto void_bob = Contains("counts for nothing: bob");
  CHECK_THAT(invoke({"federation", "show", council.path("d2.json"), "--current", council.current}).out,
             void_bob);
  CHECK_THAT(invoke({"federation", "diff", council.current, council.path("d2.json")}).out, void_bob);
  const auto shown =
      invoke({"federation", "show", council.path("d2.json"), "--current", council.current, "--json"});
  CHECK(json::parse(shown.out).at("void") == json{"bob"});
  REQUIRE(council.vote("approve", "d2.json", "carol").status == 0);
  CHECK(council.publish("d2.json").status == 0);
}

TEST_CASE("a tool signs a second draft of a version only over enough rejections of the first") {
  const Council council;
  REQUIRE(council.propose("first.json", {"--witness-quorum", "1"}).status == 0);
  REQUIRE(council.vote("approve", "first.json", "alice").status == 0);
  REQUIRE(council.propose("second.json", {"--witness-quorum", "2"}).status == 0);
  const auto refused = council.vote("approve", "second.json", "alice");
  CHECK(refused.status == EX_DATAERR);
  CHECK_THAT(refused.err, Contains("0 of 2 rejections") && Contains("--embed"));
  CHECK(council.vote("reject", "first.json", "alice").status == EX_DATAERR);  // she has signed it
  REQUIRE(council.vote("reject", "first.json", "bob").status == 0);
  REQUIRE(council.vote("reject", "first.json", "carol").status == 0);
  CHECK(council.vote("approve", "first.json", "carol").status == EX_DATAERR);  // she has rejected it
  REQUIRE(council.propose("third.json", {"--witness-quorum", "2", "--embed", council.path("first.json")})
              .status == 0);
  CHECK(council.vote("approve", "third.json", "alice").status == 0);
  CHECK(council.vote("approve", "third.json", "bob").status == 0);
  CHECK(council.publish("third.json").status == 0);
}

TEST_CASE("nobody votes who is not an admin, and who joins does not vote himself in") {
  const Council council;
  const auto made = json::parse(invoke({"federation", "admin-key", council.path("dave"), "--json"}).out);
  REQUIRE(council
              .propose("d2.json",
                       {"--add-admin", "dave=" + made.at("key").get<std::string>(), "--threshold", "3"})
              .status == 0);
  CHECK(council.vote("reject", "d2.json", "dave").status == EX_NOPERM);
  CHECK(council.vote("approve", "d2.json", "dave").status == 0);
  CHECK(council.vote("approve", "d2.json", "alice").status == 0);
  CHECK(council.publish("d2.json").status == EX_DATAERR);
  CHECK(council.vote("approve", "d2.json", "bob").status == 0);
  CHECK(council.publish("d2.json").status == 0);
  invoke({"federation", "admin-key", council.path("mallory")});
  CHECK(council.vote("approve", "d2.json", "mallory").status == EX_NOPERM);
}

TEST_CASE("a draft whose version is in force already, or is older, is refused by name") {
  Council council;
  const auto failure = [&](const std::string& verb, const std::string& draft) {
    const auto done = verb == "publish" ? council.publish(draft)
                      : verb == "show"
                          ? invoke({"federation", "show", council.path(draft), "--current", council.current})
                          : council.vote(verb, draft, "carol");
    CHECK(done.status == EX_DATAERR);
    return done.err;
  };
  for (const auto* draft : {"d2.json", "other.json", "third.json"})
    REQUIRE(council.propose(draft, {"--witness-quorum", draft[0] == 'd' ? "1" : "2"}).status == 0);
  for (const auto* admin : {"alice", "bob"}) REQUIRE(council.vote("approve", "d2.json", admin).status == 0);
  REQUIRE(council.publish("d2.json").status == 0);
  std::filesystem::rename(council.path("next.json"), council.path("f2.json"));
  council.current = council.path("f2.json");
  for (const auto* verb : {"approve", "reject", "publish", "show"}) {
    CHECK_THAT(failure(verb, "d2.json"),
               Contains("the draft is in force already: it is version 2 (SHA-256 ") &&
                   Contains("signed by alice, bob") && Contains("hint: nothing is left to do"));
    CHECK_THAT(failure(verb, "other.json"),
               Contains("the draft is of version 2, and in force is version 2 (SHA-256 ") &&
                   Contains("hint: propose the change anew"));
  }
  REQUIRE(council.propose("d3.json", {"--witness-quorum", "0"}).status == 0);
  for (const auto* admin : {"alice", "bob"}) REQUIRE(council.vote("approve", "d3.json", admin).status == 0);
  REQUIRE(council.publish("d3.json").status == 0);
  council.current = council.path("next.json");
  CHECK_THAT(failure("approve", "other.json"), Contains("of version 2, and in force is version 3"));
  council.current = council.path("f1.json");
  CHECK_THAT(failure("approve", "d3.json"), Contains("of version 3, and known here is version 1"));
}

TEST_CASE("an expired draft is neither signed nor published") {
  const Council council;
  REQUIRE(council.propose("d2.json", {"--witness-quorum", "1"}).status == 0);
  REQUIRE(council.vote("approve", "d2.json", "alice").status == 0);
  json draft = json::parse(test_support::read_file(council.path("d2.json")));
  draft["expires"] = "2026-01-01T00:00:00.000Z";
  std::ofstream(council.path("d2.json")) << draft.dump();
  const auto late = council.vote("approve", "d2.json", "bob");
  CHECK(late.status == EX_DATAERR);
  CHECK_THAT(late.err, Contains("expired"));
  CHECK(council.publish("d2.json").status == EX_DATAERR);
}

TEST_CASE("what can't be is refused when it is proposed") {
  const Council council;
  for (const auto& changes : std::vector<std::vector<std::string>>{{},
                                                                   {"--threshold", "1"},
                                                                   {"--threshold", "4"},
                                                                   {"--revoke", "10.9.9.9"},
                                                                   {"--remove-admin", "zoe"},
                                                                   {"--add-admin", "dave"},
                                                                   {"--add-admin", "Dave=AAAA"},
                                                                   {"--end-key", "10.0.0.1=sign-1=soon"}}) {
    INFO(json(changes).dump());
    CHECK(council.propose("no.json", changes).status != 0);
  }
  CHECK_FALSE(std::filesystem::exists(council.path("no.json")));
}

TEST_CASE("an admin's key is for its owner alone, and is never replaced") {
  const Council council;
  const auto before = test_support::read_file(council.path("alice"));
  CHECK(invoke({"federation", "admin-key", council.path("alice")}).status == 0);
  CHECK(test_support::read_file(council.path("alice")) == before);
  REQUIRE(council.propose("d2.json", {"--witness-quorum", "1"}).status == 0);
  REQUIRE(::chmod(council.path("alice").c_str(), 0640) == 0);
  CHECK(council.vote("approve", "d2.json", "alice").status != 0);
  REQUIRE(::chmod(council.path("alice").c_str(), 0600) == 0);
  std::ofstream(council.path("alice.votes")) << "{}";
  CHECK(council.vote("approve", "d2.json", "alice").status != 0);
}
