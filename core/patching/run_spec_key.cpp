// The key of the result cache: a spec reduced to what changes its numbers.
#include "patching/run_spec.h"

#include <algorithm>
#include <filesystem>
#include <tuple>

namespace patchbay {

namespace {

void sort_nodes(Ends &ends)
{
    std::sort(ends.nodes.begin(), ends.nodes.end(), [](const Node &a, const Node &b) {
        return std::tuple(a.layer, a.site, a.head) < std::tuple(b.layer, b.site, b.head);
    });
}

// Everything that the method does not read goes back to its default.
RunSpec reduced(const RunSpec &spec)
{
    RunSpec out;
    out.method = spec.method;
    out.model = spec.model;
    out.metric = spec.metric;
    out.positions = spec.positions;
    std::sort(out.positions.list.begin(), out.positions.list.end());
    if (!out.model.sha256.empty())
        out.model.path.clear(); // the same weights in another folder

    out.task.kind = spec.task.kind;
    out.task.excluded = spec.task.excluded;
    std::sort(out.task.excluded.begin(), out.task.excluded.end());
    out.task.pairs = spec.task.pairs;
    if (spec.task.pairs.is_null()) {
        out.task.file = spec.task.file;
        out.task.encoding = spec.task.encoding;
        out.task.pad_id = spec.task.pad_id;
        out.task.prompts = spec.task.kind == "batch" ? out.task.prompts : spec.task.prompts;
        if (spec.task.kind == "ioi") {
            out.task.seed = spec.task.seed;
            out.task.type = spec.task.type;
            out.task.flip = spec.task.flip;
        }
    }

    switch (spec.method) {
    case Method::ActPatch:
    case Method::Attribution:
        out.sites = spec.sites;
        out.shared_kv = spec.shared_kv;
        out.heads = spec.heads;
        std::sort(out.heads.begin(), out.heads.end());
        if (spec.method == Method::ActPatch)
            out.ablation = spec.ablation;
        out.direction = out.ablation == Ablation::None ? spec.direction : out.direction;
        break;
    case Method::PathPatch:
        out.direction = spec.direction;
        out.ablation = spec.ablation;
        out.senders = spec.senders;
        out.receivers = spec.receivers;
        out.direct_includes_mlps = spec.direct_includes_mlps;
        sort_nodes(out.senders);
        sort_nodes(out.receivers);
        break;
    case Method::Ablate:
        out.ablation = spec.ablation;
        out.heads = spec.heads;
        std::sort(out.heads.begin(), out.heads.end());
        break;
    case Method::Analysis: // what it reads is its own business
        out = spec;
        if (!out.model.sha256.empty())
            out.model.path.clear();
        break;
    }
    return out;
}

} // namespace

std::string cache_key(const RunSpec &spec)
{
    std::string key = to_json(reduced(spec)).dump();
    if (!spec.task.file.empty() && spec.task.pairs.is_null()) {
        // A file that was edited describes other prompts under the same name.
        std::error_code error;
        const auto size = std::filesystem::file_size(spec.task.file, error);
        const auto time = std::filesystem::last_write_time(spec.task.file, error);
        if (!error)
            key += " " + std::to_string(size) + " " + std::to_string(time.time_since_epoch().count());
    }
    return key;
}

} // namespace patchbay
