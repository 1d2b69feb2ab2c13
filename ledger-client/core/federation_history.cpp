#include "ledger-client/core/federation_history.h"

namespace ledger {

Result<FederationHistory> FederationHistory::restore(const std::vector<std::string>& texts) {
  if (texts.empty()) return Problem{"federation history: empty"};
  auto first = open_first(texts.front(), std::nullopt);
  if (!first) return first.error();
  FederationHistory history(std::move(first.value()));
  for (std::size_t i = 1; i < texts.size(); ++i) {
    auto next = verify_successor(history.newest(), texts[i]);
    if (!next) return next.error();
    history.documents_.push_back(std::move(next.value()));
  }
  return history;
}

const FederationDocument* FederationHistory::find(std::uint64_t version) const {
  if (version < first().version() || version > newest().version()) return nullptr;
  return &documents_[version - first().version()];
}

FederationOffer FederationHistory::offer(std::string_view text) {
  const auto parsed = parse_federation_document(text);
  if (!parsed) return {FederationFate::kForged, 0, parsed.error().reason};
  FederationOffer offer{FederationFate::kForged, parsed->federation.version, {}};
  const FederationDocument* const held = find(offer.version);
  if (held != nullptr && held->sha256() == parsed->sha256) {
    offer.fate = FederationFate::kKnown;
  } else if (offer.version < first().version()) {
    offer.fate = FederationFate::kOlder;
  } else if (offer.version > newest().version() + 1) {
    offer.fate = FederationFate::kAhead;
  } else if (held == &first()) {
    offer.reason = "it is not the first version that was trusted";
  } else {
    auto next = verify_successor(*find(offer.version - 1), text);
    if (!next) {
      offer.reason = next.error().reason;
    } else if (held != nullptr) {
      offer.fate = FederationFate::kForked;
      offer.reason = "another document of this version is signed as well, SHA-256 " + to_hex(held->sha256()) +
                     " beside " + to_hex(parsed->sha256);
    } else {
      offer.fate = FederationFate::kAdopted;
      documents_.push_back(std::move(next.value()));
    }
  }
  return offer;
}

std::vector<std::string> FederationHistory::range(std::uint64_t from, std::uint64_t count,
                                                  std::size_t max_bytes) const {
  std::vector<std::string> texts;
  std::size_t bytes = 0;
  for (std::uint64_t version = from; texts.size() < count; ++version) {
    const FederationDocument* const document = find(version);
    if (document == nullptr) break;
    bytes += document->text().size();
    if (!texts.empty() && bytes > max_bytes) break;
    texts.push_back(document->text());
  }
  return texts;
}

}  // namespace ledger
