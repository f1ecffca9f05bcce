// The attention of a tried prompt as views.
#pragma once

#include "analysis/trial.h"
#include "controllers/attention_controller.h"

namespace patchbay {

/// The heads' patterns in the prompt or its counterpart, as source says; those that the trial does not tell are left
/// out.
QVector<widgets::AttentionView> triedViews(const Trial &trial, const QVector<widgets::HeadId> &heads,
                                           AttentionSource source);
/// Why there is nothing to show of a source; empty: there is.
QString triedHint(const Trial &trial, AttentionSource source);

} // namespace patchbay
