// What the views are given: plain values, complete in themselves. Interactive widgets and printed figures draw the same
// structs.
#pragma once

#include "head_id.h"

#include <QString>
#include <QStringList>
#include <QVector>

#include <cmath>
#include <memory>

namespace patchbay::widgets {

enum class CellState : quint8 {
    Missing,
    Estimated,
    Exact,
    Undefined
}; ///< Undefined: computed, but there is no such number
enum class ColourMap { RdBu, PuOr, Viridis };

/// Whether a 95 % interval of this half-width (0: there is none) holds zero: the value tells nothing from nothing. This
/// is the one meaning of noise, in bars, heatmaps and tables.
inline bool withinNoise(double value, double halfWidth)
{
    return halfWidth > 0 && std::abs(value) <= halfWidth;
}

/// Where a cell stands among all when the prompts are drawn again, with replacement.
struct Standing {
    double amongTop = std::nan("");  ///< share of the resamples in which it is among the strongest
    int bestRank = 0, worstRank = 0; ///< between which it is in 95 % of them; 1: the strongest, 0: not known
    bool known() const { return bestRank > 0; }
};

/// One layer × head (or layer × position) grid.
struct HeatmapFacet {
    QString title;               ///< "Output (z)"
    int rows = 0, columns = 0;   ///< row = layer, 0 on top
    QVector<double> values;      ///< [rows, columns] in the unit below; NaN where missing
    QVector<CellState> states;   ///< [rows, columns]
    QVector<double> halfWidth;   ///< [rows, columns] 95 % interval half-width, or empty
    QVector<Standing> standings; ///< [rows, columns], or empty

    /// Of a cell, counted row by row. Where others have intervals, a value that is exactly zero for every prompt is
    /// within its own.
    bool withinNoise(qsizetype cell) const
    {
        if (cell >= halfWidth.size() || cell >= values.size()
            || (cell < states.size() && states[cell] != CellState::Exact))
            return false;
        return values[cell] == 0 || widgets::withinNoise(values[cell], halfWidth[cell]);
    }
};

/// Facets on one shared colour scale.
struct HeatmapView {
    QString title; ///< names what was patched and the direction
    QString xLabel = QStringLiteral("Head"), yLabel = QStringLiteral("Layer");
    QStringList xTicks;                 ///< empty: 0, 1, 2 … (token text when columns are positions)
    QStringList yTicks;                 ///< the same of rows; then cells are named by their row and column
    QString unit = QStringLiteral("%"); ///< of the clean–flipped gap
    QString colourLabel;                ///< "Logit diff variation"
    QVector<HeatmapFacet> facets;
    double limit = 0;            ///< colours run from -limit to +limit; 0: from the data (symmetric)
    double floor = 0;            ///< a limit from the data is never smaller: what is nearly nothing looks so
    bool limitLocked = false;    ///< the limit is that of other runs too, and the colour bar says so
    bool columnsAreHeads = true; ///< false: cells name layers (and positions)
    QVector<HeadId> masked;      ///< drawn as hatched grey, whatever their values
    int top = 0;                 ///< among how many strongest cells standings are
    /// Where values are places in a list, such as the steps of a training: what each is called. Empty: they are
    /// numbers.
    QStringList valueNames;

