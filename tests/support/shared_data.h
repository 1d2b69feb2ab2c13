// Inputs and vectors of other people, used in place: below $EHR_SHARED, else ../shared beside the project. A
// newcomer has none: the suite is then left out and says so (one line in $EHR_LEFT_OUT, which tests/run
// prints); with CI=true a missing suite fails.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace test_support {

// The file or directory, or nothing (recorded as left out; FAILs the running test case in CI).
std::optional<std::filesystem::path> shared_data(const std::string& relative);

// The project's root, for its own files (schemas, samples).
std::filesystem::path source_root();

std::string read_file(const std::filesystem::path& file);

}  // namespace test_support
