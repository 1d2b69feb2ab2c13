#include "ledger-client/cli/live.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <thread>

#include "ledger-client/cli/broker_feed.h"
#include "ledger-client/cli/print.h"
#include "ledger-client/cli/states.h"
#include "ledger-client/cli/stop.h"
#include "ledger-client/core/base64.h"
#include "ledger-client/core/entry_rules.h"
#include "ledger-client/core/log_follower.h"
#include "ledger-client/store/log_copy.h"

namespace ledger::cli {
namespace {

constexpr std::chrono::seconds kConnectTimeout{15};
constexpr std::chrono::milliseconds kLook{500};  // how often a stop is looked for, and a database

// Every log that is heard of, with what became of it.
class Followers {
 public:
  explicit Followers(const Trust& trust) : trust_(trust) {}

  struct Log {
    Log(const std::string& origin, const Trust& trust)
        : follower(origin, trust.keys_of(origin)), cosignatures(origin, trust.keys_of(origin), trust) {}

    LogFollower follower;
    Cosignatures cosignatures;
    std::uint64_t shown_witnessed = 0;
    std::uint64_t verified = 0;
    std::uint64_t void_count = 0;
    std::string problem;  // the first one
  };

  // Null for a log whose key is not known (said once).
  Log* of(const std::string& origin, std::ostream& err) {
    if (const auto found = logs_.find(origin); found != logs_.end()) return &found->second;
    if (unknown_.contains(origin)) return nullptr;
    try {
      return &logs_.emplace(origin, Log(origin, trust_)).first->second;
    } catch (const UserError& no_key) {
      err << "ehr-ledger: warning: " << no_key.what() << ": left out\n";
      unknown_.insert(origin);
      return nullptr;
    }
  }

  std::map<std::string, Log>& all() { return logs_; }

