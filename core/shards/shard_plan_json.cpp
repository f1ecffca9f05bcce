// A plan of shards as JSON, and back.
#include "base/error.h"
#include "base/json_field.h"
#include "base/pieces.h"
#include "shards/shard_plan.h"

#include <charconv>
#include <limits>
#include <optional>
#include <string_view>

namespace patchbay {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr int file_version = 1;

// A list of more is none of a run that fits into memory.
constexpr int most = 1 << 28;

std::optional<int> index_of(std::string_view text)
{
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size() || value < 0 || value >= most)
        return std::nullopt;
    return value;
}

PromptRange read_prompts(const JsonField &field, int prompts)
{
    const std::vector<int> list = parse_ranges(field.text(), field.file());
    if (list.empty() || list.back() >= prompts || list.back() - list.front() + 1 != int(list.size()))
        field.fail("must be neighbouring prompts, such as 0-69");
    return {list.front(), list.back() + 1};
}

std::string text_of(PromptRange prompts)
{
    return prompts.stop > prompts.first ? std::to_string(prompts.first) + "-" + std::to_string(prompts.stop - 1)
                                        : std::string();
}

Shard read_shard(const JsonField &field, int prompts)
{
    Shard shard;
    if (const auto controls = field.find("controls"))
        shard.share.controls = read_prompts(*controls, prompts);
    if (const json &cost = field.at("cost").value(); cost.is_number())
        shard.cost = cost;
    for (const JsonField &entry : field.at("parts").items())
        shard.share.parts.push_back({entry.at("grid").text(), parse_ranges(entry.at("cells").text(), entry.file()),
                                     read_prompts(entry.at("prompts"), prompts)});
    return shard;
}

} // namespace

std::string ranges_text(const std::vector<int> &ascending)
{
    std::string text;
    for (size_t i = 0; i < ascending.size();) {
        size_t stop = i + 1;
        while (stop < ascending.size() && ascending[stop] == ascending[stop - 1] + 1)
            ++stop;
        text += (text.empty() ? "" : ",") + std::to_string(ascending[i])
            + (stop - i > 1 ? "-" + std::to_string(ascending[stop - 1]) : "");
        i = stop;
    }
    return text;
}

std::vector<int> parse_ranges(const std::string &text, const std::string &file)
{
    std::vector<int> out;
    for (const std::string_view piece : pieces_of(text)) {
        const size_t dash = piece.find('-');
        const std::optional<int> first = index_of(piece.substr(0, dash)),
                                 last = dash == piece.npos ? first : index_of(piece.substr(dash + 1));
        if (!first || !last || *last < *first || (!out.empty() && *first <= out.back()))
            throw Error(file, in_quotes(text) + " are no ascending ranges such as 0-3,7");
        for (int i = *first; i <= *last; ++i)
            out.push_back(i);
    }
    return out;
}

ordered_json to_json(const ShardPlan &plan)
{
    ordered_json out{{"format", plan_format},
                     {"version", file_version},
                     {"program", plan.version},
                     {"spec", to_json(plan.spec)},
                     {"prompts", plan.prompts},
                     {"cells", plan.cells},
                     {"memory_budget", plan.memory_budget},
                     {"threads", plan.threads},
                     {"order", plan.order},
                     {"chunks_cut", plan.chunks_cut}};
    if (plan.graph)
        out["graph"] = {{"layers", plan.graph->layers()},
                        {"heads", plan.graph->heads()},
                        {"parallel", plan.graph->parallel()},
                        {"mlps", plan.graph->mlps()}};
    out["shards"] = ordered_json::array();
    for (const Shard &shard : plan.shards) {
        ordered_json parts = ordered_json::array();
        for (const SharePart &part : shard.share.parts)
            parts.push_back(
                {{"grid", part.grid}, {"cells", ranges_text(part.cells)}, {"prompts", text_of(part.prompts)}});
        ordered_json one{{"parts", std::move(parts)}};
        if (const std::string controls = text_of(shard.share.controls); !controls.empty())
            one["controls"] = controls;
        one["cost"] = shard.cost;
        out["shards"].push_back(std::move(one));
    }
    return out;
}

ShardPlan shard_plan_from_json(const json &value, const std::string &file)
{
    const JsonField root(value, file);
    if (!value.is_object() || text_or_empty(value, "format") != plan_format)
        throw Error(file, "is not a plan of shards; patchbay-cli plan writes one");
    if (const JsonField version = root.at("version"); version.value() != file_version)
        version.fail("is " + version.value().dump() + ", this program reads version " + std::to_string(file_version));
    ShardPlan plan;
    plan.version = root.at("program").text();
    try {
        plan.spec = run_spec_from_json(root.at("spec").value());
    } catch (const Error &error) {
        throw Error(file, error.what());
    }
    constexpr int64_t many = std::numeric_limits<int>::max();
    plan.prompts = int(root.at("prompts").integer(1, many));
    plan.cells = root.at("cells").integer(0, many);
    plan.memory_budget = uint64_t(root.at("memory_budget").integer(1, std::numeric_limits<int64_t>::max()));
    plan.threads = int(root.at("threads").integer(0, 1 << 16));
    plan.order = root.at("order").text();
    plan.chunks_cut = root.at("chunks_cut").flag();
    if (const auto graph = root.find("graph"))
        plan.graph.emplace(int(graph->at("layers").integer(1, 1 << 16)), int(graph->at("heads").integer(1, 1 << 16)),
                           graph->at("parallel").flag(), graph->at("mlps").flag());
    for (const JsonField &shard : root.at("shards").items())
        plan.shards.push_back(read_shard(shard, plan.prompts));
    if (plan.shards.empty())
        root.at("shards").fail("names none");
    return plan;
}

} // namespace patchbay
