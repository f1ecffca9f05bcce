#include "views/mask_control.h"

#include "docks/dock_parts.h"

#include <QComboBox>
#include <QDoubleSpinBox>
#include <QFormLayout>
#include <QFrame>
#include <QHBoxLayout>
#include <QStyleOptionToolButton>
#include <QStylePainter>

#include <algorithm>

namespace patchbay {

namespace {

constexpr int kChipWidth = 260, kNarrowChip = 90; // px

/// What the mask is, with a cross that takes it off; where there is little room the middle of its words goes.
class Chip : public QToolButton {
public:
    using QToolButton::QToolButton;
    QSize minimumSizeHint() const override { return {std::min(kNarrowChip, sizeHint().width()), sizeHint().height()}; }

protected:
    void paintEvent(QPaintEvent *) override
    {
        QStyleOptionToolButton option;
        initStyleOption(&option);
        const int lacking = sizeHint().width() - width();
        if (lacking > 0)
            option.text =
                fontMetrics().elidedText(text(), Qt::ElideMiddle, fontMetrics().horizontalAdvance(text()) - lacking);
        QStylePainter(this).drawComplexControl(QStyle::CC_ToolButton, option);
    }
};

} // namespace

MaskControl::MaskControl(Explorer &explorer, QWidget *parent)
    : QWidget(parent), m_explorer(explorer), m_chip(new Chip(this)), m_button(new QToolButton(this)),
      m_panel(new QFrame(this, Qt::Popup)), m_role(new QComboBox(m_panel)), m_by(new QComboBox(m_panel)),
      m_below(new QDoubleSpinBox(m_panel))
{
    build();
    const auto roles = [this] {
        refreshRoles();
        refresh(m_unit);
    };
    connect(&m_explorer.navigation, &Navigation::circuitChanged, this, roles);
    connect(&m_explorer.roles, &HeadRoles::changed, this, roles);
    connect(m_button, &QToolButton::clicked, this, &MaskControl::open);
    connect(m_chip, &QToolButton::clicked, this, [this] { m_explorer.navigation.setMask({}); });
    connect(m_role, &QComboBox::activated, this, &MaskControl::chooseRole);
    connect(m_by, &QComboBox::activated, this, &MaskControl::chooseQuantity);
    connect(m_below, &QDoubleSpinBox::valueChanged, this, &MaskControl::setBelow);
    refreshRoles();
}

void MaskControl::build()
{
    auto *row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(6);
    m_chip->setProperty("chip", true);
    m_chip->setToolTip(tr("Heads that do not meet this are masked. Click to show all heads"));
    m_chip->setMaximumWidth(kChipWidth);
    m_chip->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    m_button->setText(tr("Mask heads…"));
    m_button->setToolTip(tr("Mask heads by any quantity, or by their role"));
    m_button->setAccessibleName(tr("Mask heads"));
    row->addWidget(m_chip);
    row->addWidget(m_button);

    m_panel->setFrameShape(QFrame::StyledPanel);
    m_panel->setAccessibleName(tr("Which heads are masked"));
    auto *form = new QFormLayout(m_panel);
    form->setContentsMargins(12, 12, 12, 12);
    m_by->setAccessibleName(tr("Quantity to mask by"));
    m_by->setToolTip(tr("Heads are masked by this number: of what is on view, of an analysis, or of another run"));
    m_below->setObjectName(QStringLiteral("fade-below"));
    m_role->setObjectName(QStringLiteral("shown-heads"));
    m_below->setAccessibleName(tr("Mask effects below"));
    m_below->setToolTip(tr("Heads with a smaller value are masked"));
    m_below->setSpecialValueText(tr("off"));
    m_below->setKeyboardTracking(false);
    m_role->setAccessibleName(tr("Which heads are not masked"));
    m_role->setToolTip(tr("Heads without this role are masked"));
    for (QComboBox *box : {m_by, m_role}) {
        box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
        box->setMinimumContentsLength(28);
    }
    form->addRow(tr("Mask where"), m_by);
    form->addRow(tr("is below"), m_below);
    form->addRow(tr("Show only"), m_role);
}

void MaskControl::open()
{
    refresh(m_unit);
    m_panel->adjustSize();
    const QPoint below = m_button->mapToGlobal(QPoint(m_button->width() - m_panel->width(), m_button->height() + 2));
    m_panel->move(below);
    m_panel->show();
    m_by->setFocus();
}

void MaskControl::refreshRoles()
{
    const QSignalBlocker block(m_role);
    const HeadRoles &roles = m_explorer.roles;
    m_role->clear();
    const auto offer = [this](const QString &text, const std::optional<HeadGroup> &group) {
        m_role->addItem(text, QVariant::fromValue(group));
    };
    offer(tr("all heads"), std::nullopt);
    for (const QString &role : roles.roles())
        offer(QStringLiteral("%1 (%2)").arg(role).arg(roles.headsWith(role).size()), HeadGroup::withRole(role));
    offer(tr("the circuit (%1)").arg(m_explorer.navigation.place().circuit.size()),
          HeadGroup{HeadGroup::Kind::Circuit});
    offer(tr("the selection"), HeadGroup{HeadGroup::Kind::Selection});
    if (!roles.known()) {
        m_role->insertSeparator(m_role->count());
        m_role->addItem(tr("Find the roles…")); // no group: starts the analysis that finds them
    }
}

void MaskControl::chooseRole()
{
    if (!m_role->currentData().isValid())
        Q_EMIT rolesRequested();
    Mask mask = m_explorer.navigation.place().mask();
    mask.but = m_role->currentData().value<std::optional<HeadGroup>>();
    m_explorer.navigation.setMask(mask);
    refresh(m_unit);
}

const MaskQuantity *MaskControl::current() const
{
    const int at = m_by->currentIndex();
    return at >= 0 && at < m_quantities.size() ? &m_quantities[at] : nullptr;
}

void MaskControl::chooseQuantity()
{
    const MaskQuantity *chosen = current();
    if (!chosen)
        return;
    const MaskQuantity by = *chosen;
    Mask mask = m_explorer.navigation.place().mask();
    if (mask.by != by.key)
        mask.below = by.usual;
    mask.by = by.key;
    m_explorer.navigation.setMask(mask);
    if (!by.analysis.isEmpty())
        Q_EMIT analysisRequested(by.analysis);
    refresh(m_unit);
}

void MaskControl::setBelow(double below)
{
    Mask mask = m_explorer.navigation.place().mask();
    mask.below = below;
    m_explorer.navigation.setMask(mask);
}

void MaskControl::adaptThreshold(const QString &unit)
{
    const bool percent = unit == QLatin1String("%");
    m_below->setDecimals(percent ? 1 : 3);
    m_below->setSingleStep(percent ? 1 : 0.05);
    m_below->setRange(0, percent ? 1000 : 100);
    m_below->setSuffix(unit.isEmpty() ? QString() : QLatin1Char(' ') + unit);
}

void MaskControl::refresh(const QString &unit)
{
    const QSignalBlocker blockBelow(m_below), blockRole(m_role), blockBy(m_by);
    m_unit = unit;
    const Place &place = m_explorer.navigation.place();
    const Mask mask = place.mask();
    QVector<MaskQuantity> quantities = maskQuantities(place, m_explorer.runs);
    quantities.front().unit = unit;
    if (quantities != m_quantities) {
        m_quantities = quantities;
        m_by->clear();
        for (const MaskQuantity &one : std::as_const(m_quantities))
            m_by->addItem(one.analysis.isEmpty() ? one.title : tr("%1 (is measured first)").arg(one.title), one.key);
    }
    m_by->setCurrentIndex(std::max(0, m_by->findData(mask.by)));
    adaptThreshold(current() ? current()->unit : unit);
    m_below->setValue(mask.below);
    m_role->setCurrentIndex(std::max(0, m_role->findData(QVariant::fromValue(mask.but))));
    m_button->setEnabled(place.run >= 0);
    const QString text = maskText(mask, m_quantities);
    m_chip->setVisible(!text.isEmpty());
    m_chip->setText(m_chip->fontMetrics().elidedText(text, Qt::ElideMiddle, kChipWidth - 40) + QStringLiteral("  ✕"));
    m_chip->setAccessibleName(tr("Masked: all heads but %1. Show all heads").arg(text));
}

} // namespace patchbay
