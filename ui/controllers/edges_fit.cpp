// How faithful the circuit is: guessed at once, then run; the curves; files.
#include "controllers/edges_controller.h"

#include "analysis/registry.h"
#include "base/error.h"
#include "edge_views.h"
#include "edges/circuit_file.h"

#include <QFileInfo>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string_view>

namespace patchbay {

namespace {

double numberOf(const nlohmann::json &summary, const char *key)
{
    return summary.contains(key) && summary.at(key).is_number() ? summary.at(key).get<double>() : std::nan("");
}

} // namespace

size_t EdgesController::keyOf(const EdgeMask &kept) const
{
    const std::string_view bytes(reinterpret_cast<const char *>(kept.data()), kept.size());
    const std::string with = m_numbers ? m_numbers->choice.metric + name(m_numbers->choice.replacement) : "";
    return std::hash<std::string_view>()(bytes) ^ (std::hash<std::string>()(with) << 1);
}

void EdgesController::followCircuit()
{
    const EdgeCircuit &now = m_navigation.place().edges;
    const bool fits = m_numbers && now.kept && now.kept->size() == m_numbers->graph.cells();
    m_kept = fits ? pruned(m_numbers->graph, *now.kept) : m_numbers ? EdgeMask(m_numbers->graph.cells()) : EdgeMask();
    m_count = count(m_kept);
    m_fit.reset();
    if (m_count > 0)
        if (const auto known = m_fits.find(keyOf(m_kept)); known != m_fits.end())
            m_fit = known->second;
    if (!m_fit && m_count > 0)
        m_soon.start();
    m_fitting = !m_fit && m_count > 0;
    Q_EMIT circuitChanged();
    Q_EMIT fitChanged();
}

void EdgesController::askForFit()
{
    if (!m_numbers || m_count == 0 || m_fit || !m_document.ready()) {
        m_fitting = false;
        return;
    }
    nlohmann::json options{{"choose", "given"}, {"edges", edge_names(m_numbers->graph, m_kept)}};
    if (m_numbers->choice.replacement != EdgeReplacement::Patching)
        options["ablate"] = name(m_numbers->choice.replacement);
    RunSpec spec = spec_of(Analysis{"circuit", {}, std::move(options)});
    spec.metric = m_numbers->choice.metric;
    const size_t key = keyOf(m_kept);
    const auto over = [this, key] {
        if (m_numbers && key == keyOf(m_kept)) {
            m_fitting = false;
            Q_EMIT fitChanged();
        }
    };
    m_fitting = true;
    m_job = m_backend.submit<RunRequest>({
        .request = {m_runner.withDocument(spec), nullptr, true},
        .policy = {QStringLiteral("edge-circuit"), true},
        .done =
            [this, key](const Snapshot &last) {
                if (last.result->complete)
                    tookFit(*last.result, key);
            },
        .failed =
            [this, over](const Failure &failure) {
                over();
                Q_EMIT failed(failure);
            },
        .dropped = over,
    });
    Q_EMIT fitChanged();
}

void EdgesController::tookFit(const RunResult &result, size_t key)
{
    const nlohmann::json &summary = result.summary;
    CircuitFit fit{numberOf(summary, "faithfulness"), numberOf(summary, "completeness"), numberOf(summary, "mean"),
                   numberOf(summary, "full"), numberOf(summary, "empty")};
    m_fits[key] = fit;
    if (!m_numbers || key != keyOf(m_kept))
        return;
    m_fit = fit;
    m_fitting = false;
    const EdgeCircuit &now = m_navigation.place().edges;
    if (now.asked >= 0 && std::isfinite(fit.faithfulness))
        m_points[{now.bySign, now.asked}] = fit.faithfulness;
    Q_EMIT fitChanged();
}

GuessedFit EdgesController::guess() const
{
    if (!m_numbers || m_numbers->estimates.empty())
        return {std::nan("")};
    const EdgeCircuit &now = m_navigation.place().edges;
    if (now.asked > 0) {
        const auto after = m_points.lower_bound({now.bySign, now.asked});
        const bool above = after != m_points.end() && after->first.first == now.bySign;
        if (above && after->first.second == now.asked)
            return {after->second, true};
        // Between runs that are near enough: circuits grow by factors.
        if (above && after != m_points.begin()) {
            const auto before = std::prev(after);
            const double from = std::log(double(std::max<qint64>(1, before->first.second))),
                         to = std::log(double(after->first.second));
            if (before->first.first == now.bySign && to - from < std::log(4.0)) {
                const double part = (std::log(double(now.asked)) - from) / (to - from);
                return {before->second + part * (after->second - before->second), true};
            }
        }
    }
    return {estimated_faithfulness(m_numbers->graph, m_numbers->estimates, m_kept)};
}

std::vector<RunResultPtr> EdgesController::curves() const
{
    std::vector<RunResultPtr> out;
    for (const RunEntry &entry : m_runs.entries())
        if (entry.result && ofDocument(entry.spec) && hasCurve(*entry.result))
            out.push_back(entry.result);
    return out;
}

std::vector<std::string> EdgesController::circuits() const
{
    std::vector<std::string> out;
    if (!m_numbers)
        return out;
    const auto add = [&](QString name, const EdgeMask &kept) {
        if (kept.size() == m_numbers->graph.cells() && count(kept) > 0)
            out.push_back(name.replace(QLatin1Char('='), QLatin1Char('-')).toStdString() + '='
                          + edge_names(m_numbers->graph, kept));
    };
    const QString shown = m_navigation.place().edges.name;
    add(shown.isEmpty() ? tr("on view") : shown, m_kept);
    for (const KeptEdges &one : m_named)
        if (one.name != shown)
            add(one.name, *one.kept);
    return out;
}

void EdgesController::open(const QString &file)
{
    try {
        if (!m_document.ready())
            throw Error(file.toStdString(), "open its model with prompts first");
        const EdgeGraph graph(m_document.setup()->config());
        const ScoredGraph read = read_scored_graph(file.toStdString(), graph);
        if (read.scored || !m_numbers) {
            EdgeNumbers numbers;
            numbers.graph = graph;
            numbers.choice = m_choice;
            if (read.scored) // as such files mean it
                numbers.choice.direction = Direction::Noise;
            numbers.keeping = keeping_order(m_document.setup()->baseline, numbers.choice.direction);
            numbers.estimates = of_files(read.scores, numbers.keeping);
            numbers.exact.assign(graph.cells(), std::nanf(""));
            numbers.scale = m_document.setup()->baseline.scale();
            numbers.unit = effect_unit(m_document.setup()->baseline);
            setNumbers(std::move(numbers), nullptr);
        }
        if (count(read.circuit.kept) > 0)
            take(read.circuit.kept, QString::fromStdString(read.circuit.name),
                 tr("Open %1").arg(QFileInfo(file).fileName()));
    } catch (...) {
        Q_EMIT failed(failureOf(std::current_exception()));
    }
}

void EdgesController::save(const QString &file) const
{
    if (!m_numbers)
        throw Error(file.toStdString(), "there is no circuit yet");
    if (file.endsWith(QStringLiteral(".csv"), Qt::CaseInsensitive)) {
        std::vector<EdgeColumn> columns;
        if (!m_numbers->estimates.empty())
            columns.push_back({"estimate", m_numbers->estimates});
        columns.push_back({"exact", m_numbers->exact});
        write_edge_table(file.toStdString(), m_numbers->graph, columns, &m_kept);
        return;
    }
    write_scored_graph(file.toStdString(),
                       {m_numbers->graph,
                        m_document.ready() ? m_document.setup()->config().d_model : 0,
                        of_files(m_numbers->estimates, m_numbers->keeping),
                        {"", m_kept},
                        true});
}

} // namespace patchbay
