// What to run: method, sites or receivers, direction, positions. The toolbar's controls, as a RunSpec.
#pragma once

#include <QWidget> // first: moc stumbles over <compare> when nothing is included before it

#include "patching/run_spec.h"

class QComboBox;
class QToolButton;

namespace patchbay {

/// Where path patching from every head goes.
enum class PathTarget { FinalResidual, SelectedQ, SelectedK, SelectedV, SelectedPattern, Tray };

class RunControls : public QWidget {
    Q_OBJECT
public:
    explicit RunControls(QWidget *parent = nullptr);

    /// Method, sites, direction and positions; receivers are filled in by whoever knows the selection.
    RunSpec spec() const;
    PathTarget pathTarget() const;
    /// Shows a spec's settings: duplicate and edit.
    void setSpec(const RunSpec &spec);
    /// Models with grouped KV heads choose between the shared head and one query head's copy.
    void setGrouped(bool grouped);

Q_SIGNALS:
    void changed();

private:
    void showFor(int method);

    QComboBox *m_method, *m_target, *m_analysis, *m_direction, *m_positions, *m_keyValue;
    QWidget *m_sitesBox;
    QVector<QToolButton *> m_sites;
};

} // namespace patchbay
