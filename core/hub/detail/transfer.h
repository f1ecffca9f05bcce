// One file of a download on its way into the cache. For core's own sources only.
#pragma once

#include "base/digest.h"
#include "hub/detail/http.h"
#include "hub/download.h"

#include <chrono>
#include <exception>
#include <optional>

namespace patchbay {

/// The name that huggingface_hub's own downloads of the same file wait for, too. Only one program holds it.
class BlobLock {
public:
    /// Throws Error where it is held, or cannot be made.
    BlobLock(const std::filesystem::path &cached, const HubFile &file);
    ~BlobLock();
    BlobLock(const BlobLock &) = delete;
    BlobLock &operator=(const BlobLock &) = delete;

private:
    int m_fd = -1;
};

class Transfer {
public:
    /// Opens blobs/<etag>.incomplete and reads what is there of it. Throws Error, Cancelled.
    Transfer(HubFile file, const std::filesystem::path &cached, const CancelToken &cancel);
    ~Transfer();
    Transfer(const Transfer &) = delete;
    Transfer &operator=(const Transfer &) = delete;

    /// Makes the request for the bytes that are not there yet. It stays valid until the next call.
    CURL *request(const std::string &token);
    enum class End { Complete, Again }; ///< Again: it broke off, what came is kept
    /// After the request is over. Throws Error where trying again would not help.
    End finish(CURLcode code, const HubName &name);
    /// Compares the hash and gives the file its name. Throws Error, after which nothing of it is left.
    void keep();

    const HubFile &file() const { return m_file; }
    uint64_t arrived() const { return m_arrived; }
    bool whole() const { return m_arrived == m_file.size; }
    CURL *handle() const { return m_request.get(); }

    int failures = 0;                                 ///< one after the other without a byte between
    std::chrono::steady_clock::time_point not_before; ///< when it is tried again
    std::string last_problem;

private:
    static size_t take_header(char *bytes, size_t, size_t count, void *self);
    static size_t take_bytes(char *bytes, size_t, size_t count, void *self);
    void take(const char *bytes, size_t count);
    void begin_anew();
    void begin_digest();

    const HubFile m_file;
    const std::filesystem::path m_blob, m_part;
    const BlobLock m_lock;
    int m_fd = -1;
    std::optional<Digest> m_digest;
    uint64_t m_arrived = 0, m_asked_from = 0;
    bool m_answered = false; ///< the first byte of this request's body is there
    CurlHandle m_request{nullptr, &curl_easy_cleanup};
    HttpHeaders m_headers;
    char m_detail[CURL_ERROR_SIZE] = "";
    std::exception_ptr m_error; ///< of take(), which libcurl calls
};

} // namespace patchbay
