// How people name a model of the Hugging Face hub.
#pragma once

#include <optional>
#include <string>

namespace patchbay {

struct HubName {
    std::string model;    ///< "gpt2", "EleutherAI/pythia-160m"
    std::string revision; ///< a branch, a tag or a commit; empty where none was named, which means "main"

    std::string wanted_revision() const { return revision.empty() ? "main" : revision; }
    /// As people write it: NAME, NAME@REVISION.
    std::string text() const { return revision.empty() ? model : model + "@" + revision; }
    bool operator==(const HubName &) const = default;
};

/// NAME, ORG/NAME, and either with @REVISION; nothing where the text cannot be such a name (the hub's own rules:
/// letters, digits, "-", "_" and ".", neither "--" nor ".." in it).
std::optional<HubName> hub_name(const std::string &text);

/// Whether a text is the hash of a commit in full: 40 hexadecimal digits.
bool is_commit(const std::string &text);

} // namespace patchbay
