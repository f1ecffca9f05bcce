// Views of given sizes for the gallery: shaped like real ones, from seeded noise and the patterns heads are known for.
#pragma once

#include "views.h"

#include <functional>

class QSize;
class QString;
class QWidget;

namespace patchbay {

widgets::HeatmapView galleryHeatmap(int layers, int heads, int facets, double shareMissing);
widgets::AttentionView galleryAttention(int tokens);
widgets::ScatterView galleryScatter(int heads);
widgets::BarsView galleryBars(int heads);
widgets::GraphView galleryGraph(int heads);
/// The strongest edges of a model of this size, pruned: most of what they do comes from few writers, as in real ones.
widgets::EdgeGraphView galleryEdges(int layers, int heads, int edges);

/// Every widget by itself: without data, with an error, small and large. Calls picture with each of them.
void drawPlainViews(const std::function<void(QWidget &widget, QSize size, const QString &name)> &picture);

} // namespace patchbay
