// Values of a run as Python: lists, tensors and the names of hook points.
#pragma once

#include "base/error.h"
#include "base/plain_text.h"
#include "model/config.h"
#include "nouns/node.h"
#include "patching/run_result.h"
#include "task/prompts.h"

#include <cmath>
#include <functional>
#include <string>
#include <vector>

namespace patchbay::detail {

inline std::string python_number(double value)
{
    return std::isfinite(value) ? short_text(value, 9) : "nan";
}

inline std::string python_number(int64_t value)
{
    return std::to_string(value);
}

inline std::string python_text(const std::string &text)
{
    return nlohmann::json(text).dump(); // of these, JSON's strings are Python's
}

inline const char *python_flag(bool flag)
{
    return flag ? "True" : "False";
}

/// [1, 2, 3], in lines.
template <class Range, class Text>
std::string list_of(const Range &range, Text text, const std::string &indent)
{
    constexpr size_t width = 110;
    std::string out = "[", line;
    bool first = true;
    for (const auto &one : range) {
        const std::string item = text(one);
        if (!first)
            line += line.size() + item.size() > width ? (out += line + ",\n", line.clear(), indent + " ") : ", ";
        line += item;
        first = false;
    }
    return out + line + "]";
}

template <class Numbers>
std::string numbers_of(const Numbers &numbers, const std::string &indent = "    ")
{
    using Wide = std::conditional_t<std::is_floating_point_v<typename Numbers::value_type>, double, int64_t>;
    return list_of(
        numbers, [](auto one) { return python_number(Wide(one)); }, indent);
}

/// Nested lists [shape]; value is asked for every cell in order.
std::string nested_lists(const std::vector<int64_t> &shape, const std::function<std::string(size_t)> &value);

/// An array of a result; by_prompt: the means over its last axis.
std::string array_text(const Array &array, bool by_prompt);

/// NAME = [(3, 1), …]
std::string heads_text(const char *name, const std::vector<Head> &heads);

/// POSITIONS = … of each prompt.
std::string positions_text(const Positions &positions, const PromptBatch &batch);

/// What the scripts put behind the frame and the values: for an analysis. Throws Error naming what has no script.
struct ScriptBody {
    std::string values, code;
};
ScriptBody analysis_body(const RunResult &result, const Analysis &analysis, const PromptBatch &batch);
ScriptBody edges_body(const RunResult &result, const Analysis &analysis, const ModelConfig &config);

} // namespace patchbay::detail
