// Requests to the Hugging Face hub over libcurl. For core's own sources only.
#pragma once

#include "base/cancel.h"

#include <curl/curl.h>

#include <map>
#include <memory>
#include <string>

namespace patchbay {

using CurlHandle = std::unique_ptr<CURL, void (*)(CURL *)>;

/// With what every request shares: who asks, how long to wait, which protocols. The token is for the address's own
/// host: libcurl does not send it on to another that a redirection names. Throws Error.
CurlHandle curl_handle(const std::string &url, const std::string &token);

/// As one part of an address's path: all but letters, digits and -._~ escaped.
std::string url_part(const std::string &text);

/// The headers of one answer, names in lower case.
using HttpHeaders = std::map<std::string, std::string>;
/// Adds a line of an answer's head; its first line begins anew.
void add_header_line(HttpHeaders &headers, std::string line);

struct HttpAnswer {
    long status = 0;
    HttpHeaders headers;
    std::string body;
};

/// Follows redirections. Throws Error, also for a body of more bytes than most; Cancelled.
HttpAnswer http_get(const std::string &url, const std::string &token, size_t most, const CancelToken &cancel);
/// Follows redirections within the host only: what the hub says of a file is in its own answer. Throws Error,
/// Cancelled.
HttpAnswer http_head(const std::string &url, const std::string &token, const CancelToken &cancel);

/// What went wrong with a connection, and what to do. Always throws Error.
[[noreturn]] void refuse_connection(CURLcode code, const std::string &url, const std::string &detail);

} // namespace patchbay
