// RunSpec: what to compute, as a small value that the heatmap's run button, the command line, recipes and saved
// projects share.
#pragma once

#include "model/model_ref.h"
#include "nouns/direction.h"
#include "nouns/metric.h"
#include "nouns/node.h"
#include "nouns/positions.h"
#include "task/task_ref.h"

#include <nlohmann/json.hpp>

#include <string>
#include <variant>
#include <vector>

namespace patchbay {

/// Every head or layer of some sites, one at a time; one grid a site.
struct SiteSweep {
    Direction direction = Direction::Denoise;
    Ablation ablation = Ablation::None; ///< otherwise base = clean, whatever the direction
    std::vector<Site> sites{Site::Z};
    bool shared_kv = false;  ///< sites k, v of grouped models: the shared KV head instead of one query head's copy
    std::vector<Head> heads; ///< only these cells; empty: all
    Positions positions;
    bool operator==(const SiteSweep &) const = default;
};

/// Activation patching and ablation: the site replaced in the base run.
struct ActPatch : SiteSweep {
    bool operator==(const ActPatch &) const = default;
};

/// A first-order estimate of activation patching.
struct Attribution : SiteSweep {
    bool operator==(const Attribution &) const = default;
};

/// From senders along direct paths into receivers (DESIGN §3).
struct PathPatch {
    Direction direction = Direction::Denoise;
    Ablation ablation = Ablation::None; ///< Zero: the senders' new value is zero
    Ends senders{Site::Z, {}};
    Ends receivers;
    Positions positions;
    bool direct_includes_mlps = true;
    bool operator==(const PathPatch &) const = default;
};

/// One of the analyses around the sweeps (analysis/registry.h).
struct Analysis {
    std::string name; ///< "dla", "copy-scores", "s2i", …
    std::vector<Head> heads;
    nlohmann::json options; ///< its parameters (name_movers, threshold, mode …); object or null
    bool operator==(const Analysis &) const = default;
};

using Method = std::variant<ActPatch, PathPatch, Attribution, Analysis>;

struct RunSpec {
    int version = 1;
    ModelRef model;
    TaskRef task;
    std::string metric = metrics().front().name; ///< of metrics()
    Method method;

    template <class M>
    bool is() const
    {
        return std::holds_alternative<M>(method);
    }
    /// Null for another method.
    template <class M>
    const M *as() const
    {
        return std::get_if<M>(&method);
    }
    template <class M>
    M *as()
    {
        return std::get_if<M>(&method);
    }
    /// What activation and attribution patching have in common; null for other methods.
    const SiteSweep *sweep() const
    {
        const ActPatch *exact = as<ActPatch>();
        return exact ? static_cast<const SiteSweep *>(exact) : as<Attribution>();
    }
    bool operator==(const RunSpec &) const = default;
};

/// A spec with this method on the default model and task.
inline RunSpec spec_of(Method method)
{
    RunSpec spec;
    spec.method = std::move(method);
    return spec;
}

/// "act_patch", "path_patch", "attribution", "analysis".
std::string method_name(const RunSpec &spec);
/// Whether the base run, the one that is patched and that effects are counted from, is the flipped one: for denoising.
/// It is the clean one for noising, for every ablation that takes the place of a direction, and for analyses. Nothing
/// else decides this.
bool base_is_flipped(const RunSpec &spec);
/// Throws Error naming the field where there is no such metric.
Metric metric_of(const RunSpec &spec);
/// The direction of patching; noise for runs on the clean prompts.
Direction direction_of(const RunSpec &spec);
Ablation ablation_of(const RunSpec &spec);
/// All positions where the method has no choice.
Positions positions_of(const RunSpec &spec);

/// Throws Error naming the field that is missing or wrong.
RunSpec run_spec_from_json(const nlohmann::json &json);
nlohmann::ordered_json to_json(const RunSpec &spec);
/// A model or a task alone, as it stands in a spec.
nlohmann::ordered_json to_json(const ModelRef &model);
nlohmann::ordered_json to_json(const TaskRef &task);
/// The same from a file, whose name is for messages. Throws Error naming the field that is missing or wrong.
ModelRef model_ref_from_json(const nlohmann::json &json, const std::string &file);
TaskRef task_ref_from_json(const nlohmann::json &json, const std::string &file);
/// Equal for specs that compute the same numbers: the key of the result cache. It asks no file: whoever loads a task
/// puts its hash into the spec (TaskRef::sha256), and a run keeps the key that it was started with.
std::string cache_key(const RunSpec &spec);
/// The name of a swept site's grid, in results and files: "denoise.z", "zero.k_grouped", "noise.mlp_out.by_pos",
/// "attribution.q".
std::string grid_name(const RunSpec &spec, Site site);
/// One line for titles and lists: "Activation patching of z, denoising".
std::string title(const RunSpec &spec);
/// "patched into …" sentence for captions: what, into what, metric, direction. shares: effects are shares of the gap,
/// not logits.
std::string describe(const RunSpec &spec, bool shares = true);

} // namespace patchbay
