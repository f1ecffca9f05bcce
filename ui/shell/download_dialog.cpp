#include "shell/download_dialog.h"

#include "amounts_text.h"
#include "base/plain_text.h"
#include "docks/dock_parts.h"
#include "hub/download.h"
#include "hub/environment.h"
#include "model/config.h"
#include "model/model_folder.h"
#include "theme.h"

#include <QDialogButtonBox>
#include <QDir>
#include <QFormLayout>
#include <QLineEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QVBoxLayout>

namespace patchbay {

namespace {

QString text(const std::string &utf8)
{
    return QString::fromStdString(utf8);
}

} // namespace

QString hubPromise()
{
    try {
        return DownloadDialog::tr("Asks %1 for the model when you press the button, and not before.")
            .arg(text(hub_endpoint()));
    } catch (...) {
        return failureOf(std::current_exception()).text();
    }
}

DownloadDialog::DownloadDialog(Backend &backend, QWidget *parent)
    : QDialog(parent), m_backend(backend), m_name(new QLineEdit(this)), m_text(new QLabel(this)),
      m_bar(new QProgressBar(this))
{
    setWindowTitle(tr("Download a model"));
    resize(560, 300);
    auto *column = new QVBoxLayout(this);
    column->setSpacing(10);
    m_name->setPlaceholderText(tr("EleutherAI/pythia-160m, gpt2, or NAME@REVISION"));
    m_name->setClearButtonEnabled(true);
    auto *label = new QLabel(tr("&Name at the hub"), this);
    label->setBuddy(m_name);
    column->addWidget(label);
    column->addWidget(m_name);
    column->addWidget(caption(hubPromise(), this));
    m_text->setWordWrap(true);
    m_text->setTextFormat(Qt::PlainText);
    m_text->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_text->setAlignment(Qt::AlignTop | Qt::AlignLeft);
    m_text->setAccessibleName(tr("The model and its size"));
    column->addWidget(m_text, 1);
    m_bar->setRange(0, 1000);
    m_bar->setTextVisible(false);
    m_bar->setAccessibleName(tr("Progress of the download"));
    QSizePolicy kept = m_bar->sizePolicy();
    kept.setRetainSizeWhenHidden(true);
    m_bar->setSizePolicy(kept);
    column->addWidget(m_bar);
    auto *buttons = new QDialogButtonBox(this);
    m_go = new QPushButton(this);
    m_go->setProperty("primary", true); // before the style looks at it
    buttons->addButton(m_go, QDialogButtonBox::ActionRole);
    m_cancel = buttons->addButton(QDialogButtonBox::Close);
    m_cancel->setAutoDefault(false);
    m_go->setDefault(true);
    column->addWidget(buttons);
    connect(m_go, &QPushButton::clicked, this, &DownloadDialog::press);
    connect(m_cancel, &QPushButton::clicked, this, &DownloadDialog::reject);
    // Another name is another model: what was said of the one before does not hold.
    connect(m_name, &QLineEdit::textChanged, this, [this] {
        m_plan.reset();
        say({});
        setStage(Stage::Name);
    });
    setStage(Stage::Name);
}

QString DownloadDialog::text() const
{
    return m_text->text();
}

void DownloadDialog::setStage(Stage stage)
{
    m_stage = stage;
    const bool busy = stage == Stage::Asking || stage == Stage::Fetching;
    m_name->setEnabled(!busy);
    m_bar->setVisible(stage == Stage::Fetching);
    m_cancel->setText(busy ? tr("Cancel") : tr("Close"));
    const bool known = m_plan && (stage == Stage::Planned || stage == Stage::Fetching);
    m_go->setText(!known ? tr("Look up its size")
                      : m_plan->missing() == 0
                      ? tr("Open")
                      : tr("Download %1").arg(QString::fromStdString(size_text(m_plan->missing()))));
    m_go->setEnabled(!busy && (known ? m_plan->problem.empty() : !m_name->text().trimmed().isEmpty()));
}

void DownloadDialog::press()
{
    if (m_stage == Stage::Name)
        ask();
    else if (m_stage == Stage::Planned)
        fetch();
}

void DownloadDialog::ask()
{
    const auto name = hub_name(m_name->text().trimmed().toStdString());
    if (!name)
        return say(
            tr("This is no model's name: write ORGANISATION/NAME as in the address of its page, and @REVISION for "
               "a branch, a tag or a commit."),
            true);
    say(tr("Asking…"));
    setStage(Stage::Asking);
    m_job = m_backend.submit<PlanDownloadRequest>({
        .request = {*name},
        .policy = {QStringLiteral("download"), true},
        .done =
            [this](const DownloadPlanPtr &plan) {
                m_plan = plan;
                describe();
                setStage(Stage::Planned);
                m_go->setFocus();
            },
        .failed = [this](const Failure &failure) { fail(failure); },
        .dropped =
            [this] {
                say({});
                setStage(Stage::Name);
            },
    });
}

void DownloadDialog::describe()
{
    const DownloadPlan &plan = *m_plan;
    const auto size = [](uint64_t bytes) { return QString::fromStdString(size_text(bytes)); };
    QStringList lines;
    QString first = QString::fromStdString(plan.name.text());
    if (!plan.family.empty())
        first += QStringLiteral(" · ") + QString::fromStdString(family_title(plan.family));
    QString sizes = tr("%1, %2").arg(countedText(qsizetype(plan.files.size()), "file"), size(plan.bytes()));
    if (plan.missing() == 0)
        sizes += tr("; all of it is in the cache already");
    else if (plan.missing() < plan.bytes())
        sizes += tr("; %1 of it is in the cache already").arg(size(plan.bytes() - plan.missing()));
    lines << first << sizes << tr("Commit %1").arg(QString::fromStdString(plan.commit))
          << tr("Into %1").arg(QDir::toNativeSeparators(QString::fromStdString(plan.cached.string())));
    if (!plan.problem.empty())
        lines << QString() << tr("It could not be opened: %1").arg(QString::fromStdString(plan.problem));
    say(lines.join(QLatin1Char('\n')), !plan.problem.empty());
}

void DownloadDialog::fetch()
{
    const std::string name = m_plan->name.text(); // unless a folder of that name is in the way
    const QString model = QString::fromStdString(is_cached_name(name) ? name : m_plan->snapshot().string());
    describe();
    const QString about = text();
    m_bar->setValue(0);
    setStage(Stage::Fetching);
    m_job = m_backend.submit<DownloadRequest>({
        .request = {m_plan},
        .policy = {QStringLiteral("download"), true},
        .done =
            [this, model](const DownloadPlanPtr &) {
                m_plan.reset();
                m_name->clear();
                say({});
                setStage(Stage::Name);
                hide();
                Q_EMIT ready(model);
            },
        .failed = [this](const Failure &failure) { fail(failure); },
        .dropped =
            [this] {
                m_plan.reset(); // what is there has changed
                say(tr("Stopped. What has arrived is kept: the next download goes on from there."));
                setStage(Stage::Name);
            },
        .progress =
            [this, about](const Progress &at) {
                m_bar->setValue(at.done);
                say(about + QStringLiteral("\n\n") + QString::fromStdString(at.what));
            },
    });
}

void DownloadDialog::fail(const Failure &failure)
{
    m_plan.reset();
    say(failure.text(), true);
    setStage(Stage::Name);
    m_name->setFocus();
}

void DownloadDialog::reject()
{
    if (m_stage == Stage::Asking || m_stage == Stage::Fetching)
        m_backend.cancel(m_job); // the answer to it says that it has stopped
    else
        QDialog::reject();
}

void DownloadDialog::say(const QString &text, bool problem)
{
    m_text->setText(text);
    m_text->setForegroundRole(QPalette::WindowText);
    QPalette colours = palette();
    if (problem)
        colours.setColor(QPalette::WindowText, widgets::Theme::of(palette()).negative);
    m_text->setPalette(colours);
}

} // namespace patchbay
