// Where the user is: the run on view, the selected heads, the prompt, the receivers. One place that every view follows,
// with undo.
#pragma once

#include "edges/circuit.h"
#include "head_id.h"
#include "spec/run_spec.h"

#include <QMap>
#include <QObject>
#include <QUndoStack>
#include <QVector>

#include <memory>
#include <optional>

namespace patchbay {

/// A receiver in the tray: one head's q, k, v or pattern.
struct Receiver {
    widgets::HeadId head;
    Site site = Site::Q;
    bool operator==(const Receiver &) const = default;
};

/// Heads that belong together: those with a role (controllers/head_roles.h has all of them), those of the circuit that
/// the user has put together, or the selection.
struct HeadGroup {
    enum class Kind { Role, Circuit, Selection };
    Kind kind = Kind::Selection;
    QString role = {}; ///< Role: "name mover"
    static HeadGroup withRole(const QString &role) { return {Kind::Role, role}; }
    bool operator==(const HeadGroup &) const = default;
};

/// Which heads of a heatmap are masked.
struct Mask {
    double below = 0;                  ///< heads whose value is smaller than this; 0: none
    std::optional<HeadGroup> but = {}; ///< all heads but these; nothing: none
    QString by = {};                   ///< whose value counts (controllers/masks.h); empty: what is on view
    bool active() const { return below > 0 || but.has_value(); }
    bool operator==(const Mask &) const = default;
};

/// The circuit of edges that the user looks at.
struct EdgeCircuit {
    std::shared_ptr<const EdgeMask> kept = {}; ///< as chosen, before pruning; null: none
    qint64 asked = -1;                         ///< so many of the strongest edges; -1: chosen in another way
    bool bySign = false;                       ///< these by signed score, not by size
    QString name = {};                         ///< what it was kept as
    bool operator==(const EdgeCircuit &) const = default;
};

struct Place {
    TaskRef task;                     ///< whose prompts; the document opens it where it is another than its own
    int run = -1;                     ///< id in the runs store; -1: none
    int comparedRun = -1;             ///< shown as run − comparedRun; -1: none
    QString view;                     ///< what it is looked at as (view_models.h, ViewChoice); empty: its best view
    int prompt = -1;                  ///< of the batch; -1: the mean over prompts
    QVector<widgets::HeadId> heads;   ///< selected, in the order of selection
    widgets::HeadId current;          ///< the one that the attention view shows
    QVector<Receiver> receivers;      ///< the tray
    QVector<widgets::HeadId> circuit; ///< what the user has put together, by layer
    EdgeCircuit edges;                ///< of the same, edge by edge
    QMap<int, Mask> masks;            ///< of runs; a run starts without one
    Mask mask() const { return masks.value(run); } ///< of the run on view
    bool operator==(const Place &) const = default;
};

class Navigation : public QObject {
    Q_OBJECT
public:
    explicit Navigation(QObject *parent = nullptr);

    const Place &place() const { return m_place; }
    QUndoStack &undoStack() { return m_undo; }
    /// True while undo or redo puts an earlier place back: nothing new shall be started then.
    bool restoring() const { return m_applying && m_restoring; }

    /// what: for the undo menu ("Select L3H5"). What is changed in answer to a change belongs to the same step.
    /// sliding: one of many steps of a slider; those with the same what in a row become one.
    void go(const Place &place, const QString &what, bool sliding = false);
    void select(const QVector<widgets::HeadId> &heads, widgets::HeadId current);
    void showRun(int run, int comparedRun = -1);
    /// The run on view as another view.
    void showAs(const QString &view);
    void showPrompt(int prompt);
    void setReceivers(const QVector<Receiver> &receivers);
    void addToCircuit(const QVector<widgets::HeadId> &heads);
    void removeFromCircuit(const QVector<widgets::HeadId> &heads);
    void setEdges(const EdgeCircuit &edges, const QString &what, bool sliding = false);
    void setMask(const Mask &mask);
    /// Changes without an undo step: a run that is no longer there, a task with fewer prompts.
    void forgetRun(int run);
    /// Another model: nothing is selected or on view, and nothing to undo.
    void reset(const QVector<widgets::HeadId> &circuit = {}, const TaskRef &task = {});
    /// As a project has kept it: nothing to undo either.
    void restore(const Place &place);

Q_SIGNALS:
    /// A step that can be undone was made; one of a slider's is told once. forgotten: the oldest one no longer can be.
    void stepped(const QString &what, bool forgotten);
    void taskChanged();
    void headsChanged();
    void runChanged();
    void promptChanged();
    void receiversChanged();
    void circuitChanged();
    void edgesChanged();
    void maskChanged();

private:
    friend class GoCommand;
    void apply(const Place &place);

    Place m_place;
    QUndoStack m_undo;
    QVector<int> m_gone; ///< runs that were deleted: an earlier place may still name them
    bool m_applying = false, m_restoring = false;
};

} // namespace patchbay
