#include "controllers/path_controller.h"

#include "view_models.h"

#include <algorithm>
#include <cmath>

namespace patchbay {

using widgets::HeadId;

namespace {
constexpr double kLeastEffect = 0.05; // % of the gap: what is shown as 0.0 sends nothing
}

std::vector<Site> headReceivers()
{
    std::vector<Site> all;
    for (const SiteInfo &site : sites())
        if (site.per_head && site.receives && site.swept)
            all.push_back(site.site);
    return all;
}

QString receiverText(const Receiver &receiver)
{
    return label(receiver.head) + QStringLiteral(" ") + QString::fromStdString(name(receiver.site));
}

QString receiversText(const QVector<Receiver> &receivers)
{
    QStringList texts;
    for (const Receiver &receiver : receivers)
        texts << receiverText(receiver);
    return texts.isEmpty() ? PathController::tr("logits") : texts.join(QStringLiteral(", "));
}

PathController::PathController(Navigation &navigation, RunController &runs, RunsStore &store, Document &document,
                               QObject *parent)
    : QObject(parent), m_navigation(navigation), m_runs(runs), m_store(store), m_document(document)
{
    connect(&m_navigation, &Navigation::receiversChanged, this, &PathController::follow);
    connect(&m_document, &Document::setupChanged, this, [this] {
        m_trail.clear();
        Q_EMIT trailChanged();
    });
}

void PathController::setLive(bool live)
{
    m_live = live;
    Q_EMIT liveChanged();
    follow();
}

RunSpec PathController::specFor(const QVector<Receiver> &receivers) const
{
    PathPatch path = *m_template.as<PathPatch>();
    path.senders = PathPatch().senders;
    path.receivers = {};
    for (const Receiver &receiver : receivers)
        path.receivers.nodes.push_back({receiver.site, receiver.head.layer, receiver.head.head});
    if (receivers.isEmpty() && m_document.ready())
        path.receivers.nodes.push_back({Site::ResidPost, m_document.setup()->config().n_layers - 1, -1});
    RunSpec spec = m_template;
    spec.method = std::move(path);
    return spec;
}

void PathController::receive(const QVector<HeadId> &heads, Site site)
{
    QVector<Receiver> receivers;
    for (const HeadId &head : heads)
        if (head.valid() && head.head >= 0)
            receivers << Receiver{head, site};
    if (receivers.isEmpty())
        return;
    const bool same = receivers == m_navigation.place().receivers;
    m_walking = false;
    m_navigation.setReceivers(receivers);
    if (same || !m_live)
        run();
}

void PathController::add(const QVector<HeadId> &heads, Site site)
{
    QVector<Receiver> receivers = m_navigation.place().receivers;
    for (const HeadId &head : heads) {
        const Receiver receiver{head, site};
        if (head.valid() && head.head >= 0 && !receivers.contains(receiver))
            receivers << receiver;
    }
    m_navigation.setReceivers(receivers);
}

void PathController::removeAt(int index)
{
    QVector<Receiver> receivers = m_navigation.place().receivers;
    if (index < 0 || index >= receivers.size())
        return;
    receivers.removeAt(index);
    m_navigation.setReceivers(receivers);
}

void PathController::clear()
{
    m_navigation.setReceivers({});
    m_trail.clear();
    Q_EMIT trailChanged();
}

void PathController::follow()
{
    if (m_live && !m_navigation.restoring() && m_document.ready() && !m_navigation.place().receivers.isEmpty())
        note(m_navigation.place().receivers, m_runs.run(specFor(m_navigation.place().receivers), true));
}

void PathController::run()
{
    const auto receivers = m_navigation.place().receivers;
    note(receivers, m_runs.run(specFor(receivers)));
}

void PathController::runFinalResidual()
{
    m_walking = false;
    note({}, m_runs.run(specFor({})));
}

// A walk adds a step; any other change of the tray is a correction of the last one.
void PathController::note(const QVector<Receiver> &receivers, int run)
{
    if (run < 0)
        return;
    const auto known = std::find_if(m_trail.cbegin(), m_trail.cend(),
                                    [&](const TrailStep &step) { return step.receivers == receivers; });
    if (known != m_trail.cend()) {
        const auto at = known - m_trail.cbegin();
        m_trail[at].run = run;
    } else {
        if (!m_walking && !m_trail.isEmpty() && !m_trail.back().receivers.isEmpty())
            m_trail.removeLast();
        m_trail << TrailStep{receivers, run};
    }
    m_walking = false;
    Q_EMIT trailChanged();
}

bool PathController::canWalk() const
{
    const RunEntry *run = m_store.find(m_navigation.place().run);
    return run && run->spec.is<PathPatch>() && run->result && !run->result->grids.empty();
}

void PathController::walkUpstream(int count, Site site)
{
    const RunEntry *run = m_store.find(m_navigation.place().run);
    if (!canWalk())
        return;
    const auto view = heatmapView(*run->result);
    QVector<HeadId> senders = strongestHeads(view, count);
    QVector<Receiver> receivers;
    senders.removeIf([&](const HeadId &head) {
        const auto &facet = view.facets.front();
        const double effect = facet.values.value(head.layer * facet.columns + head.head);
        return head.head < 0 || !(std::abs(effect) >= kLeastEffect);
    });
    for (const HeadId &head : std::as_const(senders))
        if (head.layer > 0) // nothing is upstream of layer 0
            receivers << Receiver{head, site};
    if (receivers.isEmpty()) {
        Q_EMIT nothingUpstream();
        return;
    }
    std::sort(receivers.begin(), receivers.end(), [](const Receiver &a, const Receiver &b) { return a.head < b.head; });
    m_walking = true;
    m_navigation.select(senders, senders.front());
    m_navigation.setReceivers(receivers);
    if (!m_live)
        this->run();
}

void PathController::returnTo(int step)
{
    if (step < 0 || step >= m_trail.size())
        return;
    const TrailStep target = m_trail[step];
    Place place = m_navigation.place();
    place.receivers = target.receivers;
    place.run = target.run;
    place.comparedRun = -1;
    m_navigation.go(place, tr("Return to %1").arg(receiversText(target.receivers)));
}

} // namespace patchbay
