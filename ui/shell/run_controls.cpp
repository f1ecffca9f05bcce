#include "shell/run_controls.h"

#include "controllers/path_controller.h"
#include "shell/analysis_dialog.h"
#include "task/ioi_roles.h"

#include <QAction>
#include <QComboBox>
#include <QHBoxLayout>
#include <QMenu>
#include <QToolButton>

#include <algorithm>

namespace patchbay {

namespace {

enum MethodRow { PatchRow, PathRow, AnalysisRow };

constexpr int kNarrowest = 84; // px of a list

// What the notebook sweeps; the rest is one click further away.
bool usual(const SiteInfo &site)
{
    return site.per_head && site.site != Site::Result;
}

QComboBox *combo(QWidget *parent, const QString &name, const QString &tip)
{
    auto *box = new QComboBox(parent);
    box->setAccessibleName(name);
    box->setToolTip(tip);
    box->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    box->setMinimumWidth(kNarrowest); // on a small screen its text is cut before a button is
    return box;
}

} // namespace

RunControls::RunControls(QWidget *parent) : QWidget(parent), m_sitesBox(new QWidget(this))
{
    auto *row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(6);
    m_method = combo(this, tr("Method"), tr("What is done to every head"));
    m_method->addItems({tr("Activation patching"), tr("Path patching"), tr("Analysis")}); // as MethodRow
    row->addWidget(m_method);
    row->addWidget(siteButtons());

    m_target = combo(this, tr("Receivers"), tr("Where the path from every head's output ends"));
    m_target->addItem(tr("heads → final residual"), QStringLiteral("final"));
    for (const Site site : headReceivers()) {
        const QString text = QString::fromStdString(name(site));
        m_target->addItem(tr("heads → selected heads' %1").arg(text), text);
    }
    m_target->addItem(tr("heads → receiver tray"), QStringLiteral("tray"));
    row->addWidget(m_target);

    m_analysis = combo(this, tr("Analysis"), tr("What is measured of every head"));
    offerAnalyses();
    row->addWidget(m_analysis);
    m_options = new QToolButton(this);
    m_options->setText(tr("Options…"));
    m_options->setAccessibleName(tr("Options of the analysis"));
    connect(m_options, &QToolButton::clicked, this, &RunControls::askForOptions);
    connect(m_analysis, &QComboBox::currentIndexChanged, this, &RunControls::showOptions);
    row->addWidget(m_options);

    m_keyValue =
        combo(this, tr("Keys and values"), tr("This model's key and value heads are shared by several query heads"));
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
    std::vector<std::string> roles; // of the task that is there before another is opened
    for (const ioi::RoleInfo &one : ioi::roles)
        roles.emplace_back(one.role);
    offerPositions(roles);
    row->addWidget(m_positions);

    m_metric = combo(this, tr("Metric"), tr("What is measured at END of every run"));
    for (const MetricInfo &one : metrics()) {
        m_metric->addItem(QString::fromStdString(title(one)), QString::fromUtf8(one.name));
        m_metric->setItemData(m_metric->count() - 1,
                              tr("%1: %2").arg(QString::fromUtf8(one.words), QString::fromUtf8(one.meaning)),
                              Qt::ToolTipRole);
    }
    row->addWidget(m_metric);

    connect(m_method, &QComboBox::currentIndexChanged, this, [this](int index) {
        change(index);
        Q_EMIT changed();
    });
    for (QComboBox *box : {m_target, m_analysis, m_direction, m_positions, m_metric, m_keyValue})
        connect(box, &QComboBox::currentIndexChanged, this, &RunControls::changed);
    connect(m_metric, &QComboBox::activated, this, [this] { Q_EMIT metricChosen(m_metric->currentData().toString()); });
    showFor(PatchRow);
}

QWidget *RunControls::siteButtons()
{
    auto *row = new QHBoxLayout(m_sitesBox);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(2);
    auto *more = new QMenu(m_sitesBox);
    more->setToolTipsVisible(true);
    for (const SiteInfo &site : sites()) {
        if (!site.swept)
            continue;
        auto *action = new QAction(QString::fromUtf8(site.name), m_sitesBox);
        const QString tip = site.per_head ? tr("%1 of each head").arg(QString::fromUtf8(site.title))
                                          : tr("%1 of each layer").arg(QString::fromUtf8(site.title));
        action->setToolTip(tip);
        action->setCheckable(true);
        action->setChecked(site.site == Site::Z);
        action->setData(int(site.site));
        connect(action, &QAction::toggled, this, &RunControls::changed);
        m_sites << action;
        if (!usual(site)) {
            more->addAction(action);
            continue;
        }
        auto *button = new QToolButton(m_sitesBox);
        button->setDefaultAction(action);
        button->setAccessibleName(tip);
        row->addWidget(button);
    }
    auto *button = new QToolButton(m_sitesBox);
    button->setObjectName(QStringLiteral("more-sites"));
    button->setText(tr("more"));
    button->setToolTip(tr("Residual stream, attention and MLP outputs, results"));
    button->setAccessibleName(tr("More sites"));
    button->setMenu(more);
    button->setPopupMode(QToolButton::InstantPopup);
    const auto tell = [this, button] {
        int chosen = 0;
        for (const QAction *action : m_sites)
            chosen += action->isChecked() && !usual(info(Site(action->data().toInt())));
        button->setText(chosen > 0 ? tr("more (%1)").arg(chosen) : tr("more"));
    };
    connect(this, &RunControls::changed, button, tell);
    row->addWidget(button);
    return m_sitesBox;
}

void RunControls::offerAnalyses()
{
    for (const AnalysisInfo *analysis : analyses()) {
        const QString title = QString::fromStdString(analysis->title);
        m_analysis->addItem(analysis->heads.empty() ? title : tr("%1 of the selection").arg(title),
                            QString::fromStdString(analysis->name));
        m_analysis->setItemData(m_analysis->count() - 1, QString::fromStdString(analysis->tip), Qt::ToolTipRole);
    }
}

RunControls::Settings RunControls::settingsOf(int method) const
{
    return method != m_shown
        ? m_kept[method]
        : Settings{Direction(m_direction->currentData().toInt()), m_positions->currentData().toString()};
}

// Analyses have no direction: what is shown then stays that of the method before.
void RunControls::change(int method)
{
    if (method != AnalysisRow && method != m_shown) {
        m_kept[m_shown] = settingsOf(m_shown);
        m_shown = method;
        const QSignalBlocker blockDirection(m_direction), blockPositions(m_positions);
        m_direction->setCurrentIndex(m_direction->findData(int(m_kept[method].direction)));
        m_positions->setCurrentIndex(std::max(0, m_positions->findData(m_kept[method].positions)));
    }
    showFor(method);
}

RunSpec RunControls::pathSettings() const
{
    const Settings settings = settingsOf(PathRow);
    PathPatch path;
    path.direction = settings.direction;
    const Positions positions = parse_positions(settings.positions.toStdString());
    if (positions.kind != Positions::Kind::Each) // paths are patched at all positions or at named ones
        path.positions = positions;
    return measured(spec_of(std::move(path)));
}

RunSpec RunControls::measured(RunSpec spec) const
{
    spec.metric = m_metric->currentData().toString().toStdString();
    return spec;
}

void RunControls::showFor(int method)
{
    m_sitesBox->setVisible(method == PatchRow);
    m_target->setVisible(method == PathRow);
    m_analysis->setVisible(method == AnalysisRow);
    m_options->setVisible(method == AnalysisRow);
    showOptions();
    m_direction->setVisible(method != AnalysisRow);
    m_positions->setVisible(method != AnalysisRow);
    m_metric->setVisible(method != AnalysisRow); // analyses are of the logit difference
}

Analysis RunControls::chosenAnalysis() const
{
    const std::string name = m_analysis->currentData().toString().toStdString();
    const auto options = m_analysisOptions.find(name);
    return {name, {}, options == m_analysisOptions.end() ? nlohmann::json() : options->second};
}

void RunControls::askForOptions()
{
    const Analysis analysis = chosenAnalysis();
    auto *dialog = new AnalysisDialog(*find_analysis(analysis.name), analysis.options, window());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QDialog::accepted, this, [this, dialog, name = analysis.name] {
        m_analysisOptions[name] = dialog->options();
        showOptions();
        Q_EMIT changed();
    });
    dialog->open();
}

