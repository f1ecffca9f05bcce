// Runs a fuzz target without libFuzzer: on every seed, and on damaged copies of it that are the same in every run.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

namespace {

constexpr int copies_per_seed = 1500;

void run(const std::string &bytes)
{
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size());
}

// One to four of the things that happen to files: cut short, a byte changed, a piece doubled, a piece lost, a number
// made large.
std::string damaged(std::string bytes, std::mt19937 &random)
{
    const auto below = [&](size_t limit) { return limit == 0 ? size_t(0) : size_t(random()) % limit; };
    for (size_t left = 1 + below(4); left > 0 && !bytes.empty(); --left) {
        const size_t at = below(bytes.size());
        const size_t length = 1 + below(std::min<size_t>(16, bytes.size() - at));
        switch (below(6)) {
        case 0:
            bytes.resize(at);
            break;
        case 1:
            bytes[at] = char(random());
            break;
        case 2:
            bytes.insert(at, bytes.substr(at, length));
            break;
        case 3:
            bytes.erase(at, length);
            break;
        case 4:
            bytes.replace(at, length, length, '\xff');
            break;
        default:
            if (const size_t digit = bytes.find_first_of("0123456789", at); digit != std::string::npos)
                bytes.insert(digit, below(2) ? "99999999999999999" : "-");
        }
    }
    return bytes;
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 2) {
        std::fprintf(stderr, "usage: %s FOLDER-OF-SEEDS | FILE\n", argv[0]);
        return 2;
    }
    std::vector<std::filesystem::path> files;
    if (std::filesystem::is_directory(argv[1]))
        for (const auto &entry : std::filesystem::directory_iterator(argv[1]))
            files.push_back(entry.path());
    else
        files.emplace_back(argv[1]);
    std::sort(files.begin(), files.end());
    if (files.empty()) {
        std::fprintf(stderr, "no seeds in %s\n", argv[1]);
        return 1;
    }
    for (const auto &path : files) {
        std::ifstream file(path, std::ios::binary);
        const std::string seed((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
        run(seed);
        std::mt19937 random(1);
        for (int i = 0; i < copies_per_seed; ++i)
            run(damaged(seed, random));
    }
    run("");
    std::printf("%zu seeds, %d damaged copies of each: read or refused\n", files.size(), copies_per_seed);
    return 0;
}
