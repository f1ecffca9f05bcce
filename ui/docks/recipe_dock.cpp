#include "docks/recipe_dock.h"

#include "amounts_text.h"
#include "docks/dock_parts.h"
#include "docks/flow_row.h"
#include "docks/recipe_delegate.h"
#include "docks/recipe_model.h"
#include "docks/step_dialog.h"

#include <QFileDialog>
#include <QHBoxLayout>
#include <QListView>
#include <QProgressBar>
#include <QPushButton>
#include <QSplitter>
#include <QTextBrowser>
#include <QVBoxLayout>

namespace patchbay {

RecipeDock::RecipeDock(RecipeController &recipe, RecipeReport &report, QWidget *parent)
    : QWidget(parent), m_recipe(recipe), m_report(report), m_title(heading({}, this)), m_state(caption({}, this)),
      m_list(new QListView(this)), m_details(new QTextBrowser(this)), m_progress(new QProgressBar(this)),
      m_runAll(new QPushButton(this)), m_runStep(new QToolButton(this)), m_skip(new QToolButton(this)),
      m_runFrom(new QToolButton(this)), m_edit(new QToolButton(this)), m_reportButton(new QToolButton(this)),
      m_open(flatButton(tr("Open file…"), tr("Another recipe, from a JSON file"), this))
{
    m_list->setModel(new RecipeModel(m_recipe, this));
    build();
    connect(m_runAll, &QPushButton::clicked, this, [this] { m_recipe.busy() ? m_recipe.stop() : m_recipe.runAll(); });
    connect(m_runStep, &QToolButton::clicked, this, [this] { m_recipe.run(current()); });
    connect(m_skip, &QToolButton::clicked, this, [this] { m_recipe.skip(current()); });
    connect(m_edit, &QToolButton::clicked, this, &RecipeDock::edit);
    connect(m_reportButton, &QToolButton::clicked, this, &RecipeDock::reportRequested);
    connect(m_open, &QToolButton::clicked, this, &RecipeDock::chooseFile);
    connect(m_list, &QListView::activated, this, [this](const QModelIndex &index) { m_recipe.show(index.row()); });
    connect(m_list, &QListView::clicked, this, [this](const QModelIndex &index) { m_recipe.show(index.row()); });
    connect(m_runFrom, &QToolButton::clicked, this, [this] { m_recipe.runFrom(current()); });
    connect(m_list->selectionModel(), &QItemSelectionModel::currentChanged, this, &RecipeDock::refresh);
    connect(&m_recipe, &RecipeController::changed, this, &RecipeDock::refresh);
    connect(&m_report, &RecipeReport::changed, this, &RecipeDock::refresh);
    connect(&m_recipe, &RecipeController::recipeChanged, this, &RecipeDock::refresh);
    m_list->setCurrentIndex(m_list->model()->index(0, 0));
    refresh();
}

void RecipeDock::build()
{
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto *head = new QVBoxLayout;
    head->setContentsMargins(10, 8, 8, 8);
    head->setSpacing(6);
    m_title->setWordWrap(true);
    head->addWidget(m_title);
    auto *buttons = new QHBoxLayout;
    buttons->setSpacing(4);
    m_runAll->setProperty("primary", true);
    m_runStep->setText(tr("Run step"));
    m_runStep->setToolTip(tr("The selected step, after those that it uses; steps that use it are pending again"));
    m_runFrom->setText(tr("From here"));
    m_runFrom->setToolTip(tr("The selected step and all that come after it, again"));
    m_edit->setText(tr("Edit…"));
    m_edit->setToolTip(tr("The selected step as JSON"));
    buttons->addWidget(m_runAll);
    buttons->addStretch();
    buttons->addWidget(m_open);
    head->addLayout(buttons);
    auto *stepRow = new QWidget(this);
    auto *stepButtons = new FlowRow(stepRow);
    stepButtons->setContentsMargins(0, 0, 0, 0);
    stepButtons->setSpacing(4);
    m_reportButton->setToolTip(tr("Draws the report of the recipe from its results: report.html and report.pdf, with "
                                  "the results beside them"));
    for (QToolButton *button : {m_runStep, m_runFrom, m_skip, m_edit, m_reportButton})
        stepButtons->addWidget(button);
    head->addWidget(stepRow);
    head->addWidget(m_progress);
    m_state->setTextInteractionFlags(Qt::NoTextInteraction);
    head->addWidget(m_state);
    m_progress->setTextVisible(false);
    m_progress->setAccessibleName(tr("Progress of the recipe"));
    column->addLayout(head);

    auto *split = new QSplitter(Qt::Vertical, this);
    split->addWidget(m_list);
    split->addWidget(m_details);
    split->setStretchFactor(0, 3);
    split->setStretchFactor(1, 1);
    split->setSizes({420, 170});
    split->setChildrenCollapsible(false);
    column->addWidget(split, 1);
    m_list->setItemDelegate(new RecipeDelegate(m_list));
    m_list->setMouseTracking(true);
    m_list->setUniformItemSizes(true);
    m_list->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_list->setAccessibleName(tr("Steps of the recipe"));
    m_details->setOpenLinks(false);
    m_details->document()->setDocumentMargin(10);
    m_details->setAccessibleName(tr("What the step found"));
}

int RecipeDock::current() const
{
    return m_list->currentIndex().isValid() ? m_list->currentIndex().row() : -1;
}

void RecipeDock::refresh()
{
    const bool busy = m_recipe.busy(), free = m_recipe.ready() && !busy;
    const int step = current(), steps = m_recipe.steps(), finished = m_recipe.finished();
    const Recipe &recipe = m_recipe.recipe();
    m_title->setText(steps > 0 ? QString::fromStdString(recipe.title) : tr("No recipe"));
    m_title->setToolTip(QString::fromStdString(recipe.description));
    m_runAll->setText(busy ? tr("Stop") : tr("Run all"));
    m_runAll->setToolTip(busy                    ? tr("Stop; finished steps stay")
                             : finished == steps ? tr("Every step again, but for the skipped ones")
                                                 : tr("Every step that has not been run or skipped"));
    m_runAll->setEnabled(busy || (free && steps > 0));
    m_runStep->setEnabled(free && step >= 0);
    m_runFrom->setEnabled(free && step >= 0);
    m_skip->setEnabled(free && step >= 0);
    const bool skipped = step >= 0 && step < steps && m_recipe.outcome(step).state == StepState::Skipped;
    m_skip->setText(skipped ? tr("Unskip") : tr("Skip"));
    m_skip->setToolTip(skipped ? tr("The step is pending again") : tr("Leave the selected step out"));
    m_edit->setEnabled(!busy && step >= 0);
    m_open->setEnabled(!busy);
    m_reportButton->setVisible(m_report.possible());
    m_reportButton->setEnabled(!m_report.busy());
    m_reportButton->setText(m_report.busy() ? tr("Drawing…") : tr("Report…"));
    // A step that is half done moves the bar by half a step.
    const double part = m_recipe.cellsTotal() > 0 ? double(m_recipe.cellsDone()) / m_recipe.cellsTotal() : 0;
    m_progress->setRange(0, std::max(1, steps) * 100);
    m_progress->setValue(busy && m_recipe.share() >= 0 ? int(m_recipe.share() * m_progress->maximum())
                                                       : int((finished + (busy ? part : 0)) * 100));
    m_state->setText(busy ? m_recipe.progressText()
                          : tr("%1 of %2 finished").arg(finished).arg(countedText(steps, "step")));
    showDetails();
}

void RecipeDock::showDetails()
{
    const int step = current();
    QString html;
    if (step >= 0 && step < m_recipe.steps()) {
        const RecipeStep &what = m_recipe.recipe().steps[size_t(step)];
        const StepOutcome &outcome = m_recipe.outcome(step);
        const auto paragraph = [&html](const std::string &text) {
            if (!text.empty())
                html += QStringLiteral("<p>") + QString::fromStdString(text).toHtmlEscaped() + QStringLiteral("</p>");
        };
        html =
            QStringLiteral("<p><b>") + QString::fromStdString(what.title).toHtmlEscaped() + QStringLiteral("</b></p>");
        paragraph(what.note);
        paragraph(m_recipe.messageOf(step).toStdString());
        paragraph(outcome.caption);
    }
    if (html == m_shownDetails)
        return; // keeps the place that was scrolled to
    m_shownDetails = html;
    m_details->setHtml(html);
}

void RecipeDock::edit()
{
    const int step = current();
    if (step < 0)
        return;
    auto *dialog = new StepDialog(
        QString::fromStdString(m_recipe.recipe().steps[size_t(step)].title), m_recipe.jsonOf(step),
        [this, step](const QString &json) { m_recipe.edit(step, json); }, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->open();
}

void RecipeDock::chooseFile()
{
    const QString file = QFileDialog::getOpenFileName(this, tr("Open a recipe"), {}, tr("Recipes (*.json)"));
    if (!file.isEmpty())
        m_recipe.openFile(file);
}

} // namespace patchbay
