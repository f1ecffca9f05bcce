// Chooses which heads of a heatmap are masked, and says so: a chip that a click takes away.
#pragma once

#include "controllers/explorer.h"
#include "controllers/masks.h"

#include <QWidget>

class QComboBox;
class QDoubleSpinBox;
class QFrame;
class QToolButton;

namespace patchbay {

class MaskControl : public QWidget {
    Q_OBJECT
public:
    explicit MaskControl(Explorer &explorer, QWidget *parent = nullptr);

    QComboBox *role() const { return m_role; }
    QComboBox *quantity() const { return m_by; }
    QDoubleSpinBox *threshold() const { return m_below; }
    QToolButton *chip() const { return m_chip; }
    QToolButton *button() const { return m_button; }
    QFrame *panel() const { return m_panel; }
    /// Reads the mask of the place; unit: of what is on view.
    void refresh(const QString &unit);

Q_SIGNALS:
    /// The user wants to mask by role, and no role is known yet.
    void rolesRequested();
    /// The user wants to mask by a quantity that this analysis finds.
    void analysisRequested(const QString &name);

private:
    void build();
    void open();
    void refreshRoles();
    void chooseRole();
    void chooseQuantity();
    void setBelow(double below);
    const MaskQuantity *current() const;
    void adaptThreshold(const QString &unit);

    Explorer &m_explorer;
    QToolButton *m_chip, *m_button;
    QFrame *m_panel;
    QComboBox *m_role, *m_by;
    QDoubleSpinBox *m_below;
    QVector<MaskQuantity> m_quantities;
    QString m_unit; ///< of what is on view
};

} // namespace patchbay
