#include "ledger-client/cli/policy.h"

#include <catch2/catch.hpp>

#include "tests/support/test_log.h"

using ledger::cli::parse_policy;

namespace {

ledger::NoteKey witness(const std::string& name) {
  auto key = test_support::LogKey(name, name).key();
  key.type = ledger::NoteKeyType::kCosignatureV1;
  return key;
}

std::string line(const std::string& name) {
  return "witness " + name + " " + witness(name).to_vkey() + "\n";
}

bool met(const std::string& policy, const std::vector<std::string>& names) {
  std::vector<ledger::NoteSigner> signers;
  for (const auto& name : names) signers.push_back({witness(name), 1, ""});
  return parse_policy(policy).value().quorum_met(signers);
}

}  // namespace

TEST_CASE("a quorum counts witnesses and groups") {
  const auto abc = line("a") + line("b") + line("c");
  CHECK(met("# none\n\nquorum none\n", {}));
  CHECK(met(abc + "quorum a\n", {"a"}));
  CHECK_FALSE(met(abc + "quorum a\n", {"b", "c"}));
  const auto two = abc + "group g 2 a b c\nquorum g\n";
  CHECK(met(two, {"a", "c"}));
  CHECK_FALSE(met(two, {"c"}));
  CHECK_FALSE(met(two, {"c", "c"}));
  CHECK(met(abc + "group g any a b\ngroup h all g c\nquorum h\n", {"b", "c"}));
  CHECK_FALSE(met(abc + "group g any a b\ngroup h all g c\nquorum h\n", {"a", "b"}));
}

TEST_CASE("malformed policies are refused with their line") {
  for (const std::string& bad :
       {std::string(""), line("a"), line("a") + line("a") + "quorum a\n",
        std::string("quorum none\nquorum none\n"), std::string("quorum a\n"),
        std::string("nonsense\nquorum none\n"), line("a") + "group g 2 a\nquorum g\n",
        line("a") + "group g 0 a\nquorum g\n", line("a") + "group g any a\ngroup h any a\nquorum h\n",
        line("a") + "group g any b\nquorum g\n", std::string("log x\nquorum none\n"),
        std::string("quorum none\r\n"), line("a") + "group g -1 a\nquorum g\n",
        line("a") + "group g 1x a\nquorum g\n"}) {
    INFO(bad);
    CHECK_FALSE(parse_policy(bad));
  }
  CHECK_THAT(parse_policy("\nnonsense\n").error().reason, Catch::StartsWith("line 2:"));
}
