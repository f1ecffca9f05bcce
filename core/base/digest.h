// A hash over bytes as they come.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

struct evp_md_ctx_st; // OpenSSL's

namespace patchbay {

class Digest {
public:
    enum class Kind { Sha1, Sha256 };
    /// Throws Error where OpenSSL does not offer it.
    explicit Digest(Kind kind = Kind::Sha256);
    void add(const void *bytes, size_t count);
    /// The end: nothing can be added any more.
    std::string hexadecimal();

private:
    std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st *)> m_context;
};

} // namespace patchbay
