// Models of the Hugging Face hub, fetched when somebody asks for one, into the cache in which Python's huggingface_hub
// finds them too.
#pragma once

#include "base/cancel.h"
#include "hub/hub_name.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace patchbay {

/// What the hub publishes of a file.
struct HubFile {
    std::string name;
    std::string url;
    uint64_t size = 0;
    std::string etag;      ///< the blob's name in the cache: its SHA-256 (64 digits), or git's hash of it (40 digits)
    uint64_t present = 0;  ///< bytes that are in the cache already, whole or of a download that was cut off
    bool complete = false; ///< nothing of it is to be fetched
};

/// What a download would do.
struct DownloadPlan {
    HubName name;
    std::string commit;
    std::filesystem::path cached; ///< models--ORG--NAME
    std::vector<HubFile> files;   ///< the configuration, the weights and the tokenizer's
    std::string family;           ///< model_type
    std::string problem;          ///< why Patchbay could not open it afterwards; empty: it could

    uint64_t bytes() const;
    uint64_t missing() const; ///< bytes that are to be fetched
    std::filesystem::path snapshot() const { return cached / "snapshots" / commit; }
};

/// Asks the hub which files there are and how large they are; fetches none but the configuration and the index of the
/// weights, and writes nothing. The token goes to the hub's own host only. Throws Error saying what to do next where
/// the model is not there or may not be had, or the hub cannot be reached; Cancelled.
DownloadPlan plan_download(const HubName &name, const CancelToken &cancel = {});

/// The branches and tags of a model at the hub, sorted: what may stand behind its "@". Throws Error and Cancelled as
/// plan_download.
std::vector<std::string> hub_revisions(const std::string &model, const CancelToken &cancel = {});

struct DownloadProgress {
    uint64_t done = 0, total = 0;
    double seconds_left = -1; ///< negative: not known yet
    double share() const { return total > 0 ? double(done) / double(total) : 0; }
    /// "1.20 of 3.40 GB, 5 min left"; without a total, that the hub is asked for it.
    std::string text() const;
};

struct DownloadOptions {
    int at_once = 4; ///< files
    int retries = 5; ///< of a file from which nothing more arrives, with growing pauses
};

/// A download that goes on a little with each step. What has arrived of a file stays when it ends early, and the next
/// download of it begins there. Every file is compared with the hash that the hub publishes before it is given its
/// name; the revision means the new commit only when all files are there.
class Download {
public:
    /// Throws Error where the disk has no room, a file cannot be written, or another program downloads the same.
    explicit Download(DownloadPlan plan, const DownloadOptions &options = {});
    ~Download();
    /// At most about a tenth of a second; false once everything is there. Throws Error and Cancelled, after which it is
    /// over.
    bool step(const CancelToken &cancel = {});
    DownloadProgress progress() const;
    const DownloadPlan &plan() const { return m_plan; }

private:
    struct State;
    DownloadPlan m_plan;
    std::unique_ptr<State> m_state;
};

} // namespace patchbay
