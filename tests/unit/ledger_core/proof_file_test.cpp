#include "ledger-client/core/proof_file.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "ledger-client/core/checkpoint.h"
#include "tests/support/shared_data.h"

TEST_CASE("proof files of another implementation verify and are written the same") {
  const auto testkit = test_support::shared_data("testkit/tlog/generated");
  if (!testkit) return;
  const auto keys = nlohmann::json::parse(test_support::read_file(*testkit / "keys.json"));
  const auto key = ledger::NoteKey::from_vkey(keys["log"]["vkey"].get<std::string>()).value();
  for (const std::string number : {"0", "3", "255", "256", "599"}) {
    INFO(number);
    const auto text = test_support::read_file(*testkit / "proof" / (number + ".tlog-proof"));
    const auto entry = test_support::read_file(*testkit / "proof" / (number + ".entry"));
    const auto proof = ledger::parse_proof_file(text);
    REQUIRE(proof);
    CHECK(std::to_string(proof->index) == number);
    const auto checkpoint = ledger::open_checkpoint(proof->note, key);
    REQUIRE(checkpoint);
    CHECK(ledger::verify_inclusion(proof->index, checkpoint->checkpoint.size,
                                   ledger::leaf_hash(ledger::as_bytes(entry)), proof->inclusion,
                                   checkpoint->checkpoint.root));
    CHECK(ledger::encode_proof_file(*proof) == text);
  }
}

TEST_CASE("malformed proof files are refused") {
  const std::string hash = "SaU23haHsadHOmXMqEhl2y8jqXQxwa0gkxGMQEd9sT8=\n";
  const std::string first = "c2sp.org/tlog-proof@v1\n";
  CHECK(ledger::parse_proof_file(first + "index 0\n\nnote"));
  CHECK(ledger::parse_proof_file(first + "extra \nindex 0\n" + hash + "\nnote"));
  std::string many;
  for (int i = 0; i < 64; ++i) many += hash;
  for (const std::string& bad :
       {std::string(), first, std::string("c2sp.org/tlog-proof@v2\nindex 0\n\nx"), first + "index 0\n",
        first + "index 00\n\nx", first + "index -1\n\nx", first + "index 9223372036854775808\n\nx",
        first + "index\n\nx", first + "index 1 \n\nx", first + "extra !\nindex 0\n\nx",
        first + "index 0\nextra \n\nx", first + "index 0\n" + hash.substr(1) + "\nx",
        first + "index 0\nSaU2\n\nx", first + "index 0\n" + many + "\nx"}) {
    INFO(bad);
    CHECK_FALSE(ledger::parse_proof_file(bad));
  }
}
