#include "docks/heads_dock.h"

#include "docks/dock_parts.h"
#include "theme.h"
#include "view_models.h"
#include "view_options.h"
#include "view_text.h"

#include <QCheckBox>
#include <QComboBox>
#include <QKeyEvent>
#include <QListWidget>
#include <QPushButton>
#include <QScrollBar>
#include <QShortcut>
#include <QSpinBox>
#include <QVBoxLayout>

#include <cmath>

namespace patchbay {

using widgets::HeadId;

namespace {
constexpr int kListedHeads = 60;
constexpr int kReservedHeads = 5, kReservedReceivers = 3; // rows, so that what is below stays where it is

/// A hint in an empty list, as wide as that.
void fillTop(QLabel *hint, QListWidget *list)
{
    auto *column = new QVBoxLayout(list->viewport());
    column->setContentsMargins(4, 4, 4, 4);
    column->addWidget(hint);
    column->addStretch();
}
} // namespace

HeadsDock::HeadsDock(Document &document, Navigation &navigation, RunsStore &store, PathController &paths,
                     HeadRoles &roles, QWidget *parent)
    : ScrollColumn(parent), m_document(document), m_navigation(navigation), m_store(store), m_paths(paths),
      m_roles(roles)
{
    auto *content = new QWidget(this);
    auto *column = new QVBoxLayout(content);
    column->setContentsMargins(12, 10, 12, 12);
    column->setSpacing(6);
    buildSelection(column);
    column->addSpacing(10);
    buildTray(column);
    column->addSpacing(10);
    buildTrail(column);
    column->addStretch();
    setWidget(content);

    connect(&m_navigation, &Navigation::headsChanged, this, &HeadsDock::refreshSelection);
    connect(&m_roles, &HeadRoles::changed, this, &HeadsDock::refreshSelection);
    connect(&m_navigation, &Navigation::runChanged, this, [this] {
        refreshSelection();
        refreshTray();
        refreshTrail();
    });
    connect(&m_navigation, &Navigation::receiversChanged, this, &HeadsDock::refreshTray);
    connect(&m_store, &RunsStore::runChanged, this, [this](int id) {
        if (id == m_navigation.place().run) {
            refreshSelection();
            refreshTray();
        }
    });
    connect(&m_paths, &PathController::trailChanged, this, &HeadsDock::refreshTrail);
    connect(&m_paths, &PathController::liveChanged, this, &HeadsDock::refreshTray);
    refreshSelection();
    refreshTray();
    refreshTrail();
}

// With the room for its scroll bar, there or not: nothing moves when it comes, and nothing is cut.
QSize HeadsDock::minimumSizeHint() const
{
    const QSize least = ScrollColumn::minimumSizeHint();
    return {least.width() + verticalScrollBar()->sizeHint().width(), least.height()};
}

void HeadsDock::buildSelection(QVBoxLayout *column)
{
    column->addWidget(heading(tr("Selected heads"), this));
    buildReceive(column);
    m_heads = new QListWidget(this);
    m_heads->setAccessibleName(tr("Selected heads"));
    m_heads->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    column->addWidget(m_heads);
    m_headsHint = caption(tr("Click a cell; Ctrl and Shift add more"), m_heads);
    fillTop(m_headsHint, m_heads);
    connect(m_heads, &QListWidget::itemClicked, this, [this](QListWidgetItem *item) {
        const auto head = item->data(Qt::UserRole).value<HeadId>();
        m_navigation.select(m_navigation.place().heads, head);
    });
}

// Above the list, which grows with the selection: buttons stay where they are.
void HeadsDock::buildReceive(QVBoxLayout *column)
{
    m_receive = new QWidget(this);
    auto *receive = new QVBoxLayout(m_receive);
    receive->setContentsMargins(0, 2, 0, 0);
    receive->setSpacing(4);
    receive->addWidget(caption(tr("Path patch every head into their"), this));
    auto *buttons = new QHBoxLayout;
    buttons->setSpacing(4);
    for (const Site site : headReceivers()) {
        const QString text = QString::fromStdString(name(site));
        auto *button = new QPushButton(text, this);
        button->setObjectName(QStringLiteral("receive-") + text);
        button->setMinimumWidth(36);
        button->setToolTip(tr("Which heads act through the selected heads' %1?").arg(text));
        button->setAccessibleName(tr("Path patch every head into the selected heads' %1").arg(text));
        connect(button, &QPushButton::clicked, this,
                [this, site] { m_paths.receive(m_navigation.place().heads, site); });
        buttons->addWidget(button, text.size() > 1 ? 2 : 1);
    }
    receive->addLayout(buttons);
    column->addWidget(m_receive);
}

void HeadsDock::buildTray(QVBoxLayout *column)
{
    auto *top = new QHBoxLayout;
    top->addWidget(heading(tr("Receiver tray"), this), 1);
    m_live = new QCheckBox(tr("Live"), this);
    m_live->setToolTip(tr("Every change of the tray runs the sender sweep by itself"));
    m_live->setChecked(m_paths.live());
    connect(m_live, &QCheckBox::toggled, &m_paths, &PathController::setLive);
    top->addWidget(m_live);
    column->addLayout(top);
    m_tray = new QListWidget(this);
    m_tray->setAccessibleName(tr("Receiver tray"));
    m_tray->setToolTip(tr("Every head's effect through these inputs. Delete takes a receiver out"));
    column->addWidget(m_tray);
    m_trayHint = caption(tr("Empty: choose heads above, then q, k, v or pattern"), m_tray);
    fillTop(m_trayHint, m_tray);
    auto *remove = new QShortcut(QKeySequence::Delete, m_tray, nullptr, nullptr, Qt::WidgetShortcut);
    connect(remove, &QShortcut::activated, this, [this] { m_paths.removeAt(m_tray->currentRow()); });

    auto *buttons = new QHBoxLayout;
    buttons->setSpacing(4);
    m_run = new QPushButton(tr("Run"), this);
    m_run->setToolTip(tr("Sweep every head into the tray"));
    connect(m_run, &QPushButton::clicked, &m_paths, &PathController::run);
    auto *clear = new QPushButton(tr("Clear"), this);
    clear->setToolTip(tr("Empty the tray and forget the trail"));
    connect(clear, &QPushButton::clicked, &m_paths, &PathController::clear);
    buttons->addWidget(m_run);
    buttons->addWidget(clear);
    buttons->addStretch();
    column->addLayout(buttons);

    m_walk = new QPushButton(tr("Walk upstream"), this);
    m_walk->setToolTip(tr("The strongest senders of the run on view become the next receivers"));
    m_walkCount = new QSpinBox(this);
    m_walkCount->setRange(1, 12);
    m_walkCount->setValue(3);
    m_walkCount->setPrefix(tr("top "));
    m_walkCount->setAccessibleName(tr("How many senders"));
    m_walkSite = new QComboBox(this);
    m_walkSite->setAccessibleName(tr("Through which input"));
    for (const Site site : headReceivers())
        m_walkSite->addItem(QString::fromStdString(name(site)), int(site));
    keepOption(m_walkCount, "walk.count");
    keepOption(m_walkSite, "walk.site");
    column->addWidget(m_walk);
    auto *walk = new QHBoxLayout;
    walk->setSpacing(6);
    auto *into = caption(tr("into their"), this);
    into->setWordWrap(false);
    walk->addWidget(m_walkCount);
    walk->addWidget(into);
    walk->addWidget(m_walkSite);
    walk->addStretch();
    column->addLayout(walk);
    connect(m_walk, &QPushButton::clicked, this,
            [this] { m_paths.walkUpstream(m_walkCount->value(), Site(m_walkSite->currentData().toInt())); });
}

void HeadsDock::buildTrail(QVBoxLayout *column)
{
    m_trailTitle = heading(tr("Trail"), this);
    column->addWidget(m_trailTitle);
    m_trail = new QListWidget(this);
    m_trail->setAccessibleName(tr("Trail of the walk upstream"));
    m_trail->setWordWrap(true);
    column->addWidget(m_trail);
    connect(m_trail, &QListWidget::itemClicked, this,
            [this](QListWidgetItem *) { m_paths.returnTo(m_trail->currentRow()); });
}

void HeadsDock::fitHeight(QListWidget *list, int least, int most)
{
    const int row = list->fontMetrics().height() + 8;
    for (int i = 0; i < list->count(); ++i)
        list->item(i)->setSizeHint(QSize(0, row));
    list->setFixedHeight(std::clamp(int(list->count()), std::max(1, least), most) * row + 2 * list->frameWidth() + 2);
    list->setVisible(least > 0 || list->count() > 0);
}

void HeadsDock::refreshSelection()
{
    const Place &place = m_navigation.place();
    const RunEntry *run = m_store.find(place.run);
    const Grid *grid = nullptr;
    if (run && run->result)
        for (const Grid &g : run->result->grids)
            if (g.axes == std::vector<std::string>{"layer", "head"}) {
                grid = &g;
                break;
            }
    QPixmap mark(10, 10);
    mark.fill(widgets::selectionColour(palette()));
    m_heads->clear();
    for (const HeadId &head : place.heads) {
        if (m_heads->count() >= kListedHeads)
            break;
        QString text = label(head);
        if (grid && head.head >= 0 && head.layer < grid->shape[0] && head.head < grid->shape[1]) {
            const double effect = normalised(*grid, grid->index(head.layer, head.head), run->result->baseline)
                * effect_unit(run->result->baseline).factor;
            if (std::isfinite(effect))
                text += QStringLiteral("   ") + widgets::valueWithUnit(effect, effectUnit(run->result->baseline));
        }
        const QString roles = m_roles.rolesOf(head);
        if (!roles.isEmpty())
            text += QStringLiteral("   ") + roles;
        auto *item = new QListWidgetItem(text, m_heads);
        item->setToolTip(m_roles.evidenceOf(head));
        item->setData(Qt::UserRole, QVariant::fromValue(head));
        item->setData(Qt::DecorationRole, mark);
        if (head == place.current)
            m_heads->setCurrentItem(item);
    }
    fitHeight(m_heads, kReservedHeads, kReservedHeads);
    m_headsHint->setVisible(place.heads.isEmpty());
    m_receive->setEnabled(!place.heads.isEmpty());
}

void HeadsDock::refreshTray()
{
    const auto &receivers = m_navigation.place().receivers;
    m_tray->clear();
    for (const Receiver &receiver : receivers)
        m_tray->addItem(receiverText(receiver));
    fitHeight(m_tray, kReservedReceivers, 6);
    m_trayHint->setVisible(receivers.isEmpty());
    m_run->setEnabled(!receivers.isEmpty());
    m_walk->setEnabled(m_paths.canWalk());
    const QSignalBlocker block(m_live);
    m_live->setChecked(m_paths.live());
}

void HeadsDock::refreshTrail()
{
    m_trail->clear();
    for (const TrailStep &step : m_paths.trail()) {
        auto *item = new QListWidgetItem(
            (m_trail->count() > 0 ? QStringLiteral("↖ ") : QString()) + receiversText(step.receivers), m_trail);
        item->setToolTip(tr("Go back to this step"));
        if (step.run == m_navigation.place().run)
            m_trail->setCurrentItem(item);
    }
    fitHeight(m_trail, 0, 8);
    m_trailTitle->setVisible(m_trail->count() > 0);
}

} // namespace patchbay
