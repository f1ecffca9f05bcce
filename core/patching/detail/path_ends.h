// The ends of paths: from what a spec names to the senders and receivers of each cell.
#pragma once

#include "patching/detail/cell_plan.h"
#include "patching/detail/frozen_pass.h"
#include "spec/run_spec.h"

namespace patchbay::detail {

/// One set for each cell of a sweep of senders, or the one that is named. Throws Error.
std::vector<SenderSet> sender_sets(const Ends &ends, const ModelConfig &config);
/// The same of receivers; a pattern is received as its query and its key.
std::vector<std::vector<Node>> receiver_groups(const Ends &ends, const ModelConfig &config);
/// Receivers that only END's row of the last layer can use.
bool end_is_enough(const Node &receiver, const ModelConfig &config);
/// How the wave patches what a receiver holds: values [rows, width], or with add a change of the stream that it reads.
Edit receiver_edit(const Node &receiver, const at::Tensor &values, bool add, const std::shared_ptr<const RowMap> &rows);

} // namespace patchbay::detail
