// What several persons must approve, with a real agent: one vote short, contradictions, votes from elsewhere,
// and kill -9 between votes.
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/federation.h"
#include "tests/support/shared_data.h"

using namespace test_support;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const std::string kPatient = "urn:planted|PLANTED-4711";

class Hospital {
 public:
  explicit Hospital(const Settings& settings)
      : federation({EHR_AGENT, EHR_LEDGER, 2, {}, false, 0, false}),
        agent(federation[0]),
        peer(federation[1]) {
    federation.configure(0, settings);
    std::ofstream config(agent.folder() / "ehr-agent.toml", std::ios::app);
    for (const char* id : {"anna", "ben", "cleo"}) {
      const auto made = agent.command_json({"federation", "admin-key", key(id)});
      config << "\n[[approver]]\nid = \"" << id << "\"\nkey = \"" << made.at("key").get<std::string>()
             << "\"\n";
    }
    config.close();
    const auto import = federation.folder() / "import.json";
    std::ofstream(import) << json{
        {"resourceType", "Bundle"},
        {"type", "collection"},
        {"entry",
         {{{"resource",
            {{"resourceType", "Patient"},
             {"id", "p"},
             {"identifier", {{{"system", "urn:planted"}, {"value", "PLANTED-4711"}}}},
             {"name", {{{"family", "Doe"}}}},
             {"birthDate", "1970-01-01"}}}}}}};
    agent.import(import);
    federation.start();
  }

  std::string key(const std::string& id) const { return federation.folder() / (id + ".pem"); }
  CommandResult vote(std::uint64_t motion, const std::string& choice, const std::string& id,
                     const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"approval", "vote", std::to_string(motion), choice, "--key",
                                       key(id),    "--yes"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return agent.command(arguments);
  }
  // By the same key, whose memory of what it signed was lost.
  CommandResult vote_forgetting(std::uint64_t motion, const std::string& choice, const std::string& id) {
    fs::remove(key(id) + ".votes");
    return vote(motion, choice, id);
  }
  json show(std::uint64_t motion) { return agent.command_json({"approval", "show", std::to_string(motion)}); }
  bool emergency() {
    const auto asked = peer.request(agent.address(), kPatient, federation.folder() / "bundle.json",
                                    {"--purpose", "ETREAT", "--reason", "found unconscious"});
    UNSCOPED_INFO(asked.output << agent.log());
    return asked.status == 0;
  }

  Federation federation;
  AgentProcess& agent;
  AgentProcess& peer;
};

}  // namespace

