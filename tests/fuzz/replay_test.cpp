// Runs a fuzz target without libFuzzer: every seed, every prefix of it, and some thousand damaged copies from
// a fixed random sequence, so that each build also tests what only the fuzzing build would reach. usage:
// replay_<name> SEED_DIRECTORY
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Input = std::vector<std::uint8_t>;

constexpr std::size_t kMutations = 5000;    // of each seed
constexpr std::size_t kMaxPrefixes = 1000;  // of each seed

// A copy of exactly the input's size on the heap, where a sanitizer sees every byte read beyond it.
void run(const Input& input) {
  const Input exact(input.begin(), input.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

void run_prefixes(const Input& seed) {
  const std::size_t step = seed.size() / kMaxPrefixes + 1;
  for (std::size_t size = 0; size < seed.size(); size += step) {
    run({seed.begin(), seed.begin() + static_cast<std::ptrdiff_t>(size)});
  }
}

void mutate(Input& input, std::mt19937& random) {
  if (input.empty()) return;
  const auto at = input.begin() + static_cast<std::ptrdiff_t>(random() % input.size());
  switch (random() % 4) {
    case 0:
      *at = static_cast<std::uint8_t>(*at ^ 1U << random() % 8);
      break;
    case 1:
      *at = static_cast<std::uint8_t>(random());
      break;
    case 2:
      input.erase(at);
      break;
    default:
      input.insert(at, input[random() % input.size()]);
  }
}

void run_mutations(const Input& seed, std::mt19937& random) {
  for (std::size_t i = 0; i < kMutations; ++i) {
    Input copy = seed;
    for (unsigned changes = random() % 4 + 1; changes > 0; --changes) mutate(copy, random);
    run(copy);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::mt19937 random(1);
  int seeds = 0;
  for (const auto& file : std::filesystem::directory_iterator(argv[1])) {
    std::ifstream stream(file.path(), std::ios::binary);
    const Input seed{std::istreambuf_iterator<char>(stream), {}};
    run(seed);
    run_prefixes(seed);
    run_mutations(seed, random);
    ++seeds;
  }
  std::printf("%d seeds\n", seeds);
  return seeds > 0 ? 0 : 1;
}
