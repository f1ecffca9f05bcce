#include "views/bars_pane.h"

#include "bars_widget.h"
#include "controllers/run_views.h"
#include "docks/dock_parts.h"
#include "docks/flow_row.h"
#include "view_models.h"
#include "view_options.h"

#include <QComboBox>
#include <QSpinBox>
#include <QTimer>
#include <QVBoxLayout>

#include <algorithm>

namespace patchbay {

using widgets::BarsWidget;
using widgets::HeadId;

namespace {
constexpr int kRefreshDelay = 200; // ms: intervals are bootstrapped, so not at every snapshot
}

BarsPane::BarsPane(Explorer &explorer, QWidget *parent)
    : QWidget(parent), m_explorer(explorer), m_bars(new BarsWidget(this)), m_grid(new QComboBox(this)),
      m_sign(new QComboBox(this)), m_count(new QSpinBox(this)), m_refresh(new QTimer(this))
{
    QVBoxLayout *column = paneColumn(this);
    auto *options = new QWidget(this);
    auto *row = new FlowRow(options);
    row->setContentsMargins(8, 6, 8, 4);
    row->setSpacing(6);
    m_grid->setAccessibleName(tr("Which effect"));
    m_grid->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_sign->addItem(tr("Largest"), int(Sign::Both));
    m_sign->addItem(tr("Positive"), int(Sign::Positive));
    m_sign->addItem(tr("Negative"), int(Sign::Negative));
    m_sign->setAccessibleName(tr("Which sign"));
    m_count->setRange(3, 50);
    m_count->setValue(15);
    m_count->setPrefix(tr("top "));
    m_count->setAccessibleName(tr("How many heads"));
    m_grid->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    m_grid->setMinimumContentsLength(16);
    keepOption(m_grid, "bars.quantity");
    keepOption(m_sign, "bars.sign");
    keepOption(m_count, "bars.count");
    row->addWidget(m_grid);
    row->addWidget(m_sign);
    row->addWidget(m_count);
    column->addWidget(options);
    column->addWidget(m_bars, 1);
    m_bars->setEmptyText(
        tr("The strongest heads of the run on view, ranked: choose in the toolbar, then Run (Ctrl+R)"));

    m_refresh->setSingleShot(true);
    m_refresh->setInterval(kRefreshDelay);
    connect(m_refresh, &QTimer::timeout, this, &BarsPane::refreshGrids);
    const auto later = [this] {
        if (!m_refresh->isActive())
            m_refresh->start();
    };
    Navigation &navigation = m_explorer.navigation;
    connect(&navigation, &Navigation::runChanged, this, later);
    connect(&navigation, &Navigation::promptChanged, this, later);
    connect(&m_explorer.runs, &RunsStore::runChanged, this, [this, later](int id) {
        if (id == m_explorer.navigation.place().run && id != m_explorer.series.run())
            later();
    });
    connect(&m_explorer.series, &SeriesController::stepChanged, this, [this] { // not some moments later
        if (m_explorer.series.onView())
            refreshGrids();
    });
    connect(&navigation, &Navigation::headsChanged, this,
            [this] { m_bars->setSelection(m_explorer.navigation.place().heads); });
    connect(m_bars, &BarsWidget::selectionChanged, this, [&navigation](const QVector<HeadId> &heads) {
        navigation.select(heads, heads.isEmpty() ? HeadId{} : heads.back());
    });
    connect(m_bars, &BarsWidget::hovered, &m_explorer.attention, &AttentionController::prefetch);
    connect(m_bars, &BarsWidget::contextMenuRequested, this, &BarsPane::menuRequested);
    connect(m_bars, &BarsWidget::activated, this, &BarsPane::attentionRequested);
    setFocusProxy(m_bars);
    connect(m_grid, &QComboBox::activated, this, &BarsPane::refresh);
    connect(m_sign, &QComboBox::currentIndexChanged, this, &BarsPane::refresh);
    connect(m_count, &QSpinBox::valueChanged, this, &BarsPane::refresh);
}

void BarsPane::refreshGrids()
{
    const RunEntry *run = m_explorer.runs.find(m_explorer.navigation.place().run);
    const QString kept = m_grid->currentData().toString();
    const QSignalBlocker block(m_grid);
    m_grid->clear();
    if (run && run->result)
        for (const std::string &name : barsNames(*run->result))
            m_grid->addItem(facetTitle(name), QString::fromStdString(name));
    if (const int at = m_grid->findData(kept); at >= 0)
        m_grid->setCurrentIndex(at);
    m_grid->setEnabled(m_grid->count() > 1);
    refresh();
}

void BarsPane::refresh()
{
    const Place &place = m_explorer.navigation.place();
    const RunEntry *run = m_explorer.runs.find(place.run);
    if (!run || !run->result || m_grid->count() == 0) {
        m_bars->setView({});
        return;
    }
    // Another run is on view, and its quantities are still to be listed.
    const std::vector<std::string> names = barsNames(*run->result);
    if (std::count(names.begin(), names.end(), m_grid->currentData().toString().toStdString()) == 0)
        return refreshGrids();
    const auto of = [&](const RunResult &result, const Stabilities &known) {
        return barsView(result, m_grid->currentData().toString().toStdString(), m_count->value(),
                        Sign(m_sign->currentData().toInt()), &known);
    };
    m_bars->setView(place.prompt < 0 ? of(*run->result, run->stabilities)
                                     : of(onePrompt(*run->result, place.prompt), {}));
    m_bars->setSelection(place.heads);
}

} // namespace patchbay
