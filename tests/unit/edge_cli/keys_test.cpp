// keys backup, restore, split, check-share, recover: as a person runs them, and with Debian's age.
#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "agent/adapters/key_files.h"
#include "agent/cli/failure.h"
#include "tests/support/process.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/edge_cli/invoke.h"

namespace {

using Catch::Contains;
using nlohmann::json;
using test_support::read_file;
using test_support::run;
namespace fs = std::filesystem;

constexpr const char* kPassphrase = "correct horse battery staple";
const std::vector<std::string> kKeyNames{"sign-1.pem", "log-1.skey", "witness-1.skey", "age-1.txt"};

// A descriptor from which `text` can be read once.
class Pipe {
 public:
  explicit Pipe(const std::string& text) {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    if (::write(ends_[1], text.data(), text.size()) < 0) throw std::runtime_error("write");
    ::close(ends_[1]);
  }
  ~Pipe() { ::close(ends_[0]); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  std::string number() const { return std::to_string(ends_[0]); }

 private:
  std::array<int, 2> ends_{};
};

struct Agent {
  test_support::TempDir dir;
  std::string config = new_agent(dir.path());
  fs::path keys = dir / "etc/keys";
  std::string file = (dir / "keys.age").string();

  Invoked call(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "keys");
    arguments.insert(arguments.end(), {"--config", config});
    return invoke(arguments);
  }
  // The key files, away; with what they were.
  std::vector<std::string> lose_keys() const {
    std::vector<std::string> contents;
    for (const auto& name : kKeyNames) {
      contents.push_back(read_file(keys / name));
      fs::remove(keys / name);
    }
    return contents;
  }
  std::vector<std::string> contents() const {
    std::vector<std::string> out;
    for (const auto& name : kKeyNames) out.push_back(read_file(keys / name));
    return out;
  }
};

struct Trustee {
  fs::path file;
  std::string recipient;
  Trustee(const fs::path& dir, const std::string& name) : file(dir / name) {
    run({"age-keygen", "-o", file.string()});
    recipient = run({"age-keygen", "-y", file.string()});
    recipient.pop_back();
  }
};

}  // namespace