TEST_CASE("the glass is broken only with the votes of two, and each review needs two more") {
  Hospital hospital(Settings{{"break_glass.allow", "true"}, {"approval.break_glass", "2"}});
  auto& agent = hospital.agent;
  CHECK_FALSE(hospital.emergency());
  const auto why = [&] {
    return agent
        .command_json({"consent", "explain", hospital.peer.address().text(), kPatient, "--purpose", "ETREAT",
                       "--with-reason"})
        .value("break_glass_policy", "");
  };
  CHECK_THAT(why(), Catch::Contains("2 approvers must agree"));
  CHECK(agent.command_json({"status"}).at("break_glass") == why());
  CHECK(agent.command({"approval", "propose", "break-glass.allow", "maybe"}).status == 64);
  const auto policy = agent.command_json({"approval", "propose", "break-glass.allow", "on"});
  const auto motion = policy.at("motion").get<std::uint64_t>();

  REQUIRE(hospital.vote(motion, "approve", "anna").status == 0);
  CHECK_FALSE(hospital.emergency());  // one short

  // Acknowledged, so it is there after a kill.
  agent.kill_hard();
  agent.start();
  CHECK(hospital.show(motion).at("approved") == json{"anna"});

  // Somebody else votes elsewhere, from the file alone.
  const std::string file = hospital.federation.folder() / "motion.json",
                    vote = hospital.federation.folder() / "vote.jws";
  REQUIRE(agent.command({"approval", "show", std::to_string(motion), "-o", file}).status == 0);
  agent.kill_hard();
  const auto read = agent.command({"approval", "vote", file, "approve", "--key", hospital.key("ben")});
  CHECK(read.status != 0);  // nobody is here to be asked, but the text was shown
  CHECK_THAT(read.output, Catch::Contains("records may be opened in an emergency"));
  REQUIRE(
      agent.command({"approval", "vote", file, "approve", "--key", hospital.key("ben"), "--yes", "-o", vote})
          .status == 0);
  // The key remembers what it signed.
  CHECK_THAT(
      agent.command({"approval", "vote", file, "reject", "--key", hospital.key("ben"), "--yes", "-o", vote})
          .output,
      Catch::Contains("void both"));
  agent.start();
  CHECK_FALSE(hospital.emergency());
  REQUIRE(agent.command({"approval", "vote", "--file", vote}).status == 0);
  REQUIRE(agent.command({"approval", "vote", "--file", vote}).status == 0);  // again: nothing more
  CHECK(agent.entries("vote").size() == 2);
  CHECK(hospital.show(motion).at("state") == "approved");
  CHECK(agent.command_json({"status"}).at("break_glass") == "allowed");
  REQUIRE(hospital.emergency());

  // The review: refused, and the motion named.
  const auto entry =
      agent.command_json({"break-glass", "list"}).at("uses").at(0).at("entry").get<std::uint64_t>();
  const auto review = [&] {
    return agent.command(
        {"break-glass", "review", std::to_string(entry), "--by", "Dr. Weber", "--note", "justified"});
  };
  const auto refused = review();
  CHECK(refused.status == 77);
  CHECK_THAT(refused.output, Catch::Contains("approval show " + std::to_string(motion + 1)));
  CHECK(agent.command({"break-glass", "review", "999", "--by", "x", "--note", "x"}).status != 0);
  CHECK(agent.command_json({"approval", "list"}).at("motions").size() == 2);  // and none about entry 999
  REQUIRE(hospital.vote(motion + 1, "approve", "cleo").status == 0);
  CHECK(review().status == 77);
  REQUIRE(hospital.vote(motion + 1, "approve", "anna").status == 0);
  CHECK(review().status == 0);
  CHECK(hospital.show(motion + 1).at("state") == "used");
  CHECK(agent.entries("break-glass.reviewed").size() == 1);
  CHECK(review().status != 0);

  // A vote that contradicts the first voids both, and with them the policy.
  REQUIRE(hospital.vote_forgetting(motion, "reject", "ben").status == 0);
  CHECK(hospital.show(motion).at("void") == json{"ben"});
  CHECK_FALSE(hospital.emergency());
  const auto shown =
      hospital.federation.ledger_command({"show", agent.address().text(), "--db", agent.database()});
  CHECK_THAT(shown.output, Catch::Contains("anna approves motion " + std::to_string(motion) +
                                           ", break-glass.allow of break-glass.allow (needs 2)"));
  CHECK_THAT(shown.output, Catch::Contains("ben has approved and rejected motion " + std::to_string(motion)));
  const auto verified = hospital.federation.verify_ledger(agent);
  INFO(verified.output);
  CHECK(verified.status == 0);
  CHECK(shown.output.find("PLANTED") == std::string::npos);
}

TEST_CASE("a version of the federation document is published from here with the votes it needs, once") {
  Hospital hospital(Settings{{"approval.federation", "2"}});
  auto& agent = hospital.agent;
  const auto draft = hospital.federation.draft(hospital.federation.first_version(),
                                               {"--name", "127.0.10.2=Other"}, {"alice", "bob"});
  const auto publish = [&] { return agent.command({"federation", "publish", draft}); };
  const auto refused = publish();
  INFO(refused.output);
  CHECK(refused.status == 77);
  const auto motion = agent.command_json({"approval", "list"}).at("motions").at(0);
  CHECK(motion.at("subject") == "version-2");
  const auto number = motion.at("motion").get<std::uint64_t>();
  REQUIRE(hospital.vote(number, "reject", "cleo").status == 0);
  REQUIRE(hospital.vote(number, "approve", "anna").status == 0);
  CHECK(publish().status == 77);
  // Nor is it handed out past the agent, whatever the approvers of another version say.
  const auto file = hospital.federation.folder() / "version-2.json";
  const auto write = [&](const std::string& from) {
    return agent.command({"federation", "publish", from, "-o", file});
  };
  CHECK(write(draft).status == 77);
  CHECK_FALSE(fs::exists(file));
  // kill -9 while a vote is on its way: either it is there, or it can be given again.
  for (int round = 0; round < 3; ++round) {
    auto voting = agent.command_beside(
        {"approval", "vote", std::to_string(number), "approve", "--key", hospital.key("ben"), "--yes"});
    if (round < 2) agent.kill_hard();
    const bool acknowledged = voting.wait().status == 0;
    if (round < 2) agent.start();
    const auto approved = hospital.show(number).at("approved");
    if (acknowledged) CHECK(approved == json{"anna", "ben"});
  }
  CHECK(hospital.show(number).at("approved") == json{"anna", "ben"});
  CHECK(agent.entries("vote").size() == 3);
  const auto published = publish();
  INFO(published.output);
  CHECK(published.status == 0);
  CHECK(hospital.show(number).at("state") == "used");
  CHECK(agent.command_json({"status"}).at("federation").at("version") == 2);
  CHECK(hospital.vote(number, "approve", "cleo").status != 0);
  // What is in force may be written down.
  CHECK(agent
            .command({"federation", "publish", draft, "-o", file, "--current",
                      hospital.federation.first_version()})
            .status == 0);
}

