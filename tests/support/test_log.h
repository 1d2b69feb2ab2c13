// What tests of the ledger share: a log key that signs, a journal in a directory, and entries with valid
// bodies.
#pragma once

#include "ledger-client/store/journal.h"
#include "tests/support/temp_dir.h"

namespace test_support {

// An Ed25519 key made from a text, so that every run signs the same.
class LogKey {
 public:
  explicit LogKey(std::string origin, const std::string& seed_text = "a test key");
  const ledger::NoteKey& key() const { return key_; }
  std::string sign(const std::string& checkpoint_text) const;  // the note's signature line

 private:
  ledger::NoteKey key_;
  std::array<std::uint8_t, 64> secret_{};
};

// A witness' key, made the same way.
class WitnessKey {
 public:
  explicit WitnessKey(std::string name, const std::string& seed_text = "a test witness");
  const ledger::NoteKey& key() const { return key_; }
  std::string cosign(std::uint64_t timestamp, const std::string& checkpoint_text) const;  // a signature line

 private:
  ledger::NoteKey key_;
  std::array<std::uint8_t, 64> secret_{};
};

inline constexpr const char* kOrigin = "ehr/10-20-0-5";

// `agent.db` and `guard` below `directory`; the clock is 2026-11-22T08:00:00Z and stands still.
ledger::JournalOptions journal_options(const std::filesystem::path& directory, const LogKey& key);

// A `bundle.issued` to 10.20.0.6, unique by `number`.
ledger::NewEntry issued(std::uint64_t number);

}  // namespace test_support
