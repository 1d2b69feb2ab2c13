// "When is a signature valid?" (trust.md) at every edge: a rotation or revocation at R, suspect from C on, a
// federation's cutoff whose tree is, or is not, that of the log.
#include <sodium.h>
#include <catch2/catch.hpp>

#include "ledger-client/core/base64.h"
#include "ledger-client/core/key_validity.h"
#include "ledger-client/core/sha256.h"

using ledger::AnchoredAt;
using ledger::Cutoff;
using ledger::Hash;
using ledger::KeyEnds;
using ledger::Validity;

namespace {

constexpr const char* kOrigin = "ehr/10-20-0-5";

ledger::Entry entry(std::uint64_t index, std::string_view type, std::string body,
                    std::string origin = kOrigin) {
  ledger::Entry made;
  made.index = index;
  made.origin = std::move(origin);
  made.type = type;
  made.body = std::move(body);
  return made;
}

ledger::Entry revoked(std::uint64_t index, std::uint64_t suspect_from, const std::string& key = "sign-1") {
  return entry(index, "key.revoked",
               ledger::encode_body(ledger::KeyRevoked{key, "compromised", suspect_from}));
}

const std::string kSomeSignature = std::string(85, 'A') + "Q";

ledger::KeyRotated rotation() {
  return {"sign-1", "sign-2", std::string(43, 'A'), "sign-1", kSomeSignature, kSomeSignature};
}

ledger::Entry rotated(std::uint64_t index) {
  return entry(index, "key.rotated", ledger::encode_body(rotation()));
}

AnchoredAt at(std::uint64_t index) {
  return {index, {kOrigin, index + 1, {}}, {}};
}

Validity verdict(const KeyEnds& ends, const std::optional<AnchoredAt>& anchored) {
  return ledger::judge_signature(anchored, ends.of("sign-1"), std::nullopt).validity;
}

// A log of leaves, with its roots and proofs.
class Log {
 public:
  explicit Log(char flavour, std::uint64_t size) : flavour_(flavour), size_(size) {}
  Hash root(std::uint64_t size) const { return ledger::root_from_nodes(size, reader()); }
  AnchoredAt anchored(std::uint64_t index, std::uint64_t tree, const Cutoff& cutoff) const {
    AnchoredAt out{index, {kOrigin, tree, root(tree)}, {}};
    const auto small = std::min(tree, cutoff.size), large = std::max(tree, cutoff.size);
    if (small > 0) out.consistency = ledger::make_consistency(small, large, reader());
    return out;
  }

 private:
  Hash node(unsigned level, std::uint64_t index) const {
    if (level == 0) return ledger::leaf_hash(ledger::as_bytes(flavour_ + std::to_string(index)));
    return ledger::node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1));
  }
  ledger::ReadNode reader() const {
    return [this](unsigned level, std::uint64_t index) { return node(level, index); };
  }
  char flavour_;
  std::uint64_t size_;
};

struct KeyPair {
  ledger::PublicKey key;
  std::array<std::uint8_t, 64> secret{};
  KeyPair() { crypto_sign_keypair(key.bytes.data(), secret.data()); }
  std::string sign(const std::string& text) const {
    ledger::Signature signature{};
    crypto_sign_detached(signature.data(), nullptr, ledger::as_bytes(text).data(), text.size(),
                         secret.data());
    return ledger::base64url_encode(signature);
  }
};

}  // namespace

TEST_CASE("a key that never ended counts, anchored or not") {
  const KeyEnds ends(kOrigin);
  CHECK(verdict(ends, at(0)) == Validity::kValid);
  CHECK(verdict(ends, std::nullopt) == Validity::kValid);
}

TEST_CASE("a revocation at R, suspect from C") {
  constexpr std::uint64_t kC = 40, kR = 50;
  KeyEnds ends(kOrigin);
  ends.take(revoked(kR, kC));
  CHECK(verdict(ends, at(kC - 1)) == Validity::kValid);
  CHECK(verdict(ends, at(kC)) == Validity::kSuspect);
  CHECK(verdict(ends, at(kR - 1)) == Validity::kSuspect);
  CHECK(verdict(ends, at(kR)) == Validity::kRefused);
  CHECK(verdict(ends, at(kR + 1)) == Validity::kRefused);
  CHECK(verdict(ends, std::nullopt) == Validity::kRefused);
  CHECK_FALSE(ends.of("sign-2"));
}

