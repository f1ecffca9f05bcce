// A RunSpec read from JSON, with messages that name the field.
#include "patching/run_spec.h"

#include "base/error.h"

#include <limits>
#include <set>

namespace patchbay {

namespace {

using nlohmann::json;

constexpr int spec_version = 1;

[[noreturn]] void fail_at(const std::string &path, const std::string &key, const std::string &cause)
{
    const std::string field = path.empty() || key.empty() ? path + key : path + "." + key;
    throw Error(field.empty() ? "run spec" : "run spec, " + field, cause);
}

/// One JSON object with the path that leads to it, for messages such as "run spec, task.seed: must be a whole number".
class Fields {
public:
    Fields(const json &object, std::string path, const std::set<std::string> &known) : m_object(object), m_path(std::move(path))
    {
        if (!object.is_object())
            fail("", "must be an object");
        for (const auto &entry : object.items())
            if (!known.contains(entry.key()))
                fail(entry.key(), "is not a field of a run spec of version " + std::to_string(spec_version));
    }

    const json *find(const std::string &key) const
    {
        const auto it = m_object.find(key);
        return it == m_object.end() ? nullptr : &*it;
    }
    void read(const std::string &key, std::string &out) const
    {
        if (const json *value = find(key)) {
            if (!value->is_string())
                fail(key, "must be text");
            out = value->get<std::string>();
        }
    }
    void read(const std::string &key, bool &out) const
    {
        if (const json *value = find(key)) {
            if (!value->is_boolean())
                fail(key, "must be true or false");
            out = value->get<bool>();
        }
    }
    void read(const std::string &key, int &out) const
    {
        if (const json *value = find(key))
            out = whole(*value, key);
    }
    void read(const std::string &key, int64_t &out) const
    {
        if (const json *value = find(key)) {
            if (!value->is_number_integer())
                fail(key, "must be a whole number");
            out = value->get<int64_t>();
        }
    }
    /// Runs a parser of text and names the field when it objects.
    template <class Parse> auto parsed(const std::string &key, const json &value, Parse parse) const
    {
        if (!value.is_string())
            fail(key, "must be text");
        try {
            return parse(value.template get<std::string>());
        } catch (const Error &error) {
            fail(key, error.what());
        }
    }
    int whole(const json &value, const std::string &key) const
    {
        if (!value.is_number_integer() || value.get<int64_t>() < 0 || value.get<int64_t>() > std::numeric_limits<int>::max())
            fail(key, "must be a whole number from 0");
        return value.get<int>();
    }
    std::vector<int> wholes(const json &value, const std::string &key) const
    {
        if (!value.is_array())
            fail(key, "must be a list of whole numbers");
        std::vector<int> list;
        for (const json &entry : value)
            list.push_back(whole(entry, key));
        return list;
    }
    std::vector<Head> heads(const json &value, const std::string &key) const
    {
        if (!value.is_array())
            fail(key, "must be a list of heads such as \"8.1\"");
        std::vector<Head> list;
        for (const json &entry : value)
            list.push_back(parsed(key, entry, [](const std::string &text) { return parse_head(text); }));
        return list;
    }
    [[noreturn]] void fail(const std::string &key, const std::string &cause) const { fail_at(m_path, key, cause); }

private:
    const json &m_object;
    std::string m_path;
};

ModelRef read_model(const json &value)
{
    const Fields fields(value, "model", {"path", "sha256", "processing"});
    ModelRef model;
    fields.read("path", model.path);
    fields.read("sha256", model.sha256);
    if (const json *steps = fields.find("processing")) {
        if (!steps->is_array())
            fields.fail("processing", "must be a list of steps");
        model.processing = Processing::none();
        for (const json &step : *steps) {
            if (step == "fold_ln")
                model.processing.fold_ln = true;
            else if (step == "center_writing")
                model.processing.center_writing = true;
            else if (step == "center_unembed")
                model.processing.center_unembed = true;
            else if (step == "fold_value_biases")
                model.processing.fold_value_biases = true;
            else
                fields.fail("processing", step.dump() + " is not a step; one of fold_ln, center_writing, center_unembed, "
                                                        "fold_value_biases");
        }
    }
    return model;
}

TaskRef read_task(const json &value)
{
    const Fields fields(value, "task", {"kind", "prompts", "seed", "type", "flip", "file", "encoding", "pad_id", "excluded", "pairs"});
    TaskRef task;
    fields.read("kind", task.kind);
    if (task.kind != "ioi" && task.kind != "pairs" && task.kind != "batch")
        fields.fail("kind", "\"" + task.kind + "\" is not a kind of task; one of ioi, pairs, batch");
    fields.read("prompts", task.prompts);
    fields.read("seed", task.seed);
    fields.read("type", task.type);
    fields.read("flip", task.flip);
    fields.read("file", task.file);
    fields.read("encoding", task.encoding);
    if (fields.find("pad_id"))
        fields.read("pad_id", task.pad_id.emplace());
    if (const json *excluded = fields.find("excluded"))
        task.excluded = fields.wholes(*excluded, "excluded");
    if (const json *pairs = fields.find("pairs")) {
        if (!pairs->is_null() && !pairs->is_array())
            fields.fail("pairs", "must be a list of {clean, flipped, answer, wrong}");
        task.pairs = *pairs;
    }
    return task;
}

Ends read_ends(const json &value, const std::string &key)
{
    if (value.is_object()) {
        const Fields fields(value, key, {"sweep"});
        const json *site = fields.find("sweep");
        if (!site)
            fields.fail("sweep", "is missing");
        return {fields.parsed("sweep", *site, [](const std::string &text) { return parse_site(text); }), {}};
    }
    if (!value.is_array())
        fail_at(key, "", "must be {\"sweep\": site} or a list of {\"site\", \"heads\"} and {\"site\", \"layers\"}");
    Ends ends;
    for (const json &entry : value) {
        const Fields fields(entry, key, {"site", "heads", "layers"});
        const json *site_value = fields.find("site");
        if (!site_value)
            fields.fail("site", "is missing");
        const Site site = fields.parsed("site", *site_value, [](const std::string &text) { return parse_site(text); });
        const char *list = per_head(site) ? "heads" : "layers";
        const json *places = fields.find(list);
        if (!places || fields.find(per_head(site) ? "layers" : "heads"))
            fields.fail(list, name(site) + " needs the list \"" + list + "\" and no other");
        if (per_head(site))
            for (const Head head : fields.heads(*places, list))
                ends.nodes.push_back({site, head.layer, head.head});
        else
            for (const int layer : fields.wholes(*places, list))
                ends.nodes.push_back({site, layer, -1});
    }
    return ends;
}

Method read_method(const Fields &fields)
{
    const json *value = fields.find("method");
    if (!value)
        fields.fail("method", "is missing");
    for (const Method method : {Method::ActPatch, Method::PathPatch, Method::Ablate, Method::Attribution, Method::Analysis})
        if (*value == name(method))
            return method;
    fields.fail("method", value->dump() + " is not a method; one of act_patch, path_patch, ablate, attribution, analysis");
}

} // namespace

RunSpec run_spec_from_json(const json &value)
{
    const Fields probe(value, "", [&] {
        std::set<std::string> keys;
        if (value.is_object())
            for (const auto &entry : value.items())
                keys.insert(entry.key());
        return keys;
    }());
    RunSpec spec;
    // The version first: a later one may well have fields that are unknown here.
    probe.read("version", spec.version);
    if (spec.version != spec_version)
        probe.fail("version", "is " + std::to_string(spec.version) + ", this program reads version " + std::to_string(spec_version));
    const Fields fields(value, "",
                        {"version", "method", "model", "task", "direction", "ablation", "metric", "positions", "sites", "shared_kv",
                         "heads", "senders", "receivers", "direct_includes_mlps", "analysis", "options"});
    spec.method = read_method(fields);
    if (const json *model = fields.find("model"))
        spec.model = read_model(*model);
    if (const json *task = fields.find("task"))
        spec.task = read_task(*task);
    if (const json *direction = fields.find("direction"))
        spec.direction = fields.parsed("direction", *direction, [](const std::string &text) { return parse_direction(text); });
    if (const json *ablation = fields.find("ablation"))
        spec.ablation = fields.parsed("ablation", *ablation, [](const std::string &text) { return parse_ablation(text); });
    else if (spec.method == Method::Ablate)
        spec.ablation = Ablation::Zero;
    fields.read("metric", spec.metric);
    if (spec.metric != "logit_diff")
        fields.fail("metric", "\"" + spec.metric + "\" is not a metric; it is logit_diff");
    if (const json *positions = fields.find("positions")) {
        if (positions->is_array())
            spec.positions = {Positions::Kind::List, fields.wholes(*positions, "positions")};
        else
            spec.positions = fields.parsed("positions", *positions, [](const std::string &text) { return parse_positions(text); });
    }
    if (const json *sites = fields.find("sites")) {
        if (!sites->is_array())
            fields.fail("sites", "must be a list of sites");
        spec.sites.clear();
        for (const json &site : *sites)
            spec.sites.push_back(fields.parsed("sites", site, [](const std::string &text) { return parse_site(text); }));
    }
    fields.read("shared_kv", spec.shared_kv);
    if (const json *heads = fields.find("heads"))
        spec.heads = fields.heads(*heads, "heads");
    if (const json *senders = fields.find("senders"))
        spec.senders = read_ends(*senders, "senders");
    if (const json *receivers = fields.find("receivers"))
        spec.receivers = read_ends(*receivers, "receivers");
    else if (spec.method == Method::PathPatch)
        fields.fail("receivers", "is missing");
    fields.read("direct_includes_mlps", spec.direct_includes_mlps);
    fields.read("analysis", spec.analysis);
    if (spec.method == Method::Analysis && spec.analysis.empty())
        fields.fail("analysis", "is missing");
    if (const json *options = fields.find("options")) {
        if (!options->is_null() && !options->is_object())
            fields.fail("options", "must be an object");
        spec.options = *options;
    }
    return spec;
}

} // namespace patchbay
