// One repaint of the large views, into the same kind of image that a window's backing store is.
#include "attention_widget.h"
#include "heatmap_widget.h"
#include "widgets/sample_views.h"

#include <QApplication>
#include <QImage>

#include <benchmark/benchmark.h>

namespace {

template <typename Widget> void repaint(benchmark::State &state, Widget &widget, QSize size)
{
    widget.resize(size);
    widget.show();
    QImage image(size, QImage::Format_ARGB32_Premultiplied);
    widget.render(&image); // layout and caches, as the first paint event makes them
    for (auto _ : state)
        widget.render(&image);
}

void heatmap(benchmark::State &state)
{
    patchbay::widgets::HeatmapWidget widget;
    widget.setView(samples::heatmap(1, 48, 64));
    repaint(state, widget, {1200, 800});
}

void new_heatmap(benchmark::State &state)
{
    patchbay::widgets::HeatmapWidget widget;
    widget.resize(1200, 800);
    QImage image(widget.size(), QImage::Format_ARGB32_Premultiplied);
    const patchbay::widgets::HeatmapView view = samples::heatmap(1, 48, 64);
    for (auto _ : state) {
        widget.setView(view); // finished cells arrive
        widget.render(&image);
    }
}

void pattern(benchmark::State &state)
{
    patchbay::widgets::AttentionWidget widget;
    widget.setView(samples::attention(512));
    repaint(state, widget, {1000, 1000});
}

} // namespace

BENCHMARK(heatmap)->Name("heatmap 48 x 64, repaint")->Unit(benchmark::kMillisecond);
BENCHMARK(new_heatmap)->Name("heatmap 48 x 64, new numbers")->Unit(benchmark::kMillisecond);
BENCHMARK(pattern)->Name("pattern of 512 tokens, repaint")->Unit(benchmark::kMillisecond);

int main(int argc, char **argv)
{
    qputenv("QT_QPA_PLATFORM", "offscreen");
    QApplication app(argc, argv);
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
}
