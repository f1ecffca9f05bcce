#include "shell/series_dialog.h"

#include "amounts_text.h"
#include "base/plain_text.h"
#include "docks/dock_parts.h"
#include "export/export_files.h"
#include "hub/download.h"
#include "model/model_folder.h"
#include "shell/download_dialog.h"
#include "task/task_list.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QDir>
#include <QFileDialog>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QMenu>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QStandardPaths>
#include <QToolButton>
#include <QVBoxLayout>

namespace patchbay {

namespace {

/// Where series lie unless told otherwise.
QString usualPlace()
{
    return QStandardPaths::writableLocation(QStandardPaths::AppLocalDataLocation) + QStringLiteral("/series");
}

} // namespace

SeriesDialog::SeriesDialog(Explorer &explorer, const RunSpec &fromToolbar, QWidget *parent)
    : QDialog(parent), m_explorer(explorer), m_what(new QComboBox(this)), m_steps(new QPlainTextEdit(this)),
      m_tasks(new QLineEdit(this)), m_folder(new QLineEdit(this)),
      m_download(new QCheckBox(QLatin1Char('&') + tr(series_download_words), this)),
      m_lookup(new SeriesLookup(explorer.backend, this)), m_text(caption({}, this))
{
    setWindowTitle(tr("Series over training, models or tasks"));
    resize(620, 420);
    if (const RunEntry *shown = explorer.runs.find(explorer.navigation.place().run); shown && !explorer.series.onView())
        m_choices.emplace_back(tr("The run on view: %1").arg(shown->name), shown->spec);
    m_choices.emplace_back(tr("What the toolbar says: %1").arg(QString::fromStdString(title(fromToolbar))),
                           explorer.runner.withDocument(fromToolbar));
    m_choices.emplace_back(tr("The recipe: %1").arg(QString::fromStdString(explorer.recipe.recipe().title)),
                           std::nullopt);
    for (const auto &[words, spec] : m_choices)
        m_what->addItem(words);
    m_what->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_what->setAccessibleName(tr("What is computed at every step"));
    m_steps->setAccessibleName(tr("Checkpoints, in the order of training"));
    m_steps->setPlaceholderText(
        tr("checkpoints/step{n}\nEleutherAI/pythia-160m@step{n}\nor folders, one a line; {n} stands for a number"));
    m_steps->setTabChangesFocus(true);
    auto *folders = new QPushButton(tr("&Add a folder…"), this);
    auto *browse = new QPushButton(tr("C&hoose…"), this);
    auto *side = new QHBoxLayout;
    side->addWidget(m_steps, 1);
    side->addWidget(folders, 0, Qt::AlignTop);
    auto *out = new QHBoxLayout;
    out->addWidget(m_folder, 1);
    out->addWidget(browse);
    m_folder->setAccessibleName(tr("Folder for the results"));
    m_tasks->setAccessibleName(tr("Tasks, separated by commas"));
    m_tasks->setPlaceholderText(tr("the prompts of the window; or several side by side, such as ioi, greater-than"));
    m_tasks->setToolTip(
        tr("Names or files of tasks, or JSONL and CSV files of prompt pairs, separated by commas: every "
           "model with each of them. Otherwise all steps have the same prompts, token by token."));
    auto *tasks = new QHBoxLayout;
    tasks->addWidget(m_tasks, 1);
    tasks->addWidget(taskMenu());
    auto *form = new QFormLayout;
    form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    form->addRow(tr("&Compute"), m_what);
    form->addRow(tr("at &steps"), side);
    form->addRow(QString(), m_download);
    form->addRow(tr("&of tasks"), tasks);
    form->addRow(tr("&into"), out);
    qobject_cast<QLabel *>(form->labelForField(side))->setBuddy(m_steps);
    qobject_cast<QLabel *>(form->labelForField(out))->setBuddy(m_folder);
    qobject_cast<QLabel *>(form->labelForField(tasks))->setBuddy(m_tasks);
    auto *buttons = new QDialogButtonBox(this);
    m_go = new QPushButton(this);
    m_go->setProperty("primary", true);
    m_go->setDefault(true);
    buttons->addButton(m_go, QDialogButtonBox::AcceptRole);
    buttons->addButton(QDialogButtonBox::Close)->setAutoDefault(false);
    auto *column = new QVBoxLayout(this);
    column->addLayout(form, 1);
    column->addWidget(m_text);
    column->addWidget(buttons);
    connect(folders, &QPushButton::clicked, this, &SeriesDialog::addFolder);
    connect(browse, &QPushButton::clicked, this, &SeriesDialog::chooseOut);
    connect(m_steps, &QPlainTextEdit::textChanged, this, &SeriesDialog::suggestFolder);
    connect(m_steps, &QPlainTextEdit::textChanged, m_lookup, &SeriesLookup::forget);
    connect(m_download, &QCheckBox::toggled, m_lookup, &SeriesLookup::forget);
    connect(m_lookup, &SeriesLookup::changed, this, &SeriesDialog::look);
    m_download->setToolTip(
        tr("Each revision when it is its turn, the next while one computes; {n} in NAME@step{n} then "
           "stands for all that the hub has, too. Otherwise nothing is ever fetched."));
    connect(m_tasks, &QLineEdit::textChanged, this, &SeriesDialog::suggestFolder);
    connect(m_what, &QComboBox::currentIndexChanged, this, &SeriesDialog::suggestFolder);
    connect(m_folder, &QLineEdit::textEdited, this, [this] { m_folder->setModified(true); });
    connect(m_folder, &QLineEdit::textChanged, this, &SeriesDialog::look);
    connect(buttons, &QDialogButtonBox::accepted, this, &SeriesDialog::press);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    const SetupPtr &setup = explorer.document.setup();
    if (setup && is_demo(setup->model_ref.path))
        m_steps->setPlainText(QStringLiteral("demo@step{n}"));
    suggestFolder();
}

QString SeriesDialog::text() const
{
    return m_text->text();
}

SeriesPlan SeriesDialog::plan() const
{
    SeriesPlan plan;
    plan.steps = stepsNow();
    plan.download = m_download->isChecked();
    const std::optional<RunSpec> &spec = m_choices[size_t(std::max(0, m_what->currentIndex()))].second;
    if (spec) {
        plan.spec = *spec;
        plan.task = spec->task;
    } else {
        plan.recipe = m_explorer.recipe.recipe();
        if (m_explorer.document.ready()) {
            plan.model = m_explorer.document.setup()->model_ref;
            plan.task = m_explorer.document.setup()->task_ref;
        }
    }
    return plan;
}

// Those at the steps, or without any the model of the window; with each of the tasks.
std::vector<SeriesStep> SeriesDialog::stepsNow() const
{
    std::vector<SeriesStep> steps = seriesSteps(m_steps->toPlainText(), m_lookup->atHub());
    const std::vector<TaskRef> tasks = seriesTasks(m_tasks->text());
    if (tasks.empty())
        return steps;
    if (steps.empty() && m_explorer.document.setup())
        steps.push_back(step_of_model(m_explorer.document.setup()->model_ref.path));
    return series_of_tasks(steps, tasks);
}

QToolButton *SeriesDialog::taskMenu()
{
    auto *button = new QToolButton(this);
    button->setText(tr("A&dd"));
    button->setToolTip(tr("Tasks that come with the program"));
    button->setPopupMode(QToolButton::InstantPopup);
    auto *menu = new QMenu(button);
    for (const TaskListing &task : shipped_task_listings()) {
        const QString name = QString::fromStdString(task.name);
        QAction *add = menu->addAction(QStringLiteral("%1 (%2)").arg(QString::fromStdString(task.title), name));
        connect(add, &QAction::triggered, this, [this, name] {
            const QString before = m_tasks->text().trimmed();
            m_tasks->setText(before.isEmpty() ? name : before + QStringLiteral(", ") + name);
        });
    }
    button->setMenu(menu);
    return button;
}

void SeriesDialog::addFolder()
{
    auto *dialog = new QFileDialog(this, tr("A folder with a checkpoint"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::Directory);
    dialog->setOption(QFileDialog::ShowDirsOnly);
    connect(dialog, &QFileDialog::fileSelected, this, [this](const QString &folder) {
        const QString before = m_steps->toPlainText();
        m_steps->setPlainText(
            before + (before.isEmpty() || before.endsWith(QLatin1Char('\n')) ? QString() : QStringLiteral("\n"))
            + folder);
    });
    dialog->open();
}

void SeriesDialog::chooseOut()
{
    auto *dialog = new QFileDialog(this, tr("Folder for the results of the series"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::Directory);
    dialog->setOption(QFileDialog::ShowDirsOnly);
    connect(dialog, &QFileDialog::fileSelected, this, [this](const QString &folder) {
        m_folder->setText(folder);
        m_folder->setModified(true);
    });
    dialog->open();
}

// One of its own for what is computed where, so that the same series goes on in the same folder.
QString SeriesDialog::suggestion() const
{
    const auto &[words, spec] = m_choices[size_t(std::max(0, m_what->currentIndex()))];
    const QString what =
        spec ? QString::fromStdString(title(*spec)) : QString::fromStdString(m_explorer.recipe.recipe().name);
    const QString where = m_steps->toPlainText().section(QLatin1Char('\n'), 0, 0).section(QLatin1Char('/'), -2);
    QStringList parts;
    for (const QString &part : {where, m_tasks->text().trimmed()})
        if (!part.isEmpty())
            parts << part.left(40);
    return usualPlace() + QLatin1Char('/') + fileNameFor((parts << what).join(QLatin1Char(' ')));
}

void SeriesDialog::suggestFolder()
{
    if (!m_folder->isModified())
        m_folder->setText(suggestion());
    look();
}

// Downloads are large: before the first byte comes it is said how large they are, and the button asks.
void SeriesDialog::press()
{
    if (sizesAreAsked())
        return m_lookup->ask(m_steps->toPlainText());
    m_explorer.series.start(plan(), m_folder->text());
    accept();
}

bool SeriesDialog::sizesAreAsked() const
{
    return m_download->isChecked() && m_lookup->state() != SeriesLookup::State::Known
        && SeriesLookup::isNeeded(m_steps->toPlainText());
}

void SeriesDialog::look()
{
    const bool asked = sizesAreAsked();
    const uint64_t bytes = m_download->isChecked() ? m_lookup->bytes() : 0;
    m_go->setText(asked           ? tr("Look up the sizes")
                      : bytes > 0 ? tr("Download %1 and compute").arg(QString::fromStdString(size_text(bytes)))
                                  : tr("Compute the series"));
    QString problem;
    size_t count = 0;
    QString ends;
    if (!asked)
        try {
            const std::vector<SeriesStep> steps = stepsNow();
            count = steps.size();
            if (count > 0)
                ends = tr("%1 to %2")
                           .arg(QString::fromStdString(steps.front().name), QString::fromStdString(steps.back().name));
        } catch (...) {
            problem = failureOf(std::current_exception()).text();
        }
    if (!m_explorer.document.ready())
        problem = tr("Open a model with prompts first: they are those of every step.");
    const QString sizes = m_lookup->text();
    m_text->setText(!problem.isEmpty() ? problem
                        : asked        ? (sizes.isEmpty() ? hubPromise() : sizes)
                        : count == 0   ? tr("Name the checkpoints, or several tasks.")
                                       : tr("%1, %2. The ends come first, then the middle, the quarters and so on; "
                                              "what lies in the folder already is not computed again.")
                                           .arg(countedText(qsizetype(count), "step"), ends)
                            + (sizes.isEmpty() ? QString() : QLatin1Char('\n') + sizes));
    m_go->setEnabled(problem.isEmpty() && (asked || count > 0) && m_lookup->state() != SeriesLookup::State::Asking
                     && !m_folder->text().trimmed().isEmpty());
}

} // namespace patchbay
