// The analyses that there are. Each declares itself in a file of its own under analysis/analyses; nobody else lists
// them.
#pragma once

#include "nouns/quantity.h"
#include "spec/run_spec.h"

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace patchbay {

namespace detail {
struct AnalysisRun;
}

/// One entry of Analysis::options.
struct Parameter {
    enum class Kind {
        Number,
        Whole,
        Flag,
        Choice,
        Heads,
        Text,
        Numbers,
        File,
        Circuits ///< a list, each a file, NAME=EDGES, or how it is made: {"name", "heads", "options"} of "circuit"
    };
    std::string name; ///< as in options; on the command line with dashes: "name_movers", --name-movers
    Kind kind = Kind::Number;
    std::string help; ///< for people, with the default: "the copy score in % that counts as copying (75)"
    std::vector<std::string> choices = {}; ///< Choice: the first is the default
    bool required = false;
    nlohmann::json otherwise = nullptr; ///< what holds when it is not given; null: nothing in particular
};

struct AnalysisInfo {
    std::string name;  ///< "copy-scores"
    std::string title; ///< "Copy scores"
    std::string tip;   ///< one line: what it tells
    /// What its heads are ("the heads to take out"); empty: it looks at every head and takes none.
    std::string heads = {};
    /// Whether it computes on the task's prompts; otherwise on texts of its own, and any task will do.
    bool reads_prompts = true;
    /// Whether it is of the spec's metric, whichever that is; otherwise of the logit difference alone.
    bool any_metric = false;
    std::vector<std::string> roles = {}; ///< that every prompt must have: a task without them is told so by name
    std::vector<Parameter> parameters = {};
    std::vector<Quantity> yields = {};
    std::string (*describe)(const Analysis &) = nullptr; ///< sentence for captions
    void (*run)(detail::AnalysisRun &) = nullptr;
};

/// All, in the order of their names. Empty in programs that only read files and so hold none.
std::span<const AnalysisInfo *const> analyses();
/// Null for a name that is not known.
const AnalysisInfo *find_analysis(std::string_view name);
/// A parameter's name on the command line: "--name-movers".
std::string option_name(std::string_view parameter);
/// Called once, by the list that the build makes from the files (analysis/CMakeLists.txt).
void register_analyses(std::vector<const AnalysisInfo *> all);

/// Throws Error naming the analysis, or the parameter or heads that are missing or wrong.
void check_analysis(const Analysis &analysis);

/// A parameter as text, or what holds when the spec does not give it.
std::string parameter_text(const Analysis &analysis, const char *key, const std::string &otherwise);
bool flag_set(const Analysis &analysis, const char *key);
/// Heads in an option; empty where it is missing or no list of heads.
std::vector<Head> heads_option(const Analysis &analysis, const char *key);
/// "L8H1, L9H4 and L9H6".
std::string in_words(const std::vector<Head> &heads);
std::string heads_or(const Analysis &analysis, const char *otherwise);

} // namespace patchbay