TEST_CASE("a version is written to a file with the votes that publishing it needs, and they are used up") {
  Hospital hospital(Settings{{"approval.federation", "2"}});
  auto& agent = hospital.agent;
  const auto draft = hospital.federation.draft(hospital.federation.first_version(),
                                               {"--name", "127.0.10.2=Other"}, {"alice", "bob"});
  for (const std::string admin : {"alice", "bob"})  // they forget that they signed
    fs::remove(hospital.federation.admin_key(admin).string() + ".votes");
  const auto other = hospital.federation.draft(hospital.federation.first_version(),
                                               {"--name", "127.0.10.2=Another"}, {"alice", "bob"});
  const auto file = hospital.federation.folder() / "version-2.json";
  const auto write = [&](const fs::path& from) {
    return agent.command({"federation", "publish", from, "-o", file});
  };
  CHECK(agent.command({"approval", "propose", "federation.publish", draft}).status == 0);
  const auto motion = agent.command_json({"approval", "list"}).at("motions").at(0);
  const auto number = motion.at("motion").get<std::uint64_t>();
  REQUIRE(hospital.vote(number, "approve", "anna").status == 0);
  CHECK(write(draft).status == 77);
  REQUIRE(hospital.vote(number, "approve", "ben").status == 0);
  CHECK(write(other).status == 77);
  agent.kill_hard();
  CHECK(write(draft).status != 0);  // nobody is there to count
  CHECK_FALSE(fs::exists(file));
  agent.start();
  const auto written = write(draft);
  INFO(written.output);
  CHECK(written.status == 0);
  CHECK(fs::exists(file));
  CHECK(hospital.show(number).at("state") == "used");
  CHECK(write(draft).status == 77);
  CHECK(agent.command({"federation", "publish", draft}).status == 77);
  CHECK(agent.command_json({"status"}).at("federation").at("version") == 1);
}

TEST_CASE("a key is revoked with the votes it needs, and by nothing but what was voted on") {
  Hospital hospital(Settings{{"approval.keys", "2"}});
  auto& agent = hospital.agent;
  const auto revoke = [&](const std::string& key, const std::string& reason, const std::string& from = "0") {
    return agent.command({"keys", "revoke", key, "--reason", reason, "--suspect-from", from});
  };
  const auto refused = revoke("sign-1", "compromised");
  INFO(refused.output);
  CHECK(refused.status == 77);
  const auto motion = agent.command_json({"approval", "list"}).at("motions").at(0);
  const auto number = motion.at("motion").get<std::uint64_t>();
  CHECK(motion.at("payload") == json{{"key", "sign-1"}, {"reason", "compromised"}, {"suspect_from", 0}});
  const auto shown = agent.command({"approval", "show", std::to_string(number)});
  CHECK_THAT(shown.output,
             Catch::Contains("the key sign-1 is revoked, for good (compromised); what it signed "
                             "from entry 0"));
  // Nobody is asked about what can't be done.
  CHECK(revoke("sign-9", "compromised").status != 77);
  CHECK(revoke("sign-1", "compromised", "4000000000").status != 77);
  CHECK(agent.command_json({"approval", "list", "--all"}).at("motions").size() == 1);
  // Moved beforehand, it is the same motion or another, as its words are.
  const auto proposed = agent.command_json(
      {"approval", "propose", "keys.revoke", "sign-1", "--reason", "lost", "--suspect-from", "0"});
  CHECK(proposed.at("motion") == number + 1);

  REQUIRE(hospital.vote(number, "approve", "anna").status == 0);
  CHECK(revoke("sign-1", "compromised").status == 77);  // one short
  REQUIRE(hospital.vote(number, "approve", "ben").status == 0);
  CHECK(revoke("witness-1", "compromised").status == 77);
  CHECK(revoke("sign-1", "lost").status == 77);
  CHECK(revoke("sign-1", "compromised", "1").status == 77);
  CHECK(agent.command({"keys", "revoke", "sign-1", "--reason", "compromised"}).status == 77);
  CHECK(agent.entries("key.revoked").empty());
  CHECK(hospital.show(number).at("state") == "approved");

  // kill -9 beside it: the entry and the approval's use are one.
  auto revoking =
      agent.command_beside({"keys", "revoke", "sign-1", "--reason", "compromised", "--suspect-from", "0"});
  agent.kill_hard();
  const bool acknowledged = revoking.wait().status == 0;
  agent.start();
  const bool used = hospital.show(number).at("state") == "used";
  CHECK(agent.entries("key.revoked").size() == (used ? 1 : 0));
  CHECK((used || !acknowledged));
  if (!used) {
    const auto done = revoke("sign-1", "compromised");
    INFO(done.output);
    CHECK(done.status == 0);
  }
  REQUIRE(agent.entries("key.revoked").size() == 1);
  CHECK(agent.entries("key.revoked").at(0).at("suspect_from") == 0);
  CHECK(hospital.show(number).at("state") == "used");
  CHECK(revoke("sign-1", "compromised").status != 0);
  CHECK(agent.entries("key.revoked").size() == 1);
}