TEST_CASE("without a suspect stretch what came before a revocation is valid") {
  for (const std::uint64_t suspect_from : {50, 51, 1000}) {
    KeyEnds ends(kOrigin);
    ends.take(revoked(50, suspect_from));
    CHECK(verdict(ends, at(49)) == Validity::kValid);
    CHECK(verdict(ends, at(50)) == Validity::kRefused);
  }
}

TEST_CASE("a rotation ends a key for anchored things, and leaves requests to its `to`") {
  KeyEnds ends(kOrigin);
  ends.take(rotated(50));
  CHECK(verdict(ends, at(49)) == Validity::kValid);
  CHECK(verdict(ends, at(50)) == Validity::kRefused);
  CHECK(verdict(ends, std::nullopt) == Validity::kRefused);
}

TEST_CASE("the first end counts, and a later revocation only takes away") {
  KeyEnds ends(kOrigin);
  ends.take(rotated(50));
  ends.take(revoked(60, 45));
  ends.take(revoked(70, 48));  // does not give back what was suspect
  CHECK(verdict(ends, at(44)) == Validity::kValid);
  CHECK(verdict(ends, at(45)) == Validity::kSuspect);
  CHECK(verdict(ends, at(49)) == Validity::kSuspect);
  CHECK(verdict(ends, at(50)) == Validity::kRefused);
  CHECK(verdict(ends, at(55)) == Validity::kRefused);
}

TEST_CASE("other logs, other types and void entries end no key") {
  KeyEnds ends(kOrigin);
  ends.take(entry(5, "key.revoked", revoked(5, 0).body, "ehr/10-20-0-6"));
  ends.take(entry(6, "bundle.issued", revoked(5, 0).body));
  ends.take(entry(7, "key.revoked", R"({"key":"sign-1","reason":"gone","suspect_from":0})"));
  CHECK_FALSE(ends.of("sign-1"));
}

TEST_CASE("a federation's cutoff: below it valid for ever, above refused, another history refused") {
  constexpr std::uint64_t kCutoff = 21, kSuspect = 13;
  const Log log('a', 64), forged('b', 64);
  const Cutoff cutoff{kOrigin, kCutoff, log.root(kCutoff), kSuspect};
  const auto judged = [&](const std::optional<AnchoredAt>& anchored, const Cutoff& limit) {
    return ledger::judge_signature(anchored, std::nullopt, limit).validity;
  };
  // Whatever checkpoint the proof of inclusion led to: one before, at and after the cutoff.
  for (const std::uint64_t tree : {14, 16, 20, 21, 22, 32, 63}) {
    INFO("tree of " << tree);
    CHECK(judged(log.anchored(kSuspect - 1, tree, cutoff), cutoff) == Validity::kValid);
    CHECK(judged(log.anchored(kSuspect, tree, cutoff), cutoff) == Validity::kSuspect);
    // The same places in a rewritten log.
    CHECK(judged(forged.anchored(kSuspect - 1, tree, cutoff), cutoff) == Validity::kRefused);
    // A proof that is missing, or is another's.
    auto without = log.anchored(kSuspect - 1, tree, cutoff);
    without.consistency.clear();
    CHECK((judged(without, cutoff) == Validity::kValid) == (tree == kCutoff));
    Cutoff other_root = cutoff;
    other_root.root = forged.root(kCutoff);
    CHECK(judged(log.anchored(kSuspect - 1, tree, other_root), other_root) == Validity::kRefused);
  }
  CHECK(judged(log.anchored(kCutoff - 1, 63, cutoff), cutoff) == Validity::kSuspect);
  CHECK(judged(log.anchored(kCutoff, 63, cutoff), cutoff) == Validity::kRefused);
  CHECK(judged(std::nullopt, cutoff) == Validity::kRefused);
  Cutoff other_log = cutoff;
  other_log.origin = "ehr/10-20-0-6";
  CHECK(judged(log.anchored(1, kCutoff, cutoff), other_log) == Validity::kRefused);
  const Cutoff nothing{kOrigin, 0, {}, std::nullopt};
  CHECK(judged(log.anchored(0, 63, nothing), nothing) == Validity::kRefused);
}

