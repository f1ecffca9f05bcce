// A RunSpec read from JSON, with messages that name the field. Written: run_spec_write.cpp.
#include "base/error.h"
#include "base/json_field.h"
#include "spec/fields.h"

#include <limits>
#include <set>

namespace patchbay {

namespace {

using nlohmann::json;

constexpr int spec_version = 1;
constexpr int largest = std::numeric_limits<int>::max();

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
    only(field, {"path", "commit", "sha256", "processing", "dtype"});
    ModelRef model;
    if (const auto path = field.find("path"))
        read(*path, model.path);
    if (const auto commit = field.find("commit"))
        read(*commit, model.commit);
    if (const auto hash = field.find("sha256"))
        read(*hash, model.sha256);
    if (const auto dtype = field.find("dtype"))
        model.dtype = parsed(*dtype, parse_kept_dtype);
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

TaskRef read_task(const JsonField &field)
{
    TaskRef task;
    std::set<std::string> known{"kind", "pairs"};
    if (const auto kind = field.find("kind"))
        read(*kind, task.kind);
    if (!find_task_kind(task.kind))
        field.at("kind").fail(unknown_task_kind(task.kind));
    if (info(task).texts)
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
    each_method([&](auto method) {
        RunSpec spec;
        visit_fields(spec, method, [&](const char *key, auto &, Written) { keys.insert(key); });
    });
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

JsonField an_object(const json &value, const std::string &file, const char *what)
{
    const JsonField field(value, file, what);
    if (!value.is_object())
        field.fail("must be an object");
    return field;
}

Method empty_method(const JsonField &field)
{
    std::string known;
    std::optional<Method> found;
    each_method([&](const auto &method) {
        const std::string name = method_name(spec_of(method));
        if (field.value() == name)
            found = method;
        known += (known.empty() ? "" : ", ") + name;
    });
    if (!found)
        field.fail(field.value().dump() + " is not a method; one of " + known);
    return *found;
}

} // namespace

ModelRef model_ref_from_json(const json &value, const std::string &file)
{
    return read_model(an_object(value, file, "model"));
}

TaskRef task_ref_from_json(const json &value, const std::string &file)
{
    return read_task(an_object(value, file, "task"));
}

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
    if (!find_metric(spec.metric))
        root.at("metric").fail(unknown_metric(spec.metric));
    return spec;
}

} // namespace patchbay
