#include "controllers/edges_controller.h"

#include "analysis/registry.h"
#include "base/error.h"
#include "controllers/kept_edges.h"

#include <QCoreApplication>
#include <QPointer>
#include <QThreadPool>

#include <algorithm>
#include <cmath>

namespace patchbay {

namespace {

constexpr int kFitDelay = 40;               // ms: steps of a slider that come faster are not run
constexpr double kFirst = 0.9;              // guessed faithfulness of a first circuit
constexpr qint64 kFewest = 20, kMost = 300; // its edges: what can be looked at

/// The first n of an order, or all there are.
EdgeMask firstOf(const EdgeGraph &graph, const std::vector<Edge> &order, qint64 n)
{
    EdgeMask kept(graph.cells());
    for (qint64 i = 0; i < std::min(n, qint64(order.size())); ++i)
        kept[graph.cell(order[size_t(i)])] = 1;
    return kept;
}

/// How many of the strongest edges a first circuit has: as few as may do.
qint64 firstCount(const EdgeNumbers &numbers, const std::vector<Edge> &bySize)
{
    EdgeMask kept(numbers.graph.cells());
    qint64 done = 0;
    for (double next = kFewest; done < std::min(kMost, qint64(bySize.size())); next *= 1.25) {
        for (; done < std::min({qint64(next), kMost, qint64(bySize.size())}); ++done)
            kept[numbers.graph.cell(bySize[size_t(done)])] = 1;
        if (estimated_faithfulness(numbers.graph, numbers.estimates, pruned(numbers.graph, kept)) >= kFirst)
            break;
    }
    return done;
}

} // namespace

EdgesController::EdgesController(Backend &backend, Document &document, RunsStore &runs, Navigation &navigation,
                                 RunController &runner, QObject *parent)
    : QObject(parent), m_backend(backend), m_document(document), m_runs(runs), m_navigation(navigation),
      m_runner(runner)
{
    m_soon.setSingleShot(true);
    m_soon.setInterval(kFitDelay);
    connect(&m_soon, &QTimer::timeout, this, &EdgesController::askForFit);
    connect(&m_navigation, &Navigation::runChanged, this, &EdgesController::followRun);
    connect(&m_navigation, &Navigation::edgesChanged, this, &EdgesController::followCircuit);
    connect(&m_document, &Document::setupChanged, this, &EdgesController::followSetup);
    connect(&m_runs, &RunsStore::runChanged, this, [this](int id, const ChangedCells &) {
        if (id == m_navigation.place().run)
            followRun();
        collectExact(id);
    });
}

void EdgesController::setChoice(const EdgeChoice &choice)
{
    if (choice == m_choice)
        return;
    m_choice = choice;
    // Other values than the other run's are put into the clean run, and go by the clean run's gradient alone.
    if (m_choice.replacement != EdgeReplacement::Patching) {
        m_choice.direction = Direction::Noise;
        m_choice.method = EdgeMethod::Eap;
    }
    Q_EMIT choiceChanged();
}

void EdgesController::find()
{
    m_runner.run(edgesSpec(m_choice));
}

bool EdgesController::ofDocument(const RunSpec &spec) const
{
    return m_document.ready() && spec.model == m_document.setup()->model_ref
        && spec.task == m_document.setup()->task_ref;
}

// The scores of the run on view, and the circuit of a run that chose one.
void EdgesController::followRun()
{
    const int id = m_navigation.place().run;
    const RunEntry *run = m_runs.find(id);
    if (!run || !run->result || run->state != RunState::Done || run->result == m_source || !hasEdges(*run->result)
        || !ofDocument(run->spec))
        return;
    const RunResultPtr result = run->result;
    if (auto numbers = edgeNumbers(*result); numbers && !numbers->estimates.empty()) {
        setNumbers(std::move(*numbers), result, id);
    }
    const Analysis *analysis = run->spec.as<Analysis>();
    const std::optional<EdgeMask> circuit = circuitMask(*result);
    if (circuit && !m_navigation.restoring() && analysis && !flag_set(*analysis, "curve") && m_numbers
        && circuit->size() == m_numbers->graph.cells())
        take(*circuit, {}, tr("Show the circuit of the run"));
}

void EdgesController::followSetup()
{
    const SetupPtr &setup = m_document.setup();
    if (m_numbers && m_document.ready()
        && (!m_source || !ofDocument(m_source->spec))) { // of another model, or of other prompts
        m_numbers = nullptr;
        m_source = nullptr;
        m_run = -1;
        m_bySize.clear();
        m_bySign.clear();
        m_fits.clear();
        m_points.clear();
        m_fit.reset();
        Q_EMIT numbersChanged();
        followCircuit();
    }
    m_named = setup ? keptEdges(*setup) : QVector<KeptEdges>();
    Q_EMIT namedChanged();
}

// Exact values count wherever they were computed, if it was what the scores estimate.
void EdgesController::collectExact(int id)
{
    const RunEntry *run = m_runs.find(id);
    if (!m_numbers || !run || !run->result || id == m_run || !run->result->grid(edge_grid) || !ofDocument(run->spec))
        return;
    const auto choice = edgeChoiceOf(run->spec);
    if (!choice || choice->direction != m_numbers->choice.direction
        || choice->replacement != m_numbers->choice.replacement || choice->metric != m_numbers->choice.metric)
        return;
    auto more = std::make_shared<EdgeNumbers>(*m_numbers);
    addExact(*more, *run->result);
    if (more->exactCount() == m_numbers->exactCount())
        return;
    m_numbers = std::move(more);
    Q_EMIT numbersChanged();
}

void EdgesController::setNumbers(EdgeNumbers numbers, const RunResultPtr &source, int run)
{
    // The same scores again, as a curve's run has them: all that is known of them stays.
    if (m_numbers && m_numbers->choice == numbers.choice && m_numbers->graph == numbers.graph
        && m_numbers->estimates == numbers.estimates)
        return;
    const bool other = !m_numbers || !(m_numbers->choice == numbers.choice) || !(m_numbers->graph == numbers.graph);
    m_source = source;
    m_run = run;
    m_numbers = std::make_shared<const EdgeNumbers>(std::move(numbers));
    if (other)
        m_points.clear();
    for (const RunEntry &entry : m_runs.entries())
        collectExact(entry.id);
    m_bySize.clear();
    m_bySign.clear();
    rank();
    Q_EMIT numbersChanged();
    followCircuit();
}

// Of a large model that is a second's work.
void EdgesController::rank()
{
    QThreadPool::globalInstance()->start([there = QPointer<EdgesController>(this), numbers = m_numbers] {
        std::vector<Edge> bySize = ranked_edges(numbers->graph, numbers->estimates, EdgeOrder::Size),
                          bySign = ranked_edges(numbers->graph, numbers->estimates, numbers->keeping);
        const qint64 first = firstCount(*numbers, bySize);
        QMetaObject::invokeMethod(
            QCoreApplication::instance(),
            [there, numbers, first, bySize = std::move(bySize), bySign = std::move(bySign)]() mutable {
                if (there)
                    there->takeRanks(numbers, std::move(bySize), std::move(bySign), first);
            },
            Qt::QueuedConnection);
    });
}

void EdgesController::takeRanks(const std::shared_ptr<const EdgeNumbers> &of, std::vector<Edge> bySize,
                                std::vector<Edge> bySign, qint64 first)
{
    if (!m_numbers || of->estimates != m_numbers->estimates)
        return;
    m_bySize = std::move(bySize);
    m_bySign = std::move(bySign);
    const EdgeCircuit &now = m_navigation.place().edges;
    if (!now.kept)
        setTop(first);
    else if (now.asked >= 0) // the strongest by these scores, then
        setTop(now.asked);
    Q_EMIT numbersChanged();
}

bool EdgesController::has(Edge edge) const
{
    return m_numbers && !m_kept.empty() && m_kept[m_numbers->graph.cell(edge)];
}

qint64 EdgesController::asked() const
{
    const EdgeCircuit &now = m_navigation.place().edges;
    return now.asked >= 0 ? now.asked : now.kept ? count(*now.kept) : 0;
}

qint64 EdgesController::allEdges() const
{
    return m_numbers ? m_numbers->graph.edges() : 0;
}

double EdgesController::threshold() const
{
    const std::vector<Edge> &all = order(bySign());
    const qint64 n = m_navigation.place().edges.asked;
    return n > 0 && size_t(n) <= all.size()
        ? m_numbers->shown(m_numbers->estimates[m_numbers->graph.cell(all[size_t(n - 1)])])
        : std::nan("");
}

void EdgesController::setTop(qint64 n, bool sliding)
{
    const std::vector<Edge> &all = order(bySign());
    if (!m_numbers || all.empty())
        return;
    n = std::clamp<qint64>(n, 0, qint64(all.size()));
    auto kept = std::make_shared<const EdgeMask>(firstOf(m_numbers->graph, all, n));
    const EdgeCircuit &now = m_navigation.place().edges;
    if (now.kept && *now.kept == *kept && now.asked == n)
        return;
    m_navigation.setEdges({std::move(kept), n, bySign(), {}}, tr("Choose the strongest edges"), sliding);
}

void EdgesController::setBySign(bool bySign)
{
    if (bySign == this->bySign())
        return;
    EdgeCircuit circuit = m_navigation.place().edges;
    circuit.bySign = bySign;
    const std::vector<Edge> &all = order(bySign);
    if (circuit.asked >= 0 && m_numbers && !all.empty())
        circuit.kept = std::make_shared<const EdgeMask>(firstOf(m_numbers->graph, all, circuit.asked));
    m_navigation.setEdges(circuit, bySign ? tr("Choose by signed score") : tr("Choose by size"));
}

void EdgesController::take(const EdgeMask &kept, const QString &name, const QString &what)
{
    m_navigation.setEdges({std::make_shared<const EdgeMask>(kept), -1, bySign(), name}, what);
}

// By hand: from what is seen, without what pruning has dropped.
void EdgesController::change(Edge edge, bool in)
{
    if (!m_numbers || !m_numbers->graph.is_edge(edge) || has(edge) == in)
        return;
    EdgeCircuit circuit = m_navigation.place().edges;
    EdgeMask kept = circuit.kept && circuit.kept->size() == m_numbers->graph.cells()
        ? *circuit.kept
        : EdgeMask(m_numbers->graph.cells());
    kept[m_numbers->graph.cell(edge)] = in;
    const QString name = QString::fromStdString(m_numbers->graph.name(edge));
    m_navigation.setEdges({std::make_shared<const EdgeMask>(std::move(kept)), -1, circuit.bySign, {}},
                          in ? tr("Add %1 to the circuit").arg(name) : tr("Take %1 out of the circuit").arg(name));
}

void EdgesController::add(Edge edge)
{
    change(edge, true);
}

void EdgesController::remove(Edge edge)
{
    change(edge, false);
}

void EdgesController::setCurrentNode(int writer)
{
    if (m_node == writer && !m_edge)
        return;
    m_node = writer;
    m_edge.reset();
    Q_EMIT currentChanged();
}

void EdgesController::setCurrentEdge(std::optional<Edge> edge)
{
    if (m_edge == edge)
        return;
    m_edge = edge;
    Q_EMIT currentChanged();
}

void EdgesController::patch(Edge edge)
{
    if (m_numbers)
        m_runner.run(edgesSpec(m_numbers->choice, m_numbers->graph.name(edge)), false, false);
}

void EdgesController::patchCircuit()
{
    if (m_numbers && m_count > 0)
        m_runner.run(edgesSpec(m_numbers->choice, edge_names(m_numbers->graph, m_kept)), false, false);
}

void EdgesController::runCurve()
{
    const EdgeChoice choice = m_numbers ? m_numbers->choice : m_choice;
    nlohmann::json options{{"curve", true}};
    if (choice.method != EdgeMethod::EapIg)
        options["by"] = name(choice.method);
    if (choice.replacement != EdgeReplacement::Patching)
        options["ablate"] = name(choice.replacement);
    RunSpec spec = spec_of(Analysis{"circuit", {}, options});
    spec.metric = choice.metric;
    m_runner.run(spec);
}

void EdgesController::keepAs(const QString &name)
{
    if (!m_numbers || !m_document.ready() || name.trimmed().isEmpty() || m_count == 0)
        return;
    try {
        keepEdges(*m_document.setup(), name.trimmed(), *m_numbers, m_kept);
    } catch (...) {
        Q_EMIT failed(failureOf(std::current_exception()));
        return;
    }
    m_named = keptEdges(*m_document.setup());
    EdgeCircuit circuit = m_navigation.place().edges;
    circuit.name = name.trimmed();
    m_navigation.setEdges(circuit, tr("Keep the circuit as %1").arg(circuit.name));
    Q_EMIT namedChanged();
}

void EdgesController::showNamed(const QString &name)
{
    for (const KeptEdges &one : std::as_const(m_named))
        if (one.name == name && m_numbers && one.kept->size() == m_numbers->graph.cells())
            take(*one.kept, name, tr("Show the circuit %1").arg(name));
}

void EdgesController::forget(const QString &name)
{
    forgetEdges(*m_document.setup(), name);
    Q_EMIT forgotten(name);
    refreshNamed();
}

void EdgesController::refreshNamed()
{
    m_named = keptEdges(*m_document.setup());
    Q_EMIT namedChanged();
}

} // namespace patchbay
