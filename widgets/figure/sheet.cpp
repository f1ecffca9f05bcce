// Panels on a sheet: rows and columns whose plots line up, letters, caption, and the public drawing calls.
#include "panel.h"

#include "colour_map.h"
#include "figure_font.h"
#include "finite_view.h"

#include <QPainter>

#include <algorithm>
#include <optional>

namespace patchbay::widgets::figure {

namespace {

constexpr double edge = 0.6, betweenColumns = 5, betweenRows = 5;

/// What a heatmap's colours mean: panels that agree share their scale.
std::optional<QString> scaleName(const FigureContent &content)
{
    if (const auto *heatmap = std::get_if<HeatmapView>(&content))
        return heatmap->unit + QLatin1Char('/') + heatmap->colourLabel;
    return {};
}

double sharedLimit(const FigureSheet &sheet, const QString &scale)
{
    if (sheet.spec.limit > 0)
        return sheet.spec.limit;
    double limit = 0;
    for (const FigureContent &content : sheet.panels)
        if (scaleName(content) == scale)
            limit = std::max(limit,
                             colourLimit(chosenFacets(std::get<HeatmapView>(content),
                                                      sheet.panels.size() == 1 ? sheet.spec : FigureSpec{})));
    return limit;
}

/// Circuits and tables have no axes to line up and need the room: they take all columns.
bool spans(const FigureContent &content)
{
    return std::holds_alternative<GraphView>(content) || std::holds_alternative<EdgeGraphView>(content)
        || std::holds_alternative<TableView>(content);
}

QString titleOf(const FigureContent &content)
{
    return std::visit([](const auto &view) { return view.title; }, content);
}

/// One panel and where it stands.
struct Place {
    std::shared_ptr<Panel> panel;
    int row = 0, column = 0;
    bool wide = false;
    Margins margins; ///< its own
    double plotWidth = 0;
    QStringList title; ///< of panels among others: beside the letter, so that titles of a row start at one height
};

struct Sheet {
    QVector<Place> places;
    int columns = 1, rows = 0;
    double room = 0, plotWidth = 0; ///< plots are as wide in all columns, so that those of one kind come out alike
    QVector<Margins> column, row;   ///< per column: left, right; per row: top, bottom
    QVector<double> rowHeight;      ///< plots
    QVector<double> rowTitle;       ///< letters and titles
    double columnWidth(int index) const { return column[index].left + plotWidth + column[index].right; }
    double width(const Place &place) const { return place.wide ? room : columnWidth(place.column); }
};

int columnsOf(const FigureSheet &sheet)
{
    const int count = int(sheet.panels.size());
    const int wanted = sheet.columns > 0 ? sheet.columns : sheet.spec.width > 120 && count > 1 ? 2 : 1;
    return std::clamp(wanted, 1, std::max(1, count));
}

double letterWidth(const FigureSpec &spec, int index)
{
    return textWidth(panelLetter(index), spec.points + 1, true) + gap * 1.6;
}

/// Which panel stands where, by rows.
void place(Sheet &sheet, const FigureSheet &figure)
{
    int column = 0;
    for (const FigureContent &content : figure.panels) {
        Place place;
        place.wide = sheet.columns > 1 && spans(content);
        if (sheet.rows == 0 || column == sheet.columns || place.wide) {
            ++sheet.rows;
            column = 0;
        }
        place.row = sheet.rows - 1;
        place.column = column;
        column = place.wide ? sheet.columns : column + 1;
        sheet.places << place;
    }
}

Sheet arrange(const FigureSheet &figure)
{
    Sheet sheet;
    const int count = int(figure.panels.size());
    sheet.columns = columnsOf(figure);
    place(sheet, figure);
    sheet.column.resize(sheet.columns);
    sheet.row.resize(sheet.rows);
    sheet.rowHeight.fill(0, sheet.rows);
    sheet.rowTitle.fill(0, sheet.rows);
    sheet.room = figure.spec.width - 2 * edge;
    const double columnsRoom = sheet.room - (sheet.columns - 1) * betweenColumns;
    for (int i = 0; i < count; ++i) {
        Place &at = sheet.places[i];
        PanelStyle style;
        style.spec = figure.spec;
        style.spec.width = at.wide ? sheet.room : columnsRoom / sheet.columns;
        if (count > 1) { // these choices name one view; titles stand beside the letters
            style.spec.facets.clear();
            style.spec.title.clear();
            style.spec.showTitle = false;
        }
        if (const auto scale = scaleName(figure.panels[i])) {
            style.limit = sharedLimit(figure, *scale);
            const bool neighbour = i + 1 < count && sheet.places[i + 1].row == at.row;
            style.colourBar = !neighbour || scaleName(figure.panels[i + 1]) != scale;
        }
        at.panel = makePanel(figure.panels[i], style);
        at.margins = at.panel->margins(style.spec.width);
        if (at.wide)
            continue;
        Margins &column = sheet.column[at.column];
        column.left = std::max(column.left, at.margins.left);
        column.right = std::max(column.right, at.margins.right);
    }
    double sides = 0;
    for (const Margins &column : sheet.column)
        sides += column.left + column.right;
    sheet.plotWidth = std::max(10.0, (columnsRoom - sides) / sheet.columns);
    for (int i = 0; i < count; ++i) {
        Place &at = sheet.places[i];
        // Titles wrap at the panel's real width, so the height above and below is known only now.
        const double width = sheet.width(at);
        at.margins = at.panel->margins(width);
        at.plotWidth = at.wide ? std::max(10.0, sheet.room - at.margins.left - at.margins.right) : sheet.plotWidth;
        if (count > 1) {
            if (figure.spec.showTitle)
                at.title =
                    wrapped(titleOf(figure.panels[i]), figure.spec.points, true, width - letterWidth(figure.spec, i));
            const double lines = double(std::max<qsizetype>(1, at.title.size())) * lineHeight(figure.spec.points);
            sheet.rowTitle[at.row] =
                std::max({sheet.rowTitle[at.row], lines + gap, lineHeight(figure.spec.points + 1)});
        }
        Margins &row = sheet.row[at.row];
        row.top = std::max(row.top, at.margins.top);
        row.bottom = std::max(row.bottom, at.margins.bottom);
        double &height = sheet.rowHeight[at.row];
        height = std::max(height, at.panel->plotHeight(at.plotWidth));
    }
    return sheet;
}

void drawLetterAndTitle(Scene &scene, const Place &place, int index, QPointF corner, const FigureSpec &spec)
{
    double y = corner.y() + capHeight(spec.points + 1) + 0.3;
    scene.text({corner.x(), y}, panelLetter(index), spec.points + 1, Align::Left, ink, true);
    for (const QString &line : place.title) {
        scene.text({corner.x() + letterWidth(spec, index), y}, line, spec.points, Align::Left, ink, true);
        y += lineHeight(spec.points);
    }
}

/// How tall a plot is drawn in its row: all that can line up, unless hardly anything of it would be filled.
double drawnHeight(const Panel &panel, double plotWidth, double rowHeight, double stretch)
{
    const double own = panel.plotHeight(plotWidth) * stretch;
    return panel.stretches() && own > rowHeight * 0.6 ? rowHeight : std::min(rowHeight, own);
}

} // namespace

double Panel::titleHeight(const QString &title, double width) const
{
    if (!spec().showTitle || title.isEmpty())
        return 0;
    return double(wrapped(title, spec().points, true, width).size()) * lineHeight(spec().points) + gap;
}

void Panel::drawTitle(Scene &scene, const QString &title, double left, double bottom, double width) const
{
    if (!spec().showTitle || title.isEmpty())
        return;
    const QStringList lines = wrapped(title, spec().points, true, width);
    double y = bottom - gap * 1.2 - double(lines.size() - 1) * lineHeight(spec().points);
    for (const QString &line : lines) {
        scene.text({left, y}, line, spec().points, Align::Left, ink, true);
        y += lineHeight(spec().points);
    }
}

std::unique_ptr<Panel> makePanel(const FigureContent &content, const PanelStyle &style)
{
    struct Maker {
        const PanelStyle &style;
        std::unique_ptr<Panel> operator()(const HeatmapView &view) const
        {
            return makeHeatmapPanel(finite(view), style);
        }
        std::unique_ptr<Panel> operator()(const AttentionView &view) const
        {
            return style.spec.attention == FigureSpec::Attention::Text ? makeAttentionTextPanel(finite(view), style)
                                                                       : makeAttentionPanel(finite(view), style);
        }
        std::unique_ptr<Panel> operator()(const ScatterView &view) const
        {
            return makeScatterPanel(finite(view), style);
        }
        std::unique_ptr<Panel> operator()(const BarsView &view) const { return makeBarsPanel(finite(view), style); }
        std::unique_ptr<Panel> operator()(const TableView &view) const { return makeTablePanel(view, style); }
        std::unique_ptr<Panel> operator()(const GraphView &view) const { return makeGraphPanel(finite(view), style); }
        std::unique_ptr<Panel> operator()(const LinesView &view) const { return makeLinesPanel(finite(view), style); }
        std::unique_ptr<Panel> operator()(const EdgeGraphView &view) const
        {
            return makeEdgeGraphPanel(finite(view), style);
        }
    };
    return std::visit(Maker{style}, content);
}

Scene layoutSheet(const FigureSheet &figure)
{
    const Sheet sheet = arrange(figure);
    const FigureSpec &spec = figure.spec;
    const QStringList caption = spec.showCaption && !spec.caption.isEmpty()
        ? wrapped(spec.caption, spec.points, false, spec.width - 2 * edge)
        : QStringList();
    const double captionHeight = caption.isEmpty() ? 0 : gap * 1.5 + double(caption.size()) * lineHeight(spec.points);

    double fixed = 2 * edge + captionHeight + (sheet.rows - 1) * betweenRows, plots = 0;
    for (int row = 0; row < sheet.rows; ++row) {
        fixed += sheet.row[row].top + sheet.row[row].bottom + sheet.rowTitle[row];
        plots += sheet.rowHeight[row];
    }
    // A given height is shared out over the plots; type keeps its size.
    const double stretch = spec.height > 0 && plots > 0 ? std::max(10.0 * sheet.rows, spec.height - fixed) / plots : 1;

    QVector<double> tops; // of the rows, and of what follows the last one
    tops << edge;
    for (int row = 0; row < sheet.rows; ++row)
        tops << tops.back() + sheet.rowTitle[row] + sheet.row[row].top + sheet.rowHeight[row] * stretch
                + sheet.row[row].bottom + (row + 1 < sheet.rows ? betweenRows : 0);

    Scene scene;
    for (int i = 0; i < sheet.places.size(); ++i) {
        const Place &at = sheet.places[i];
        double left = edge;
        for (int column = 0; column < at.column; ++column)
            left += sheet.columnWidth(column) + betweenColumns;
        if (sheet.places.size() > 1)
            drawLetterAndTitle(scene, at, i, {left, tops[at.row]}, spec);
        const double top = tops[at.row] + sheet.rowTitle[at.row], plotTop = top + sheet.row[at.row].top,
                     height = sheet.rowHeight[at.row] * stretch;
        const double plotLeft = left + (at.wide ? at.margins.left : sheet.column[at.column].left);
        at.panel->draw(scene,
                       QRectF(plotLeft, plotTop, at.plotWidth, drawnHeight(*at.panel, at.plotWidth, height, stretch)),
                       QRectF(left, top, sheet.width(at), plotTop - top + height + sheet.row[at.row].bottom));
    }
    double top = tops.back();
    if (!caption.isEmpty()) {
        double y = top + gap * 1.5 + capHeight(spec.points);
        for (const QString &line : caption) {
            scene.text({edge, y}, line, spec.points);
            y += lineHeight(spec.points);
        }
        top += captionHeight;
    }
    scene.size = QSizeF(spec.width, top + edge);
    return scene;
}

} // namespace patchbay::widgets::figure

namespace patchbay::widgets {

QString panelLetter(int index)
{
    const QString last(QChar(u'a' + index % 26));
    return index < 26 ? last : panelLetter(index / 26 - 1) + last;
}

QSizeF figureSize(const FigureSheet &sheet)
{
    return figure::layoutSheet(sheet).size;
}

void paintFigure(QPainter &painter, const FigureSheet &sheet, const QRectF &target)
{
    const figure::Scene scene = figure::layoutSheet(sheet);
    figure::paintScene(painter, scene, target.topLeft(), target.width() / scene.size.width());
}

} // namespace patchbay::widgets
