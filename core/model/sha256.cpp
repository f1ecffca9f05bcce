#include "model/detail/sha256.h"

#include "base/error.h"

#include <openssl/evp.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>

namespace patchbay {

std::string sha256_of_files(const std::vector<std::filesystem::path> &files, const CancelToken &cancel)
{
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1)
        throw Error("SHA-256", "is not available in this OpenSSL");
    std::vector<char> buffer(1 << 20);
    for (const auto &path : files) {
        std::ifstream in;
        in.rdbuf()->pubsetbuf(nullptr, 0); // the pieces are large already
        in.open(path, std::ios::binary);
        if (!in)
            throw Error(path.string(), std::string("cannot be opened: ") + std::strerror(errno));
        while (in.read(buffer.data(), std::streamsize(buffer.size())), in.gcount() > 0) {
            cancel.check();
            EVP_DigestUpdate(context.get(), buffer.data(), size_t(in.gcount()));
        }
        if (in.bad())
            throw Error(path.string(), "cannot be read");
    }
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    EVP_DigestFinal_ex(context.get(), digest, &length);
    std::string out;
    for (unsigned i = 0; i < length; ++i) {
        constexpr char kDigits[] = "0123456789abcdef";
        out += kDigits[digest[i] >> 4];
        out += kDigits[digest[i] & 15];
    }
    return out;
}

} // namespace patchbay
