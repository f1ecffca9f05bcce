#include "hub/environment.h"

#include "base/config_dir.h"
#include "base/error.h"
#include "base/plain_text.h"
#include "io/array_files.h"

#include <algorithm>
#include <cstdlib>

namespace patchbay {

namespace fs = std::filesystem;

namespace {

/// Empty where it is not set.
std::string variable(const char *name)
{
    const char *value = std::getenv(name);
    return value ? value : "";
}

fs::path expanded(const std::string &path)
{
    return path == "~" || path.starts_with("~/") ? home_folder() / path.substr(std::min<size_t>(2, path.size()))
                                                 : fs::path(path);
}

fs::path hf_home()
{
    if (const std::string set = variable("HF_HOME"); !set.empty())
        return expanded(set);
    const std::string cache = variable("XDG_CACHE_HOME");
    return (cache.empty() ? home_folder() / ".cache" : expanded(cache)) / "huggingface";
}

} // namespace

fs::path hub_cache()
{
    for (const char *name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"}) // the second: what it was called before
        if (const std::string set = variable(name); !set.empty())
            return fs::absolute(expanded(set)).lexically_normal();
    return fs::absolute(hf_home() / "hub").lexically_normal();
}

std::string hub_endpoint()
{
    std::string endpoint(trimmed(variable("HF_ENDPOINT")));
    if (endpoint.empty())
        return "https://huggingface.co";
    while (endpoint.ends_with("/"))
        endpoint.pop_back();
    if (!endpoint.starts_with("https://") && !endpoint.starts_with("http://"))
        throw Error("HF_ENDPOINT", "\"" + endpoint + "\" is not an address that begins with https:// or http://");
    return endpoint;
}

std::string hub_token()
{
    for (const char *name : {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"})
        if (const std::string token(trimmed(variable(name))); !token.empty())
            return token;
    const std::string set = variable("HF_TOKEN_PATH");
    const fs::path file = set.empty() ? hf_home() / "token" : expanded(set);
    std::error_code ignored;
    return fs::is_regular_file(file, ignored) ? std::string(trimmed(read_file(file))) : std::string();
}

fs::path trusted_certificates()
{
    for (const char *name : {"CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"})
        if (const std::string set = variable(name); !set.empty())
            return expanded(set);
    return {};
}

fs::path trusted_certificates_folder()
{
    const std::string set = variable("SSL_CERT_DIR");
    return set.empty() ? fs::path() : expanded(set);
}

bool hub_offline()
{
    const std::string set = upper_case(trimmed(variable("HF_HUB_OFFLINE")));
    return set == "1" || set == "ON" || set == "YES" || set == "TRUE";
}

} // namespace patchbay
