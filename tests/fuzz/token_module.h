// The module fuzz_token.cpp loads answers as these bytes say.
#pragma once

#include <cstddef>
#include <cstdint>

// Exported by the module.
inline constexpr const char* kTokenAnswersFunction = "fuzz_token_answers";
using TokenAnswers = void (*)(const std::uint8_t* data, std::size_t size);
