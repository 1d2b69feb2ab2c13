#include "agent/adapters/his/patient_text.h"

#include <catch2/catch.hpp>

using edge::his::describe_patient;

TEST_CASE("a patient's name is the official one, else the first that holds") {
  CHECK(
      describe_patient(
          R"({"name":[{"use":"old","family":"Before"},{"family":"B","given":["A","C"]},{"use":"official","family":"Z"}]})")
          .name == "Z");
  CHECK(describe_patient(R"({"name":[{"use":"old","family":"Before"},{"family":"B","given":["A","C"]}]})")
            .name == "A C B");
  CHECK(describe_patient(R"({"name":[{"text":"欧阳 雨桐","family":"x"}]})").name == "欧阳 雨桐");
  CHECK(describe_patient(R"({"birthDate":"1980"})").birth_date == "1980");
  for (const char* odd : {"", "[]", "5", R"({"name":5})", R"({"name":[5,{"given":7}]})"})
    CHECK(describe_patient(odd).name.empty());
}
