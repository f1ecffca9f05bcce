#include "hub/hub_name.h"

#include <algorithm>
#include <string_view>

namespace patchbay {

namespace {

constexpr size_t kLongest = 96; // of ORG/NAME: the hub's limit

bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_part_of_name(std::string_view part)
{
    const auto inside = [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; };
    return !part.empty() && std::all_of(part.begin(), part.end(), inside) && part.front() != '-' && part.front() != '.'
        && part.back() != '-' && part.back() != '.' && part.find("--") == part.npos && part.find("..") == part.npos;
}

/// It becomes the name of a file below refs, or of a folder in snapshots, and a part of an address.
bool is_revision(std::string_view revision)
{
    const auto inside = [](char c) {
        return is_alphanumeric(c) || c == '-' || c == '_' || c == '.' || c == '/' || c == '+';
    };
    return !revision.empty() && revision.size() <= 200 && std::all_of(revision.begin(), revision.end(), inside)
        && revision.front() != '/' && revision.front() != '.' && revision.back() != '/'
        && revision.find("..") == revision.npos && revision.find("//") == revision.npos
        && revision.find("/.") == revision.npos;
}

} // namespace

std::optional<HubName> hub_name(const std::string &text)
{
    const size_t at = text.find('@');
    HubName name{text.substr(0, at), at == text.npos ? "" : text.substr(at + 1)};
    if (at != text.npos && !is_revision(name.revision))
        return std::nullopt;
    const size_t slash = name.model.find('/');
    const std::string_view model(name.model);
    const bool good = slash == model.npos
        ? is_part_of_name(model)
        : is_part_of_name(model.substr(0, slash)) && is_part_of_name(model.substr(slash + 1));
    if (!good || model.size() > kLongest)
        return std::nullopt;
    return name;
}

bool is_commit(const std::string &text)
{
    return text.size() == 40 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

} // namespace patchbay
