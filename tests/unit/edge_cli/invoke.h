// Runs a command line in this process and keeps what it prints.
#pragma once

#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "agent/cli/commands.h"

struct Invoked {
  int status = -1;
  std::string out, err;
};

inline Invoked invoke(const std::vector<std::string>& arguments, const std::string& input = "") {
  std::vector<const char*> argv{"ehr-agent"};
  for (const auto& one : arguments) argv.push_back(one.c_str());
  std::ostringstream out, err;
  std::istringstream in(input);
  auto* const old_out = std::cout.rdbuf(out.rdbuf());
  auto* const old_err = std::cerr.rdbuf(err.rdbuf());
  auto* const old_in = std::cin.rdbuf(in.rdbuf());
  std::cin.clear();
  std::cout.clear();
  Invoked result;
  result.status = edge::cli::run(static_cast<int>(argv.size()), argv.data(),
                                 [](const edge::Config&, const edge::cli::Reload&) { return 42; });
  std::cout.rdbuf(old_out);
  std::cerr.rdbuf(old_err);
  std::cin.rdbuf(old_in);
  result.out = out.str();
  result.err = err.str();
  return result;
}

// A new agent below `dir`; gives the path of its configuration.
inline std::string new_agent(const std::filesystem::path& dir) {
  const auto made = invoke({"init", "--address", "127.0.10.1", "--name", "Test", "--dir",
                            (dir / "etc").string(), "--state-dir", (dir / "state").string()});
  if (made.status != 0) throw std::runtime_error("init failed: " + made.err);
  return (dir / "etc/ehr-agent.toml").string();
}
