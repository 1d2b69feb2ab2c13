// JSON written as text, so that decimals keep the digits they were given ("1.50"). Values are JSON text
// themselves.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace sample {

using Json = std::string;  // empty: no value

struct Member {
  const char* name;
  Json value;
};

Json text(std::string_view value);
Json boolean(bool value);
Json number(long value);
// Members and elements without a value are left out; an array without elements is no value.
Json object(std::initializer_list<Member> members);
Json array(const std::vector<Json>& elements);

}  // namespace sample
