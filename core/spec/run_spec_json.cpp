// A RunSpec read from JSON, with messages that name the field, and written as JSON.
#include "base/error.h"
#include "base/json_field.h"
#include "spec/fields.h"

#include <limits>
#include <set>

namespace patchbay {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr int spec_version = 1;
constexpr int largest = std::numeric_limits<int>::max();

struct ProcessingStep {
    const char *name;
    bool Processing::*on;
};
constexpr ProcessingStep processing_steps[] = {{"fold_ln", &Processing::fold_ln},
                                               {"center_writing", &Processing::center_writing},
                                               {"center_unembed", &Processing::center_unembed},
                                               {"fold_value_biases", &Processing::fold_value_biases}};

/// Runs a parser of text and names the field when it objects.
template <class Parse>
auto parsed(const JsonField &field, Parse parse)
{
    try {
        return parse(field.text());
    } catch (const Error &error) {
        field.fail(error.subject() == field.file() ? error.cause() : error.what());
    }
}

void read(const JsonField &field, std::string &out)
{
    out = field.text();
}
void read(const JsonField &field, bool &out)
{
    out = field.flag();
}
void read(const JsonField &field, int &out)
{
    out = int(field.integer(0, largest));
}
void read(const JsonField &field, int64_t &out)
{
    out = field.integer(std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max());
}
void read(const JsonField &field, std::optional<int64_t> &out)
{
    read(field, out.emplace());
}
void read(const JsonField &field, Direction &out)
{
    out = parsed(field, parse_direction);
}
void read(const JsonField &field, Ablation &out)
{
    out = parsed(field, parse_ablation);
}
void read(const JsonField &field, Bos &out)
{
    out = parsed(field, parse_bos);
}
void read(const JsonField &field, Site &out)
{
    out = parsed(field, parse_site);
}
void read(const JsonField &field, Head &out)
{
    out = parsed(field, parse_head);
}

template <class T>
void read(const JsonField &field, std::vector<T> &out)
{
    out.clear();
    for (const JsonField &item : field.items())
        read(item, out.emplace_back());
}

void read(const JsonField &field, Positions &out)
{
    if (field.value().is_array()) {
        out = {Positions::Kind::List, {}, {}};
        read(field, out.list);
    } else {
        out = parsed(field, parse_positions);
    }
}

/// Throws for a member that is not among these: a misspelt field would otherwise be ignored.
void only(const JsonField &field, const std::set<std::string> &known)
{
    for (const auto &[key, member] : field.members())
        if (!known.contains(key))
            member.fail("is not a field of a run spec of version " + std::to_string(spec_version));
}

void read(const JsonField &field, Ends &out)
{
    out = {};
    if (field.value().is_object()) {
        only(field, {"sweep"});
        read(field.at("sweep"), out.sweep.emplace());
        return;
    }
    if (!field.value().is_array())
        field.fail("must be {\"sweep\": site} or a list of {\"site\", \"heads\"} and {\"site\", \"layers\"}");
    for (const JsonField &entry : field.items()) {
        only(entry, {"site", "heads", "layers"});
        Site site{};
        read(entry.at("site"), site);
        const char *list = per_head(site) ? "heads" : "layers";
        const std::optional<JsonField> places = entry.find(list);
        if (!places || entry.find(per_head(site) ? "layers" : "heads"))
            entry.fail(name(site) + " needs the list \"" + list + "\" and no other");
        if (per_head(site)) {
            std::vector<Head> heads;
            read(*places, heads);
            for (const Head head : heads)
                out.nodes.push_back({site, head.layer, head.head});
        } else {
            std::vector<int> layers;
            read(*places, layers);
            for (const int layer : layers)
                out.nodes.push_back({site, layer, -1});
        }
    }
}

void read(const JsonField &field, json &options)
{
    if (!field.value().is_null() && !field.value().is_object())
        field.fail("must be an object");
    options = field.value();
}

ModelRef read_model(const JsonField &field)
{
    only(field, {"path", "sha256", "processing", "dtype"});
    ModelRef model;
    if (const auto path = field.find("path"))
        read(*path, model.path);
    if (const auto hash = field.find("sha256"))
        read(*hash, model.sha256);
    if (const auto dtype = field.find("dtype")) {
        std::string word;
        read(*dtype, word);
        const std::vector<std::string> &words = kept_dtype_words();
        if (std::find(words.begin(), words.end(), word) == words.end())
            dtype->fail("must be " + words[0] + ", " + words[1] + " or " + words[2]);
        model.dtype = kept_dtype(word);
    }
    if (const auto steps = field.find("processing")) {
        model.processing = Processing::none();
        for (const JsonField &step : steps->items()) {
            std::string known;
            bool found = false;
            for (const ProcessingStep &one : processing_steps) {
                known += (known.empty() ? "" : ", ") + std::string(one.name);
                if (step.value() == one.name)
                    model.processing.*one.on = found = true;
            }
            if (!found)
                step.fail(step.value().dump() + " is not a step; one of " + known);
        }
    }
    return model;
}

/// The fields of a task, in the order in which they are written; generated: of those, the ones that only a generator
/// reads.
template <class Task, class Visit>
void visit_task(Task &task, Visit &&visit)
{
    const bool generated = task.kind == "ioi";
    visit("prompts", task.prompts, generated);
    visit("seed", task.seed, generated);
    visit("type", task.type, generated);
    visit("flip", task.flip, generated);
    visit("bos", task.bos, task.kind != "batch");
    visit("file", task.file, false);
    visit("encoding", task.encoding, false);
    visit("pad_id", task.pad_id, false);
    visit("excluded", task.excluded, false);
    visit("sha256", task.sha256, false);
}

TaskRef read_task(const JsonField &field)
{
    TaskRef task;
    std::set<std::string> known{"kind", "pairs"};
    if (const auto kind = field.find("kind"))
        read(*kind, task.kind);
    if (task.kind != "ioi" && task.kind != "pairs" && task.kind != "batch")
        field.at("kind").fail(in_quotes(task.kind) + " is not a kind of task; one of ioi, pairs, batch");
    if (task.kind != "batch")
        task.bos = Bos::No; // before it was said, there was none
    visit_task(task, [&](const char *key, auto &value, bool) {
        known.insert(key);
        if (const auto member = field.find(key))
            read(*member, value);
    });
    if (const auto pairs = field.find("pairs")) {
        if (!pairs->value().is_array())
            pairs->fail("must be a list of {clean, flipped, answer, wrong}");
        task.pairs = pairs->value();
    }
    only(field, known);
    return task;
}

/// Every key that some method reads: one that this method does not read is kept out of the way, as older versions wrote
/// them.
std::set<std::string> all_keys()
{
    std::set<std::string> keys{"version", "method", "analysis", "model", "task"};
    const auto add = [&]<class M>(M method) {
        RunSpec spec;
        visit_fields(spec, method, [&](const char *key, auto &, Written) { keys.insert(key); });
    };
    add(ActPatch{});
    add(PathPatch{});
    add(Attribution{});
    add(Analysis{});
    return keys;
}

/// Before analyses had it, a set of heads was ablated by a method of its own: {"method": "ablate", "ablation", "heads",
/// "positions"}.
Analysis joint_ablation(const JsonField &root)
{
    Analysis analysis;
    analysis.name = "ablate";
    if (const auto heads = root.find("heads"))
        read(*heads, analysis.heads);
    Ablation ablation = Ablation::Zero;
    if (const auto mode = root.find("ablation"))
        read(*mode, ablation);
    analysis.options = {{"mode", name(ablation)}};
    Positions positions;
    if (const auto at = root.find("positions"))
        read(*at, positions);
    if (positions.kind != Positions::Kind::All)
        analysis.options["positions"] = to_string(positions);
    return analysis;
}

Method empty_method(const JsonField &field)
{
    const json &value = field.value();
    std::string known;
    RunSpec spec;
    for (const Method &method : {Method(ActPatch{}), Method(PathPatch{}), Method(Attribution{}), Method(Analysis{})}) {
        spec.method = method;
        if (value == method_name(spec))
            return method;
        known += (known.empty() ? "" : ", ") + method_name(spec);
    }
    field.fail(value.dump() + " is not a method; one of " + known);
}

} // namespace