    bool isMasked(int row, int column) const
    {
        return masked.contains(HeadId{row, column}) || masked.contains(HeadId{row, -1});
    }
};

/// Attention of one head on one prompt (or a mean aligned by role).
struct AttentionView {
    HeadId head;
    QString title;         ///< "L9H6", with the run it is from
    QStringList tokens;    ///< [size] source tokens (columns)
    QStringList rowTokens; ///< [size] destination tokens; empty: as tokens
    int size = 0;
    QVector<float> weights;  ///< [size, size] row = destination, column = source; may be negative for differences
    QStringList roles;       ///< [size] "IO", "S1", "S2", "END" or empty, marks drawn at the tokens
    bool difference = false; ///< weights are a difference: diverging colours
    QString quantity;        ///< what weights are where they are no attention: at the colour bar
    int focus = -1;          ///< the token that the view is about; -1: none in particular
};

struct ScatterPoint {
    HeadId head;
    QString label; ///< "L9H6", or a prompt's name
    double x = 0, y = 0;
    int series = 0; ///< index in ScatterView::series (END→IO, END→S)
};
struct ScatterView {
    QString title, xLabel, yLabel;
    QStringList series; ///< legend; empty: one unnamed series
    QVector<ScatterPoint> points;
    bool zeroLines = true;
    bool diagonal = false; ///< y = x line, for two runs against each other
};

struct Bar {
    HeadId head;
    QString label;
    double value = 0, halfWidth = 0; ///< half of its 95 % interval; 0: there is none
    Standing standing = {};
    bool withinNoise() const { return widgets::withinNoise(value, halfWidth); }
};
struct BarsView {
    QString title, valueLabel;
    QString unit = QStringLiteral("%"); ///< of the values
    QVector<Bar> bars;                  ///< strongest first
    QString totalText;                  ///< "Total of 15 heads: 115 %"
    int top = 0;                        ///< among how many strongest the standings are
    double splitHalf = std::nan(""); ///< share of the strongest of one half of the prompts that the other half has too
};

/// A quantity over the steps of a series.
struct Line {
    HeadId head; ///< invalid: of no head
    QString label;
    QVector<double> values;    ///< [steps]; NaN where there is none
    QVector<double> halfWidth; ///< [steps] of 95 % intervals, 0: none; or empty
    QStringList notes;         ///< [steps] what more is said of a value; or empty
};
struct LinesView {
    QString title, xLabel, yLabel;
    QString unit;             ///< of the values
    QStringList names;        ///< [steps] "step100"
    QVector<double> x;        ///< [steps] how far training had come; they grow
    QStringList gaps;         ///< [steps] why there is nothing; empty texts, or empty: nothing is missing
    bool logarithmic = false; ///< x by its logarithm; a zero stands before the others
    bool stacked = false;     ///< bands on top of one another, each as high as its value, from a step to the next
    int current = -1;         ///< the step on view, marked; -1: none
    QVector<Line> lines;
};

/// A plain table (heads, roles, evidence).
struct TableView {
    QString title;
    QStringList columns;
    QVector<QStringList> rows;
    QVector<HeadId> heads;      ///< [rows] the head that a row is about, invalid where it is about none; or empty
    QVector<QVector<int>> grey; ///< [rows] columns whose values are within noise; or empty
    bool isGrey(qsizetype row, int column) const { return grey.value(row).contains(column); }
};

/// An edge of a circuit: sender to receiver, with its effect.
struct GraphEdge {
    HeadId from, to;
    QString site; ///< "q", "k", "v", or empty for the direct effect on the logits (to is then invalid)
    double effect = 0;
    double halfWidth = 0; ///< of the 95 % interval of the effect; 0: there is none
    bool withinNoise() const { return widgets::withinNoise(effect, halfWidth); }
};
struct GraphNode {
    HeadId head;
    QString role;
};
struct GraphView {
    QString title;
    QString unit = QStringLiteral("%"); ///< of the effects; % of the clean–flipped gap
    QVector<GraphNode> nodes;
    QVector<GraphEdge> edges;
    int layers = 0;
};

/// Which of a head's inputs an edge goes into.
enum class EdgeEnd : quint8 { None, Query, Key, Value }; ///< None: the node reads one thing alone

/// A node of the graph of edges.
struct EdgeGraphNode {
    enum class Kind : quint8 { Input, Head, Mlp, Logits };
    Kind kind = Kind::Head;
    HeadId head = {};    ///< of an MLP: its layer; of the input and the logits: invalid
    QString role = {};   ///< of a head
    bool inside = true;  ///< whether it is in the circuit
    bool operator==(const EdgeGraphNode &) const = default;
};
/// What one node writes to what another reads.
struct EdgeGraphEdge {
    int from = 0, to = 0; ///< nodes
    EdgeEnd end = EdgeEnd::None;
    double score = 0, estimate = std::nan(""); ///< as drawn; what was estimated, where the score is exact
    bool exact = false, inside = true;
    qint64 id = -1; ///< for whoever made the view
};
/// A circuit of edges, layers upward; and what of the rest was asked for.
struct EdgeGraphView {
    QString title, unit;
    QString estimateName; ///< "EAP-IG": how scores that are not exact were estimated
    int layers = 0, heads = 0;
    QVector<EdgeGraphNode> nodes;
    QVector<EdgeGraphEdge> edges;
    qint64 leftOut = 0; ///< edges of the circuit that are not among these: the weakest
};

} // namespace patchbay::widgets
