#include "views/result_views.h"

#include "attention_text_widget.h"
#include "attention_thumbnails.h"
#include "attention_widget.h"
#include "bars_widget.h"
#include "base/error.h"
#include "scatter_widget.h"
#include "table_widget.h"
#include "view_models.h"

#include <QHBoxLayout>
#include <QSplitter>

#include <limits>

namespace patchbay {

using widgets::HeadId;

namespace {
constexpr int kThumbnail = 84; // px, as in the attention view
}

ResultViews::ResultViews(Explorer &explorer, QWidget *parent)
    : QStackedWidget(parent), m_explorer(explorer), m_tables(new QSplitter(Qt::Vertical, this)),
      m_table(new widgets::TableWidget(m_tables)), m_text(new widgets::AttentionTextWidget(m_tables)),
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
    m_tables->setChildrenCollapsible(false);
    m_tables->setStretchFactor(0, 3);
    m_tables->setStretchFactor(1, 2);
    m_text->hide();
    connect(m_table, &widgets::TableWidget::rowChanged, this, &ResultViews::showText);
    for (QWidget *page : {static_cast<QWidget *>(m_tables), static_cast<QWidget *>(m_bars),
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
    static const Stabilities none; // of layers there are no rankings
    try {
        if (key == QLatin1String("bars")) {
            m_bars->setView(barsView(result, {}, std::numeric_limits<int>::max(), Sign::Both, &none));
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
            showTexts(result, key);
            m_table->setView(key == QLatin1String("cells") ? cellsTable(heatmap) : tableNamed(result, key));
            m_table->setSelection(heads);
            setCurrentWidget(m_tables);
        }
    } catch (const Error &error) { // a file from elsewhere whose parts do not fit each other
        m_text->hide();
        m_table->setView({});
        m_table->setEmptyText(QString::fromUtf8(error.what()));
        setCurrentWidget(m_tables);
    }
    setFocusProxy(currentWidget() == m_tables ? m_table : currentWidget());
}

void ResultViews::showTexts(const RunResult &result, const QString &key)
{
    const bool listed = key == QLatin1String("table") && textsAreListed(result);
    if (!listed)
        m_shownTexts.clear();
    else if (m_textsOf != &result || m_shownTexts.isEmpty())
        m_shownTexts = attentionViews(result);
    m_textsOf = &result;
    m_text->setVisible(!m_shownTexts.isEmpty());
    showText(std::max(0, m_table->currentRow()));
}

void ResultViews::showText(int row)
{
    if (m_shownTexts.isEmpty())
        return;
    m_text->setView(m_shownTexts.value(row));
    m_text->setLocked(-1);
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
