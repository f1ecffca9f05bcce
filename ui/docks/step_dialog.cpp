#include "docks/step_dialog.h"

#include "backend/failure.h"
#include "docks/dock_parts.h"

#include <QDialogButtonBox>
#include <QFontDatabase>
#include <QPlainTextEdit>
#include <QVBoxLayout>

namespace patchbay {

StepDialog::StepDialog(const QString &title, const QString &json, std::function<void(const QString &)> apply,
                       QWidget *parent)
    : QDialog(parent), m_editor(new QPlainTextEdit(json, this)), m_problem(problemLabel(this)),
      m_apply(std::move(apply))
{
    setWindowTitle(tr("Edit step: %1").arg(title));
    resize(560, 480);
    auto *column = new QVBoxLayout(this);
    column->addWidget(caption(tr("The step and the ones that use what it found will be pending again."), this));
    m_editor->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
    m_editor->setLineWrapMode(QPlainTextEdit::NoWrap);
    m_editor->setAccessibleName(tr("The step as JSON"));
    m_editor->setFrameShape(QFrame::StyledPanel);
    column->addWidget(m_editor, 1);
    column->addWidget(m_problem);
    auto *buttons = new QDialogButtonBox(QDialogButtonBox::Save | QDialogButtonBox::Cancel, this);
    connect(buttons, &QDialogButtonBox::accepted, this, &StepDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &StepDialog::reject);
    column->addWidget(buttons);
    m_editor->setFocus();
}

QString StepDialog::problem() const
{
    return m_problem->isHidden() ? QString() : m_problem->text();
}

void StepDialog::accept()
{
    try {
        m_apply(m_editor->toPlainText());
        QDialog::accept();
    } catch (...) {
        m_problem->setText(failureOf(std::current_exception()).text());
        m_problem->show();
    }
}

} // namespace patchbay
