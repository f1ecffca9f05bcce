// A place to try a prompt: typed texts, their tokens one above the other, the likeliest next tokens, and the way into
// the task.
#pragma once

#include "controllers/explorer.h"

#include <QWidget>

class QLabel;
class QLineEdit;
class QTableWidget;
class QToolButton;

namespace patchbay {

class TryPane : public QWidget {
    Q_OBJECT
public:
    explicit TryPane(Explorer &explorer, QWidget *parent = nullptr);

    QLineEdit *clean() const { return m_clean; }
    QLineEdit *flipped() const { return m_flipped; }
    QLineEdit *answer() const { return m_answer; }
    QLineEdit *wrong() const { return m_wrong; }
    QTableWidget *tokens() const { return m_tokens; }
    QTableWidget *likeliest() const { return m_likeliest; }
    QLabel *summary() const { return m_summary; }
    QToolButton *addButton() const { return m_add; }
    QToolButton *beginButton() const { return m_begin; }

private:
    QWidget *buildFields();
    QWidget *buildFoot();
    void ask();
    void takePrompt();
    void refresh();
    void fillTokens(const Trial &trial);
    void fillLikeliest(const Trial &trial);
    QString summaryText(const Trial &trial) const;

    Explorer &m_explorer;
    QLineEdit *m_clean = nullptr, *m_flipped = nullptr, *m_answer = nullptr, *m_wrong = nullptr;
    QTableWidget *m_tokens, *m_likeliest;
    QLabel *m_hint, *m_summary = nullptr, *m_problem = nullptr;
    QToolButton *m_add = nullptr, *m_begin = nullptr, *m_take = nullptr;
};

} // namespace patchbay
