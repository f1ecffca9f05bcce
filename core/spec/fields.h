// Which fields each method reads, said once: JSON both ways and the key of the result cache follow from it.
#pragma once

#include "spec/run_spec.h"

#include <concepts>
#include <type_traits>

namespace patchbay {

/// Whether a field is written when it has its default.
enum class Written { Always, WhenSet };

template <class T, class M>
concept Is = std::is_same_v<std::remove_const_t<T>, M>;

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

} // namespace patchbay