// Which of them are not as usual.
void RunControls::showOptions()
{
    const Analysis analysis = chosenAnalysis();
    const AnalysisInfo *info = find_analysis(analysis.name);
    m_options->setEnabled(info && std::any_of(info->parameters.begin(), info->parameters.end(), isAsked));
    QStringList set;
    if (analysis.options.is_object())
        for (const auto &[name, value] : analysis.options.items())
            set << QStringLiteral("%1: %2").arg(QString::fromStdString(name), QString::fromStdString(value.dump()));
    m_options->setText(set.isEmpty() ? tr("Options…") : tr("Options (%1)…").arg(set.size()));
    m_options->setToolTip(set.isEmpty() ? tr("Texts, thresholds and what else the analysis takes")
                                        : set.join(QLatin1Char('\n')));
}

RunSpec RunControls::spec() const
{
    const auto direction = Direction(m_direction->currentData().toInt());
    const Positions positions = parse_positions(m_positions->currentData().toString().toStdString());
    switch (m_method->currentIndex()) {
    case AnalysisRow:
        return spec_of(chosenAnalysis());
    case PathRow:
        return pathSettings();
    default:
        break;
    }
    ActPatch sweep;
    sweep.direction = direction;
    sweep.positions = positions;
    sweep.shared_kv = m_keyValue->isVisibleTo(this) && m_keyValue->currentData().toBool();
    sweep.sites.clear();
    for (const QAction *action : m_sites)
        if (action->isChecked())
            sweep.sites.push_back(Site(action->data().toInt()));
    return measured(spec_of(std::move(sweep)));
}

