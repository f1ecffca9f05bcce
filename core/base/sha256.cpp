#include "base/sha256.h"

#include "base/digest.h"
#include "base/error.h"

#include <cerrno>
#include <cstring>
#include <fstream>

namespace patchbay {

std::string sha256_of_files(const std::vector<std::filesystem::path> &files, const CancelToken &cancel)
{
    Digest digest;
    std::vector<char> buffer(1 << 20);
    for (const auto &path : files) {
        std::ifstream in;
        in.rdbuf()->pubsetbuf(nullptr, 0); // the pieces are large already
        in.open(path, std::ios::binary);
        if (!in)
            throw Error(path.string(), std::string("cannot be opened: ") + std::strerror(errno));
        while (in.read(buffer.data(), std::streamsize(buffer.size())), in.gcount() > 0) {
            cancel.check();
            digest.add(buffer.data(), size_t(in.gcount()));
        }
        if (in.bad())
            throw Error(path.string(), "cannot be read");
    }
    return digest.hexadecimal();
}

std::string sha256_of(const void *bytes, size_t count)
{
    Digest digest;
    digest.add(bytes, count);
    return digest.hexadecimal();
}

} // namespace patchbay
