// The folder of a plan: plan.json, a spec for each shard, and their results as they come.
#pragma once

#include "shards/merge.h"

#include <filesystem>
#include <optional>
#include <string>

namespace patchbay {

/// One shard by itself: all that computing it needs.
struct ShardSpec {
    ShardPlan plan; ///< with this shard alone
    int shard = 1, of = 1;
    std::string plan_sha256; ///< of plan.json: results of another plan are told apart
    const Shard &own() const { return plan.shards.front(); }
};

/// The name of the plan in its folder.
inline constexpr const char *plan_file = "plan.json";
/// "shard-03.json", "shard-03.safetensors": as many digits as the last of them has.
std::string shard_spec_file(int shard, int of);
std::string shard_result_file(int shard, int of);

/// Writes specs and plan, the plan last. Throws Error where the folder holds another plan.
void write_plan(const std::filesystem::path &folder, const ShardPlan &plan);
/// Throws Error.
ShardPlan read_plan(const std::filesystem::path &folder);
/// Whether a file is the spec of a shard.
bool is_shard_spec(const std::filesystem::path &file);
/// Throws Error naming the file.
ShardSpec read_shard(const std::filesystem::path &file);

/// The result of a shard, finished or not: a result file that also says which shard it is of, and a digest of itself.
void save_shard(const std::filesystem::path &file, const ShardSpec &shard, const RunResult &result);
/// Throws Error where it is damaged, or of another plan or shard.
RunResult load_shard(const std::filesystem::path &file, const ShardSpec &shard);

/// All that there is in the folder, put together. Throws Error naming the file that is damaged or does not belong
/// there.
Merged merge_folder(const std::filesystem::path &folder, const ShardPlan &plan, const MergeOptions &options = {});

} // namespace patchbay
