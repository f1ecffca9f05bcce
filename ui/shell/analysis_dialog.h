// The parameters of an analysis as a form, from its own declaration.
#pragma once

#include <QDialog>

#include "analysis/registry.h"

class QFormLayout;
class QLabel;

namespace patchbay {

class AnalysisDialog : public QDialog {
    Q_OBJECT
public:
    /// options: as they are set now.
    AnalysisDialog(const AnalysisInfo &info, const nlohmann::json &options, QWidget *parent = nullptr);

    /// What the form says; null where all is as usual.
    nlohmann::json options() const;
    QString problem() const;
    /// Stays open, and says why, where the analysis does not take something.
    void accept() override;

private:
    void addRow(const Parameter &parameter, const nlohmann::json &value, QFormLayout *form);

    const AnalysisInfo &m_info;
    QLabel *m_problem;
    std::vector<std::pair<const Parameter *, QWidget *>> m_fields;
};

/// "top_percent" as people read it: "Top percent".
QString parameterTitle(const Parameter &parameter);
/// Whether a form has it: not what other heads are, or which ids a spec wants.
bool isAsked(const Parameter &parameter);

} // namespace patchbay
