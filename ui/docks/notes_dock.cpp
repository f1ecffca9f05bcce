#include "docks/notes_dock.h"

#include "base/error.h"
#include "base/head.h"
#include "controllers/run_views.h"
#include "docks/dock_parts.h"
#include "docks/note_edit.h"
#include "view_models.h"

#include <QComboBox>
#include <QListWidget>

namespace patchbay {

namespace {
constexpr int kSoon = 300; // ms after the last key
const QString kProject = QStringLiteral("project"), kRun = QStringLiteral("run"), kHead = QStringLiteral("head"),
              kEdge = QStringLiteral("edge"), kCircuit = QStringLiteral("circuit"), kPrompt = QStringLiteral("prompt");
} // namespace

bool goToSubject(const QString &kind, const QString &subject, ProjectController &project, Navigation &navigation)
{
    if (kind == kRun) {
        const int run = project.runOf(subject.toLongLong());
        if (run >= 0)
            navigation.showRun(run);
        return run >= 0;
    }
    if (kind == kPrompt) {
        navigation.showPrompt(subject.toInt());
        return true;
    }
    if (kind != kHead)
        return false;
    try {
        const widgets::HeadId head = toHeadId(parse_head(subject.toStdString()));
        navigation.select({head}, head);
        return true;
    } catch (const Error &) {
        return false;
    }
}

QString subjectTitle(const QString &kind, const QString &subject, const ProjectController &project,
                     const RunsStore &runs)
{
    if (kind == kRun) {
        const RunEntry *run = runs.find(project.runOf(subject.toLongLong()));
        return run ? NotesDock::tr("Run: %1").arg(run->name) : NotesDock::tr("A run that was deleted");
    }
    return subjectWords(kind, subject);
}

NotesDock::NotesDock(ProjectController &project, RunsStore &runs, Navigation &navigation, EdgesController &edges,
                     QWidget *parent)
    : QWidget(parent), m_project(project), m_runs(runs), m_navigation(navigation), m_edges(edges),
      m_about(new QComboBox(this)), m_edit(new NoteEdit(this)), m_list(new QListWidget(this))
{
    QVBoxLayout *column = paneColumn(this);
    auto *row = new QVBoxLayout;
    row->setContentsMargins(8, 6, 8, 4);
    m_about->setAccessibleName(tr("What the note is about"));
    m_about->setToolTip(m_about->accessibleName());
    m_about->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_about->setMinimumContentsLength(10);
    row->addWidget(m_about);
    column->addLayout(row);
    m_edit->setAccessibleName(tr("Note"));
    m_edit->setPlaceholderText(tr("Plain text. Heads such as L9H6 and names of runs become links: Ctrl + click."));
    m_edit->setFrameShape(QFrame::NoFrame);
    m_edit->document()->setDocumentMargin(8);
    column->addWidget(m_edit, 2);
    m_list->setAccessibleName(tr("All notes"));
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setTextElideMode(Qt::ElideRight);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    column->addLayout(inset(m_list), 1);
    setFocusProxy(m_edit);
    m_soon.setSingleShot(true);
    m_soon.setInterval(kSoon);
    connect(&m_soon, &QTimer::timeout, this, &NotesDock::keep);
    connect(m_edit, &QPlainTextEdit::textChanged, &m_soon, qOverload<>(&QTimer::start));
    connect(m_about, &QComboBox::activated, this, &NotesDock::chosen);
    for (const auto signal :
         {&Navigation::runChanged, &Navigation::headsChanged, &Navigation::promptChanged, &Navigation::edgesChanged})
        connect(&m_navigation, signal, this, &NotesDock::follow);
    connect(&m_edges, &EdgesController::currentChanged, this, &NotesDock::follow);
    connect(&m_runs, &QAbstractItemModel::dataChanged, this, &NotesDock::refreshNames);
    connect(&m_runs, &QAbstractItemModel::rowsInserted, this, &NotesDock::refreshNames);
    connect(&m_project, &ProjectController::aboutToClose, this, &NotesDock::keep);
    connect(&m_project, &ProjectController::opened, this, [this] {
        m_soon.stop();
        m_shown = {kProject, {}, {}};
        follow();
        showText();
        refreshList();
    });
    connect(&m_project, &ProjectController::notesChanged, this, &NotesDock::refreshList);
    connect(m_edit, &NoteEdit::linkFollowed, this, [this](const QString &link) {
        for (const RunEntry &run : m_runs.entries())
            if (run.name == link)
                return m_navigation.showRun(run.id);
        goToSubject(kHead, link, m_project, m_navigation);
    });
    connect(m_list, &QListWidget::itemClicked, this, [this](const QListWidgetItem *item) {
        const QStringList of = item->data(Qt::UserRole).toStringList();
        if (of[0] == kCircuit)
            m_edges.showNamed(of[1]);
        else
            goToSubject(of[0], of[1], m_project, m_navigation);
        showNote(of[0], of[1]);
    });
    follow();
    refreshNames();
}

NotesDock::~NotesDock()
{
    if (m_soon.isActive())
        keep();
}

QVector<NotesDock::Subject> NotesDock::subjects() const
{
    const Place &place = m_navigation.place();
    QVector<Subject> all;
    const auto add = [&](const QString &kind, const QString &subject) {
        const Subject one{kind, subject, subjectTitle(kind, subject, m_project, m_runs)};
        if (!all.contains(one))
            all << one;
    };
    if (place.current.valid() && place.current.head >= 0)
        add(kHead, label(place.current));
    if (const RunEntry *run = m_runs.find(place.run); run && !run->ofSeries)
        add(kRun, QString::number(m_project.idOf(run->id)));
    if (place.prompt >= 0)
        add(kPrompt, QString::number(place.prompt));
    if (m_edges.currentEdge() && m_edges.numbers())
        add(kEdge, QString::fromStdString(m_edges.numbers()->graph.name(*m_edges.currentEdge())));
    if (!place.edges.name.isEmpty())
        add(kCircuit, place.edges.name);
    add(kProject, {});
    if (!all.contains(m_shown)) // what is being written stays
        all << Subject{m_shown.kind, m_shown.subject, subjectTitle(m_shown.kind, m_shown.subject, m_project, m_runs)};
    return all;
}

void NotesDock::follow()
{
    const bool writing = m_edit->hasFocus();
    m_subjects = subjects();
    const Subject wanted = writing ? m_shown : m_subjects.front();
    listSubjects(wanted);
    if (!(wanted == m_shown)) {
        keep();
        m_shown = wanted;
        showText();
    }
}

// Those that have a note are marked.
void NotesDock::listSubjects(const Subject &current)
{
    const QSignalBlocker block(m_about);
    m_about->clear();
    for (const Subject &one : std::as_const(m_subjects))
        m_about->addItem(m_project.note(one.kind, one.subject).isEmpty() ? one.title
                                                                         : one.title + QStringLiteral(" •"));
    m_about->setCurrentIndex(int(m_subjects.indexOf(current)));
}

void NotesDock::chosen(int index)
{
    keep();
    m_shown = m_subjects.value(index);
    showText();
    m_edit->setFocus();
}

void NotesDock::showNote(const QString &kind, const QString &subject)
{
    keep();
    m_shown = {kind, subject, {}};
    m_subjects = subjects();
    listSubjects(m_shown);
    showText();
    m_edit->setFocus();
}

void NotesDock::showText()
{
    const QSignalBlocker block(m_edit);
    m_edit->setPlainText(m_project.note(m_shown.kind, m_shown.subject));
    m_soon.stop();
}

void NotesDock::keep()
{
    m_soon.stop();
    m_project.setNote(m_shown.kind, m_shown.subject, m_edit->toPlainText());
}

// A running sweep tells of every change: most of them are of its cells.
void NotesDock::refreshNames()
{
    QStringList names;
    for (const RunEntry &run : m_runs.entries())
        names << run.name;
    if (names == m_names)
        return;
    m_names = names;
    names.removeDuplicates();
    m_edit->setNames(names);
    refreshList();
}

void NotesDock::refreshList()
{
    m_list->clear();
    for (const ProjectNote &note : m_project.notes()) {
        const QString kind = QString::fromStdString(note.kind), subject = QString::fromStdString(note.subject),
                      text = QString::fromStdString(note.text);
        auto *item = new QListWidgetItem(
            subjectTitle(kind, subject, m_project, m_runs) + QStringLiteral(" — ") + text.simplified(), m_list);
        item->setToolTip(text);
        item->setData(Qt::UserRole, QStringList{kind, subject});
    }
    m_list->setVisible(m_list->count() > 0);
}

} // namespace patchbay
