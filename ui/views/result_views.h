// What a result is looked at as, when that is not the heatmap: tables, bars of layers, scatters, attention patterns.
#pragma once

#include "controllers/explorer.h"

#include <QStackedWidget>

namespace patchbay {

namespace widgets {
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
    void showPattern(int index);

    Explorer &m_explorer;
    widgets::TableWidget *m_table;
    widgets::BarsWidget *m_bars;
    widgets::ScatterWidget *m_scatter;
    QWidget *m_patterns;
    widgets::AttentionThumbnails *m_thumbnails;
    widgets::AttentionWidget *m_matrix;
    QVector<widgets::AttentionView> m_shownPatterns;
};

} // namespace patchbay
