// Live path patching: the receiver tray, the sweep that follows it, walking upstream and the trail back.
#pragma once

#include "controllers/navigation.h"
#include "controllers/run_controller.h"

#include <QObject>
#include <QVector>

namespace patchbay {

/// One step of the walk: what was received, and the run that answered.
struct TrailStep {
    QVector<Receiver> receivers;
    int run = -1;
};

/// What a head's input can be in the receiver tray: its q, k, v and pattern.
std::vector<Site> headReceivers();

class PathController : public QObject {
    Q_OBJECT
public:
    PathController(Navigation &navigation, RunController &runs, RunsStore &store, Document &document,
                   QObject *parent = nullptr);

    /// Whether a change of the tray runs the sweep by itself.
    void setLive(bool live);
    bool live() const { return m_live; }
    /// A path patch whose direction, positions and metric (the toolbar's) are taken over.
    void setTemplate(const RunSpec &path) { m_template = path; }

    /// Replaces the tray by these heads, at one site.
    void receive(const QVector<widgets::HeadId> &heads, Site site);
    void add(const QVector<widgets::HeadId> &heads, Site site);
    void removeAt(int index);
    void clear();
    /// Runs the tray's sweep whether live or not.
    void run();
    /// Every head into the final residual stream: the direct effects, where a walk starts.
    void runFinalResidual();
    /// The count strongest senders of the run on view become the receivers, at this site.
    void walkUpstream(int count, Site site);
    bool canWalk() const;
    const QVector<TrailStep> &trail() const { return m_trail; }
    void returnTo(int step);

    RunSpec specFor(const QVector<Receiver> &receivers) const;

Q_SIGNALS:
    void trailChanged();
    void liveChanged();
    /// A walk came to nothing: no sender of the run on view has both an effect and heads before it.
    void nothingUpstream();

private:
    void follow();
    void note(const QVector<Receiver> &receivers, int run);

    Navigation &m_navigation;
    RunController &m_runs;
    RunsStore &m_store;
    Document &m_document;
    RunSpec m_template = spec_of(PathPatch());
    QVector<TrailStep> m_trail;
    bool m_live = true;
    bool m_walking = false;
};

/// "L9H6 q", in the tray and the trail.
QString receiverText(const Receiver &receiver);
QString receiversText(const QVector<Receiver> &receivers);

} // namespace patchbay
