// A step of a recipe as JSON, to be edited; what is wrong with it is said in the dialog, and nothing is lost.
#pragma once

#include <QDialog>

#include <functional>

class QLabel;
class QPlainTextEdit;

namespace patchbay {

class StepDialog : public QDialog {
    Q_OBJECT
public:
    /// apply: takes the text, or throws Error; then the dialog stays open.
    StepDialog(const QString &title, const QString &json, std::function<void(const QString &)> apply,
               QWidget *parent = nullptr);
    QPlainTextEdit *editor() const { return m_editor; }
    QString problem() const;
    void accept() override;

private:
    QPlainTextEdit *m_editor;
    QLabel *m_problem;
    std::function<void(const QString &)> m_apply;
};

} // namespace patchbay
