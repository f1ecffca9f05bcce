#include "analysis_run.h"

#include "analysis/analysis.h"
#include "analysis/selection.h"
#include "base/amounts.h"

#include <algorithm>
#include <cmath>

namespace patchbay::cli {

namespace {

bool is_table(const nlohmann::json &json)
{
    return json.is_object() && json.contains("columns") && json.contains("rows");
}

void say_table(const nlohmann::json &table, Console &console)
{
    std::vector<std::vector<std::string>> lines{table.at("columns").get<std::vector<std::string>>()};
    for (const nlohmann::json &row : table.at("rows")) {
        lines.emplace_back();
        for (const nlohmann::json &cell : row) {
            if (lines.back().size() == lines.front().size())
                break;
            lines.back().push_back(cell.is_string() ? cell.get<std::string>() : cell.dump());
            for (char &c : lines.back().back())
                c = c == '\n' || c == '\r' || c == '\t' ? ' ' : c;
        }
    }
    for (const std::string &line : aligned(lines))
        console.say("  " + line);
}

/// Tables as such, the rest as JSON, without what only views draw.
void say_summary(const nlohmann::json &summary, Console &console)
{
    nlohmann::json rest = summary;
    rest.erase("matrices");
    rest.erase("forward"); // names of a table of edges: long, and in the file
    rest.erase("backward");
    if (is_table(summary)) {
        say_table(summary, console);
        rest.erase("columns");
        rest.erase("rows");
    }
    for (const auto &[key, value] : summary.items())
        if (is_table(value)) {
            std::string words = key;
            std::replace(words.begin(), words.end(), '_', ' ');
            console.say("");
            console.say(words);
            say_table(value, console);
            rest.erase(key);
        }
    if (!rest.empty()) {
        console.say("");
        console.say(rest.dump(1));
    }
}

// The strongest heads of every layer × head quantity, and what the analysis concluded.
void say(const RunResult &result, int top, Console &console)
{
    console.say("Analysis " + result.spec.as<Analysis>()->name + ", "
                + counted(int64_t(result.baseline.clean.size()), "prompt"));
    for (const auto &[name, array] : result.arrays) {
        const Quantity known = quantity_named(name);
        if (known.draw != Quantity::Draw::Heads || array.shape.size() < 2 || !array.is_float())
            continue;
        const HeadQuantity q = quantity(result, name);
        console.say("");
        console.say(name + (known.unit.empty() ? "" : " (" + known.unit + ")"));
        std::vector<RankedHead> heads = top_heads(q.values, q.layers, q.heads, q.layers * q.heads, 1);
        std::stable_sort(heads.begin(), heads.end(), [](const RankedHead &a, const RankedHead &b) {
            return std::abs(a.value) > std::abs(b.value);
        });
        for (int i = 0; i < std::min<int>(top, int(heads.size())); ++i)
            console.say("  " + label(heads[size_t(i)].head) + "  " + number(heads[size_t(i)].value));
    }
    if (result.summary.is_object() && result.summary.contains("roles")) {
        console.say("");
        for (const nlohmann::json &role : result.summary.at("roles")) {
            console.say(label(parse_head(role.at("head").get<std::string>())) + "  "
                        + role.at("role").get<std::string>() + ": "
                        + to_string(evidence_from_json(role.at("evidence"))));
        }
        if (result.summary.at("roles").empty())
            console.say("no head earns a role at these thresholds");
        for (const auto &[key, words] : {std::pair{"detector_only", "detector only, "}, std::pair{"released", ""}})
            for (const nlohmann::json &one : result.summary.value(key, nlohmann::json::array()))
                console.say(label(parse_head(one.at("head").get<std::string>())) + "  no role: " + words
                            + one.at("role").get<std::string>() + ": "
                            + to_string(evidence_from_json(one.at("evidence"))));
    } else if (!result.summary.is_null() && !result.summary.empty()
               && result.spec.as<Analysis>()->name != "attention-patterns") {
        console.say("");
        say_summary(result.summary, console);
    }
}

} // namespace

int run_analysis_spec(Workspace &work, const RunSpec &spec, const OutputOptions &output, int top, Console &console,
                      const RunResult *resume)
{
    RunObserver observer;
    observer.resume = resume;
    observer.tell = on_progress([&](int done, int total) {
        console.progress(spec.as<Analysis>()->name, total > 0 ? double(done) / total : 1);
    });
    const RunResult result = work.run(spec, observer);
    console.end_progress();
    if (output.wanted())
        save_result(output.out, result);
    nlohmann::ordered_json out{{"spec", to_json(spec)}, {"seconds", result.seconds}, {"summary", result.summary}};
    if (output.wanted())
        out["out"] = output.out;
    console.print(out);
    say(result, top, console);
    if (output.wanted())
        console.say("written to " + output.out);
    if (!result.complete)
        work.check_not_lost(output);
    return result.complete ? 0 : 130;
}

} // namespace patchbay::cli
