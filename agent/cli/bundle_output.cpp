#include "agent/cli/bundle_output.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/cli/failure.h"

namespace edge::cli {
namespace {

void write_stdout(std::string_view bytes) {
  std::cout.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!std::cout) throw Failure(EX_IOERR, "standard output can't be written");
}

// The result's other members behind the bundle in one object.
std::string rest_of_object(const nlohmann::json& members) {
  const std::string text = members.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return members.empty() ? "}" : "," + text.substr(1);
}

}  // namespace

BundleOutput::BundleOutput(const std::optional<std::filesystem::path>& file, bool json) : json_(json) {
  if (file && *file != "-") path_ = file;
  if (path_) file_ = std::make_unique<AtomicFile>(*path_);
}

void BundleOutput::write(std::string_view bytes) {
  hash_.update(bytes);
  if (file_)
    file_->write(bytes);
  else if (json_ && bytes_ == 0)
    write_stdout(std::string("{\"bundle\":").append(bytes));
  else
    write_stdout(bytes);
  bytes_ += bytes.size();
}

void BundleOutput::finish(const nlohmann::json& result) {
  const std::string hash = ledger::to_hex(hash_.finish());
  if (result.value("bytes", std::uint64_t{0}) != bytes_ || result.value("sha256", "") != hash)
    throw Failure(EX_IOERR, "the bundle did not come whole from the agent",
                  "`ehr-agent bundle open ID` reads it again");
  auto told = result;
  told.erase("proof");
  const std::string suspect = result.value("suspect", "");
  if (suspect.empty()) told.erase("suspect");
  if (file_) {
    const std::string proof = result.value("proof", "");
    if (!proof.empty() && file_->is_file()) {
      AtomicFile beside(path_->string() + ".proof");
      beside.write(proof);
      beside.commit();
    }
    file_->commit();
    told["file"] = path_->string();
  }
  if (json_) {
    file_ ? print_json(told) : write_stdout(rest_of_object(told) + "\n");
    return;
  }
  if (!file_) write_stdout("\n");
  std::cerr << "verified bundle of " << human_bytes(bytes_) << ", entry "
            << told.value("issued_index", std::uint64_t{0}) << " of " << printable(told.value("origin", "?"))
            << " (" << printable(told.value("anchored", "?")) << ')';
  if (path_) std::cerr << ", in " << path_->string();
  std::cerr << '\n';
  if (!suspect.empty()) std::cerr << "suspect: its signature was " << printable(suspect) << '\n';
}

}  // namespace edge::cli
