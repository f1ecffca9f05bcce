// From core's results to what views and figures draw: plain widgets structs, in the units that people read.
#pragma once

#include "head_id.h"
#include "patching/event.h"
#include "patching/run_result.h"
#include "patching/session.h"
#include "views.h"

#include <QString>

#include <string>
#include <string_view>
#include <vector>

namespace patchbay {

widgets::HeadId toHeadId(Head head);
Head fromHeadId(widgets::HeadId id);

/// "Output (z)" for "denoise.z", "Copy score" for "copy.positive"; unknown names come back readable as they are.
QString facetTitle(std::string_view name);

struct HeatmapOptions {
    std::vector<std::string>
        facets; ///< names of grids or arrays, in the order to show; empty: all that are layer × head (or × position)
    bool intervals = false; ///< also the half-widths of 95 % intervals, but of grids by position: 1000 samples a cell,
                            ///< so not on the GUI thread
    const HalfWidths *known = nullptr;        ///< the same, as far as they have been found
    const Stabilities *stabilities = nullptr; ///< how stable the ranking is, likewise
};

/// "%" of the clean–flipped gap, or "logits" where that vanishes: the unit of all effects of a result.
QString effectUnit(const Baseline &baseline);

/// One grid as facets, values in the unit of effects; what is not finite is missing. One for {layer, head}, {layer,
/// pos} and {layer}; for {layer, pos, head} one facet a position.
QVector<widgets::HeatmapFacet> heatmapFacets(const Grid &grid, const Baseline &baseline);
/// Masks the heads that are among the strongest in fewer than so many % of the resamples of the prompts, in every
/// facet; none where that is not known.
void maskUnstable(widgets::HeatmapView &view, double percent);
/// Every grid, or for analyses every [layer, head] or [layer, head, prompt] array (mean over prompts), on one colour
/// scale. Cheap without intervals: meant to be called for every snapshot of a running sweep. A view never mixes units:
/// arrays of another unit than the first chosen one are left out.
widgets::HeatmapView heatmapView(const RunResult &result, const HeatmapOptions &options = {});
/// The names that heatmapView can show, in its order.
std::vector<std::string> heatmapFacetNames(const RunResult &result);

/// One prompt's attention, with its tokens (all prompts have them, or the batch has no tokenizer: positions instead)
/// and roles.
widgets::AttentionView attentionView(const AttentionPattern &pattern, int prompt, const PromptBatch &batch,
                                     bool flippedRun = false);

/// "L9H6 · clean · prompt 3": prompts are counted from 1 where people read them.
QString attentionTitle(widgets::HeadId head, const QString &run, const QString &prompts, bool valueWeighted = false);
/// What an analysis kept of heads over the tokens of a prompt or of texts: attention, suppressed sources. One view a
/// head, or one a row of the analysis' table (textsAreListed). Throws Error when the result has none.
QVector<widgets::AttentionView> attentionViews(const RunResult &result);

/// One point a head: x and y are grids over the same heads, in the unit of effects. Heads that are missing in either
/// are left out.
widgets::ScatterView scatterView(const Grid &x, const Grid &y, const Baseline &xBaseline, const Baseline &yBaseline);
/// Pattern against z (the notebook's scatter) when the result has both, otherwise its first two grids. Throws Error
/// without two.
widgets::ScatterView scatterView(const RunResult &result, const std::string &xName = {}, const std::string &yName = {});

enum class Sign { Positive, Negative, Both };
/// What barsView can rank: grids and arrays of heads, and arrays of layers.
std::vector<std::string> barsNames(const RunResult &result);
/// The n strongest cells of a grid or array in its unit, strongest first, with 95 % intervals where there are prompts;
/// layers in their order. An ablation's own heads are left out. Without a name the first of barsNames. known: how
/// stable the ranking is, as far as it has been found; null: it is found out here, some tenths of a second. Throws
/// Error.
widgets::BarsView barsView(const RunResult &result, const std::string &name = {}, int n = 15, Sign sign = Sign::Both,
                           const Stabilities *known = nullptr);
/// "Logit diff +6.41 → +2.10: −67.2 % of the clean logit diff, −34.0 % of the gap" of an ablation; empty for others.
QString logitDiffText(const RunResult &result);

/// A way to look at a result. key: "heatmap", "bars", "scatter", "attention"; "edge-graph", "edge-matrix" and "edge-curve" of
/// results about edges; "cells": the heatmap's numbers as a table; others are tables (tableNamed).
struct ViewChoice {
    QString key, title;
    bool operator==(const ViewChoice &) const = default;
};
/// The ways to look at a result, the best first; empty for one that has nothing but text.
QVector<ViewChoice> viewChoices(const RunResult &result);
/// A table of an analysis' or recipe step's conclusions, by its key in viewChoices; empty when there is none.
widgets::TableView tableNamed(const RunResult &result, const QString &key);
/// The numbers of a heatmap: a row a head, a column a facet.
widgets::TableView cellsTable(const widgets::HeatmapView &heatmap);
/// Whether its table lists tokens of texts, and attentionViews() has one for each of its rows.
bool textsAreListed(const RunResult &result);
/// An analysis' table ({"columns", "rows"} or a list of objects in the summary), otherwise the strongest heads of each
/// grid.
widgets::TableView tableView(const RunResult &result, int n = 15);
/// Nodes and edges of an analysis' summary ({"nodes": [{"head", "role"}], "edges": [{"from", "to", "site",
/// "effect"}]}). Throws Error when the summary has none.
widgets::GraphView graphView(const RunResult &result);

/// Title of a figure: what was patched into what, and the direction.
QString resultTitle(const RunResult &result);
/// A caption for a paper: what, metric, direction, model, task, number of prompts, seed and the two baselines.
QString resultCaption(const RunResult &result);
/// "Thresholds: direct effect 2 %, …." of a result with head roles; empty for others.
QString thresholdsText(const RunResult &result);
/// A caption for attention as it is shown, with the model and task of a result beside it; null: without them.
QString attentionCaption(const widgets::AttentionView &view, const RunResult *result);
/// The strongest heads of the facets, for labels: at most n, by absolute value.
QVector<widgets::HeadId> strongestHeads(const widgets::HeatmapView &view, int n);

} // namespace patchbay
