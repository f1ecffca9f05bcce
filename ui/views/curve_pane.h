// Faithfulness over the share of edges that are kept: a line for each choice and each run, with CPR and CMD.
#pragma once

#include "controllers/explorer.h"

#include <QWidget>

class QToolButton;

namespace patchbay {

namespace widgets {
class LinesWidget;
}

class CurvePane : public QWidget {
    Q_OBJECT
public:
    explicit CurvePane(Explorer &explorer, QWidget *parent = nullptr);
    widgets::LinesWidget *lines() const { return m_lines; }
    QToolButton *logarithmic() const { return m_log; }

private:
    void refresh();

    Explorer &m_explorer;
    QToolButton *m_log;
    widgets::LinesWidget *m_lines;
};

} // namespace patchbay
