#include "views/range_panel.h"

#include "docks/dock_parts.h"

#include <QCheckBox>
#include <QDoubleSpinBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QScreen>

namespace patchbay {

RangePanel::RangePanel(QWidget *parent)
    : QFrame(parent, Qt::Popup), m_limit(new QDoubleSpinBox(this)), m_lock(new QCheckBox(this)),
      m_auto(toggleButton(tr("Auto"), tr("From the data, but at least 1 % of the gap"), this))
{
    setFrameShape(QFrame::StyledPanel);
    setAccessibleName(tr("Range of the colours"));
    m_limit->setAccessibleName(tr("Colours end at plus and minus"));
    m_limit->setPrefix(QStringLiteral("± "));
    m_limit->setKeyboardTracking(false);
    m_lock->setText(tr("The same for every run"));
    m_lock->setToolTip(tr("Runs in the same unit can be compared by eye; the colour bar says that it is locked"));
    auto *form = new QFormLayout(this);
    form->setContentsMargins(12, 12, 12, 12);
    auto *row = new QHBoxLayout;
    row->addWidget(m_limit, 1);
    row->addWidget(m_auto);
    form->addRow(tr("Colour range"), row);
    form->addRow(m_lock);
    connect(m_limit, &QDoubleSpinBox::valueChanged, this, [this](double value) {
        m_range.limit = value;
        tell();
    });
    connect(m_lock, &QCheckBox::toggled, this, [this](bool on) {
        m_range.locked = on;
        if (on && m_range.limit <= 0)
            m_range.limit = m_limit->value();
        tell();
    });
    connect(m_auto, &QToolButton::clicked, this, [this] {
        m_range.limit = 0;
        m_range.locked = false;
        tell();
    });
}

void RangePanel::open(const ColourRange &range, double shown, const QPoint &at)
{
    const QSignalBlocker blockLimit(m_limit), blockLock(m_lock);
    m_range = range;
    const bool percent = range.unit == QLatin1String("%");
    m_limit->setDecimals(percent ? 1 : 3);
    m_limit->setRange(percent ? 0.1 : 0.001, 10000);
    m_limit->setSingleStep(percent ? 1 : 0.05);
    m_limit->setSuffix(range.unit.isEmpty() ? QString() : QLatin1Char(' ') + range.unit);
    m_limit->setValue(shown);
    m_lock->setChecked(range.locked);
    m_auto->setChecked(range.limit <= 0);
    adjustSize();
    const QRect room = screen()->availableGeometry();
    move(std::max(room.left(), std::min(at.x() - width(), room.right() - width())),
         std::min(at.y(), room.bottom() - height()));
    show();
    m_limit->setFocus();
    m_limit->selectAll();
}

void RangePanel::tell()
{
    m_auto->setChecked(m_range.limit <= 0);
    const QSignalBlocker block(m_lock);
    m_lock->setChecked(m_range.locked);
    Q_EMIT changed(m_range);
}

} // namespace patchbay