TEST_CASE("of the log's word and the federation's the stricter decides") {
  const Log log('a', 64);
  const Cutoff cutoff{kOrigin, 20, log.root(20), 15};
  KeyEnds ends(kOrigin);
  ends.take(revoked(10, 5));
  const auto judged = [&](std::uint64_t index) {
    return ledger::judge_signature(log.anchored(index, 20, cutoff), ends.of("sign-1"), cutoff).validity;
  };
  CHECK(judged(4) == Validity::kValid);
  CHECK(judged(5) == Validity::kSuspect);
  CHECK(judged(10) == Validity::kRefused);
}

TEST_CASE("a rotation is announced by the old key, and the new one signs too") {
  const KeyPair old_key, new_key, stranger;
  auto announced = rotation();
  announced.public_text = ledger::base64url_encode(new_key.key.bytes);
  const auto statement = ledger::rotation_statement(kOrigin, announced);
  announced.signature = old_key.sign(statement);
  announced.possession = new_key.sign(statement);
  CHECK(ledger::check_rotation(kOrigin, announced, old_key.key, new_key.key).ok());
  CHECK_FALSE(ledger::check_rotation("ehr/10-20-0-6", announced, old_key.key, new_key.key).ok());
  CHECK_FALSE(ledger::check_rotation(kOrigin, announced, stranger.key, new_key.key).ok());
  CHECK_FALSE(ledger::check_rotation(kOrigin, announced, old_key.key, stranger.key).ok());
  CHECK_FALSE(ledger::check_rotation(kOrigin, announced, old_key.key, std::nullopt).ok());
  const auto changed = [&](auto change) {
    auto copy = announced;
    change(copy);
    return ledger::check_rotation(kOrigin, copy, old_key.key, new_key.key).ok();
  };
  CHECK_FALSE(changed([](auto& copy) { copy.next = "sign-3"; }));
  CHECK_FALSE(changed([](auto& copy) { copy.next = "log-2"; }));
  CHECK_FALSE(changed([](auto& copy) { copy.next = "sign-1"; }));
  CHECK_FALSE(changed([](auto& copy) { copy.signed_by = "sign-9"; }));
  CHECK_FALSE(changed([](auto& copy) { copy.public_text[0] = copy.public_text[0] == 'B' ? 'C' : 'B'; }));
  CHECK_FALSE(changed([](auto& copy) { copy.possession.clear(); }));

  ledger::KeyRotated age{"age-1", "age-2", "age1" + std::string(58, 'q'), "sign-1", {}, {}};
  age.signature = old_key.sign(ledger::rotation_statement(kOrigin, age));
  CHECK(ledger::check_rotation(kOrigin, age, old_key.key, std::nullopt).ok());
  age.signed_by = "log-1";
  CHECK_FALSE(ledger::check_rotation(kOrigin, age, old_key.key, std::nullopt).ok());
}

TEST_CASE("a cutoff is drafted from a checkpoint that enough witnesses saw") {
  const KeyPair log_key, witness_key;
  const ledger::NoteKey log{kOrigin, ledger::NoteKeyType::kEd25519, log_key.key};
  const ledger::NoteKey witness{"ehr/10-20-0-6/witness", ledger::NoteKeyType::kCosignatureV1,
                                witness_key.key};
  const ledger::Checkpoint checkpoint{kOrigin, 7, ledger::sha256("root")};
  const std::string text = checkpoint.to_text();
  const auto line = [](const ledger::NoteKey& key, const KeyPair& pair, const std::string& message,
                       ledger::Bytes blob) {
    ledger::Signature signature{};
    crypto_sign_detached(signature.data(), nullptr, ledger::as_bytes(message).data(), message.size(),
                         pair.secret.data());
    blob.insert(blob.end(), signature.begin(), signature.end());
    return ledger::note_signature_line(key, blob);
  };
  const std::string alone = text + "\n" + line(log, log_key, text, {});
  const std::string seen =
      alone + line(witness, witness_key, ledger::cosignature_message(9, text), {0, 0, 0, 0, 0, 0, 0, 9});
  const std::vector<ledger::NoteKey> witnesses{witness};
  const auto cutoff = ledger::cutoff_from(seen, log, witnesses, 1);
  REQUIRE(cutoff.ok());
  CHECK(*cutoff == Cutoff{kOrigin, 7, checkpoint.root, std::nullopt});
  CHECK_FALSE(ledger::cutoff_from(alone, log, witnesses, 1).ok());
  CHECK_FALSE(ledger::cutoff_from(seen, log, witnesses, 2).ok());
  CHECK_FALSE(ledger::cutoff_from(seen, log, witnesses, 0).ok());
}
