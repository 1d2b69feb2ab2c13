// The ledger as a network (ledger.md, Replication to Lies and accidents): follows every member's log into a
// verified replica, cosigns as a witness, compares the own log with what others remember before it may be
// signed, convicts who signs two histories, and fetches own entries back after an accident.
//
// Thread-safe. Everything happens on one thread of its own; MQTT handlers and workers only hand over. Nothing
// here waits for a worker, so a worker may wait for it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "agent/adapters/ledger_answers.h"
#include "agent/adapters/witness_store.h"
#include "agent/core/ledger_query.h"
#include "agent/daemon/context.h"
#include "agent/daemon/followed_log.h"
#include "agent/daemon/peer_calls.h"
#include "ledger-client/core/alert.h"
#include "ledger-client/core/equivocation.h"
#include "ledger-client/core/proof_file.h"
#include "ledger-client/core/topics.h"
#include "ledger-client/store/journal.h"

namespace edge {

// What is known of one member's log, for status.
struct LogView {
  std::string origin;
  std::uint64_t held = 0, known = 0, witnessed = 0;
  bool stale = false;
  bool convicted = false;
};

struct NetworkView {
  std::string comparison;       // "waiting for the broker", "comparing", "done", "frozen"
  std::uint64_t witnessed = 0;  // of the own log
  std::vector<LogView> logs;
};

// What may count no more in a log, from a place on.
struct EndedPlaces {
  std::string origin;
  std::string key_id;  // only what this key signed; empty: all
  std::uint64_t from = 0;
};

class LedgerNetwork {
 public:
  struct Options {
    std::filesystem::path state_dir;
    std::chrono::milliseconds startup_wait{2'000};  // for others to say what they remember of the own log
    std::chrono::milliseconds interval{3'600'000};  // peer-checkpoint entries; stale after three
    ledger::NoteKey log_key;
    std::function<void()> on_compared = [] {};  // the own log may be signed and published
    std::function<void()> on_ended = [] {};     // ended_places() changed; must not wait
    std::string witness_name;                   // of this agent, whether or not it is one
    // The key that cosigns now; null: none does.
    std::function<const LogKey*()> witness = []() -> const LogKey* { return nullptr; };
  };

  LedgerNetwork(const Context& context, ledger::Journal& journal, PeerCalls& calls, Options options);
  ~LedgerNetwork() { stop(); }
  LedgerNetwork(const LedgerNetwork&) = delete;
  LedgerNetwork& operator=(const LedgerNetwork&) = delete;
  void stop();

  // From MQTT handlers and the publisher: hand over.
  void on_message(mqtt_transport::Message&& message, const ledger::topics::Parsed& topic);
  void on_ready();
  void on_federation();  // another version of the federation document is in force
  void on_published(const std::string& own_checkpoint_note);

  // A witness' answer to add-checkpoint. Waits for the network's thread.
  CosignAnswer cosign(const CosignQuery& query);
  // Fetches the own log's entries back from others, verifies, continues. Waits; a text for the operator.
  ledger::Result<std::string> recover();

  // Whether the own log has been compared with what others remember; until then nothing is to be issued.
  bool compared() const { return compared_; }
  NetworkView view() const;
  // The newest witnessed checkpoint of the own log, with its cosignatures; empty if there is none.
  std::string own_witnessed() const;
  // A proof of an entry of another log below its newest witnessed checkpoint; nothing while that does not
  // cover it.
  std::optional<ledger::ProofFile> witnessed_proof(const std::string& origin, std::uint64_t index) const;
  // Why an entry at `index` of this log counts for nothing; empty in good order.
  std::string why_void(const std::string& origin, std::uint64_t index) const;
  // Where a log ended a key, as far as its replica goes.
  std::optional<ledger::KeyEnd> key_end(const std::string& origin, const std::string& key_id) const;
  RevokedKeys revoked_keys() const;
  // The size at which the log that continues it says this log ended.
  std::optional<std::uint64_t> log_end(const std::string& origin) const;
  // Everything known here of keys and logs that ended.
  std::vector<EndedPlaces> ended_places() const;
  // Waits for the network's thread; empty where the replica does not reach so far.
  ledger::Proof consistency(const std::string& origin, std::uint64_t smaller, std::uint64_t larger);
  // The newest witnessed checkpoint of a member's newest log, or this agent's own; empty if there is none.
  std::string witnessed_note(const ledger::Address& member);

 private:
  using SteadyTime = Timer::Clock::time_point;
  struct Log {
    std::unique_ptr<FollowedLog> followed;
    SteadyTime heard{};
    bool stale = false;
    std::uint64_t tree_seen = 0;  // size last offered to the witness
    SteadyTime cosigned{};
    SteadyTime next_suspicion{};  // contradictions are looked into now and then, not as often as they come
    bool convicted = false;
    std::optional<ReadKeyEnds> keys;  // its key ends, as far as they were read
    std::uint64_t keys_kept = 0;      // as far as that is on disk
    bool begin_read = false;          // the entry that names a retired log
  };

