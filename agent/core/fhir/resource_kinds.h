// The names of all FHIR R4 resource types, and what the IPS profiles ask at least of those it knows. Pure.
#pragma once

#include <span>
#include <string_view>

namespace edge::fhir {

bool is_resource_kind(std::string_view name);

// Members a resource of this kind must have in a document; "effective*" stands for any type of effective[x].
// A `_member` with an extension counts as well. Empty for kinds without a profile.
std::span<const std::string_view> required_members(std::string_view kind);

}  // namespace edge::fhir
