// A run cut into shards, which processes on any machines compute by themselves and which merge to the bytes of one run.
//
// How: the cells of a run come in an order and in chunks that follow from its spec, its prompts and the memory budget
// alone, and what a cell rounds to rests on its chunk: the sizes of products decide. So a shard has whole chunks of
// that one run wherever these are enough. Where they are not, chunks are cut between cells, and cells between prompts,
// if the products at hand round each row by itself (cells_round_alone); where they do not, some shards stay empty.
#pragma once

#include "edges/graph.h"
#include "patching/run_share.h"
#include "spec/run_spec.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace patchbay {

class CancelToken;
class Session;

/// Cells that one run computes at one go.
using Chunk = std::vector<PlannedCell>;

struct Shard {
    RunShare share;
    double cost = 0; ///< its share of the run's arithmetic, 0 … 1
    bool operator==(const Shard &) const = default;
};

/// Cuts a run of these chunks on so many prompts into shards of about the same arithmetic. Cells and prompts are only
/// taken apart where finer, and where whole chunks would not be balanced. controls: whether the run has them; they are
/// dealt out like a chunk of one cell.
std::vector<Shard> cut(const std::vector<Chunk> &chunks, bool controls, int prompts, int shards, bool finer);

struct ShardPlan {
    RunSpec spec;        ///< with the hashes of model and prompts
    std::string version; ///< of the program: another one may cut or round otherwise
    int prompts = 0;
    int64_t cells = 0;              ///< that are computed
    uint64_t memory_budget = 0;     ///< bytes; decides the chunks
    int threads = 0;                ///< that shards compute with unless told; 0: all cores
    std::string order;              ///< digest of the chunks: whoever orders the cells otherwise is told so
    bool chunks_cut = false;        ///< some chunk is in several shards
    std::optional<EdgeGraph> graph; ///< of a run of edges, whose table is made from it once all cells are there
    std::vector<Shard> shards;
    bool operator==(const ShardPlan &) const = default;
};

/// The plan of a spec that names this session's model and prompts, with their hashes. Computes what the order of the
/// cells needs, and no cell. Throws Error for what has no cells to deal out, naming the reason; Cancelled.
ShardPlan plan_shards(Session &session, const RunSpec &spec, int shards, const CancelToken &cancel);
/// Of the order in which a run takes its cells.
class OrderDigest {
public:
    void add(const Chunk &chunk);
    std::string hexadecimal() const;

private:
    std::string m_text;
};

/// Whether a cell comes to the same bytes in any company, on this processor and with the session's threads: tried on a
/// block of the model.
bool cells_round_alone(Session &session);

/// "0-3,7" and back. Throws Error naming the file.
std::string ranges_text(const std::vector<int> &ascending);
std::vector<int> parse_ranges(const std::string &text, const std::string &file);

/// "format" in the JSON of a plan.
inline constexpr const char *plan_format = "patchbay-shards";
nlohmann::ordered_json to_json(const ShardPlan &plan);
/// Throws Error naming the file and what is wrong with it.
ShardPlan shard_plan_from_json(const nlohmann::json &json, const std::string &file);

} // namespace patchbay
