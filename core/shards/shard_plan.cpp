#include "shards/shard_plan.h"

#include "analysis/analysis.h"
#include "base/sha256.h"
#include "block/detail/row_rounding.h"
#include "patching/detail/session_impl.h"
#include "patching/session.h"

#include <map>

namespace patchbay {

using namespace detail;

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
    Session::Impl &in = session.internals();
    const SignalsHeldOff held = in.enter();
    const ModelConfig &c = in.engine->config();
    const BlockTraits &t = in.engine->traits();
    // Beside whole blocks: one head's part, what enters a layer by its heads, and the vocabulary.
    std::vector<std::pair<int64_t, int64_t>> products{
        {c.d_model, c.d_head}, {c.d_head, c.d_model}, {c.d_head, t.qkv_width()}, {c.d_model, c.d_vocab}};
    if (c.has_mlp())
        products.emplace_back(c.d_head, c.d_mlp);
    return rows_round_alike(*in.engine->block(c.n_layers - 1), products);
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
