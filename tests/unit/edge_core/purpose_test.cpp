#include "agent/core/purpose.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "agent/core/consent.h"

using namespace edge;

TEST_CASE("consent: HL7's purposes, each once and after its parent") {
  std::vector<std::string_view> before;
  for (const Purpose& one : purposes()) {
    CHECK(is_purpose_code(one.code));
    CHECK(std::find(before.begin(), before.end(), one.code) == before.end());
    if (!one.parent.empty()) CHECK(std::find(before.begin(), before.end(), one.parent) != before.end());
    before.push_back(one.code);
  }
  CHECK(is_within("BTG", "TREAT"));
  CHECK(is_within("TREAT", "TREAT"));
  CHECK_FALSE(is_within("TREAT", "ETREAT"));
  CHECK_FALSE(is_within("TRAET", "TREAT"));
  CHECK(find_purpose("") == nullptr);
}

TEST_CASE("consent: names of groups and purposes leave no room for look-alikes") {
  CHECK(is_group_name("north-2"));
  for (const char* name : {"", "-a", "a-", "a--b", "North", "nоrth" /* a Cyrillic o */, "a b", "a\nb"})
    CHECK_FALSE(is_group_name(name));
  CHECK_FALSE(is_group_name(std::string(65, 'a')));
  CHECK(is_purpose_code("TREAT"));
  for (const char* code : {"", "T", "treat", "ТREAT" /* a Cyrillic T */, "1A"})
    CHECK_FALSE(is_purpose_code(code));
}