 private:
  const Trust& trust_;
  std::map<std::string, Log> logs_;
  std::set<std::string> unknown_;
};

void print_entry(const Followers::Log& log, const FollowedEntry& entry, Options& options, bool with_origin) {
  if (options.json) {
    *options.out << entry.line << std::endl;
  } else {
    *options.out << (with_origin ? log.follower.origin() + "  " : "") << entry_for_people(entry.line)
                 << std::endl;
  }
}

void warn(Options& options, const std::string& origin, const std::string& what) {
  *options.err << "ehr-ledger: warning: " << origin << ": " << what << std::endl;
}

// With --json a line is an entry as it stands in the log, or says how far the log is signed or witnessed now.
void print_state(const Followers::Log& log, const char* state, std::uint64_t size,
                 const std::vector<NoteSigner>& cosigners, Options& options) {
  nlohmann::json json{{"origin", log.follower.origin()}, {"size", size}, {"state", state}};
  for (const auto& signer : cosigners) json["witnesses"].push_back(signer.key.name);
  *options.out << json.dump() << std::endl;
}

// What was printed as signed is witnessed now.
void show_witnessed(Followers::Log& log, bool with_origin, Options& options) {
  const auto& witnessed = log.cosignatures.witnessed();
  if (!witnessed || witnessed->checkpoint.size <= log.shown_witnessed) return;
  log.shown_witnessed = witnessed->checkpoint.size;
  if (options.json) return print_state(log, "witnessed", log.shown_witnessed, witnessed->cosigners, options);
  *options.out << (with_origin ? log.follower.origin() + "  " : "") << "witnessed up to "
               << log.shown_witnessed << ", " << witnesses_for_people(witnessed->cosigners) << std::endl;
}

enum class Show { kEntries, kNothing };

void take_step(Followers::Log& log, const Result<FollowStep>& step, Show show, bool with_origin, Stop& stop,
               Options& options) {
  if (!step) {
    if (log.problem.empty()) log.problem = step.error().reason;
    warn(options, log.follower.origin(), step.error().reason);
    options.status = kBad;
    return;
  }
  if (!step->gap.empty()) warn(options, log.follower.origin(), step->gap);
  for (const auto& entry : step->verified) {
    ++log.verified;
    const auto judgement = judge_entry(entry.entry);
    if (judgement.meaning == Meaning::kVoid) {
      ++log.void_count;
      warn(options, log.follower.origin(),
           "entry " + std::to_string(entry.entry.index) + " is void: " + judgement.reason);
    }
    if (show == Show::kEntries && !stop.reached()) print_entry(log, entry, options, with_origin);
    stop.count_entry();
  }
  if (options.json && show == Show::kEntries && !step->verified.empty())
    print_state(log, "signed", step->verified.back().entry.index + 1, {}, options);
}

// A cosignature is offered to every log of the agent that is followed.
void take_cosignature(const LedgerMessage& message, Show show, bool with_origin, Followers& followers,
                      Options& options) {
  for (auto& [origin, log] : followers.all()) {
    if (!message.is_about(origin)) continue;
    log.cosignatures.take_cosignature(message.payload);
    if (show == Show::kEntries) show_witnessed(log, with_origin, options);
  }
}

void follow_broker(const LiveOptions& live, Show show, Followers& followers, Options& options) {
  BrokerFeed feed(options.broker, live.origin, kConnectTimeout);
  const bool with_origin = live.origin.empty();
  Stop stop(live.seconds, live.count);  // the time counts from when one listens
  while (!stop.reached()) {
    const auto message = feed.next(kLook);
    if (feed.overflowed())
      *options.err
          << "ehr-ledger: warning: messages came faster than they could be verified; some are left out\n";
    if (!message || (!with_origin && !message->is_about(live.origin))) continue;
    if (message->kind == topics::Kind::kCosignature) {
      // It may be the first that is heard of its log.
      if (!with_origin) (void)followers.of(live.origin, *options.err);
      take_cosignature(*message, show, with_origin, followers, options);
      continue;
    }
    auto* log = followers.of(message->origin, *options.err);
    if (log == nullptr) continue;
    const bool entries = message->kind == topics::Kind::kEntries;
    if (!entries) log->cosignatures.take_checkpoint(message->payload);
    const auto step = entries ? log->follower.take_entries(message->payload)
                              : log->follower.take_checkpoint(message->payload);
    take_step(*log, step, show, with_origin, stop, options);
    if (show == Show::kEntries) show_witnessed(*log, with_origin, options);
  }
}

nlohmann::json to_json(const Followers::Log& log) {
  nlohmann::json json{{"origin", log.follower.origin()},
                      {"good", log.problem.empty()},
                      {"entries", log.verified},
                      {"void_count", log.void_count}};
  if (const auto& checkpoint = log.follower.checkpoint()) {
    json["size"] = checkpoint->size;
    json["root"] = to_hex(checkpoint->root);
  }
  if (const auto& witnessed = log.cosignatures.witnessed())
    json["witnessed_size"] = witnessed->checkpoint.size;
  if (!log.problem.empty()) json["reason"] = log.problem;
  return json;
}

// Feeds a follower from a stored log as a broker would.
void follow_stored(const LogSource& source, std::uint64_t from, Followers::Log& log, Stop& stop,
                   Options& options) {
  const auto note = source.newest_checkpoint_note();
  const auto size = source.size();
  EntriesMessage message{source.origin(), from, frontier_at(source, from).nodes(), {}};
  source.for_each_entry(from, size, [&](const StoredEntry& entry) {
    message.lines.emplace_back(entry.line);
    return true;
  });
  for (const auto& part : encode_entries_messages(message)) {
    take_step(log, log.follower.take_entries(part), Show::kEntries, false, stop, options);
  }
  if (note) {
    log.cosignatures.take_checkpoint(*note);
    take_step(log, log.follower.take_checkpoint(*note), Show::kEntries, false, stop, options);
  }
  if (const auto witnessed = source.witnessed_note()) log.cosignatures.take_checkpoint(*witnessed);
  show_witnessed(log, false, options);
}

}  // namespace

void tail_live(const LiveOptions& live, Options& options) {
  const auto trust = Trust::load(options.trust);
  Followers followers(trust);
  follow_broker(live, Show::kEntries, followers, options);
}

void verify_live(const LiveOptions& live, Options& options) {
  const auto trust = Trust::load(options.trust);
  Followers followers(trust);
  follow_broker(live, Show::kNothing, followers, options);
  auto json = nlohmann::json::array();
  for (const auto& [origin, log] : followers.all()) {
    json.push_back(to_json(log));
    if (options.json) continue;
    const auto& checkpoint = log.follower.checkpoint();
    *options.out << origin << ": " << (log.problem.empty() ? "good" : "BAD: " + log.problem) << ", "
                 << log.verified << " entries verified since the start";
    if (checkpoint)
      *options.out << ", checkpoint of size " << checkpoint->size << ", root " << to_hex(checkpoint->root);
    if (const auto& witnessed = log.cosignatures.witnessed())
      *options.out << ", witnessed up to " << witnessed->checkpoint.size << " by "
                   << witnesses_for_people(witnessed->cosigners);
    *options.out << '\n';
  }
  if (options.json)
    *options.out << nlohmann::json{{"good", options.status == kGood}, {"logs", json}}.dump(2) << '\n';
  if (followers.all().empty())
    throw UserError(kNotFound, "no log was heard of on " + options.broker.url,
                    "does an agent publish there, and may this account read its topics?");
}

namespace {

void print_checkpoint(const LogFollower& follower, const Cosignatures& cosignatures, const std::string& note,
                      Options& options) {
  const auto& checkpoint = *follower.checkpoint();
  const auto& witnessed = cosignatures.witnessed();
  const bool is_witnessed = witnessed && witnessed->checkpoint == checkpoint;
  const auto& shown = is_witnessed ? witnessed->note : note;
  if (!options.json) {
    *options.out << shown
                 << (is_witnessed ? "\nwitnessed, " + witnesses_for_people(witnessed->cosigners) : "\nsigned")
                 << '\n';
    return;
  }
  *options.out << nlohmann::json{{"origin", checkpoint.origin},
                                 {"size", checkpoint.size},
                                 {"root", to_hex(checkpoint.root)},
                                 {"state", is_witnessed ? "witnessed" : "signed"},
                                 {"checkpoint", shown}}
                      .dump(2)
               << '\n';
}

}  // namespace

void show_live(const LiveOptions& live, Options& options) {
  const auto trust = Trust::load(options.trust);
  const auto& keys = trust.keys_of(live.origin);
  BrokerFeed feed(options.broker, live.origin,
                  std::chrono::seconds(static_cast<int>(std::ceil(live.seconds))));
  Stop stop(live.seconds, 0);
  LogFollower follower(live.origin, keys);
  Cosignatures cosignatures(live.origin, keys, trust);
  std::string note;
  while (!stop.reached()) {
    const auto message = feed.next(kLook);
    if (!message && !note.empty()) break;  // what the broker keeps has come
    if (!message || !message->is_about(live.origin)) continue;
    if (message->kind == topics::Kind::kCosignature) cosignatures.take_cosignature(message->payload);
    if (message->kind != topics::Kind::kCheckpoint) continue;
    const auto step = follower.take_checkpoint(message->payload);
    if (!step) throw UserError(kBad, live.origin + ": " + step.error().reason);
    cosignatures.take_checkpoint(message->payload);
    note = message->payload;
  }
  if (!note.empty()) return print_checkpoint(follower, cosignatures, note, options);
  throw UserError(kNotFound, "no checkpoint of " + live.origin + " on " + options.broker.url,
                  "does that agent publish there?");
}

void tail_stored(const LiveOptions& live, Options& options) {
  const auto trust = Trust::load(options.trust);
  Stop stop(live.seconds, live.count);
  Followers followers(trust);
  auto open = [&] {
    if (!live.origin.empty()) return open_log(options, live.origin);
    auto logs = open_all_logs(options);
    if (logs.size() > 1)
      throw UserError(kUsage, "there are several logs", "name one: ehr-ledger tail ORIGIN");
    return std::move(logs.front());
  };
  auto source = open();
  trust.keys_of(source->origin());  // says so if there is none
  auto& log = *followers.of(source->origin(), *options.err);
  auto next = source->size() - std::min(live.last, source->size());
  while (true) {
    follow_stored(*source, next, log, stop, options);
    next = source->size();
    if (stop.reached() || options.status != kGood) return;
    std::this_thread::sleep_for(kLook);
    source = open();
  }
}

}  // namespace ledger::cli