TEST_CASE("a backup to recipients brings every key back, and age and tar alone read it") {
  const Agent agent;
  const Trustee first(agent.dir.path(), "first.txt"), second(agent.dir.path(), "second.txt");
  const auto made =
      agent.call({"backup", agent.file, "--recipient", first.recipient, "--recipient", second.recipient});
  INFO(made.err);
  REQUIRE(made.status == 0);
  CHECK(fs::status(agent.file).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  CHECK(agent.call({"backup", agent.file, "--recipient", first.recipient}).status == EX_CANTCREAT);

  const auto tar = agent.dir / "keys.tar", out = agent.dir / "out";
  fs::create_directory(out);
  run({"age", "-d", "-i", second.file.string(), "-o", tar.string(), agent.file});
  run({"tar", "-x", "-f", tar.string(), "-C", out.string()});
  for (const auto& name : kKeyNames) CHECK(read_file(out / name) == read_file(agent.keys / name));
  const auto told = json::parse(read_file(out / "backup.json"));
  CHECK(told["address"] == "127.0.10.1");
  CHECK(told["member"]["keys"].size() == 4);

  const auto before = agent.lose_keys();
  const auto restored = agent.call({"restore", agent.file, "--identity", first.file.string(), "--json"});
  INFO(restored.err);
  REQUIRE(restored.status == 0);
  CHECK(json::parse(restored.out)["made"].size() == 4);
  CHECK(agent.contents() == before);
  CHECK_NOTHROW(edge::load_keys(agent.keys, *ledger::Address::parse("127.0.10.1")));
  CHECK_THAT(agent.call({"restore", agent.file, "--identity", first.file.string()}).out,
             Contains("none was touched"));
}

TEST_CASE("a backup to a passphrase, the wrong one opens nothing") {
  const Agent agent;
  {
    const Pipe pipe(std::string(kPassphrase) + "\n");
    const auto made = agent.call({"backup", agent.file, "--passphrase-fd", pipe.number()});
    INFO(made.err);
    REQUIRE(made.status == 0);
    CHECK((made.out + made.err).find(kPassphrase) == std::string::npos);
  }
  const auto before = agent.lose_keys();
  {
    const Pipe pipe("another passphrase\n");
    CHECK(agent.call({"restore", agent.file, "--passphrase-fd", pipe.number()}).status == EX_NOPERM);
    CHECK_FALSE(fs::exists(agent.keys / "sign-1.pem"));
  }
  const Pipe pipe(kPassphrase);
  REQUIRE(agent.call({"restore", agent.file, "--passphrase-fd", pipe.number()}).status == 0);
  CHECK(agent.contents() == before);
}

// Both sides ask at a terminal, which script(1) is here.
TEST_CASE("Debian's age opens our passphrase backup, and we open what it encrypted") {
  const Agent agent;
  const Pipe pipe(kPassphrase);
  REQUIRE(agent.call({"backup", agent.file, "--passphrase-fd", pipe.number()}).status == 0);
  const auto tar = (agent.dir / "keys.tar").string(), again = (agent.dir / "again.age").string();
  const auto typed = [&](const std::string& command, int times) {
    std::string keys;
    for (int i = 0; i < times; ++i) keys += "sleep 1; echo '" + std::string(kPassphrase) + "'; ";
    // scrypt and the terminal take their time on a busy machine.
    test_support::Process shell(
        {"sh", "-c", "(" + keys + " sleep 3) | script -qec '" + command + "' /dev/null"},
        agent.dir / "typed.log");
    REQUIRE(shell.wait(100'000) == 0);
  };
  typed("age -d -o " + tar + " " + agent.file, 1);
  CHECK_THAT(run({"tar", "-t", "-f", tar}), Contains("backup.json") && Contains("sign-1.pem"));
  typed("age -p -o " + again + " " + tar, 2);
  const auto before = agent.lose_keys();
  const Pipe second(kPassphrase);
  const auto restored = agent.call({"restore", again, "--passphrase-fd", second.number()});
  INFO(restored.err);
  REQUIRE(restored.status == 0);
  CHECK(agent.contents() == before);
}

TEST_CASE("who has lost every key is told what opens the backup") {
  const Agent agent;
  const Trustee trustee(agent.dir.path(), "trustee.txt");
  REQUIRE(agent.call({"backup", agent.file, "--recipient", trustee.recipient}).status == 0);
  agent.lose_keys();
  const auto refused = agent.call({"restore", agent.file});
  CHECK(refused.status == EX_NOPERM);
  CHECK_THAT(refused.err, Contains("no age identity is here") && Contains("hint: --identity FILE"));
}

TEST_CASE("what a backup and a restore refuse") {
  const Agent agent;
  const Trustee trustee(agent.dir.path(), "trustee.txt");
  CHECK(agent.call({"backup", agent.file}).status == EX_USAGE);
  CHECK(agent.call({"backup", agent.file, "--recipient", trustee.recipient, "--passphrase"}).status ==
        EX_USAGE);
  CHECK(agent.call({"backup", agent.file, "--recipient", "age1x"}).status == EX_USAGE);
  const Pipe empty(""), weak("too short\n");
  CHECK(agent.call({"backup", agent.file, "--passphrase-fd", empty.number()}).status == EX_DATAERR);
  CHECK(agent.call({"backup", agent.file, "--passphrase-fd", weak.number()}).status == EX_DATAERR);
  CHECK_FALSE(fs::exists(agent.file));

  REQUIRE(agent.call({"backup", agent.file, "--recipient", trustee.recipient}).status == 0);
  const std::vector<std::string> opens{"--identity", trustee.file.string()};
  const auto restore = [&](const std::string& file) {
    return agent.call({"restore", file, opens[0], opens[1]});
  };
  // A key that is there and another one: nothing at all is written.
  const std::string log = read_file(agent.keys / "log-1.skey");
  fs::rename(agent.keys / "log-1.skey", agent.dir / "log-1.skey");
  fs::remove(agent.keys / "sign-1.pem");
  CHECK(agent.call({"generate"}).status == 0);
  fs::remove(agent.keys / "log-1.skey");
  const auto refused = restore(agent.file);
  CHECK(refused.status == EX_DATAERR);
  CHECK_THAT(refused.err, Contains("sign-1.pem is there with other content"));
  CHECK_FALSE(fs::exists(agent.keys / "log-1.skey"));
  CHECK(agent.call({"restore", agent.file}).status == EX_NOPERM);  // not for this agent's own identity

  auto damaged = read_file(agent.file);
  damaged[damaged.size() - 20] = static_cast<char>(damaged[damaged.size() - 20] ^ 1);
  const auto bad = (agent.dir / "bad.age").string();
  std::ofstream(bad, std::ios::binary) << damaged;
  CHECK(restore(bad).status == EX_DATAERR);
  CHECK_THAT(restore(bad).err, Contains("changed or cut short") && Contains("hint: take another copy"));
  CHECK_THAT(restore(trustee.file.string()).err, Contains("not an age file"));

  // Archives of somebody else's making.
  const auto archive = [&](const std::string& commands) {
    const auto made = (agent.dir / "made.age").string();
    fs::remove(made);
    run({"sh", "-c",
         "cd " + agent.dir.path().string() + " && rm -rf m && mkdir m && cd m && " + commands +
             " && age -r " + trustee.recipient + " -o " + made + " x.tar"});
    return restore(made);
  };
  const std::string mine = "echo '{\"address\":\"127.0.10.1\"}' > backup.json && ";
  CHECK_THAT(archive("echo '{\"address\":\"127.0.10.2\"}' > backup.json && tar -cf x.tar backup.json").err,
             Contains("of another agent"));
  CHECK_THAT(archive(mine + "echo x > evil.conf && tar -cf x.tar backup.json evil.conf").err,
             Contains("which is no key"));
  CHECK_THAT(archive(mine + "ln -s /etc/passwd age-2.txt && tar -cf x.tar backup.json age-2.txt").err,
             Contains("more than keys"));
  CHECK_THAT(archive(mine + "mkdir d && echo x > d/age-2.txt && tar -cf x.tar backup.json d/age-2.txt").err,
             Contains("more than keys"));
  CHECK_THAT(archive(mine + "echo x > age-2.txt && tar -cf x.tar backup.json age-2.txt age-2.txt").err,
             Contains("more than keys") || Contains("twice"));
  CHECK_THAT(archive("echo x > x.tar").err, Contains("not an archive"));
}

TEST_CASE("the age identity split among five trustees comes back from any three") {
  const Agent agent;
  std::vector<Trustee> trustees;
  std::vector<std::string> command{
      "split", "--shares", "5", "--threshold", "3", "-o", (agent.dir / "shares").string()};
  for (int i = 1; i <= 5; ++i) {
    trustees.emplace_back(agent.dir.path(), "trustee-" + std::to_string(i));
    command.insert(command.end(), {"--trustee", trustees.back().recipient});
  }
  const auto made = agent.call(command);
  INFO(made.err);
  REQUIRE(made.status == 0);
  const auto share = [&](int i) {
    return (agent.dir / ("shares/share-" + std::to_string(i) + "-of-5.age")).string();
  };
  const auto identity = [&](int i) { return trustees[i - 1].file.string(); };

  const auto checked = agent.call({"check-share", share(2), "--identity", identity(2)});
  CHECK(checked.status == 0);
  CHECK_THAT(checked.out, Contains("good: share 2 of 5 for 127.0.10.1, any 3 recover"));
  CHECK(agent.call({"check-share", share(2), "--identity", identity(1)}).status == EX_NOPERM);
  // A trustee need not have an agent.
  const auto no_agent = (agent.dir / "no-such.toml").string();
  const auto without_agent = invoke({"keys", "check-share", share(2), "--config", no_agent});
  CHECK(without_agent.status == EX_CONFIG);
  CHECK_THAT(without_agent.err, Contains("no-such.toml") && Contains("hint: --identity FILE"));
  CHECK(invoke({"keys", "check-share", share(2), "--identity", identity(2), "--config", no_agent}).status ==
        0);

  // Each trustee seals its share again, for the one who recovers.
  const Trustee requester(agent.dir.path(), "requester.txt");
  std::vector<std::string> recover{"recover"};
  for (const int i : {5, 1, 3}) {
    const auto resealed = (agent.dir / ("resealed-" + std::to_string(i))).string();
    REQUIRE(agent
                .call({"check-share", share(i), "--identity", identity(i), "--reseal", requester.recipient,
                       "-o", resealed})
                .status == 0);
    recover.push_back(resealed);
  }
  const auto with = [&](std::vector<std::string> files, const std::string& out) {
    files.insert(files.end(), {"--identity", requester.file.string(), "-o", (agent.dir / out).string()});
    return agent.call(files);
  };
  const auto recovered = with(recover, "recovered.txt");
  INFO(recovered.err);
  REQUIRE(recovered.status == 0);
  const auto own = run({"age-keygen", "-y", (agent.keys / "age-1.txt").string()});
  CHECK(run({"age-keygen", "-y", (agent.dir / "recovered.txt").string()}) == own);
  CHECK(fs::status(agent.dir / "recovered.txt").permissions() ==
        (fs::perms::owner_read | fs::perms::owner_write));

  CHECK(with(recover, "recovered.txt").status == EX_CANTCREAT);
  const auto nowhere = with(recover, "missing/recovered.txt");
  CHECK(nowhere.status == EX_CANTCREAT);
  CHECK_THAT(nowhere.err, Contains("no such folder") && Contains("hint: "));
  recover.pop_back();
  CHECK_THAT(with(recover, "other.txt").err, Contains("too few shares: 2 of the 3"));
  recover.push_back(recover.back());
  CHECK_THAT(with(recover, "other.txt").err, Contains("share 1 is there twice"));

  // A share changed by whoever can encrypt to the trustee: the commitments tell.
  const auto plain = (agent.dir / "plain").string(), forged = (agent.dir / "forged.age").string();
  run({"age", "-d", "-i", identity(4), "-o", plain, share(4)});
  auto text = read_file(plain);
  const auto at = text.find("value ") + 6;
  text[at] = text[at] == '0' ? '1' : '0';
  std::ofstream(plain) << text;
  run({"age", "-r", trustees[3].recipient, "-o", forged, plain});
  const auto wrong = agent.call({"check-share", forged, "--identity", identity(4)});
  CHECK(wrong.status == EX_DATAERR);
  CHECK_THAT(wrong.err, Contains("share 4 is wrong"));
  CHECK_FALSE(fs::exists(agent.dir / "other.txt"));
}

TEST_CASE("what a split refuses") {
  const Agent agent;
  const Trustee one(agent.dir.path(), "one"), two(agent.dir.path(), "two");
  const auto split = [&](std::vector<std::string> more) {
    std::vector<std::string> command{
        "split", "--shares", "2", "--threshold", "2", "-o", (agent.dir / "s").string()};
    command.insert(command.end(), more.begin(), more.end());
    return agent.call(command);
  };
  CHECK(split({"--trustee", one.recipient}).status == EX_USAGE);
  CHECK_THAT(split({"--trustee", one.recipient, "--trustee", one.recipient}).err, Contains("twice"));
  CHECK(split({"--trustee", one.recipient, "--trustee", two.recipient, "--threshold", "1"}).status != 0);
  for (const auto* name : {"sign-1.pem", "log-1.skey"}) {
    const auto refused = split(
        {"--trustee", one.recipient, "--trustee", two.recipient, "--secret", (agent.keys / name).string()});
    CHECK(refused.status == EX_USAGE);
    CHECK_THAT(refused.err, Contains("is a signing key"));
  }
  CHECK_FALSE(fs::exists(agent.dir / "s"));
}
