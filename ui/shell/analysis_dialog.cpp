#include "shell/analysis_dialog.h"

#include "backend/failure.h"
#include "base/plain_text.h"
#include "docks/dock_parts.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QFileDialog>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace patchbay {

namespace {

constexpr int kFieldWidth = 260; // px

bool isNumber(const Parameter &parameter)
{
    return parameter.kind == Parameter::Kind::Number || parameter.kind == Parameter::Kind::Whole;
}

QString textOf(const nlohmann::json &value)
{
    if (value.is_string())
        return QString::fromStdString(value.get<std::string>());
    return value.is_number() ? QString::fromStdString(short_text(value.get<double>())) : QString();
}

} // namespace

QString parameterTitle(const Parameter &parameter)
{
    QString title = QString::fromStdString(parameter.name).replace(QLatin1Char('_'), QLatin1Char(' '));
    title[0] = title[0].toUpper();
    return title;
}

bool isAsked(const Parameter &parameter)
{
    return !parameter.required && parameter.name != "sha256" && parameter.kind != Parameter::Kind::Heads
        && parameter.kind != Parameter::Kind::Numbers && parameter.kind != Parameter::Kind::Circuits;
}

AnalysisDialog::AnalysisDialog(const AnalysisInfo &info, const nlohmann::json &options, QWidget *parent)
    : QDialog(parent), m_info(info), m_problem(problemLabel(this))
{
    setWindowTitle(tr("Options: %1").arg(QString::fromStdString(info.title)));
    auto *column = new QVBoxLayout(this);
    column->addWidget(caption(QString::fromStdString(info.tip), this));
    auto *form = new QFormLayout;
    column->addLayout(form);
    for (const Parameter &parameter : info.parameters)
        if (isAsked(parameter))
            addRow(parameter, options.is_object() ? options.value(parameter.name, nlohmann::json()) : nlohmann::json(),
                   form);
    column->addWidget(m_problem);
    column->addStretch(1);
    auto *buttons = new QDialogButtonBox(QDialogButtonBox::Ok | QDialogButtonBox::Cancel, this);
    connect(buttons, &QDialogButtonBox::accepted, this, &AnalysisDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &AnalysisDialog::reject);
    column->addWidget(buttons);
}

void AnalysisDialog::addRow(const Parameter &parameter, const nlohmann::json &value, QFormLayout *form)
{
    const QString title = parameterTitle(parameter);
    QWidget *field = nullptr, *row = nullptr;
    if (parameter.kind == Parameter::Kind::Flag) {
        auto *box = new QCheckBox(this);
        box->setChecked(value == true);
        field = box;
    } else if (parameter.kind == Parameter::Kind::Choice) {
        auto *box = new QComboBox(this);
        for (const std::string &choice : parameter.choices)
            box->addItem(QString::fromStdString(choice));
        box->setCurrentIndex(std::max(0, box->findText(textOf(value))));
        field = box;
    } else {
        auto *line = new QLineEdit(textOf(value), this);
        line->setMinimumWidth(kFieldWidth);
        line->setPlaceholderText(textOf(parameter.otherwise));
        field = line;
        if (parameter.kind == Parameter::Kind::File) {
            row = new QWidget(this);
            auto *parts = new QHBoxLayout(row);
            parts->setContentsMargins(0, 0, 0, 0);
            auto *choose = new QToolButton(row);
            choose->setText(QStringLiteral("…"));
            choose->setAccessibleName(tr("Choose the file: %1").arg(title));
            connect(choose, &QToolButton::clicked, this, [this, line, title] {
                if (const QString file = QFileDialog::getOpenFileName(this, title, line->text()); !file.isEmpty())
                    line->setText(file);
            });
            parts->addWidget(line, 1);
            parts->addWidget(choose);
        }
    }
    field->setObjectName(QString::fromStdString(parameter.name));
    field->setAccessibleName(title);
    field->setToolTip(QString::fromStdString(parameter.help));
    form->addRow(title, row ? row : field);
    form->labelForField(row ? row : field)->setToolTip(field->toolTip());
    m_fields.emplace_back(&parameter, field);
}

nlohmann::json AnalysisDialog::options() const
{
    nlohmann::json all = nlohmann::json::object();
    for (const auto &[parameter, field] : m_fields) {
        if (const auto *box = qobject_cast<const QCheckBox *>(field)) {
            if (box->isChecked())
                all[parameter->name] = true;
        } else if (const auto *choice = qobject_cast<const QComboBox *>(field)) {
            if (choice->currentIndex() > 0) // the first is what is usual
                all[parameter->name] = choice->currentText().toStdString();
        } else if (const std::string text = static_cast<const QLineEdit *>(field)->text().trimmed().toStdString();
                   !text.empty()) {
            const std::optional<double> number = isNumber(*parameter) ? parse_number(text) : std::nullopt;
            if (number && *number == std::floor(*number) && std::abs(*number) < 1e15)
                all[parameter->name] = int64_t(*number);
            else
                all[parameter->name] = number ? nlohmann::json(*number) : nlohmann::json(text);
        }
    }
    return all.empty() ? nlohmann::json() : all;
}

QString AnalysisDialog::problem() const
{
    return m_problem->isHidden() ? QString() : m_problem->text();
}

void AnalysisDialog::accept()
{
    try {
        nlohmann::json given = options();
        for (const Parameter &parameter : m_info.parameters) // filled in when it runs
            if (parameter.required)
                given[parameter.name] = nlohmann::json::array({"0.0"});
        check_analysis({m_info.name, {{0, 0}}, given});
        QDialog::accept();
    } catch (...) {
        m_problem->setText(failureOf(std::current_exception()).text());
        m_problem->show();
    }
}

} // namespace patchbay
