// RunSpec: what to compute, as a small value that the heatmap's run button, the command line, recipes and saved projects share.
#pragma once

#include "base/head.h"
#include "model/config.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace patchbay {

/// What kind of run. Analysis runs name the analysis in RunSpec::analysis (analysis/analysis.h).
enum class Method { ActPatch, PathPatch, Ablate, Attribution, Analysis };

/// Denoise: base = flipped, source = clean. Noise: base = clean, source = flipped (DESIGN §2).
enum class Direction { Denoise, Noise };

/// What takes the place of an activation: the source run's, or an ablation (then base = clean whatever the direction).
/// Mean: at each position, over the clean prompts that reach it. Resample: the flipped run's.
enum class Ablation { None, Zero, Mean, Resample };

/// Sites that can be patched, swept or received (DESIGN §2). q_input, k_input, v_input and mlp_pre are receivers only.
enum class Site { Z, Q, K, V, Pattern, Result, AttnOut, MlpOut, ResidPre, ResidMid, ResidPost, QInput, KInput, VInput, MlpPre };

/// As written in specs and on the command line: "act_patch", "denoise", "zero" …
std::string name(Method method);
std::string name(Direction direction);
std::string name(Ablation ablation);
/// Throw Error listing the accepted names.
Direction parse_direction(std::string_view text);
Ablation parse_ablation(std::string_view text);

/// Has one activation per head.
bool per_head(Site site);
std::string name(Site site);
/// "z", "mlp_out", "resid_post" … Throws Error listing the accepted names.
Site parse_site(std::string_view text);

/// Token positions: all, each one in turn, a role, or a list of indices (the same in every prompt).
struct Positions {
    enum class Kind { All, Each, End, Io, S1, S2, List };
    Kind kind = Kind::All;
    std::vector<int> list;
    bool operator==(const Positions &) const = default;
};
std::string to_string(const Positions &positions);
/// all, each, end, io, s1, s2, or "3,4,7". Throws Error.
Positions parse_positions(std::string_view text);

/// An end of a path: a site of one head, or of a layer.
struct Node {
    Site site = Site::Z;
    int layer = 0;
    int head = -1; ///< -1: the whole layer's
    bool operator==(const Node &) const = default;
};
/// "q:8.1", "resid_post:11", "mlp_out:1".
std::string to_string(const Node &node);
/// Throws Error.
std::vector<Node> parse_nodes(std::string_view text);

/// One end of path patching: a fixed set that acts together, or every head (layer) of a site, one at a time.
struct Ends {
    std::optional<Site> sweep;
    std::vector<Node> nodes; ///< when not sweeping
    bool operator==(const Ends &) const = default;
};
/// A bare site ("z") sweeps; otherwise a list of nodes. Throws Error.
Ends parse_ends(std::string_view text);
std::string to_string(const Ends &ends);

struct ModelRef {
    std::string path = "demo";
    std::string sha256; ///< of the weights; empty: not checked
    Processing processing;
    bool operator==(const ModelRef &) const = default;
};

struct TaskRef {
    std::string kind = "ioi"; ///< "ioi" (generated), "pairs" (a JSONL or CSV file), "batch" (token ids in a safetensors file)
    int prompts = 70;
    int64_t seed = 42;
    std::string type = "mixed";
    std::string flip = "ABB->ABA, BAB->BAA";
    std::string file;          ///< ioi: another task file; pairs, batch: the file. Empty: built in
    std::string encoding;      ///< pairs: of the file's text, such as "latin1"; empty: UTF-8
    std::optional<int64_t> pad_id; ///< batch: the token that prompts are padded with on the left
    std::vector<int> excluded; ///< indices, from 0, of prompts left out by the user
    nlohmann::json pairs;      ///< pairs edited in the program, kept whole: [{clean, flipped, answer, wrong}]; null otherwise
    bool operator==(const TaskRef &) const = default;
};

struct RunSpec {
    int version = 1;
    Method method = Method::ActPatch;
    ModelRef model;
    TaskRef task;
    Direction direction = Direction::Denoise;
    Ablation ablation = Ablation::None; ///< ActPatch: instead of the source run; PathPatch: Zero = the senders' new value is zero
    std::string metric = "logit_diff";
    Positions positions;

    std::vector<Site> sites{Site::Z};   ///< ActPatch, Attribution: swept, one grid each
    bool shared_kv = false;             ///< sites k, v of grouped models: the shared KV head instead of one query head's copy
    std::vector<Head> heads;            ///< Ablate: the set taken out together; Analysis: its heads. ActPatch: only these cells (empty: all)

    Ends senders{Site::Z, {}};          ///< PathPatch
    Ends receivers;                     ///< PathPatch
    bool direct_includes_mlps = true;   ///< PathPatch

    std::string analysis;               ///< Analysis: "dla", "copy-scores", "s2i", …
    nlohmann::json options;             ///< Analysis: its parameters (name_movers, threshold, mode …); object or null

    bool operator==(const RunSpec &) const = default;
};

/// Throws Error naming the field that is missing or wrong.
RunSpec run_spec_from_json(const nlohmann::json &json);
nlohmann::ordered_json to_json(const RunSpec &spec);
/// Equal for specs that compute the same numbers: the key of the result cache.
std::string cache_key(const RunSpec &spec);
/// The name of a swept site's grid, in results and files: "denoise.z", "zero.k_grouped", "noise.mlp_out.by_pos", "attribution.q".
std::string grid_name(const RunSpec &spec, Site site);
/// One line for titles and lists: "Activation patching of z, denoising".
std::string title(const RunSpec &spec);
/// "patched into …" sentence for captions: what, into what, metric, direction. shares: effects are shares of the gap, not logits.
std::string describe(const RunSpec &spec, bool shares = true);

} // namespace patchbay
