// Running shards of a plan: one that is named, or those that fall to this process among many.
#pragma once

#include "options.h"

#include <string>
#include <vector>

namespace patchbay::cli {

struct ShardOptions {
    int shard = 0;       ///< 0: not said
    int save_every = 30; ///< seconds between two times that finished cells are written

    void add(CLI::App &app);
    /// Whether --shard was.
    bool given() const { return shard > 0; }
};

/// Whether it is the folder of a plan or the spec of a shard.
bool names_shards(const std::string &file);

/// The shards of a process, from 1: the one that --shard names; or that of a Slurm array's task; or every size-th from
/// the process's rank on, as mpirun and srun tell it; or all. Throws UsageError for one that the plan has not.
std::vector<int> own_shards(int named, int of);

/// Runs them one after the other; those that are finished already are left as they are. Returns 0, or 130 when
/// interrupted: what is finished is written all the same, and the shard goes on from there when it is run again.
int run_shards(const std::string &file, const ShardOptions &options, const std::string &model,
               const ResourceOptions &resources, const OutputOptions &output);

} // namespace patchbay::cli
