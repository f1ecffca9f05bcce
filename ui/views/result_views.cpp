#include "views/result_views.h"

#include "attention_thumbnails.h"
#include "attention_widget.h"
#include "bars_widget.h"
#include "base/error.h"
#include "scatter_widget.h"
#include "table_widget.h"
#include "view_models.h"

#include <QHBoxLayout>

#include <limits>

namespace patchbay {

using widgets::HeadId;

namespace {
constexpr int kThumbnail = 84; // px, as in the attention view
}

ResultViews::ResultViews(Explorer &explorer, QWidget *parent)
    : QStackedWidget(parent), m_explorer(explorer), m_table(new widgets::TableWidget(this)),
      m_bars(new widgets::BarsWidget(this)), m_scatter(new widgets::ScatterWidget(this)), m_patterns(new QWidget(this)),
      m_thumbnails(new widgets::AttentionThumbnails(m_patterns)), m_matrix(new widgets::AttentionWidget(m_patterns))
{
    auto *row = new QHBoxLayout(m_patterns);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(0);
    row->addWidget(m_thumbnails);
    row->addWidget(m_matrix, 1);
    m_thumbnails->setColumn(kThumbnail);
    m_table->setEmptyText(tr("Nothing was found that meets every condition"));
    for (QWidget *page : {static_cast<QWidget *>(m_table), static_cast<QWidget *>(m_bars),
                          static_cast<QWidget *>(m_scatter), m_patterns})
        addWidget(page);
    follow(m_table);
    follow(m_bars);
    follow(m_scatter);
    const auto take = [this](HeadId head) {
        for (int i = 0; i < m_shownPatterns.size(); ++i)
            if (m_shownPatterns[i].head == head)
                showPattern(i);
    };
    connect(m_thumbnails, &widgets::AttentionThumbnails::clicked, this, take);
}

template <class View>
void ResultViews::follow(View *view)
{
    Navigation &navigation = m_explorer.navigation;
    connect(view, &View::selectionChanged, this, [&navigation](const QVector<HeadId> &heads) {
        navigation.select(heads, heads.isEmpty() ? HeadId{} : heads.back());
    });
    connect(view, &View::hovered, &m_explorer.attention, &AttentionController::prefetch);
    connect(view, &View::activated, this, &ResultViews::attentionRequested);
    connect(view, &View::contextMenuRequested, this, &ResultViews::menuRequested);
    connect(&navigation, &Navigation::headsChanged, view,
            [&navigation, view] { view->setSelection(navigation.place().heads); });
}

void ResultViews::showResult(const RunResult &result, const QString &key, const widgets::HeatmapView &heatmap)
{
    const QVector<HeadId> &heads = m_explorer.navigation.place().heads;
    try {
        if (key == QLatin1String("bars")) {
            m_bars->setView(barsView(result, {}, std::numeric_limits<int>::max()));
            m_bars->setSelection(heads);
            setCurrentWidget(m_bars);
        } else if (key == QLatin1String("scatter")) {
            m_scatter->setView(scatterView(result));
            m_scatter->setSelection(heads);
            setCurrentWidget(m_scatter);
        } else if (key == QLatin1String("attention")) {
            showPatterns(result);
            setCurrentWidget(m_patterns);
        } else {
            m_table->setView(key == QLatin1String("cells") ? cellsTable(heatmap) : tableNamed(result, key));
            m_table->setSelection(heads);
            setCurrentWidget(m_table);
        }
    } catch (const Error &error) { // a file from elsewhere whose parts do not fit each other
        m_table->setView({});
        m_table->setEmptyText(QString::fromUtf8(error.what()));
        setCurrentWidget(m_table);
    }
    setFocusProxy(currentWidget());
}

void ResultViews::showPatterns(const RunResult &result)
{
    m_shownPatterns = attentionViews(result);
    m_thumbnails->setViews(m_shownPatterns);
    m_thumbnails->setVisible(m_shownPatterns.size() > 1);
    showPattern(0);
}

void ResultViews::showPattern(int index)
{
    const widgets::AttentionView view = m_shownPatterns.value(index);
    m_thumbnails->setCurrent(view.head);
    m_matrix->setView(view);
}

} // namespace patchbay
