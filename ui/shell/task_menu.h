// The tasks of this sitting: IOI and every other that was opened; a click makes one the window's.
#pragma once

#include "controllers/document.h"

#include <QMenu>

#include <vector>

namespace patchbay {

class TaskMenu : public QMenu {
    Q_OBJECT
public:
    explicit TaskMenu(Document &document, QWidget *parent = nullptr);
    /// In the order in which they were opened, after IOI.
    const std::vector<TaskRef> &tasks() const { return m_tasks; }

private:
    void add(const TaskRef &task);
    void rebuild();

    Document &m_document;
    std::vector<TaskRef> m_tasks;
};

} // namespace patchbay
