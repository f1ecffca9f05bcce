#include "docks/prompts_dock.h"

#include "amounts_text.h"
#include "docks/dock_parts.h"
#include "docks/flow_row.h"
#include "docks/prompt_delegate.h"
#include "theme.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QTableView>
#include <QVBoxLayout>

#include <algorithm>
#include <set>

namespace patchbay {

namespace {
constexpr int widestProblem = 36; ///< characters; all of it is in the row's tool tip
} // namespace

PromptsDock::PromptsDock(Document &document, Navigation &navigation, QWidget *parent)
    : QWidget(parent), m_document(document), m_navigation(navigation), m_model(new PromptsModel(document, this)),
      m_table(new QTableView(this)), m_summary(caption({}, this)), m_legend(caption({}, this))
{
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto *top = new QWidget(this);
    auto *row = new FlowRow(top);
    row->setContentsMargins(10, 4, 8, 4);
    row->setSpacing(8);
    for (QLabel *label : {m_summary, m_legend}) {
        label->setTextFormat(Qt::RichText);
        label->setWordWrap(false);
        label->setTextInteractionFlags(Qt::NoTextInteraction);
    }
    m_legend->setToolTip(tr("Tokens are marked by their role, and where they differ between clean and flipped"));
    auto *import = flatButton(tr("Import…"), tr("Prompt pairs from a JSONL or CSV file"), this);
    connect(import, &QToolButton::clicked, this, &PromptsDock::importRequested);
    auto *tries = flatButton(tr("Try…"), tr("Type a prompt and see what the model makes of it"), this);
    connect(tries, &QToolButton::clicked, this, &PromptsDock::tryRequested);
    for (QWidget *one : std::initializer_list<QWidget *>{m_summary, m_legend, tries, import})
        row->addWidget(one);
    column->addWidget(top);
    column->addWidget(m_table, 1);

    setFocusProxy(m_table);
    m_table->setModel(m_model);
    m_table->setItemDelegate(new PromptDelegate(*m_model, m_table));
    m_table->setShowGrid(false);
    m_table->setWordWrap(false);
    m_table->setTabKeyNavigation(false); // Tab leads on to the next control
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_table->setEditTriggers(QAbstractItemView::DoubleClicked | QAbstractItemView::EditKeyPressed);
    m_table->setAccessibleName(tr("Prompt pairs"));
    m_table->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 8);
    m_table->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    m_table->horizontalHeader()->setHighlightSections(false);
    m_table->horizontalHeader()->moveSection(PromptsModel::Problem, PromptsModel::Clean);
    m_table->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    connect(m_table, &QTableView::activated, this, [this](const QModelIndex &index) {
        if (index.column() == PromptsModel::Use || index.column() >= PromptsModel::Effect)
            m_navigation.showPrompt(m_document.batchIndex(index.row()));
    });
    // The selection, not the current row: that becomes the first one as soon as the keyboard comes by.
    connect(m_table->selectionModel(), &QItemSelectionModel::selectionChanged, this, [this] {
        const QModelIndexList rows = m_table->selectionModel()->selectedRows();
        // Only what the user does: a reset of the model has no focus.
        if (!rows.isEmpty() && m_table->hasFocus() && m_document.batchIndex(rows.front().row()) >= 0)
            m_navigation.showPrompt(m_document.batchIndex(rows.front().row()));
    });
    connect(&m_document, &Document::setupChanged, this, &PromptsDock::refresh);
    connect(&m_navigation, &Navigation::promptChanged, this, &PromptsDock::follow);
}

void PromptsDock::refresh()
{
    const Setup &setup = *m_document.setup();
    const bool dark = widgets::isDark(palette());
    QStringList legend;
    std::set<std::string> roles; // also those that only some pairs have
    for (const PromptPair &pair : setup.pairs)
        for (const auto &[role, position] : pair.roles)
            roles.insert(role);
    const auto explain = [&](std::string_view role) {
        const QString title = QString::fromStdString(role_title(role));
        legend << QStringLiteral("<b style='color:%1'>%2</b>").arg(widgets::roleColour(title, dark).name(), title);
    };
    for (const std::string &role : roles)
        explain(role);
    explain(end_role);
    const auto problems =
        std::count_if(setup.pairs.begin(), setup.pairs.end(), [](const PromptPair &p) { return !p.problem.empty(); });
    const bool all = setup.pairs.empty() || setup.pairs.size() == size_t(setup.batch.prompts);
    QString text = all ? countedText(setup.batch.prompts, "pair")
                       : tr("%1 of %2").arg(setup.batch.prompts).arg(setup.pairs.size());
    if (problems > 0)
        text += tr(" · <b>%1 cannot be run</b>").arg(problems);
    if (!m_document.ready())
        text = tr("No prompts");
    m_summary->setToolTip(tr("Pairs in use"));
    m_summary->setText(text);
    m_legend->setText(legend.join(QStringLiteral(" "))
                      + QStringLiteral(" &nbsp;<span style='background:%1'>&nbsp;%2&nbsp;</span>")
                            .arg(changedColour(palette()).name(), tr("changed")));
    m_table->resizeColumnsToContents();
    // Where something is wrong it stands first: prompts are wider than the panel.
    m_table->setColumnHidden(PromptsModel::Problem, problems == 0);
    const int wide = fontMetrics().averageCharWidth() * widestProblem;
    m_table->setColumnWidth(PromptsModel::Problem, std::min(wide, m_table->columnWidth(PromptsModel::Problem)));
    follow();
}

void PromptsDock::follow()
{
    const int prompt = m_navigation.place().prompt;
    if (!m_document.ready() || prompt < 0 || prompt >= static_cast<int>(m_document.setup()->batch_pairs.size()))
        return;
    m_table->selectRow(m_document.setup()->batch_pairs[size_t(prompt)]);
}

} // namespace patchbay
