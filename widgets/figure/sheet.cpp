// Panels on a sheet: rows and columns whose plots line up, letters, caption, and the public drawing calls.
#include "panel.h"

#include "colour_map.h"
#include "figure_font.h"

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
            limit = std::max(limit, colourLimit(chosenFacets(std::get<HeatmapView>(content), sheet.panels.size() == 1 ? sheet.spec : FigureSpec{})));
    return limit;
}

struct Sheet {
    QVector<std::shared_ptr<Panel>> panels;
    int columns = 1, rows = 1;
    double plotWidth = 0;         ///< the same in all columns, so that plots of one kind come out alike
    QVector<Margins> column, row; ///< per column: left, right; per row: top, bottom
    QVector<double> rowHeight;    ///< plots
    double columnWidth(int index) const { return column[index].left + plotWidth + column[index].right; }
};

int columnsOf(const FigureSheet &sheet)
{
    const int count = int(sheet.panels.size());
    const int wanted = sheet.columns > 0 ? sheet.columns : sheet.spec.width > 120 && count > 1 ? 2 : 1;
    return std::clamp(wanted, 1, std::max(1, count));
}

Sheet arrange(const FigureSheet &figure)
{
    Sheet sheet;
    const int count = int(figure.panels.size());
    sheet.columns = columnsOf(figure);
    sheet.rows = (count + sheet.columns - 1) / sheet.columns;
    sheet.column.resize(sheet.columns);
    sheet.row.resize(sheet.rows);
    sheet.rowHeight.fill(0, sheet.rows);
    const double room = figure.spec.width - 2 * edge - (sheet.columns - 1) * betweenColumns;
    for (int i = 0; i < count; ++i) {
        PanelStyle style;
        style.spec = figure.spec;
        style.spec.width = room / sheet.columns;
        if (count > 1) { // these choices name one view
            style.spec.facets.clear();
            style.spec.title.clear();
        }
        if (const auto scale = scaleName(figure.panels[i])) {
            style.limit = sharedLimit(figure, *scale);
            const bool neighbour = (i + 1) % sheet.columns != 0 && i + 1 < count;
            style.colourBar = !neighbour || scaleName(figure.panels[i + 1]) != scale;
        }
        sheet.panels << makePanel(figure.panels[i], style);
        const Margins m = sheet.panels.back()->margins(style.spec.width);
        Margins &column = sheet.column[i % sheet.columns];
        column.left = std::max(column.left, m.left);
        column.right = std::max(column.right, m.right);
    }
    double sides = 0;
    for (const Margins &column : sheet.column)
        sides += column.left + column.right;
    sheet.plotWidth = std::max(10.0, (room - sides) / sheet.columns);
    for (int i = 0; i < count; ++i) {
        // Titles wrap at the column's real width, so the height above and below is known only now.
        const Margins m = sheet.panels[i]->margins(sheet.columnWidth(i % sheet.columns));
        Margins &row = sheet.row[i / sheet.columns];
        row.top = std::max(row.top, m.top);
        row.bottom = std::max(row.bottom, m.bottom);
        double &height = sheet.rowHeight[i / sheet.columns];
        height = std::max(height, sheet.panels[i]->plotHeight(sheet.plotWidth));
    }
    return sheet;
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
        std::unique_ptr<Panel> operator()(const HeatmapView &view) const { return makeHeatmapPanel(view, style); }
        std::unique_ptr<Panel> operator()(const AttentionView &view) const
        {
            return style.spec.attention == FigureSpec::Attention::Text ? makeAttentionTextPanel(view, style) : makeAttentionPanel(view, style);
        }
        std::unique_ptr<Panel> operator()(const ScatterView &view) const { return makeScatterPanel(view, style); }
        std::unique_ptr<Panel> operator()(const BarsView &view) const { return makeBarsPanel(view, style); }
        std::unique_ptr<Panel> operator()(const TableView &view) const { return makeTablePanel(view, style); }
        std::unique_ptr<Panel> operator()(const GraphView &view) const { return makeGraphPanel(view, style); }
    };
    return std::visit(Maker{style}, content);
}

Scene layoutSheet(const FigureSheet &figure)
{
    Sheet sheet = arrange(figure);
    const FigureSpec &spec = figure.spec;
    const bool letters = figure.panels.size() > 1;
    const double letterHeight = letters ? lineHeight(spec.points + 1) : 0;
    const QStringList caption = spec.showCaption && !spec.caption.isEmpty() ? wrapped(spec.caption, spec.points, false, spec.width - 2 * edge) : QStringList();
    const double captionHeight = caption.isEmpty() ? 0 : gap * 1.5 + double(caption.size()) * lineHeight(spec.points);

    double fixed = 2 * edge + captionHeight + (sheet.rows - 1) * betweenRows, plots = 0;
    for (int row = 0; row < sheet.rows; ++row) {
        fixed += sheet.row[row].top + sheet.row[row].bottom + letterHeight;
        plots += sheet.rowHeight[row];
    }
    // A given height is shared out over the plots; type keeps its size.
    const double stretch = spec.height > 0 && plots > 0 ? std::max(10.0 * sheet.rows, spec.height - fixed) / plots : 1;

    Scene scene;
    double top = edge;
    for (int row = 0; row < sheet.rows; ++row) {
        double left = edge;
        const double height = sheet.rowHeight[row] * stretch;
        for (int column = 0; column < sheet.columns; ++column) {
            const int index = row * sheet.columns + column;
            if (index >= sheet.panels.size())
                break;
            const Panel &panel = *sheet.panels[index];
            const Margins &side = sheet.column[column];
            if (letters)
                scene.text({left, top + capHeight(spec.points + 1) + 0.3}, panelLetter(index), spec.points + 1, Align::Left, ink, true);
            const double width = sheet.plotWidth;
            const double own = panel.stretches() ? height : std::min(height, panel.plotHeight(width) * stretch);
            panel.draw(scene, QRectF(left + side.left, top + letterHeight + sheet.row[row].top, width, own),
                       QRectF(left, top, sheet.columnWidth(column), letterHeight + sheet.row[row].top + height + sheet.row[row].bottom));
            left += sheet.columnWidth(column) + betweenColumns;
        }
        top += letterHeight + sheet.row[row].top + height + sheet.row[row].bottom + (row + 1 < sheet.rows ? betweenRows : 0);
    }
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
