// What the results of consent.grant and consent.import say beside the consent itself: what is still given
// despite a denial, and what stands against a permit, or the person who recorded it would take it for done.
// Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "agent/adapters/consent_store.h"

namespace edge {

// Members to add: of a consent that denies `still_given`, other consents' permits (at most 20, and
// `still_given_more` how many others); of one that permits `denied_by` and `exception_to`, ids. `consents`
// are those in force that concern whom it is about, itself among them.
nlohmann::json effect_json(const ConsentRow& row, const std::vector<Consent>& consents,
                           const PeerGroups& groups, ledger::TimePoint now);

}  // namespace edge
