#include "controllers/navigation.h"

#include <QUndoCommand>

namespace patchbay {

using widgets::HeadId;

class GoCommand : public QUndoCommand {
public:
    GoCommand(Navigation &navigation, Place to, const QString &what)
        : QUndoCommand(what), m_navigation(navigation), m_from(navigation.m_place), m_to(std::move(to))
    {
    }
    void undo() override { step(m_from, true); }
    void redo() override
    {
        step(m_to, m_done);
        m_done = true;
        m_to = m_navigation.m_place;
    }
    int id() const override { return 1; }
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
        m_navigation.apply(place);
        m_navigation.m_applying = false;
    }

    Navigation &m_navigation;
    Place m_from, m_to;
    bool m_done = false;
};

Navigation::Navigation(QObject *parent) : QObject(parent)
{
    m_undo.setUndoLimit(200);
}

void Navigation::go(const Place &place, const QString &what)
{
    if (m_applying)
        apply(place);
    else if (!(place == m_place))
        m_undo.push(new GoCommand(*this, place, what));
}

void Navigation::apply(const Place &place)
{
    const Place before = m_place;
    m_place = place;
    if (before.run != place.run || before.comparedRun != place.comparedRun)
        Q_EMIT runChanged();
    if (before.prompt != place.prompt)
        Q_EMIT promptChanged();
    if (before.heads != place.heads || !(before.current == place.current))
        Q_EMIT headsChanged();
    if (before.receivers != place.receivers)
        Q_EMIT receiversChanged();
}

void Navigation::select(const QVector<HeadId> &heads, HeadId current)
{
    Place place = m_place;
    place.heads = heads;
    place.current = current;
    QStringList names;
    for (const HeadId &head : heads)
        names << label(head);
    if (names.size() > 3)
        names = {tr("%1 heads").arg(heads.size())};
    go(place, heads.isEmpty() ? tr("Clear selection") : tr("Select %1").arg(names.join(QStringLiteral(", "))));
}

void Navigation::showRun(int run, int comparedRun)
{
    Place place = m_place;
    place.run = run;
    place.comparedRun = comparedRun;
    go(place, comparedRun < 0 ? tr("Show run") : tr("Compare runs"));
}

void Navigation::showPrompt(int prompt)
{
    Place place = m_place;
    place.prompt = prompt;
    go(place, tr("Choose prompt"));
}

void Navigation::setReceivers(const QVector<Receiver> &receivers)
{
    Place place = m_place;
    place.receivers = receivers;
    go(place, tr("Change receivers"));
}

void Navigation::forgetRun(int run)
{
    Place place = m_place;
    if (place.run == run)
        place.run = -1;
    if (place.comparedRun == run)
        place.comparedRun = -1;
    apply(place);
}

void Navigation::forgetPrompt()
{
    m_undo.clear();
    Place place = m_place;
    place.prompt = -1;
    apply(place);
}

void Navigation::reset()
{
    m_undo.clear();
    apply({});
}

} // namespace patchbay