RunSpec run_spec_from_json(const json &value)
{
    const JsonField root(value, "run spec");
    if (!value.is_object())
        root.fail("must be an object");
    RunSpec spec;
    // The version first: a later one may well have fields that are unknown here.
    if (const auto version = root.find("version"))
        read(*version, spec.version);
    if (spec.version != spec_version)
        root.at("version").fail("is " + std::to_string(spec.version) + ", this program reads version "
                                + std::to_string(spec_version));
    only(root, all_keys());
    if (const auto model = root.find("model"))
        spec.model = read_model(*model);
    if (const auto task = root.find("task"))
        spec.task = read_task(*task);
    if (root.at("method").value() == "ablate") {
        spec.method = joint_ablation(root);
        return spec;
    }
    spec.method = empty_method(root.at("method"));
    if (Analysis *analysis = spec.as<Analysis>())
        read(root.at("analysis"), analysis->name);
    if (spec.is<PathPatch>())
        root.at("receivers");
    std::visit(
        [&](auto &method) {
            visit_fields(spec, method, [&](const char *key, auto &field, Written) {
                if (const auto member = root.find(key))
                    read(*member, field);
            });
        },
        spec.method);
    if (spec.metric != "logit_diff")
        root.at("metric").fail(in_quotes(spec.metric) + " is not a metric; it is logit_diff");
    return spec;
}

