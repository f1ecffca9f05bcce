// The task table: every prompt pair, to be read, left out, edited or imported.
#pragma once

#include "controllers/document.h"
#include "controllers/navigation.h"
#include "docks/prompts_model.h"

#include <QWidget>

class QLabel;
class QTableView;

namespace patchbay {

class PromptsDock : public QWidget {
    Q_OBJECT
public:
    PromptsDock(Document &document, Navigation &navigation, QWidget *parent = nullptr);

Q_SIGNALS:
    void importRequested();
    void tryRequested();

private:
    void refresh();
    void follow();

    Document &m_document;
    Navigation &m_navigation;
    PromptsModel *m_model;
    QTableView *m_table;
    QLabel *m_summary, *m_legend;
};

} // namespace patchbay
