// A full disk below the spool, the ledger or the inbox: new work is refused with its reason, nothing is
// damaged, and work goes on when there is room.
#include <sys/mount.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "ledger-client/store/sqlite.h"
#include "tests/support/federation.h"
#include "tests/support/shared_data.h"

using namespace test_support;
namespace fs = std::filesystem;

namespace {

// A small disk of its own, where one may be mounted (root in a container of its own may not).
class SmallDisk {
 public:
  SmallDisk(const fs::path& at, const std::string& size) : at_(at) {
    fs::create_directories(at_);
    mounted_ = mount("tmpfs", at_.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
    if (!mounted_) WARN("no disk may be mounted here: left out");
  }
  ~SmallDisk() {
    if (mounted_) umount2(at_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool there() const { return mounted_; }

  void fill() const {
    std::ofstream out(at_ / "filler", std::ios::binary | std::ios::app);
    const std::string block(4096, 'x');
    while (out.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
  }
  void make_room() const { fs::remove(at_ / "filler"); }

 private:
  fs::path at_;
  bool mounted_ = false;
};

std::string last_refusal(const AgentProcess& agent) {
  ledger::sqlite::Database database(agent.database(), ledger::sqlite::Mode::kReadOnly);
  ledger::sqlite::Statement select(
      database, "SELECT reason FROM audit WHERE outcome = 'refused' ORDER BY number DESC LIMIT 1");
  return select.step() ? std::string(select.column_text(0)) : "";
}

void expect_whole(const Federation& federation, const AgentProcess& agent) {
  const auto verified = federation.verify_ledger(agent);
  INFO(verified.output << agent.log());
  CHECK(verified.status == 0);
}

struct Hospital {
  // `small`: which agent's state lies on the small disk; its HIS does not.
  Hospital(std::size_t small, const std::string& size)
      : federation({EHR_AGENT, EHR_LEDGER, 2, {}, false}),
        answering(federation[0]),
        asking(federation[1]),
        disk(federation[small].folder() / "disk", size) {
    auto& agent = federation[small];
    agent.set_state(agent.folder() / "disk/state");
    federation.configure(small, {{"limits.min_free_bytes", "0"},
                                 {"his.database", '"' + (agent.folder() / "his.db").string() + '"'}});
  }
  CommandResult ask(const sample::SamplePatient& patient, const std::vector<std::string>& more = {}) const {
    return asking.request(answering.address(), identifier_of(patient), federation.folder() / "bundle.json",
                          more);
  }

  Federation federation;
  AgentProcess& answering;
  AgentProcess& asking;
  SmallDisk disk;
};

}  // namespace

TEST_CASE("below the low-water mark new work is refused on both sides, above it goes on") {
  Federation federation({EHR_AGENT, EHR_LEDGER, 2, {}, false});
  auto& answering = federation[0];
  auto& asking = federation[1];
  const Settings no_room{{"limits.min_free_bytes", "\"1024TiB\""}};
  const auto patient = federation.give_patient(answering, 0);
  const auto file = federation.folder() / "bundle.json";
  federation.configure(0, no_room);
  federation.start();
  auto asked = asking.request(answering.address(), identifier_of(patient), file);
  CHECK(asked.status > 0);
  CHECK(asked.output.find("failed") != std::string::npos);
  CHECK(last_refusal(answering) == "less free space than limits.min_free_bytes");
  CHECK(answering.entries("bundle.issued").empty());

  CHECK(answering.stop() == 0);
  CHECK(asking.stop() == 0);
  federation.configure(0, {});
  federation.configure(1, no_room);
  federation.start();
  asked = asking.request(answering.address(), identifier_of(patient), file);
  CHECK(asked.status > 0);
  CHECK(asked.status == 74);
  CHECK(asked.output.find("less free space than limits.min_free_bytes") != std::string::npos);
  CHECK(asked.output.find("make room below agent.state_dir") != std::string::npos);
  CHECK(asking.command_json({"status"}).at("disk").at("new_work") == "refused: no room");

  CHECK(asking.stop() == 0);
  federation.configure(1, {});
  asking.start();
  CHECK(asking.request(answering.address(), identifier_of(patient), file).status == 0);
  for (const auto* agent : {&answering, &asking}) expect_whole(federation, *agent);
}

TEST_CASE("the disk of ledger and spool fills up while the answering agent runs") {
  Hospital hospital(0, "24m");
  if (!hospital.disk.there()) return;
  const auto small = hospital.federation.give_patient(hospital.answering, 0);
  const auto heavy = hospital.federation.give_heavy_patient(hospital.answering, 1, 8u << 20);
  hospital.federation.start();
  REQUIRE(hospital.ask(small).status == 0);
  REQUIRE(eventually([&] { return hospital.answering.entries("bundle.delivered").size() == 1; }));

  // The spool has no room for this one, the ledger still has for the refusal.
  std::ofstream(hospital.answering.folder() / "disk/half") << std::string(16u << 20, 'x');
  auto asked = hospital.ask(heavy, {"--everything"});
  INFO(asked.output << hospital.answering.log());
  CHECK(asked.status > 0);
  CHECK(asked.output.find("failed") != std::string::npos);
  CHECK(last_refusal(hospital.answering).find("No space left") != std::string::npos);
  // A repetition of the request may just be at work.
  CHECK(eventually([&] { return fs::is_empty(hospital.answering.state() / "spool"); }));

  // Nothing has room.
  hospital.disk.fill();
  CHECK(hospital.answering.command_json({"status"}).at("disk").at("free_bytes") == 0);
  const auto granted = hospital.answering.command({"consent", "grant", "--patient", "any", "--peer",
                                                   hospital.asking.address().text(), "--purpose", "HPAYMT"});
  CHECK(granted.status > 0);
  CHECK(granted.output.find("the fault is on this side") != std::string::npos);
  asked = hospital.ask(small);
  INFO(asked.output);
  CHECK(asked.status > 0);
  CHECK(hospital.answering.entries("bundle.issued").size() == 1);
  expect_whole(hospital.federation, hospital.answering);

  // And it needs no restart to go on.
  hospital.disk.make_room();
  fs::remove(hospital.answering.folder() / "disk/half");
  asked = hospital.ask(small);
  INFO(asked.output << hospital.answering.log());
  CHECK(asked.status == 0);
  CHECK(hospital.ask(heavy, {"--everything"}).status == 0);
  CHECK(hospital.answering.entries("bundle.issued").size() == 3);
  CHECK(eventually([&] { return hospital.answering.entries("bundle.delivered").size() == 3; }));
  expect_whole(hospital.federation, hospital.answering);
  CHECK(hospital.answering.stop() == 0);
}

TEST_CASE("the disk of the inbox fills up while the asking agent waits") {
  Hospital hospital(1, "24m");
  if (!hospital.disk.there()) return;
  const auto small = hospital.federation.give_patient(hospital.answering, 0);
  const auto heavy = hospital.federation.give_heavy_patient(hospital.answering, 1, 8u << 20);
  hospital.answering.start();  // to be given its consents
  REQUIRE(hospital.answering.stop() == 0);
  hospital.asking.start();

  auto first =
      hospital.asking.command_beside({"request", hospital.answering.address().text(), identifier_of(heavy),
                                      "--everything", "-o", hospital.federation.folder() / "heavy.json"});
  auto second =
      hospital.asking.command_beside({"request", hospital.answering.address().text(), identifier_of(small),
                                      "-o", hospital.federation.folder() / "small.json"});
  REQUIRE(eventually([&] {
    return hospital.asking.command_json({"queue", "list"}).at("requests").size() == 2;
  }));
  hospital.disk.fill();
  hospital.answering.start();
  // Both were issued, and arrive where there is no room to keep them.
  REQUIRE(eventually([&] { return hospital.answering.entries("bundle.issued").size() == 2; }));
  REQUIRE(eventually(
      [&] { return hospital.asking.log().find("answer could not be taken") != std::string::npos; }));
  CHECK(hospital.asking.entries("bundle.received").empty());
  CHECK(hospital.ask(small).status > 0);
  expect_whole(hospital.federation, hospital.asking);

  hospital.disk.make_room();
  for (auto* command : {&first, &second}) {
    const auto asked = command->wait();
    INFO(asked.output << hospital.asking.log());
    CHECK(asked.status == 0);
  }
  CHECK(hospital.asking.entries("bundle.received").size() == 2);
  CHECK(eventually([&] { return hospital.answering.entries("bundle.delivered").size() == 2; }));
  for (const auto* agent : {&hospital.answering, &hospital.asking}) expect_whole(hospital.federation, *agent);
}
