#include "base/error.h"
#include "base/json_field.h"
#include "base/plain_text.h"
#include "hub/detail/hub_answer.h"
#include "hub/download.h"
#include "hub/environment.h"
#include "hub/snapshot.h"
#include "model/detail/config_json.h"
#include "model/detail/foreign_checkpoint.h"

#include <algorithm>
#include <charconv>
#include <set>

namespace patchbay {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr size_t kLargestList = 64 << 20, kLargestConfig = 16 << 20;

/// What is asked of the hub about one model at one commit.
class Hub {
public:
    Hub(const HubName &name, const CancelToken &cancel)
        : m_name(name), m_endpoint(hub_endpoint()), m_token(hub_token()), m_cancel(cancel)
    {
    }

    /// The commit of the revision and the names of its files, those in folders left out.
    std::set<std::string> files(std::string &commit) const
    {
        const std::string url =
            m_endpoint + "/api/models/" + m_name.model + "/revision/" + url_part(m_name.wanted_revision());
        const HttpAnswer answer = http_get(url, m_token, kLargestList, m_cancel);
        refuse_answer(m_name, {}, answer);
        const json root = parse_json(answer.body, url);
        const JsonField list(root, url);
        commit = list.at("sha").text();
        if (!is_commit(commit))
            list.fail("names a commit that is none: " + in_quotes(commit));
        std::set<std::string> names;
        for (const JsonField &file : list.at("siblings").items())
            if (const std::string name = file.at("rfilename").text(); is_plain(name))
                names.insert(name);
        return names;
    }

    std::set<std::string> revisions() const
    {
        const std::string url = m_endpoint + "/api/models/" + m_name.model + "/refs";
        const HttpAnswer answer = http_get(url, m_token, kLargestList, m_cancel);
        refuse_answer(m_name, {}, answer);
        const json root = parse_json(answer.body, url);
        std::set<std::string> names;
        for (const char *kind : {"branches", "tags"})
            for (const JsonField &one : JsonField(root, url).at(kind).items())
                names.insert(one.at("name").text());
        return names;
    }

    std::string url(const std::string &commit, const std::string &file) const
    {
        return m_endpoint + "/" + m_name.model + "/resolve/" + commit + "/" + url_part(file);
    }

    /// A small file's content.
    std::string content(const std::string &commit, const std::string &file) const
    {
        const HttpAnswer answer = http_get(url(commit, file), m_token, kLargestConfig, m_cancel);
        refuse_answer(m_name, file, answer);
        return answer.body;
    }

    /// Size and hash, from the head of the hub's own answer: where the file lies elsewhere, X-Linked-* are about it.
    HubFile look_at(const std::string &commit, const std::string &file) const
    {
        HubFile out;
        out.name = file;
        out.url = url(commit, file);
        const HttpAnswer answer = http_head(out.url, m_token, m_cancel);
        refuse_answer(m_name, file, answer);
        const auto header = [&](const char *linked, const char *own) {
            const auto found = answer.headers.find(linked);
            const auto other = found == answer.headers.end() ? answer.headers.find(own) : found;
            return other == answer.headers.end() ? std::string() : other->second;
        };
        out.etag = header("x-linked-etag", "etag");
        if (out.etag.starts_with("W/"))
            out.etag.erase(0, 2);
        std::erase(out.etag, '"');
        // It becomes a file's name, and is what the file is checked against.
        const bool hash = out.etag.find_first_not_of("0123456789abcdef") == std::string::npos;
        if (!hash || (out.etag.size() != 64 && out.etag.size() != 40))
            throw Error(out.url,
                        "the hub publishes no hash that the file could be checked against (ETag " + in_quotes(out.etag)
                            + ")");
        const std::string size = header("x-linked-size", "content-length");
        const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), out.size);
        if (error != std::errc() || end != size.data() + size.size() || size.empty())
            throw Error(out.url, "the hub does not say how large the file is (" + in_quotes(size) + ")");
        return out;
    }

private:
    static bool is_plain(const std::string &name)
    {
        return !name.empty() && name.front() != '.' && name.find_first_of("/\\") == name.npos;
    }

    const HubName m_name;
    const std::string m_endpoint, m_token;
    const CancelToken m_cancel;
};

/// The files that an index names.
std::set<std::string> shards(const std::string &index, const std::string &text)
{
    const json root = parse_json(text, index);
    std::set<std::string> out;
    for (const auto &[tensor, file] : JsonField(root, index).at("weight_map").members())
        out.insert(file.text());
    return out;
}

