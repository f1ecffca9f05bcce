// The tasks that come with the program, and every other that was opened; a click makes one the window's.
#pragma once

#include "controllers/document.h"
#include "task/task_list.h"

#include <QMenu>

#include <vector>

namespace patchbay {

class TaskMenu : public QMenu {
    Q_OBJECT
public:
    explicit TaskMenu(Document &document, QWidget *parent = nullptr);
    /// Those that come with the program, then the others in the order in which they were opened.
    const std::vector<TaskRef> &tasks() const { return m_tasks; }

private:
    void add(const TaskRef &task);
    void rebuild();

    Document &m_document;
    QString hint(const TaskRef &task) const;

    const std::vector<TaskListing> m_shipped = shipped_task_listings();
    std::vector<TaskRef> m_tasks;
};

} // namespace patchbay
