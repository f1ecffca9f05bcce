// Which fields each method, task and model reference has, said once: JSON both ways and the key of the result cache
// follow from it.
#pragma once

#include "spec/run_spec.h"

#include <concepts>
#include <type_traits>

namespace patchbay {

/// Whether a field is written when it has its default.
enum class Written { Always, WhenSet };

template <class T, class M>
concept Is = std::is_same_v<std::remove_const_t<T>, M>;

/// visit(method) with an empty one of each kind that there is.
template <class Visit>
void each_method(Visit &&visit)
{
    [&]<size_t... I>(std::index_sequence<I...>)
    {
        (visit(std::variant_alternative_t<I, Method>{}), ...);
    }
    (std::make_index_sequence<std::variant_size_v<Method>>{});
}

// visit(key, field, written), in the order in which a spec is written. spec may be const; then so are the fields.

template <class Spec, class M, class Visit>
requires std::derived_from<std::remove_const_t<M>, SiteSweep>
void visit_fields(Spec &spec, M &m, Visit &&visit)
{
    visit("direction", m.direction, Written::Always);
    visit("ablation", m.ablation, Written::WhenSet);
    visit("metric", spec.metric, Written::Always);
    visit("sites", m.sites, Written::Always);
    visit("shared_kv", m.shared_kv, Written::WhenSet);
    visit("heads", m.heads, Written::WhenSet);
    visit("positions", m.positions, Written::Always);
}

template <class Spec, Is<PathPatch> M, class Visit>
void visit_fields(Spec &spec, M &m, Visit &&visit)
{
    visit("direction", m.direction, Written::Always);
    visit("ablation", m.ablation, Written::WhenSet);
    visit("metric", spec.metric, Written::Always);
    visit("senders", m.senders, Written::Always);
    visit("receivers", m.receivers, Written::Always);
    visit("positions", m.positions, Written::Always);
    visit("direct_includes_mlps", m.direct_includes_mlps, Written::Always);
}

template <class Spec, Is<Analysis> M, class Visit>
void visit_fields(Spec &spec, M &m, Visit &&visit)
{
    visit("metric", spec.metric, Written::Always);
    visit("heads", m.heads, Written::WhenSet);
    visit("options", m.options, Written::WhenSet);
}

/// The fields of a task, in the order in which they are written, with whether its kind always says them.
template <class Task, class Visit>
void visit_task(Task &task, Visit &&visit)
{
    const TaskKind &kind = info(task);
    visit("prompts", task.prompts, kind.generated);
    visit("seed", task.seed, kind.generated);
    visit("type", task.type, kind.patterns);
    visit("flip", task.flip, kind.patterns);
    visit("bos", task.bos, kind.texts);
    visit("file", task.file, false);
    visit("encoding", task.encoding, false);
    visit("counterfactual", task.counterfactual, false);
    visit("pad_id", task.pad_id, false);
    visit("excluded", task.excluded, false);
    visit("sha256", task.sha256, false);
}

/// The steps of weight processing, as specs name them.
struct ProcessingStep {
    const char *name;
    bool Processing::*on;
};
inline constexpr ProcessingStep processing_steps[] = {{"fold_ln", &Processing::fold_ln},
                                                      {"center_writing", &Processing::center_writing},
                                                      {"center_unembed", &Processing::center_unembed},
                                                      {"fold_value_biases", &Processing::fold_value_biases}};

} // namespace patchbay
