#include "shards/shard_plan.h"

#include "analysis/analysis.h"
#include "base/sha256.h"
#include "block/row_rounding.h"
#include "patching/detail/session_impl.h"
#include "patching/session.h"

#include <algorithm>
#include <set>

namespace patchbay {

namespace {

void check_has_cells(const RunSpec &spec)
{
    const Analysis *analysis = spec.as<Analysis>();
    if (spec.is<Attribution>())
        throw Error("method", "attribution patching is one pass that gives all cells at once: run the spec as it is");
    if (analysis
        && (analysis->name != "edges" || !analysis->options.is_object()
            || analysis->options.value("method", nlohmann::json()) != "exact"))
        throw Error("analysis",
                    analysis->name
                        + " has no cells to deal out; activation and path patching, ablation and exact edges have: run "
                          "the spec as it is");
}

bool cuts_a_chunk(const std::vector<Chunk> &chunks, const std::vector<Shard> &shards, int prompts)
{
    std::map<std::pair<std::string, int>, size_t> shard_of;
    const PromptRange all{0, prompts};
    for (size_t s = 0; s < shards.size(); ++s) {
        if (const PromptRange controls = shards[s].share.controls; controls != PromptRange() && controls != all)
            return true;
        for (const SharePart &part : shards[s].share.parts) {
            if (part.prompts != all)
                return true;
            for (const int cell : part.cells)
                shard_of[{part.grid, cell}] = s;
        }
    }
    for (const Chunk &chunk : chunks)
        for (const PlannedCell &cell : chunk)
            if (shard_of.at({cell.grid, cell.cell}) != shard_of.at({chunk.front().grid, chunk.front().cell}))
                return true;
    return false;
}

} // namespace

void OrderDigest::add(const Chunk &chunk)
{
    for (const PlannedCell &cell : chunk)
        m_text += cell.grid + " " + std::to_string(cell.cell) + ",";
    m_text += ";";
}

std::string OrderDigest::hexadecimal() const
{
    return sha256_of(m_text.data(), m_text.size());
}

bool cells_round_alone(Session &session)
{
    const SignalsHeldOff held = session.internals().enter();
    const ModelConfig &c = session.model().config();
    const int64_t D = c.d_model, heads = int64_t(c.n_heads) * c.d_head, kv = int64_t(c.n_kv_heads) * c.d_head;
    std::set<std::pair<int64_t, int64_t>> products{
        {D, heads}, {D, 2 * kv}, {D, heads + 2 * kv}, {heads, D}, {c.d_head, D}};
    if (c.has_mlp()) {
        products.insert({D, c.d_mlp});
        products.insert({c.d_mlp, D});
        products.insert({c.d_head, c.d_mlp});
    }
    if (metrics().size() > 1) // those that read the whole vocabulary
        products.insert({D, c.d_vocab});
    return rows_round_alike({products.begin(), products.end()});
}

ShardPlan plan_shards(Session &session, const RunSpec &spec, int shards, const CancelToken &cancel)
{
    check_has_cells(spec);
    if (shards < 1)
        throw Error("shards", "must be 1 or more");
    ShardPlan plan;
    plan.spec = spec;
    plan.version = program_version();
    plan.prompts = session.batch().prompts;
    plan.memory_budget = session.resources().memory_budget;
    plan.threads = session.resources().threads;
    if (spec.is<Analysis>())
        plan.graph.emplace(session.model().config());

    const RunShare nothing;
    std::vector<Chunk> chunks;
    OrderDigest order;
    RunObserver observer;
    observer.estimates = spec.is<Analysis>(); // as patchbay-cli run has it
    observer.share = &nothing;
    observer.planned = [&](const Chunk &chunk) {
        chunks.push_back(chunk);
        order.add(chunk);
        plan.cells += int64_t(chunk.size());
    };
    const bool complete = spec.is<Analysis>() ? run_analysis(session, spec, observer, cancel).complete
                                              : session.run(spec, observer, cancel).complete;
    if (!complete)
        throw Cancelled();
    plan.order = order.hexadecimal();
    // Products are only tried where whole chunks will not do.
    const bool controls = !spec.is<Analysis>();
    plan.shards = cut(chunks, controls, plan.prompts, shards, false);
    std::vector<Shard> finer = cut(chunks, controls, plan.prompts, shards, true);
    if (finer != plan.shards && cells_round_alone(session))
        plan.shards = std::move(finer);
    plan.chunks_cut = cuts_a_chunk(chunks, plan.shards, plan.prompts);
    return plan;
}

} // namespace patchbay
