#include "shards/shard_folder.h"

#include "base/error.h"
#include "base/json_field.h"
#include "base/sha256.h"
#include "io/array_files.h"
#include "io/safetensors.h"
#include "patching/run_result_arrays.h"

#include <limits>

namespace patchbay {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using nlohmann::ordered_json;

constexpr const char *shard_format = "patchbay-shard", *digest_key = "digest", *shard_key = "shard";

std::string text_of(const ordered_json &value)
{
    return value.dump(1) + "\n";
}

std::string sha256_of_text(const std::string &text)
{
    return sha256_of(text.data(), text.size());
}

std::string name_of(int shard, int of, const char *suffix)
{
    std::string number = std::to_string(shard);
    const size_t digits = std::to_string(of).size();
    number.insert(0, digits > number.size() ? digits - number.size() : 0, '0');
    return "shard-" + number + suffix;
}

ordered_json identity(const ShardSpec &shard)
{
    return {{"shard", shard.shard}, {"of", shard.of}, {"plan", shard.plan_sha256}};
}

ShardSpec spec_of(const ShardPlan &plan, int shard, const std::string &plan_sha256)
{
    ShardSpec out{plan, shard, int(plan.shards.size()), plan_sha256};
    out.plan.shards = {plan.shards[size_t(shard - 1)]};
    return out;
}

} // namespace

std::string shard_spec_file(int shard, int of)
{
    return name_of(shard, of, ".json");
}

std::string shard_result_file(int shard, int of)
{
    return name_of(shard, of, ".safetensors");
}

void write_plan(const fs::path &folder, const ShardPlan &plan)
{
    make_folder(folder);
    const std::string text = text_of(to_json(plan)), sha256 = sha256_of_text(text);
    if (fs::exists(folder / plan_file) && read_file(folder / plan_file) != text)
        throw Error(folder.string(), "holds another plan, and perhaps results of it: name another folder");
    const int of = int(plan.shards.size());
    for (int shard = 1; shard <= of; ++shard) {
        const ShardSpec one = spec_of(plan, shard, sha256);
        ordered_json json = to_json(one.plan);
        json["format"] = shard_format;
        json.update(identity(one));
        write_file(folder / shard_spec_file(shard, of), text_of(json));
    }
    write_file(folder / plan_file, text);
}

ShardPlan read_plan(const fs::path &folder)
{
    const fs::path file = folder / plan_file;
    if (!fs::exists(file))
        throw Error(folder.string(),
                    "holds no plan.json; patchbay-cli plan SPEC --shards N --out DIR makes such a folder");
    return shard_plan_from_json(read_json_file(file), file.string());
}

bool is_shard_spec(const fs::path &file)
{
    return file.extension() == ".json" && fs::is_regular_file(file)
        && text_or_empty(read_json_file(file), "format") == shard_format;
}

ShardSpec read_shard(const fs::path &file)
{
    json content = read_json_file(file);
    if (text_or_empty(content, "format") != shard_format)
        throw Error(file.string(), "is not the spec of a shard");
    const JsonField root(content, file.string());
    ShardSpec out;
    constexpr int64_t many = std::numeric_limits<int>::max();
    out.of = int(root.at("of").integer(1, many));
    out.shard = int(root.at("shard").integer(1, out.of));
    out.plan_sha256 = root.at("plan").text();
    content["format"] = plan_format; // of one shard, and otherwise the same
    out.plan = shard_plan_from_json(content, file.string());
    if (out.plan.shards.size() != 1)
        root.at("shards").fail("must name one");
    return out;
}

void save_shard(const fs::path &file, const ShardSpec &shard, const RunResult &result)
{
    ArrayFile content = file_of(result);
    content.metadata[shard_key] = identity(shard).dump();
    const std::string bytes = safetensors_bytes(content.arrays, content.metadata);
    content.metadata[digest_key] = sha256_of_text(bytes);
    write_arrays(file, content.arrays, content.metadata);
}

RunResult load_shard(const fs::path &file, const ShardSpec &shard)
{
    const std::string name = file.string();
    ArrayFile content;
    try {
        content = read_arrays(file);
    } catch (const Error &error) {
        throw Error(name, "is damaged (" + error.cause() + "): its shard has to be run again");
    }
    const auto whose = content.metadata.find(shard_key), digest = content.metadata.find(digest_key);
    if (whose == content.metadata.end() || digest == content.metadata.end())
        throw Error(name, "is not the result of a shard");
    const std::string expected = digest->second;
    content.metadata.erase(digest);
    if (sha256_of_text(safetensors_bytes(content.arrays, content.metadata)) != expected)
        throw Error(name, "is damaged (its digest is not that of its bytes): its shard has to be run again");
    if (const std::string own = identity(shard).dump(); content.metadata.at(shard_key) != own)
        throw Error(
            name, "is of another shard or plan: it says " + in_quotes(content.metadata.at(shard_key)) + ", not " + own);
    content.metadata.erase(shard_key);
    return result_of_file(std::move(content), name);
}

Merged merge_folder(const fs::path &folder, const ShardPlan &plan, const MergeOptions &options)
{
    const int of = int(plan.shards.size());
    const std::string sha256 = sha256_of_text(read_file(folder / plan_file));
    std::vector<std::optional<RunResult>> loaded(static_cast<size_t>(of));
    std::vector<const RunResult *> results;
    std::vector<std::string> names;
    for (int shard = 1; shard <= of; ++shard) {
        const fs::path file = folder / shard_result_file(shard, of);
        std::optional<RunResult> &result = loaded[size_t(shard - 1)];
        if (fs::exists(file))
            result = load_shard(file, spec_of(plan, shard, sha256));
        results.push_back(result ? &*result : nullptr);
        names.push_back(file.string());
    }
    return merge(plan, results, names, options);
}

} // namespace patchbay
