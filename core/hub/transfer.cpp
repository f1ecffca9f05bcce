#include "hub/detail/transfer.h"

#include "base/error.h"
#include "base/plain_text.h"
#include "hub/detail/hub_answer.h"
#include "io/array_files.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <vector>

namespace patchbay {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void refuse_write(const fs::path &path)
{
    const int error = errno;
    const std::string reason = std::strerror(error);
    throw Error(path.string(),
                "cannot be written: " + reason
                    + (error == ENOSPC || error == EDQUOT || error == EFBIG
                           ? "; make room, or set HF_HUB_CACHE to a folder on another disk; what has arrived is kept"
                           : ""));
}

} // namespace

BlobLock::BlobLock(const fs::path &cached, const HubFile &file)
{
    const fs::path folder = cached.parent_path() / ".locks" / cached.filename();
    make_folder(folder);
    const fs::path path = folder / (file.etag + ".lock");
    m_fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (m_fd < 0)
        refuse_write(path);
    if (flock(m_fd, LOCK_EX | LOCK_NB) == 0)
        return;
    const bool held = errno == EWOULDBLOCK;
    close(m_fd);
    if (held)
        throw Error(file.name, "is being downloaded by another program; wait until that has finished");
    m_fd = -1; // a file system without locks
}

BlobLock::~BlobLock()
{
    if (m_fd >= 0)
        close(m_fd);
}

Transfer::Transfer(HubFile file, const fs::path &cached, const CancelToken &cancel)
    : m_file(std::move(file)), m_blob(cached / "blobs" / m_file.etag), m_part(m_blob.string() + ".incomplete"),
      m_lock(cached, m_file)
{
    make_folder(m_blob.parent_path());
    m_fd = open(m_part.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (m_fd < 0)
        refuse_write(m_part);
    begin_digest();
    std::vector<char> buffer(1 << 20);
    for (ssize_t got = 0; (got = read(m_fd, buffer.data(), buffer.size())) > 0; m_arrived += uint64_t(got)) {
        if (cancel.cancelled()) {
            close(m_fd);
            throw Cancelled();
        }
        m_digest->add(buffer.data(), size_t(got));
    }
    if (m_arrived > m_file.size) // of something else
        begin_anew();
}

Transfer::~Transfer()
{
    m_request.reset(); // before what it writes to
    if (m_fd >= 0)
        close(m_fd);
}

void Transfer::begin_digest()
{
    if (m_file.etag.size() == 64) {
        m_digest.emplace(Digest::Kind::Sha256);
        return;
    }
    const std::string head = "blob " + std::to_string(m_file.size); // what git hashes in front of a file's bytes
    m_digest.emplace(Digest::Kind::Sha1);
    m_digest->add(head.c_str(), head.size() + 1);
}

void Transfer::begin_anew()
{
    if (ftruncate(m_fd, 0) != 0 || lseek(m_fd, 0, SEEK_SET) != 0)
        refuse_write(m_part);
    m_arrived = 0;
    begin_digest();
}

CURL *Transfer::request(const std::string &token)
{
    m_request = curl_handle(m_file.url, token);
    m_headers.clear();
    m_answered = false;
    m_asked_from = m_arrived;
    m_detail[0] = '\0';
    const auto set = [&](CURLoption option, auto value) { curl_easy_setopt(m_request.get(), option, value); };
    set(CURLOPT_HEADERFUNCTION, &Transfer::take_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_WRITEFUNCTION, &Transfer::take_bytes);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_ERRORBUFFER, m_detail);
    set(CURLOPT_PRIVATE, this);
    set(CURLOPT_BUFFERSIZE, 256L << 10); // one write each
    if (m_arrived > 0)
        set(CURLOPT_RANGE, (std::to_string(m_arrived) + "-").c_str());
    return m_request.get();
}

size_t Transfer::take_header(char *bytes, size_t, size_t count, void *self)
{
    add_header_line(static_cast<Transfer *>(self)->m_headers, std::string(bytes, count));
    return count;
}

size_t Transfer::take_bytes(char *bytes, size_t, size_t count, void *self)
{
    Transfer &transfer = *static_cast<Transfer *>(self);
    try {
        transfer.take(bytes, count);
        return count;
    } catch (...) {
        transfer.m_error = std::current_exception();
        return 0; // ends the request
    }
}

void Transfer::take(const char *bytes, size_t count)
{
    long status = 0;
    curl_easy_getinfo(m_request.get(), CURLINFO_RESPONSE_CODE, &status);
    if (status != 200 && status != 206)
        return; // the text of a refusal
    if (!m_answered && m_arrived > 0) {
        const auto range = m_headers.find("content-range");
        if (status == 200 || range == m_headers.end()
            || !range->second.starts_with("bytes " + std::to_string(m_arrived) + "-"))
            begin_anew();
        if (status == 206 && m_arrived == 0)
            throw Error(m_file.url, "answers with another part of the file than the one that was asked for");
    }
    m_answered = true;
    if (m_arrived + count > m_file.size)
        throw Error(m_file.url,
                    "sends more than the " + std::to_string(m_file.size) + " bytes that the hub publishes of the file");
    for (size_t done = 0; done < count;) {
        const ssize_t wrote = write(m_fd, bytes + done, count - done);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            refuse_write(m_part);
        m_digest->add(bytes + done, size_t(wrote));
        done += size_t(wrote);
        m_arrived += size_t(wrote);
    }
}

Transfer::End Transfer::finish(CURLcode code, const HubName &name)
{
    if (m_error)
        std::rethrow_exception(m_error);
    HttpAnswer answer;
    curl_easy_getinfo(m_request.get(), CURLINFO_RESPONSE_CODE, &answer.status);
    answer.headers = m_headers;
    failures = m_arrived > m_asked_from ? 0 : failures + 1;
    const bool later = answer.status == 408 || answer.status == 429 || answer.status >= 500;
    if (code == CURLE_OK && !later) {
        // Where the file itself lies, an address that ran out is refused: the hub gives another one.
        const char *at = nullptr;
        curl_easy_getinfo(m_request.get(), CURLINFO_EFFECTIVE_URL, &at);
        if (at == m_file.url)
            refuse_answer(name, m_file.name, answer);
        if (answer.status < 400 && whole())
            return End::Complete;
        last_problem = answer.status >= 400 ? "refused with " + std::to_string(answer.status)
                                            : "it ended after " + size_text(m_arrived);
        return End::Again;
    }
    last_problem = code == CURLE_OK ? "refused with " + std::to_string(answer.status)
        : m_detail[0]               ? m_detail
                                    : curl_easy_strerror(code);
    switch (code) {
    case CURLE_OK:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        return End::Again;
    default:
        refuse_connection(code, m_file.url, m_detail);
    }
}

void Transfer::keep()
{
    if (const std::string hash = m_digest->hexadecimal(); hash != m_file.etag) {
        unlink(m_part.c_str());
        throw Error(m_file.name,
                    "is not what the hub publishes: its hash is " + hash + ", not " + m_file.etag
                        + "; what arrived was deleted. Download it again; if that does not help, something between "
                          "here and the hub changes files");
    }
    const int fd = m_fd;
    m_fd = -1;
    if (close(fd) != 0 || rename(m_part.c_str(), m_blob.c_str()) != 0)
        refuse_write(m_blob);
}

} // namespace patchbay
