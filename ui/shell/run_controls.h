// What to run: method, sites or receivers, direction, positions, metric. The toolbar's controls, as a RunSpec.
#pragma once

#include <QWidget> // first: moc stumbles over <compare> when nothing is included before it

#include "analysis/registry.h"
#include "task/prompts.h"

#include <map>

class QAction;
class QComboBox;
class QToolButton;

namespace patchbay {

/// Where path patching from every head goes.
struct PathTarget {
    enum class Kind { FinalResidual, Selected, Tray };
    Kind kind = Kind::FinalResidual;
    Site site = Site::Q; ///< Selected: which input of the selected heads
};

class RunControls : public QWidget {
    Q_OBJECT
public:
    explicit RunControls(QWidget *parent = nullptr);

    /// Method, sites, direction, positions and metric, or the analysis; receivers and heads are filled in by whoever
    /// knows the selection.
    RunSpec spec() const;
    PathTarget pathTarget() const;
    /// Direction, positions and metric of path patching, also while another method is chosen.
    RunSpec pathSettings() const;
    /// Shows a spec's settings: duplicate and edit.
    void setSpec(const RunSpec &spec);
    /// Models with grouped KV heads choose between the shared head and one query head's copy.
    void setGrouped(bool grouped);
    /// The roles that the open prompts name, next to END.
    void setRoles(const PromptBatch &batch);

Q_SIGNALS:
    void changed();
    void metricChosen(const QString &metric); ///< by the user

private:
    /// What a method was last set to.
    struct Settings {
        Direction direction;
        QString positions;
    };
    Settings settingsOf(int method) const;
    /// The spec with the chosen metric.
    RunSpec measured(RunSpec spec) const;
    void change(int method);
    QWidget *siteButtons();
    void offerAnalyses();
    void offerPositions(const std::vector<std::string> &roles);
    void showFor(int method);
    Analysis chosenAnalysis() const;
    void askForOptions();
    void showOptions();

    QComboBox *m_method, *m_target, *m_analysis, *m_direction, *m_positions, *m_metric, *m_keyValue;
    QToolButton *m_options;
    std::map<std::string, nlohmann::json> m_analysisOptions; ///< by analysis; as it was last run with
    QWidget *m_sitesBox;
    int m_shown = 0; ///< the method whose settings the controls show
    // Restoring an answer and breaking one: as the notebook and path_patching begin.
    Settings m_kept[2] = {{Direction::Denoise, QStringLiteral("all")}, {Direction::Noise, QStringLiteral("all")}};
    QVector<QAction *> m_sites; ///< one a site, checkable; the usual ones have a button each, the rest are in a menu
};

} // namespace patchbay
