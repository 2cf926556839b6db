// Runs a fuzz target over the files of its corpus, where libFuzzer is not there to do it; and over every beginning of
// each small file and each of its bytes changed, so that what a fuzzer found once is tried all around.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t kMaxSmallFile = 512;

// From memory of just that size, so that a sanitizer sees the first byte read past it.
void run(std::string_view bytes) {
  const std::vector<std::uint8_t> exact(bytes.begin(), bytes.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

void run_variants(const std::string& bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    run(std::string_view{bytes}.substr(0, i));
    std::string changed = bytes;
    for (const int flip : {0x01, 0x10, 0x80}) {
      changed[i] = static_cast<char>(bytes[i] ^ flip);
      run(changed);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t files = 0;
  for (int i = 1; i < argc; ++i)
    for (const auto& entry : std::filesystem::directory_iterator{argv[i]}) {
      std::ifstream in{entry.path(), std::ios::binary};
      const std::string bytes{std::istreambuf_iterator<char>{in}, {}};
      std::printf("%s\n", entry.path().filename().c_str());
      std::fflush(stdout);  // so that a crash is seen beside its file
      run(bytes);
      if (bytes.size() <= kMaxSmallFile) run_variants(bytes);
      ++files;
    }
  std::printf("%zu files of the corpus\n", files);
  return files > 0 ? 0 : 1;  // an empty corpus is a wrong path
}
