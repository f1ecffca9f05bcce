// One view on a sheet: says how much room it needs around its plot, and draws itself into the plot it is given.
#pragma once

#include "figure.h"
#include "scene.h"

#include <memory>

namespace patchbay::widgets::figure {

/// What all panels of a sheet have in common.
struct PanelStyle {
    FigureSpec spec;
    double limit = 0;      ///< colour scale shared by the sheet's heatmaps of one unit; 0: the panel's own
    bool colourBar = true; ///< false where the neighbour on the right draws the same scale
    double small() const
    {
        return spec.points > 8 ? spec.points - 1 : qMax(7.0, spec.points - 0.5);
    } ///< ticks and legends
};

/// Room in mm around the plot for titles, ticks, labels, scales.
struct Margins {
    double left = 0, top = 0, right = 0, bottom = 0;
};

class Panel {
public:
    explicit Panel(const PanelStyle &style) : m_style(style) { }
    virtual ~Panel() = default;
    Panel(const Panel &) = delete;
    Panel &operator=(const Panel &) = delete;

    /// For a panel that is width mm wide with everything.
    virtual Margins margins(double width) const = 0;
    /// The plot's natural height in mm at a plot width.
    virtual double plotHeight(double plotWidth) const = 0;
    /// Whether the plot can be taller than that, to line up with its neighbours.
    virtual bool stretches() const { return false; }
    /// `plot` is where the data goes; labels go outside it, within margins(); `outer` spans all the room across.
    virtual void draw(Scene &scene, const QRectF &plot, const QRectF &outer) const = 0;

protected:
    const FigureSpec &spec() const { return m_style.spec; }
    /// Height of the wrapped title with the gap below it; 0 when not shown.
    double titleHeight(const QString &title, double width) const;
    /// Draws the title in a box of that width whose bottom is at `bottom`.
    void drawTitle(Scene &scene, const QString &title, double left, double bottom, double width) const;
    QString titleText(const QString &own) const { return spec().title.isEmpty() ? own : spec().title; }

    PanelStyle m_style;
};

std::unique_ptr<Panel> makePanel(const FigureContent &content, const PanelStyle &style);
std::unique_ptr<Panel> makeHeatmapPanel(const HeatmapView &view, const PanelStyle &style);
std::unique_ptr<Panel> makeAttentionPanel(const AttentionView &view, const PanelStyle &style);
std::unique_ptr<Panel> makeAttentionTextPanel(const AttentionView &view, const PanelStyle &style);
std::unique_ptr<Panel> makeScatterPanel(const ScatterView &view, const PanelStyle &style);
std::unique_ptr<Panel> makeBarsPanel(const BarsView &view, const PanelStyle &style);
std::unique_ptr<Panel> makeTablePanel(const TableView &view, const PanelStyle &style);
std::unique_ptr<Panel> makeGraphPanel(const GraphView &view, const PanelStyle &style);
std::unique_ptr<Panel> makeLinesPanel(const LinesView &view, const PanelStyle &style);
std::unique_ptr<Panel> makeEdgeGraphPanel(const EdgeGraphView &view, const PanelStyle &style);

/// The facets a spec chooses, in its order; all when it chooses none.
HeatmapView chosenFacets(const HeatmapView &view, const FigureSpec &spec);
/// The whole sheet in mm: panels in rows, letters, caption.
Scene layoutSheet(const FigureSheet &sheet);
/// Each scene as a page of one PDF file, fonts embedded once. `spec` is only named in the metadata.
QByteArray scenesPdf(const QVector<Scene> &scenes, const FigureMetadata &metadata, const FigureSpec &spec = {});

// Hand-set distances in mm that panels share.
constexpr double gap = 1.0;       ///< between a label and what it names
constexpr double hairline = 0.12; ///< frames and ticks
constexpr double tickLength = 0.8;
const QColor ink(Qt::black);
const QColor greyInk(0x55, 0x55, 0x55);
const QColor faintInk(0xc8, 0xc8, 0xc8);

} // namespace patchbay::widgets::figure
