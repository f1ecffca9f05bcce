#include "base/sha256.h"

#include "base/error.h"

#include <openssl/evp.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>

namespace patchbay {

namespace {

/// A digest on its way.
class Digest {
public:
    Digest() : m_context(EVP_MD_CTX_new(), &EVP_MD_CTX_free)
    {
        if (!m_context || EVP_DigestInit_ex(m_context.get(), EVP_sha256(), nullptr) != 1)
            throw Error("SHA-256", "is not available in this OpenSSL");
    }
    void add(const void *bytes, size_t count) { EVP_DigestUpdate(m_context.get(), bytes, count); }
    std::string hexadecimal()
    {
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned length = 0;
        EVP_DigestFinal_ex(m_context.get(), digest, &length);
        std::string out;
        for (unsigned i = 0; i < length; ++i) {
            constexpr char digits[] = "0123456789abcdef";
            out += digits[digest[i] >> 4];
            out += digits[digest[i] & 15];
        }
        return out;
    }

private:
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> m_context;
};

} // namespace

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