TEST_CASE("keys rotate with the votes that each of them needs, once") {
  Hospital hospital(Settings{{"approval.keys", "2"}});
  auto& agent = hospital.agent;
  const auto announcement = hospital.federation.folder() / "rotation.jws";
  const auto rotate = [&](const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"keys", "rotate", "sign", "age", "-o", announcement};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return agent.command(arguments);
  };
  const auto next_key = agent.folder() / "keys" / "sign-2.pem";
  REQUIRE(fs::exists(agent.folder() / "keys" / "sign-1.pem"));
  const auto refused = rotate();
  INFO(refused.output);
  CHECK(refused.status == 77);
  const auto motions = agent.command_json({"approval", "list"}).at("motions");
  REQUIRE(motions.size() == 2);  // of both keys, at the first refusal
  CHECK(motions.at(1).at("payload") == json{{"key", "sign-1"}, {"overlap_days", 7}});
  const auto sign = motions.at(1).at("motion").get<std::uint64_t>(),
             age = motions.at(0).at("motion").get<std::uint64_t>();
  CHECK_THAT(agent.command({"approval", "show", std::to_string(sign)}).output,
             Catch::Contains("a new key takes the place of sign-1, which verifies messages for 7 days more"));
  for (const auto motion : {sign, age}) {
    REQUIRE(hospital.vote(motion, "approve", "anna").status == 0);
    CHECK(rotate().status == 77);
    REQUIRE(hospital.vote(motion, "approve", "cleo").status == 0);
    CHECK(rotate({"--overlap", "30"}).status == 77);
  }
  CHECK_FALSE(fs::exists(next_key));
  CHECK_FALSE(fs::exists(announcement));
  // Nobody counts votes while the agent is not there.
  agent.kill_hard();
  CHECK(rotate().status != 0);
  CHECK_FALSE(fs::exists(next_key));
  agent.start();
  const auto rotated = rotate();
  INFO(rotated.output);
  CHECK(rotated.status == 0);
  CHECK(fs::exists(next_key));
  CHECK(hospital.show(sign).at("state") == "used");
  CHECK(hospital.show(age).at("state") == "used");
  const auto late = hospital.vote_forgetting(sign, "reject", "cleo");
  CHECK(late.status == 65);
  CHECK_THAT(late.output, Catch::Contains("error: what the motion allows has been done\nhint: "));
  CHECK(rotate().status == 77);
  // What was announced is what the federation takes.
  const auto draft = hospital.federation.draft(hospital.federation.first_version(),
                                               {"--rotate", announcement}, {"alice", "bob"});
  REQUIRE(agent.command({"federation", "publish", draft}).status == 0);
  CHECK(eventually([&] { return agent.entries("key.rotated").size() == 2; }));
}

TEST_CASE("no motion is made of what can't be done anyway") {
  Hospital hospital(Settings{{"approval.keys", "2"}, {"approval.break_glass", "2"}});
  const auto refused = [&](const std::vector<std::string>& what, int status, const std::string& why) {
    std::vector<std::string> command{"approval", "propose"};
    command.insert(command.end(), what.begin(), what.end());
    const auto proposed = hospital.agent.command(command);
    CHECK(proposed.status == status);
    CHECK_THAT(proposed.output, Catch::Contains(why) && Catch::Contains("hint: "));
  };
  refused({"keys.rotate", "sign"}, 66, "lists no key sign of this agent");
  refused({"keys.revoke", "sign-9"}, 66, "lists no key sign-9 of this agent");
  refused({"keys.revoke", "log-1"}, 69, "a log's key ends with its log");
  refused({"break-glass.review", "3"}, 66, "no use of break-glass with this entry");
  CHECK(hospital.agent.command_json({"approval", "list", "--all"}).at("motions").empty());
}
