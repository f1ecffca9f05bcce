// Which heads of a heatmap are masked: by any quantity of any run of the same model and task, and by role.
#pragma once

#include "controllers/head_roles.h"
#include "controllers/navigation.h"
#include "controllers/runs_store.h"
#include "views.h"

namespace patchbay {

/// A number that every head has.
struct MaskQuantity {
    QString key; ///< Mask::by: "" for what is on view, "copy.positive" of an analysis, "7/path" of a run of the store,
                 ///< amongTopKey
    QString title, unit;
    QString analysis; ///< that finds it, where no run has it yet; empty otherwise
    double usual = 0; ///< a threshold to start with
    bool operator==(const MaskQuantity &) const = default;
};

/// In how many % of the resamples of the prompts a head is among the strongest of what is on view.
inline const QString amongTopKey = QStringLiteral("among-top");

/// What the heads of the run on view can be masked by; itself first.
QVector<MaskQuantity> maskQuantities(const Place &place, const RunsStore &store);

/// Masks the heads of a view that a mask leaves out. A quantity that no run has yet masks nothing.
void applyMask(widgets::HeatmapView &view, const Mask &mask, const RunEntry &shown, const RunsStore &store,
               const HeadRoles &roles);

/// "copy score ≥ 75 %", "name mover"; empty for a mask that masks nothing.
QString maskText(const Mask &mask, const QVector<MaskQuantity> &quantities);

} // namespace patchbay
