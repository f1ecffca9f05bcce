// What a result is looked at as, when that is not the heatmap: tables, bars of layers, scatters, attention patterns.
#pragma once

#include "controllers/explorer.h"

#include <QStackedWidget>

QT_BEGIN_NAMESPACE
class QSplitter;
QT_END_NAMESPACE

namespace patchbay {

namespace widgets {
class AttentionTextWidget;
class AttentionThumbnails;
class AttentionWidget;
class BarsWidget;
class ScatterWidget;
class TableWidget;
struct HeatmapView;
} // namespace widgets

class ResultViews : public QStackedWidget {
    Q_OBJECT
public:
    explicit ResultViews(Explorer &explorer, QWidget *parent = nullptr);

    /// key: one of viewChoices(result), but not the heatmap; heatmap: what that shows, for a table of its numbers.
    void showResult(const RunResult &result, const QString &key, const widgets::HeatmapView &heatmap);

    widgets::TableWidget *table() const { return m_table; }
    /// The text of the table's current row, with attention; hidden for tables that list none.
    widgets::AttentionTextWidget *text() const { return m_text; }
    widgets::BarsWidget *bars() const { return m_bars; }
    widgets::ScatterWidget *scatter() const { return m_scatter; }
    widgets::AttentionWidget *matrix() const { return m_matrix; }

Q_SIGNALS:
    void attentionRequested();
    void menuRequested(patchbay::widgets::HeadId head, const QPoint &at);

private:
    template <class View>
    void follow(View *view);
    void showPatterns(const RunResult &result);
    void showTexts(const RunResult &result, const QString &key);
    void showText(int row);
    void showPattern(int index);

    Explorer &m_explorer;
    QSplitter *m_tables; ///< a table, and the text of its current row
    widgets::TableWidget *m_table;
    widgets::AttentionTextWidget *m_text;
    widgets::BarsWidget *m_bars;
    widgets::ScatterWidget *m_scatter;
    QWidget *m_patterns;
    widgets::AttentionThumbnails *m_thumbnails;
    widgets::AttentionWidget *m_matrix;
    QVector<widgets::AttentionView> m_shownPatterns, m_shownTexts; ///< m_shownTexts: by row of the table
    const void *m_textsOf = nullptr;                               ///< the result that they are of
};

} // namespace patchbay
