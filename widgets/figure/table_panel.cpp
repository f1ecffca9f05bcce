#include "marks.h"

#include "figure_font.h"

#include <algorithm>
#include <numeric>

namespace patchbay::widgets::figure {

namespace {

constexpr double between = 3.0;         ///< columns
const QColor paleInk(0x80, 0x80, 0x80); ///< of values within noise

/// Three rules, no grid; numbers right-aligned; long cells wrap.
class TablePanel final : public Panel {
public:
    TablePanel(const TableView &view, const PanelStyle &style) : Panel(style), m_view(view)
    {
        for (int column = 0; column < view.columns.size(); ++column) {
            bool numbers = !view.rows.isEmpty();
            for (const QStringList &row : view.rows) {
                const QString cell = row.value(column).trimmed();
                numbers = numbers
                    && (cell.isEmpty() || cell[0].isDigit()
                        || QStringLiteral("+-\u2212\u00b1.\u2013").contains(cell[0]))
                    && cell.size() < 14;
            }
            m_numbers << numbers;
        }
    }

    Margins margins(double width) const override
    {
        return {0, titleHeight(titleText(m_view.title), width), 0, gap * 0.5};
    }

    double plotHeight(double plotWidth) const override
    {
        const QVector<double> widths = columnWidths(plotWidth);
        double height = 2 * gap + rowHeight(m_view.columns, widths, true);
        for (const QStringList &row : m_view.rows)
            height += rowHeight(row, widths, false);
        return height + gap;
    }

    void draw(Scene &scene, const QRectF &plot, const QRectF &outer) const override
    {
        drawTitle(scene, titleText(m_view.title), outer.left(), plot.top(), outer.width());
        const QVector<double> widths = columnWidths(plot.width());
        const double right = plot.left() + std::accumulate(widths.begin(), widths.end(), 0.0)
            + between * double(std::max<qsizetype>(0, widths.size() - 1));
        double y = plot.top() + 0.3;
        scene.line({plot.left(), y}, {right, y}, ink, 0.28);
        y = drawRow(scene, m_view.columns, widths, plot.left(), y + gap * 0.6, true) + gap * 0.2;
        scene.line({plot.left(), y}, {right, y}, ink, 0.16);
        y += gap * 0.6;
        for (const QStringList &row : std::as_const(m_view.rows))
            y = drawRow(scene, row, widths, plot.left(), y, false, &row - m_view.rows.data());
        y += gap * 0.2;
        scene.line({plot.left(), y}, {right, y}, ink, 0.28);
    }

private:
    double points() const { return m_style.spec.points; }

    /// What the cells need; when that is too much the widest columns give way and wrap.
    QVector<double> columnWidths(double available) const
    {
        QVector<double> widths;
        for (int column = 0; column < m_view.columns.size(); ++column) {
            double widest = textWidth(m_view.columns[column], points(), true);
            for (const QStringList &row : m_view.rows)
                widest = std::max(widest, textWidth(row.value(column), points()));
            widths << widest + 0.1;
        }
        const double room = available - between * double(std::max<qsizetype>(0, widths.size() - 1));
        double over = std::accumulate(widths.begin(), widths.end(), 0.0) - room;
        while (over > 0.01 && !widths.isEmpty()) {
            auto widest = std::max_element(widths.begin(), widths.end());
            double second = 0;
            for (auto it = widths.begin(); it != widths.end(); ++it)
                if (it != widest)
                    second = std::max(second, *it);
            const double cut = std::clamp(*widest - second, std::min(over, 0.5), over);
            *widest -= cut;
            over -= cut;
            if (*widest < 4)
                break;
        }
        return widths;
    }

    double rowHeight(const QStringList &cells, const QVector<double> &widths, bool head) const
    {
        qsizetype lines = 1;
        for (int column = 0; column < widths.size(); ++column)
            lines = std::max(lines, wrapped(cells.value(column), points(), head, widths[column]).size());
        return double(lines) * lineHeight(points()) + gap * 0.45;
    }

    double drawRow(Scene &scene, const QStringList &cells, const QVector<double> &widths, double left, double top,
                   bool head, qsizetype row = -1) const
    {
        for (int column = 0; column < widths.size(); ++column) {
            double y = top + lineHeight(points()) * 0.85;
            for (const QString &line : wrapped(cells.value(column), points(), head, widths[column])) {
                const bool toRight = m_numbers[column];
                scene.text({left + (toRight ? widths[column] : 0), y},
                           elided(line, points(), head, widths[column] + 0.2), points(),
                           toRight ? Align::Right : Align::Left, m_view.isGrey(row, column) ? paleInk : ink, head);
                y += lineHeight(points());
            }
            left += widths[column] + between;
        }
        return top + rowHeight(cells, widths, head);
    }

    TableView m_view;
    QVector<bool> m_numbers;
};

} // namespace

std::unique_ptr<Panel> makeTablePanel(const TableView &view, const PanelStyle &style)
{
    return std::make_unique<TablePanel>(view, style);
}

} // namespace patchbay::widgets::figure
