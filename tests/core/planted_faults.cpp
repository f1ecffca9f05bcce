#include "planted_faults.h"

#include "patching/detail/session_impl.h"

namespace patchbay::testing {

using namespace detail;

namespace {

/// z of a head at an edit's rows, from another run, position or head.
at::Tensor other_z(const BatchRuns &runs, const Run &run, const Edit &edit, int shift, int heads_on)
{
    std::vector<std::pair<int, int>> rows = edit.rows->list();
    for (auto &[prompt, position] : rows)
        position = std::max(0, position - shift);
    const int64_t d = runs.model().config().d_head, head = (edit.head + heads_on) % runs.model().config().n_heads;
    return runs.z_rows(run, edit.layer, rows).narrow(1, head * d, d).contiguous();
}

} // namespace

void plant(Session &session, Fault fault, bool base_flipped)
{
    Session::Impl &m = session.internals();
    if (fault == Fault::StaleCache) {
        const at::Tensor kept = m.groups.hold(0, {}).runs.run(true).qkv[1];
        kept.copy_(kept.roll(3, 0));
        return;
    }
    m.work.fault = [fault, base_flipped](CellPlan &plan, const BatchRuns &runs, const Run &source) {
        if (fault == Fault::HookOff) {
            plan.edits.clear();
            for (size_t p = 0; p < plan.start.size(); ++p)
                plan.start[p] = runs.layout().end[p] + 1;
            return;
        }
        const bool own = &source == &runs.run(base_flipped);
        for (Edit &edit : plan.edits) {
            if (edit.site != Site::Z || edit.value != Edit::Value::Source)
                continue;
            // Base and source exchanged: own values come from the other run, and the other run's from its own.
            const Run &from = fault == Fault::WrongDirection ? runs.run(own ? !base_flipped : base_flipped) : source;
            edit.tensor = other_z(runs, from, edit, fault == Fault::ShiftedByOne, fault == Fault::WrongHead);
            edit.value = Edit::Value::Tensor;
        }
    };
}

} // namespace patchbay::testing
