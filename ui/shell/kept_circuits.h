// The circuits that were put together, kept from one start to the next: one for each model.
#pragma once

#include "head_id.h"
#include "requests/setup.h"

#include <QVector>

namespace patchbay {

/// By layer; empty when none was kept for a model with these weights. Heads that the model does not have are left out.
QVector<widgets::HeadId> keptCircuit(const Setup &setup);
/// Replaces what was kept for the model; an empty circuit is forgotten.
void keepCircuit(const Setup &setup, const QVector<widgets::HeadId> &circuit);

} // namespace patchbay