PathTarget RunControls::pathTarget() const
{
    const QString target = m_target->currentData().toString();
    if (target == QStringLiteral("final"))
        return {PathTarget::Kind::FinalResidual, {}};
    if (target == QStringLiteral("tray"))
        return {PathTarget::Kind::Tray, {}};
    return {PathTarget::Kind::Selected, parse_site(target.toStdString())};
}

void RunControls::setSpec(const RunSpec &spec)
{
    m_method->setCurrentIndex(spec.is<PathPatch>() ? PathRow : spec.is<Analysis>() ? AnalysisRow : PatchRow);
    if (const Analysis *analysis = spec.as<Analysis>()) {
        if (const int at = m_analysis->findData(QString::fromStdString(analysis->name)); at >= 0)
            m_analysis->setCurrentIndex(at);
        m_analysisOptions[analysis->name] = analysis->options;
        showOptions();
        return;
    }
    m_direction->setCurrentIndex(m_direction->findData(int(direction_of(spec))));
    if (const int at = m_metric->findData(QString::fromStdString(spec.metric)); at >= 0)
        m_metric->setCurrentIndex(at);
    if (const int at = m_positions->findData(QString::fromStdString(to_string(positions_of(spec)))); at >= 0)
        m_positions->setCurrentIndex(at);
    if (const SiteSweep *sweep = spec.sweep())
        for (QAction *action : m_sites)
            action->setChecked(std::count(sweep->sites.begin(), sweep->sites.end(), Site(action->data().toInt())) > 0);
    if (const PathPatch *path = spec.as<PathPatch>()) {
        const bool toLogits = path->receivers.nodes.size() == 1 && path->receivers.nodes.front().head < 0;
        m_target->setCurrentIndex(m_target->findData(toLogits ? QStringLiteral("final") : QStringLiteral("tray")));
    }
}

void RunControls::setRoles(const PromptBatch &batch)
{
    std::vector<std::string> roles;
    for (const auto &[role, positions] : batch.roles)
        roles.push_back(role);
    offerPositions(roles);
}

void RunControls::offerPositions(const std::vector<std::string> &roles)
{
    const QVariant chosen = m_positions->currentData();
    {
        const QSignalBlocker quiet(m_positions);
        m_positions->clear();
        m_positions->addItem(tr("all positions"), QStringLiteral("all"));
        const auto offer = [this](std::string_view role) {
            m_positions->addItem(QString::fromStdString(role_title(role)),
                                 QString::fromUtf8(role.data(), qsizetype(role.size())));
        };
        offer(end_role);
        for (const std::string &role : roles)
            offer(role);
        m_positions->addItem(tr("each position"), QStringLiteral("each"));
        m_positions->setCurrentIndex(std::max(0, m_positions->findData(chosen)));
    }
    if (m_positions->currentData() != chosen)
        Q_EMIT changed();
}

void RunControls::setGrouped(bool grouped)
{
    m_keyValue->setVisible(grouped);
}

} // namespace patchbay
