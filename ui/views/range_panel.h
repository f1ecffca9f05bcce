// The range of the colours: from the data, or typed, and kept for other runs.
#pragma once

#include <QFrame>
#include <QString>

class QCheckBox;
class QDoubleSpinBox;
class QToolButton;

namespace patchbay {

/// How far colours go.
struct ColourRange {
    double limit = 0;    ///< 0: from the data, but not below its floor
    bool locked = false; ///< for every run of this unit
    QString unit;
    bool operator==(const ColourRange &) const = default;
    /// For a run on view in a unit.
    double limitFor(const QString &shownUnit) const { return shownUnit == unit ? limit : 0; }
};

class RangePanel : public QFrame {
    Q_OBJECT
public:
    explicit RangePanel(QWidget *parent);

    void open(const ColourRange &range, double shown, const QPoint &at);
    QDoubleSpinBox *limit() const { return m_limit; }
    QCheckBox *lock() const { return m_lock; }
    QToolButton *automatic() const { return m_auto; }

Q_SIGNALS:
    void changed(const patchbay::ColourRange &range);

private:
    void tell();

    ColourRange m_range;
    QDoubleSpinBox *m_limit;
    QCheckBox *m_lock;
    QToolButton *m_auto;
};

} // namespace patchbay
