#include "shell/task_menu.h"

#include "controllers/run_views.h"

#include <algorithm>

namespace patchbay {

namespace {
/// The same prompts, whether or not they have been read.
bool same(TaskRef a, TaskRef b)
{
    if (a.sha256.empty() || b.sha256.empty())
        a.sha256 = b.sha256 = {};
    if (a.bos == Bos::Auto || b.bos == Bos::Auto) // as the model says
        a.bos = b.bos;
    return a == b;
}
} // namespace

TaskMenu::TaskMenu(Document &document, QWidget *parent) : QMenu(tr("&Task"), parent), m_document(document)
{
    setToolTipsVisible(true);
    for (const TaskListing &one : m_shipped)
        m_tasks.push_back(one.task);
    rebuild();
    connect(&m_document, &Document::setupChanged, this, [this] {
        add(m_document.setup()->task_ref);
        rebuild();
    });
}

void TaskMenu::add(const TaskRef &task)
{
    const auto known =
        std::find_if(m_tasks.begin(), m_tasks.end(), [&](const TaskRef &one) { return same(one, task); });
    if (known == m_tasks.end())
        m_tasks.push_back(task);
    else
        *known = task;
}

QString TaskMenu::hint(const TaskRef &task) const
{
    for (const TaskListing &one : m_shipped)
        if (is_generated(task) && one.task.kind == task.kind && one.task.file == task.file)
            return QString::fromStdString(one.title + ": " + one.description);
    return QString::fromStdString(task.file);
}

void TaskMenu::rebuild()
{
    clear();
    for (size_t i = 0; i < m_tasks.size(); ++i) {
        const TaskRef &task = m_tasks[i];
        QAction *action = addAction(taskName(task));
        action->setObjectName(QStringLiteral("task-%1").arg(i));
        action->setToolTip(hint(task));
        action->setCheckable(true);
        action->setChecked(m_document.ready() && same(task, m_document.setup()->task_ref));
        action->setEnabled(m_document.ready());
        connect(action, &QAction::triggered, this, [this, i] {
            const TaskRef chosen = m_tasks[i];
            if (!same(chosen, m_document.setup()->task_ref))
                m_document.openTask(chosen);
            // The mark stays with the open one; not now, while its action speaks.
            QMetaObject::invokeMethod(this, &TaskMenu::rebuild, Qt::QueuedConnection);
        });
    }
}

} // namespace patchbay