namespace {

ordered_json written(const std::string &text)
{
    return text;
}
ordered_json written(bool flag)
{
    return flag;
}
ordered_json written(int number)
{
    return number;
}
ordered_json written(int64_t number)
{
    return number;
}
ordered_json written(const std::optional<int64_t> &number)
{
    return number ? ordered_json(*number) : ordered_json();
}
ordered_json written(Direction direction)
{
    return name(direction);
}
ordered_json written(Ablation ablation)
{
    return name(ablation);
}
ordered_json written(Bos bos)
{
    return name(bos);
}
ordered_json written(Site site)
{
    return name(site);
}
ordered_json written(Head head)
{
    return dotted(head);
}
ordered_json written(const json &options)
{
    return ordered_json(options);
}

ordered_json written(const Positions &positions)
{
    if (positions.kind == Positions::Kind::List)
        return positions.list;
    return to_string(positions);
}

template <class T>
ordered_json written(const std::vector<T> &list)
{
    ordered_json out = ordered_json::array();
    for (const T &one : list)
        out.push_back(written(one));
    return out;
}

// Neighbours of the same site share an entry: [{"site": "q", "heads": ["8.1", "9.4"]}, {"site": "mlp_out", "layers":
// [1]}].
ordered_json written(const Ends &ends)
{
    if (ends.sweep)
        return {{"sweep", name(*ends.sweep)}};
    ordered_json list = ordered_json::array();
    for (const Node &node : ends.nodes) {
        const char *key = node.head < 0 ? "layers" : "heads";
        if (list.empty() || list.back()["site"] != name(node.site) || !list.back().contains(key))
            list.push_back({{"site", name(node.site)}, {key, ordered_json::array()}});
        list.back()[key].push_back(node.head < 0 ? ordered_json(node.layer)
                                                 : ordered_json(dotted({node.layer, node.head})));
    }
    return list;
}

ordered_json written(const ModelRef &model)
{
    ordered_json out;
    out["path"] = model.path;
    if (!model.sha256.empty())
        out["sha256"] = model.sha256;
    out["processing"] = ordered_json::array();
    for (const ProcessingStep &step : processing_steps)
        if (model.processing.*step.on)
            out["processing"].push_back(step.name);
    if (model.dtype)
        out["dtype"] = word_of(*model.dtype);
    return out;
}

} // namespace

// Fields that say nothing for this kind of task are left out unless they were changed, so that nothing is lost.
ordered_json to_json(const TaskRef &task)
{
    TaskRef defaults;
    defaults.kind = task.kind;
    ordered_json all, out;
    visit_task(defaults, [&](const char *key, const auto &value, bool) { all[key] = written(value); });
    out["kind"] = task.kind;
    visit_task(task, [&](const char *key, const auto &value, bool always) {
        ordered_json one = written(value);
        if (always || one != all[key])
            out[key] = std::move(one);
    });
    if (!task.pairs.is_null())
        out["pairs"] = task.pairs;
    return out;
}

ordered_json to_json(const RunSpec &spec)
{
    ordered_json out;
    out["version"] = spec.version;
    out["method"] = method_name(spec);
    if (const Analysis *analysis = spec.as<Analysis>())
        out["analysis"] = analysis->name;
    out["model"] = written(spec.model);
    out["task"] = to_json(spec.task);
    std::visit(
        [&]<class M>(const M &method) {
            const RunSpec default_spec;
            const M default_method;
            ordered_json defaults;
            visit_fields(default_spec, default_method,
                         [&](const char *key, const auto &field, Written) { defaults[key] = written(field); });
            visit_fields(spec, method, [&](const char *key, const auto &field, Written when) {
                ordered_json one = written(field);
                if (when == Written::Always || one != defaults[key])
                    out[key] = std::move(one);
            });
        },
        spec.method);
    return out;
}

} // namespace patchbay
