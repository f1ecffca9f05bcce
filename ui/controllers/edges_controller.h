// Edges and circuits of them: scores on view, the circuit that is looked at, how faithful it is, what is kept by name.
#pragma once

#include "controllers/document.h"
#include "controllers/navigation.h"
#include "controllers/run_controller.h"
#include "controllers/runs_store.h"
#include "edge_numbers.h"

#include <QObject>
#include <QTimer>

#include <map>
#include <memory>

namespace patchbay {

/// What the run of a circuit came to.
struct CircuitFit {
    double faithfulness = 0, completeness = 0, mean = 0, full = 0, empty = 0;
};

/// Faithfulness before a circuit was run.
struct GuessedFit {
    double faithfulness = 0; ///< NaN without scores
    bool betweenRuns = false;
};

/// A circuit that was kept.
struct KeptEdges {
    QString name;
    std::shared_ptr<const EdgeMask> kept;
};

class EdgesController : public QObject {
    Q_OBJECT
public:
    EdgesController(Backend &backend, Document &document, RunsStore &runs, Navigation &navigation,
                    RunController &runner, QObject *parent = nullptr);

    /// How the next scores are computed.
    const EdgeChoice &choice() const { return m_choice; }
    void setChoice(const EdgeChoice &choice);
    /// Scores all edges so, and shows the graph.
    void find();

    /// Of the newest run with scores on view, of the open model and task, or of a file; null before there are any.
    const std::shared_ptr<const EdgeNumbers> &numbers() const { return m_numbers; }
    /// The result that the scores come from; null for a file's.
    const RunResultPtr &source() const { return m_source; }

    /// The circuit, pruned; empty without one.
    const EdgeMask &kept() const { return m_kept; }
    qint64 edgeCount() const { return m_count; }
    bool has(Edge edge) const;
    /// How many edges were asked for: what a slider shows.
    qint64 asked() const;
    bool bySign() const { return m_navigation.place().edges.bySign; }
    qint64 allEdges() const;
    /// Whether the edges have been put in order, a moment after their scores: only then is there a strongest one.
    bool ranked() const { return !m_bySize.empty(); }
    /// The score of the last edge of so many, as people read it; NaN without.
    double threshold() const;

    /// The n strongest edges. sliding: one of many steps of a slider.
    void setTop(qint64 n, bool sliding = false);
    void setBySign(bool bySign);
    void add(Edge edge);
    void remove(Edge edge);
    void take(const EdgeMask &kept, const QString &name, const QString &what);

    /// What the circuit's run gave; nothing while it is not known.
    const std::optional<CircuitFit> &fit() const { return m_fit; }
    /// Whether the circuit is being run.
    bool fitting() const { return m_fitting; }
    /// A guess in no time: between runs of smaller and larger circuits of the same order, else from the scores.
    GuessedFit guess() const;

    /// The node that was clicked, by its writer (-1: the logits); -2: none.
    int currentNode() const { return m_node; }
    std::optional<Edge> currentEdge() const { return m_edge; }
    void setCurrentNode(int writer);
    void setCurrentEdge(std::optional<Edge> edge);

    /// Exact values, as a run of the list.
    void patch(Edge edge);
    void patchCircuit();
    /// The curve of faithfulness, as a run that comes on view.
    void runCurve();
    /// All curves of the open model and task, newest first.
    std::vector<RunResultPtr> curves() const;

    /// NAME=EDGES of the circuit on view and of those kept by name: what the analysis circuit-compare reads.
    std::vector<std::string> circuits() const;

    // Circuits kept by name, from one start to the next, each as a file that other tools read.
    const QVector<KeptEdges> &named() const { return m_named; }
    void keepAs(const QString &name);
    void showNamed(const QString &name);
    void forget(const QString &name);
    /// Reads those that are kept anew.
    void refreshNamed();

    /// The JSON of EAP-IG and MIB: its circuit is looked at, and its scores where it has some.
    void open(const QString &file);
    void save(const QString &file) const; ///< .json, or .csv: a table of the circuit's edges. Throws Error.

Q_SIGNALS:
    void choiceChanged();
    void numbersChanged();
    void circuitChanged();
    void fitChanged();
    void currentChanged();
    void namedChanged();
    void forgotten(const QString &name);
    void failed(const patchbay::Failure &failure);

private:
    void followRun();
    void followSetup();
    void collectExact(int run);
    void setNumbers(EdgeNumbers numbers, const RunResultPtr &source, int run = -1);
    void rank();
    void takeRanks(const std::shared_ptr<const EdgeNumbers> &of, std::vector<Edge> bySize, std::vector<Edge> bySign,
                   qint64 first);
    void followCircuit();
    void askForFit();
    void tookFit(const RunResult &result, size_t key);
    bool ofDocument(const RunSpec &spec) const;
    size_t keyOf(const EdgeMask &kept) const;
    const std::vector<Edge> &order(bool bySign) const { return bySign ? m_bySign : m_bySize; }
    void change(Edge edge, bool in);

    Backend &m_backend;
    Document &m_document;
    RunsStore &m_runs;
    Navigation &m_navigation;
    RunController &m_runner;
    EdgeChoice m_choice;
    std::shared_ptr<const EdgeNumbers> m_numbers;
    RunResultPtr m_source;
    int m_run = -1;                       ///< that the scores come from
    std::vector<Edge> m_bySize, m_bySign; ///< all edges, best first; empty until they are ranked
    EdgeMask m_kept;
    qint64 m_count = 0;
    std::optional<CircuitFit> m_fit;
    std::map<size_t, CircuitFit> m_fits;                ///< by circuit and by what it was run with
    std::map<std::pair<bool, qint64>, double> m_points; ///< faithfulness of the strongest so many
    bool m_fitting = false;
    JobId m_job = 0;
    QTimer m_soon;
    int m_node = -2;
    std::optional<Edge> m_edge;
    QVector<KeptEdges> m_named;
};

} // namespace patchbay
