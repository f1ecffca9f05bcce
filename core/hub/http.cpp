#include "hub/detail/http.h"
#include "base/error.h"
#include "base/plain_text.h"
#include "hub/environment.h"

#include <filesystem>
#include <mutex>
#include <new>

namespace patchbay {

namespace {

constexpr long kConnectSeconds = 30, kSilentSeconds = 60;
constexpr int kRedirections = 8;

size_t take_header(char *bytes, size_t, size_t count, void *headers)
{
    add_header_line(*static_cast<HttpHeaders *>(headers), std::string(bytes, count));
    return count;
}

struct Body {
    std::string bytes;
    size_t most = 0;
};

size_t take_body(char *bytes, size_t, size_t count, void *to)
{
    Body &body = *static_cast<Body *>(to);
    if (body.bytes.size() + count > body.most)
        return 0; // ends the request
    body.bytes.append(bytes, count);
    return count;
}

int look_at_cancel(void *cancel, curl_off_t, curl_off_t, curl_off_t, curl_off_t)
{
    return static_cast<const CancelToken *>(cancel)->cancelled();
}

/// Scheme, host and port.
std::string origin_of(const std::string &url)
{
    const size_t host = url.find("://");
    return lower_case(host == url.npos ? url : url.substr(0, url.find('/', host + 3)));
}

HttpAnswer ask(CURL *handle, const std::string &url, size_t most, const CancelToken &cancel)
{
    HttpAnswer answer;
    Body body{{}, most};
    char detail[CURL_ERROR_SIZE] = "";
    curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, &answer.headers);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &body);
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, look_at_cancel);
    curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &cancel);
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, detail);
    const CURLcode code = curl_easy_perform(handle);
    cancel.check();
    if (code == CURLE_WRITE_ERROR)
        throw Error(url, "answers with more than " + size_text(most) + ", which is not what was asked for");
    if (code != CURLE_OK)
        refuse_connection(code, url, detail);
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &answer.status);
    answer.body = std::move(body.bytes);
    return answer;
}

} // namespace

CurlHandle curl_handle(const std::string &url, const std::string &token)
{
    static std::once_flag begun;
    std::call_once(begun, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    CurlHandle handle(curl_easy_init(), &curl_easy_cleanup);
    if (!handle)
        throw Error(url, "cannot be asked: libcurl does not start");
    const auto set = [&](CURLoption option, auto value) { curl_easy_setopt(handle.get(), option, value); };
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_USERAGENT, "patchbay/" PATCHBAY_VERSION);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_FOLLOWLOCATION, 1L);
    set(CURLOPT_MAXREDIRS, long(kRedirections));
    set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
    set(CURLOPT_LOW_SPEED_LIMIT, 1L); // nothing at all for so long
    set(CURLOPT_LOW_SPEED_TIME, kSilentSeconds);
    // The variables that the curl program, OpenSSL and Python's requests go by; libcurl itself reads none of them.
    const std::string file = trusted_certificates().string(), folder = trusted_certificates_folder().string();
    // Where the system has no certificates of its own, libcurl would refuse a folder for want of its usual file.
    const char *usual = curl_version_info(CURLVERSION_NOW)->cainfo;
    if (!file.empty())
        set(CURLOPT_CAINFO, file.c_str());
    else if (!folder.empty() && usual && !std::filesystem::exists(usual))
        set(CURLOPT_CAINFO, static_cast<const char *>(nullptr));
    if (!folder.empty())
        set(CURLOPT_CAPATH, folder.c_str());
    // Whoever asked over an encrypted connection is not led to one that is not.
    const char *protocols = url.starts_with("https://") ? "https" : "http,https";
#if LIBCURL_VERSION_NUM >= 0x075500
    set(CURLOPT_PROTOCOLS_STR, protocols);
    set(CURLOPT_REDIR_PROTOCOLS_STR, protocols);
#else
    const long flags = url.starts_with("https://") ? CURLPROTO_HTTPS : CURLPROTO_HTTP | CURLPROTO_HTTPS;
    (void)protocols;
    set(CURLOPT_PROTOCOLS, flags);
    set(CURLOPT_REDIR_PROTOCOLS, flags);
#endif
    if (!token.empty()) {
        set(CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
        set(CURLOPT_XOAUTH2_BEARER, token.c_str());
        set(CURLOPT_UNRESTRICTED_AUTH, 0L); // not to another host
    }
    return handle;
}

std::string url_part(const std::string &text)
{
    const std::unique_ptr<char, void (*)(void *)> escaped(curl_easy_escape(nullptr, text.data(), int(text.size())),
                                                          &curl_free);
    if (!escaped)
        throw std::bad_alloc();
    return escaped.get();
}

void add_header_line(HttpHeaders &headers, std::string line)
{
    line = std::string(trimmed(line));
    if (line.starts_with("HTTP/"))
        headers.clear();
    if (const size_t colon = line.find(':'); colon != line.npos && !line.starts_with("HTTP/"))
        headers[lower_case(line.substr(0, colon))] = std::string(trimmed(std::string_view(line).substr(colon + 1)));
}

HttpAnswer http_get(const std::string &url, const std::string &token, size_t most, const CancelToken &cancel)
{
    return ask(curl_handle(url, token).get(), url, most, cancel);
}

HttpAnswer http_head(const std::string &url, const std::string &token, const CancelToken &cancel)
{
    const CurlHandle handle = curl_handle(url, token);
    curl_easy_setopt(handle.get(), CURLOPT_NOBODY, 1L);
    curl_easy_setopt(handle.get(), CURLOPT_FOLLOWLOCATION, 0L);
    std::string at = url;
    for (int i = 0;; ++i) {
        HttpAnswer answer = ask(handle.get(), at, 0, cancel);
        const char *next = nullptr;
        curl_easy_getinfo(handle.get(), CURLINFO_REDIRECT_URL, &next);
        if (!next || origin_of(next) != origin_of(url))
            return answer;
        if (i == kRedirections)
            throw Error(url, "leads round in a circle (" + std::to_string(kRedirections) + " redirections)");
        at = next;
    }
}

void refuse_connection(CURLcode code, const std::string &url, const std::string &detail)
{
    const std::string what = detail.empty() ? curl_easy_strerror(code) : detail, host = origin_of(url);
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
        throw Error(host,
                    "cannot be reached (" + what
                        + "); is there a network? Behind a proxy set https_proxy, for a mirror of the hub HF_ENDPOINT");
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
        throw Error(host,
                    "is not trusted (" + what
                        + "). Where the certificate is your own, or that of a proxy in between, name the file of its "
                          "authority in SSL_CERT_FILE; otherwise install this system's certificates (the package "
                          "ca-certificates) and look whether its clock is right");
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
        throw Error(host, "is no address that can be asked (" + what + "); look at HF_ENDPOINT");
    default:
        throw Error(host, "the connection broke off (" + what + "); try again");
    }
}

} // namespace patchbay
