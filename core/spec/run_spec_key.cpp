// The key of the result cache: a spec reduced to what changes its numbers.
#include "spec/run_spec.h"

#include <algorithm>
#include <tuple>

namespace patchbay {

namespace {

void sort_nodes(Ends &ends)
{
    std::sort(ends.nodes.begin(), ends.nodes.end(), [](const Node &a, const Node &b) {
        return std::tuple(a.layer, a.site, a.head) < std::tuple(b.layer, b.site, b.head);
    });
}

// The same cells in another order are the same numbers.
void reduce(SiteSweep &sweep)
{
    std::sort(sweep.heads.begin(), sweep.heads.end());
    std::sort(sweep.positions.list.begin(), sweep.positions.list.end());
    if (sweep.ablation != Ablation::None)
        sweep.direction = Direction::Noise; // not read: the base run is the clean one
}

void reduce(PathPatch &path)
{
    sort_nodes(path.senders);
    sort_nodes(path.receivers);
    std::sort(path.positions.list.begin(), path.positions.list.end());
}

void reduce(Analysis &) { } // what it reads is its own business

// What only a generator reads says nothing about other tasks.
TaskRef reduced(const TaskRef &task)
{
    TaskRef out;
    if (!task.sha256.empty()) {
        out.sha256 = task.sha256; // these prompts, wherever they come from
        return out;
    }
    out = task;
    std::sort(out.excluded.begin(), out.excluded.end());
    if (!task.pairs.is_null())
        out.file.clear();
    const TaskRef defaults;
    if (!is_generated(task)) {
        out.prompts = defaults.prompts;
        out.seed = defaults.seed;
    }
    if (!is_generated(task) || !info(task).patterns) {
        out.type = defaults.type;
        out.flip = defaults.flip;
    }
    return out;
}

} // namespace

std::string cache_key(const RunSpec &spec)
{
    RunSpec out = spec;
    if (!out.model.sha256.empty()) { // the same weights in another folder
        out.model.path.clear();
        out.model.commit.clear();
    }
    out.task = reduced(spec.task);
    std::visit([](auto &method) { reduce(method); }, out.method);
    return to_json(out).dump();
}

} // namespace patchbay
