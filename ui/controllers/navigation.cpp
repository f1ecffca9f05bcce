#include "controllers/navigation.h"

#include "amounts_text.h"

#include <QUndoCommand>

#include <algorithm>

namespace patchbay {

using widgets::HeadId;

namespace {
/// "L1H4, L2H3", or how many there are.
QString namesOf(const QVector<HeadId> &heads)
{
    if (heads.size() > 3)
        return countedText(heads.size(), "head");
    QStringList names;
    for (const HeadId &head : heads)
        names << label(head);
    return names.join(QStringLiteral(", "));
}
} // namespace

class GoCommand : public QUndoCommand {
public:
    GoCommand(Navigation &navigation, Place to, const QString &what, bool sliding)
        : QUndoCommand(what), m_navigation(navigation), m_from(navigation.m_place), m_to(std::move(to)),
          m_sliding(sliding)
    {
    }
    void undo() override { step(m_from, true); }
    void redo() override
    {
        step(m_to, m_done);
        m_done = true;
        m_to = m_navigation.m_place;
    }
    int id() const override { return m_sliding ? 1 : -1; }
    bool mergeWith(const QUndoCommand *other) override
    {
        if (other->text() != text())
            return false;
        m_to = static_cast<const GoCommand *>(other)->m_to;
        return true;
    }

private:
    void step(const Place &place, bool restoring)
    {
        m_navigation.m_applying = true;
        m_navigation.m_restoring = restoring;
        Place there = place;
        // A run that was deleted since cannot come back: what is on view stays.
        if (m_navigation.m_gone.contains(there.run)) {
            there.run = m_navigation.m_place.run;
            there.comparedRun = m_navigation.m_place.comparedRun;
        } else if (m_navigation.m_gone.contains(there.comparedRun)) {
            there.comparedRun = -1;
        }
        m_navigation.apply(there);
        m_navigation.m_applying = false;
    }

    Navigation &m_navigation;
    Place m_from, m_to;
    bool m_sliding = false, m_done = false;
};

Navigation::Navigation(QObject *parent) : QObject(parent)
{
    m_undo.setUndoLimit(200);
}

void Navigation::go(const Place &place, const QString &what, bool sliding)
{
    if (m_applying)
        return apply(place);
    if (place == m_place)
        return;
    const int steps = m_undo.index();
    m_undo.push(new GoCommand(*this, place, what, sliding));
    const bool forgotten = steps == m_undo.undoLimit();
    if (m_undo.index() != steps || !sliding)
        Q_EMIT stepped(what, forgotten);
}

void Navigation::apply(const Place &place)
{
    const Place before = m_place;
    m_place = place;
    if (!(before.task == place.task))
        Q_EMIT taskChanged();
    if (before.run != place.run || before.comparedRun != place.comparedRun || before.view != place.view)
        Q_EMIT runChanged();
    if (before.prompt != place.prompt)
        Q_EMIT promptChanged();
    if (before.heads != place.heads || !(before.current == place.current))
        Q_EMIT headsChanged();
    if (before.circuit != place.circuit)
        Q_EMIT circuitChanged();
    if (!(before.edges == place.edges))
        Q_EMIT edgesChanged();
    if (!(before.mask() == place.mask()))
        Q_EMIT maskChanged();
    if (before.receivers != place.receivers)
        Q_EMIT receiversChanged();
}

void Navigation::select(const QVector<HeadId> &heads, HeadId current)
{
    Place place = m_place;
    place.heads = heads;
    place.current = current;
    go(place, heads.isEmpty() ? tr("Clear selection") : tr("Select %1").arg(namesOf(heads)));
}

void Navigation::showRun(int run, int comparedRun)
{
    Place place = m_place;
    place.run = run;
    place.comparedRun = comparedRun;
    place.view.clear();
    go(place, comparedRun < 0 ? tr("Show run") : tr("Compare runs"));
}

void Navigation::showAs(const QString &view)
{
    Place place = m_place;
    place.view = view;
    go(place, tr("Change the view"));
}

void Navigation::showPrompt(int prompt)
{
    Place place = m_place;
    place.prompt = prompt;
    go(place, tr("Choose prompt"), true);
}

void Navigation::setReceivers(const QVector<Receiver> &receivers)
{
    Place place = m_place;
    place.receivers = receivers;
    go(place, tr("Change receivers"));
}

void Navigation::addToCircuit(const QVector<HeadId> &heads)
{
    Place place = m_place;
    QVector<HeadId> added;
    for (const HeadId &head : heads)
        if (head.valid() && head.head >= 0 && !place.circuit.contains(head) && !added.contains(head))
            added << head;
    place.circuit += added;
    std::sort(place.circuit.begin(), place.circuit.end());
    go(place, tr("Add %1 to the circuit").arg(namesOf(added)));
}

void Navigation::removeFromCircuit(const QVector<HeadId> &heads)
{
    Place place = m_place;
    QVector<HeadId> removed;
    for (const HeadId &head : heads)
        if (place.circuit.removeOne(head))
            removed << head;
    go(place, tr("Take %1 out of the circuit").arg(namesOf(removed)));
}

void Navigation::setEdges(const EdgeCircuit &edges, const QString &what, bool sliding)
{
    Place place = m_place;
    place.edges = edges;
    go(place, what, sliding);
}

void Navigation::setMask(const Mask &mask)
{
    Place place = m_place;
    const bool sliding = mask.but == place.mask().but && mask.by == place.mask().by;
    if (mask.active() || !mask.by.isEmpty())
        place.masks[place.run] = mask;
    else
        place.masks.remove(place.run);
    go(place, tr("Mask heads"), sliding);
}

void Navigation::forgetRun(int run)
{
    m_gone << run;
    Place place = m_place;
    if (place.run == run)
        place.run = -1;
    if (place.comparedRun == run)
        place.comparedRun = -1;
    apply(place);
}

void Navigation::restore(const Place &place)
{
    m_undo.clear();
    m_applying = m_restoring = true; // what follows a change by itself belongs to the place already
    apply(place);
    m_applying = m_restoring = false;
}

void Navigation::reset(const QVector<HeadId> &circuit, const TaskRef &task)
{
    m_undo.clear();
    Place place;
    place.circuit = circuit;
    place.task = task;
    apply(place);
}

} // namespace patchbay
