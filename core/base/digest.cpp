#include "base/digest.h"

#include "base/error.h"

#include <openssl/evp.h>

namespace patchbay {

Digest::Digest(Kind kind) : m_context(EVP_MD_CTX_new(), &EVP_MD_CTX_free)
{
    const EVP_MD *type = kind == Kind::Sha1 ? EVP_sha1() : EVP_sha256();
    if (!m_context || EVP_DigestInit_ex(m_context.get(), type, nullptr) != 1)
        throw Error(kind == Kind::Sha1 ? "SHA-1" : "SHA-256", "is not available in this OpenSSL");
}

void Digest::add(const void *bytes, size_t count)
{
    EVP_DigestUpdate(m_context.get(), bytes, count);
}

std::string Digest::hexadecimal()
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

} // namespace patchbay
