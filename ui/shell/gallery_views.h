// Views of given sizes for the gallery: shaped like real ones, from seeded noise and the patterns heads are known for.
#pragma once

#include "views.h"

namespace patchbay {

widgets::HeatmapView galleryHeatmap(int layers, int heads, int facets, double shareMissing);
widgets::AttentionView galleryAttention(int tokens);
widgets::ScatterView galleryScatter(int heads);
widgets::BarsView galleryBars(int heads);

} // namespace patchbay