/// The weights in the first of the forms that are read, in the order in which opening looks for them.
/// `family`: for what it reads beside the usual ones.
std::set<std::string> weights(const Hub &hub, const std::string &commit, const std::set<std::string> &there,
                              const std::string &family)
{
    for (const char *file :
         {"model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json"}) {
        if (!there.contains(file))
            continue;
        std::set<std::string> wanted;
        if (std::string(file).ends_with(".json"))
            wanted = shards(file, hub.content(commit, file));
        for (const std::string &shard : wanted)
            if (!there.contains(shard))
                throw Error(hub.url(commit, file), "names " + in_quotes(shard) + ", which the hub does not list");
        wanted.insert(file);
        return wanted;
    }
    if (const FamilyInfo *known = find_family(family))
        for (const std::string &ending : known->weight_files)
            for (const std::string &file : there)
                if (file.ends_with(ending))
                    return {file};
    return {};
}

std::set<std::string> tokenizer(const std::set<std::string> &there)
{
    std::set<std::string> out;
    const auto take = [&](std::initializer_list<const char *> names) {
        for (const char *name : names)
            if (there.contains(name))
                out.insert(name);
    };
    take({"tokenizer_config.json", "special_tokens_map.json", "generation_config.json"});
    if (there.contains("tokenizer.json"))
        take({"tokenizer.json"});
    else
        take({"vocab.json", "merges.txt", "added_tokens.json", "tokenizer.model"});
    return out;
}

/// The family, and why it could not be opened.
void look_at_config(DownloadPlan &plan, const std::string &text)
{
    const fs::path path = plan.snapshot() / "config.json";
    try {
        const json config = parse_json(text, path.string());
        if (!config.is_object())
            throw Error(path.string(), "is no JSON object");
        if (const auto type = config.find("model_type"); type != config.end() && type->is_string())
            plan.family = type->get<std::string>();
        refuse_foreign_config(config, path);
        plan.family = config_from_json(config, path.string()).config.family;
    } catch (const Error &error) {
        plan.problem = error.cause();
    }
}

void refuse_offline(const std::string &wanted)
{
    if (hub_offline())
        throw Error("HF_HUB_OFFLINE", "is set, so the hub is not asked; unset it to download " + wanted);
}

/// What is in the cache of it.
void look_in_cache(HubFile &file, const fs::path &cached)
{
    const fs::path blob = cached / "blobs" / file.etag;
    std::error_code whole, part;
    const uintmax_t there = fs::file_size(blob, whole), begun = fs::file_size(blob.string() + ".incomplete", part);
    file.complete = !whole && there == file.size;
    file.present = file.complete ? file.size : !part && begun <= file.size ? begun : 0;
}

} // namespace

uint64_t DownloadPlan::bytes() const
{
    uint64_t sum = 0;
    for (const HubFile &file : files)
        sum += file.size;
    return sum;
}

uint64_t DownloadPlan::missing() const
{
    uint64_t sum = 0;
    for (const HubFile &file : files)
        sum += file.size - file.present;
    return sum;
}

std::vector<std::string> hub_revisions(const std::string &model, const CancelToken &cancel)
{
    refuse_offline(model);
    const std::set<std::string> names = Hub({model, {}}, cancel).revisions();
    return {names.begin(), names.end()};
}

DownloadPlan plan_download(const HubName &name, const CancelToken &cancel)
{
    refuse_offline(name.text());
    DownloadPlan plan;
    plan.name = name;
    plan.cached = cached_model(name.model);
    const Hub hub(name, cancel);
    const std::set<std::string> there = hub.files(plan.commit);
    if (!there.contains("config.json"))
        throw Error(name.text(),
                    "has no config.json at " + hub_endpoint() + ", so it is no model in Hugging Face's format");
    look_at_config(plan, hub.content(plan.commit, "config.json"));
    std::set<std::string> wanted = weights(hub, plan.commit, there, plan.family);
    if (wanted.empty() && plan.problem.empty())
        plan.problem =
            "there are no weights in a form that is read: neither model.safetensors nor pytorch_model.bin, in "
            "one file or several";
    wanted.merge(tokenizer(there));
    wanted.insert("config.json");
    for (const std::string &file : wanted) {
        plan.files.push_back(hub.look_at(plan.commit, file));
        look_in_cache(plan.files.back(), plan.cached);
    }
    return plan;
}

} // namespace patchbay
