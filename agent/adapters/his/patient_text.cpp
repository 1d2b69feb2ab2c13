#include "agent/adapters/his/patient_text.h"

#include <nlohmann/json.hpp>

namespace edge::his {

using nlohmann::json;

namespace {

std::string text_at(const json& object, const char* member) {
  if (!object.is_object()) return {};
  const auto found = object.find(member);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void append_word(std::string& text, const std::string& word) {
  if (word.empty()) return;
  if (!text.empty()) text += ' ';
  text += word;
}

std::string words_of(const json& name) {
  std::string text = text_at(name, "text");
  if (!text.empty()) return text;
  if (name.is_object() && name.contains("given") && name["given"].is_array()) {
    for (const json& given : name["given"])
      if (given.is_string()) append_word(text, given.get<std::string>());
  }
  append_word(text, text_at(name, "family"));
  return text;
}

std::string choose_name(const json& patient) {
  if (!patient.contains("name") || !patient["name"].is_array()) return {};
  std::string first;
  for (const json& name : patient["name"]) {
    const std::string use = text_at(name, "use");
    std::string words = words_of(name);
    if (use == "official" && !words.empty()) return words;
    if (use != "old" && first.empty()) first = std::move(words);
  }
  return first;
}

}  // namespace

PatientText describe_patient(std::string_view patient_json) {
  const json patient = json::parse(patient_json, nullptr, false);
  if (!patient.is_object()) return {};
  return {choose_name(patient), text_at(patient, "birthDate")};
}

}  // namespace edge::his