  // --- the thread
  void loop(const std::stop_token& stop);
  bool post(std::size_t bytes, std::function<void()> task);
  template <class Task>
  auto run_here(Task task);
  void tick();
  void publish_view();

  // --- other logs
  void follow_members();
  Log* find(const std::string& origin);
  void take(const mqtt_transport::Message& message, const ledger::topics::Parsed& topic);
  void take_cosignature(const ledger::topics::Parsed& topic, std::string_view line);
  void take_alert(const ledger::Address& from, std::string_view payload);
  void ask_range(const std::string& origin, const RangeAsk& ask);
  void read_key_ends(const std::string& origin, Log& log);
  void note_key_ends(const std::string& origin, const Log& log);
  void read_retirement(Log& log);
  void watch_freshness();
  void heal_next();
  void record_peer_checkpoints();

  // --- the witness
  void cosign_newest();
  std::string cosignature_line(const LogKey& witness, const ledger::Checkpoint& checkpoint) const;
  void publish_cosignature(const LogKey& witness, const WitnessedTree& tree);
  CosignAnswer cosign_here(const CosignQuery& query);

  // --- who lies
  void on_contradiction(const std::string& origin, const std::string& signed_note);
  void ask_for_proof(Log& log, const std::string& held, const ledger::SignedCheckpoint& second);
  void convict(const std::string& origin, const ledger::Equivocation& proof, bool found_here);
  bool anchor_convictions();
  void alert(ledger::AlertCode code, const std::string& origin, std::optional<std::uint64_t> index = {},
             const std::optional<ledger::Equivocation>& evidence = {});

  std::unique_ptr<ledger::LogReader> open_log(const std::string& origin) const;  // null if nothing is here

  // --- the own log
  std::vector<ledger::NoteKey> own_keys() const;
  std::vector<ledger::NoteKey> own_witnesses() const;
  std::vector<ledger::Address> others() const;  // active members
  void take_own_cosignature(std::string_view line, const ledger::NoteKey& witness);
  void start_comparison();
  void compare(const std::string& who, std::string_view note);
  void comparison_step();
  void freeze(const std::string& why, ledger::AlertCode code);
  void begin_recovery(std::shared_ptr<std::promise<ledger::Result<std::string>>> done);
  void ask_for_recovery(const RangeAsk& ask);
  void recovery_step();

  const Context& context_;
  ledger::Journal& journal_;
  PeerCalls& calls_;
  const Options options_;
  const std::string own_origin_;
  const OpenLog open_;
  WitnessStore store_;
  std::map<std::string, Log> logs_;  // by origin
  ledger::Cosignatures own_cosignatures_;

  enum class Comparison { kWaiting, kComparing, kDone, kFrozen };
  Comparison comparison_ = Comparison::kWaiting;
  std::size_t comparisons_open_ = 0;
  SteadyTime compare_until_{};
  SteadyTime next_tick_{}, next_minute_{}, next_heal_{};
  std::string last_healed_;
  std::string cosigned_with_;  // the id of the key

  struct Recovery {
    std::unique_ptr<FollowedLog> copy;
    std::size_t asked = 0, answered = 0;  // about what they know: not answered yet, answered well
    std::uint64_t last_size = 0;
    SteadyTime last_progress{};
    std::shared_ptr<std::promise<ledger::Result<std::string>>> done;
  };
  std::optional<Recovery> recovery_;

  std::atomic<bool> compared_{false};

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  std::deque<std::pair<std::size_t, std::function<void()>>> tasks_;
  std::size_t queued_bytes_ = 0;
  bool stopped_ = false;
  NetworkView view_;
  std::string own_witnessed_;
  std::map<std::string, std::map<std::string, ledger::KeyEnd>> key_ends_;  // origin → key id → end
  RevokedKeys revoked_;
  std::map<std::string, std::uint64_t> log_ends_;   // origin → size it was retired at
  std::map<std::string, std::uint64_t> convicted_;  // origin → witnessed size

  std::jthread thread_;  // last: uses all of the above
};

// Runs `task` on the network's thread and waits for it. Never called there.
template <class Task>
auto LedgerNetwork::run_here(Task task) {
  auto packaged = std::make_shared<std::packaged_task<decltype(task())()>>(std::move(task));
  auto future = packaged->get_future();
  if (!post(0, [packaged] { (*packaged)(); })) throw Unavailable("the ledger network has stopped");
  return future.get();
}

}  // namespace edge
