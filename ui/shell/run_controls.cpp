#include "shell/run_controls.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QToolButton>

namespace patchbay {

namespace {

struct SiteChoice {
    Site site;
    const char *tip;
};
constexpr SiteChoice kSites[] = {
    {Site::Z, QT_TRANSLATE_NOOP("patchbay::RunControls", "Each head's output (z)")},
    {Site::Q, QT_TRANSLATE_NOOP("patchbay::RunControls", "Each head's queries")},
    {Site::K, QT_TRANSLATE_NOOP("patchbay::RunControls", "Each head's keys")},
    {Site::V, QT_TRANSLATE_NOOP("patchbay::RunControls", "Each head's values")},
    {Site::Pattern, QT_TRANSLATE_NOOP("patchbay::RunControls", "Each head's attention pattern")},
};

QComboBox *combo(QWidget *parent, const QString &name, const QString &tip)
{
    auto *box = new QComboBox(parent);
    box->setAccessibleName(name);
    box->setToolTip(tip);
    box->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    return box;
}

} // namespace

RunControls::RunControls(QWidget *parent) : QWidget(parent), m_sitesBox(new QWidget(this))
{
    auto *row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(6);
    m_method = combo(this, tr("Method"), tr("What is done to every head"));
    m_method->addItem(tr("Activation patching"), int(Method::ActPatch));
    m_method->addItem(tr("Path patching"), int(Method::PathPatch));
    m_method->addItem(tr("Analysis"), int(Method::Analysis));
    row->addWidget(m_method);

    auto *sites = new QHBoxLayout(m_sitesBox);
    sites->setContentsMargins(0, 0, 0, 0);
    sites->setSpacing(2);
    for (const SiteChoice &choice : kSites) {
        auto *button = new QToolButton(m_sitesBox);
        button->setText(QString::fromStdString(name(choice.site)));
        button->setToolTip(tr(choice.tip));
        button->setAccessibleName(tr(choice.tip));
        button->setCheckable(true);
        button->setChecked(choice.site == Site::Z);
        button->setProperty("site", int(choice.site));
        connect(button, &QToolButton::toggled, this, &RunControls::changed);
        sites->addWidget(button);
        m_sites << button;
    }
    row->addWidget(m_sitesBox);

    m_target = combo(this, tr("Receivers"), tr("Where the path from every head's output ends"));
    m_target->addItem(tr("heads → final residual"), int(PathTarget::FinalResidual));
    m_target->addItem(tr("heads → selected heads' q"), int(PathTarget::SelectedQ));
    m_target->addItem(tr("heads → selected heads' k"), int(PathTarget::SelectedK));
    m_target->addItem(tr("heads → selected heads' v"), int(PathTarget::SelectedV));
    m_target->addItem(tr("heads → selected heads' pattern"), int(PathTarget::SelectedPattern));
    m_target->addItem(tr("heads → receiver tray"), int(PathTarget::Tray));
    row->addWidget(m_target);

    m_analysis = combo(this, tr("Analysis"), tr("What is measured of every head"));
    m_analysis->addItem(tr("direct logit attribution"), QStringLiteral("dla"));
    m_analysis->addItem(tr("copy scores"), QStringLiteral("copy-scores"));
    m_analysis->addItem(tr("attention to IO, S1, S2"), QStringLiteral("attention"));
    m_analysis->addItem(tr("head detectors"), QStringLiteral("detectors"));
    m_analysis->addItem(tr("roles of heads"), QStringLiteral("roles"));
    row->addWidget(m_analysis);

    m_keyValue = combo(this, tr("Keys and values"), tr("This model's key and value heads are shared by several query heads"));
    m_keyValue->addItem(tr("one query head's copy"), false);
    m_keyValue->addItem(tr("shared KV head"), true);
    m_keyValue->hide();
    row->addWidget(m_keyValue);

    m_direction = combo(this, tr("Direction"),
                        tr("Denoise: the flipped run gets clean activations; what restores the answer?\n"
                           "Noise: the clean run gets flipped activations; what breaks it?"));
    m_direction->addItem(tr("Denoise"), int(Direction::Denoise));
    m_direction->addItem(tr("Noise"), int(Direction::Noise));
    row->addWidget(m_direction);

    m_positions = combo(this, tr("Positions"), tr("Token positions that are patched"));
    const std::pair<const char *, QString> positions[] = {
        {"all", tr("all positions")}, {"end", tr("END")}, {"s2", tr("S2")}, {"s1", tr("S1")}, {"io", tr("IO")}, {"each", tr("each position")}};
    for (const auto &[key, text] : positions)
        m_positions->addItem(text, QString::fromLatin1(key));
    row->addWidget(m_positions);

    connect(m_method, &QComboBox::currentIndexChanged, this, [this](int index) {
        showFor(index);
        Q_EMIT changed();
    });
    for (QComboBox *box : {m_target, m_analysis, m_direction, m_positions, m_keyValue})
        connect(box, &QComboBox::currentIndexChanged, this, &RunControls::changed);
    showFor(0);
}

void RunControls::showFor(int method)
{
    m_sitesBox->setVisible(method == 0);
    m_target->setVisible(method == 1);
    m_analysis->setVisible(method == 2);
    m_direction->setVisible(method != 2);
    m_positions->setVisible(method != 2);
}

RunSpec RunControls::spec() const
{
    RunSpec spec;
    spec.method = Method(m_method->currentData().toInt());
    if (spec.method == Method::Analysis) {
        spec.analysis = m_analysis->currentData().toString().toStdString();
        return spec;
    }
    spec.direction = Direction(m_direction->currentData().toInt());
    spec.positions = parse_positions(m_positions->currentData().toString().toStdString());
    spec.shared_kv = m_keyValue->isVisibleTo(this) && m_keyValue->currentData().toBool();
    spec.sites.clear();
    if (spec.method == Method::ActPatch) {
        for (const QToolButton *button : m_sites)
            if (button->isChecked())
                spec.sites.push_back(Site(button->property("site").toInt()));
    } else if (spec.positions.kind == Positions::Kind::Each) {
        spec.positions = {};
    }
    return spec;
}

PathTarget RunControls::pathTarget() const
{
    return PathTarget(m_target->currentData().toInt());
}

void RunControls::setSpec(const RunSpec &spec)
{
    m_method->setCurrentIndex(spec.method == Method::PathPatch ? 1 : spec.method == Method::Analysis ? 2 : 0);
    if (const int at = m_analysis->findData(QString::fromStdString(spec.analysis)); at >= 0)
        m_analysis->setCurrentIndex(at);
    m_direction->setCurrentIndex(m_direction->findData(int(spec.direction)));
    if (const int at = m_positions->findData(QString::fromStdString(to_string(spec.positions))); at >= 0)
        m_positions->setCurrentIndex(at);
    for (QToolButton *button : m_sites) {
        const Site site = Site(button->property("site").toInt());
        button->setChecked(std::find(spec.sites.begin(), spec.sites.end(), site) != spec.sites.end());
    }
    if (spec.method == Method::PathPatch) {
        const bool toLogits = spec.receivers.nodes.size() == 1 && spec.receivers.nodes.front().site == Site::ResidPost;
        m_target->setCurrentIndex(m_target->findData(int(toLogits ? PathTarget::FinalResidual : PathTarget::Tray)));
    }
}

void RunControls::setGrouped(bool grouped)
{
    m_keyValue->setVisible(grouped);
}

} // namespace patchbay
