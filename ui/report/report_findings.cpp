// The report's first page: what was found, what was not, and how much of it hangs on these prompts, each sentence with
// its numbers.
#include "report/report.h"
#include "report/sweeps.h"

#include "amounts_text.h"
#include "analysis/roles.h"
#include "base/head.h"
#include "view_models.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace patchbay {

using nlohmann::json;
using widgets::HeadId;

namespace {

constexpr int kStrongest = 10; ///< heads whose order is compared between halves of the prompts
constexpr double kFirm = 0.95; ///< of the resamples: among the strongest in so many, a head is there to stay
constexpr int kFewest = 8;     ///< prompts: halves of fewer say nothing

/// "name movers", "S-inhibition heads", "induction head".
QString noun(const QString &role, qsizetype count)
{
    const bool person = role.endsWith(QLatin1String("mover")) || role.endsWith(QLatin1String("suppressor"));
    return QString::fromStdString(noun_for(count, (person ? role : role + QStringLiteral(" head")).toStdString()));
}

ReportBlock finding(const QString &lead, const QString &text)
{
    ReportBlock block;
    block.lead = lead;
    block.text = typographic(text);
    return block;
}

struct RoleOf {
    HeadId head;
    QString evidence;
};

/// The roles that heads have, in head_roles' order, others after them.
QVector<std::pair<QString, QVector<RoleOf>>> rolesFound(const ReportSource &source)
{
    std::map<QString, QVector<RoleOf>> byRole;
    for (const ReportStep &step : source.steps)
        if (step.result && step.result->summary.is_object() && step.result->summary.contains("roles"))
            for (const json &one : step.result->summary.at("roles"))
                byRole[QString::fromStdString(one.at("role").get<std::string>())] << RoleOf{
                    toHeadId(parse_head(one.at("head").get<std::string>())),
                    one.contains("evidence") ? QString::fromStdString(to_string(evidence_from_json(one.at("evidence"))))
                                             : QString()};
    QVector<std::pair<QString, QVector<RoleOf>>> roles;
    for (const char *name : head_roles)
        if (const auto found = byRole.find(QString::fromUtf8(name)); found != byRole.end()) {
            roles << *found;
            byRole.erase(found);
        }
    for (const auto &other : byRole)
        roles << other;
    return roles;
}

QString listed(const QStringList &words)
{
    return words.size() < 2
        ? words.join(QString())
        : words.mid(0, words.size() - 1).join(QStringLiteral(", ")) + QStringLiteral(" and ") + words.back();
}

QString percent(double share)
{
    return QStringLiteral("%1 %").arg(share * 100, 0, 'f', share > 0 && share < 0.1 ? 1 : 0);
}

QString effectWithInterval(const Sweep &sweep, int cell)
{
    const EffectUnit unit = effect_unit(sweep.step->result->baseline);
    const double half = halfWidth(sweep, cell);
    const QString effect =
        QString::fromStdString(effect_text(normalised(*sweep.grid, cell, sweep.step->result->baseline), unit));
    return std::isfinite(half) && half > 0
        ? QStringLiteral("%1 (\u00b1%2)").arg(effect).arg(half * unit.factor, 0, 'f', unit.digits)
        : effect;
}

QString cellName(const Sweep &sweep, int cell)
{
    return QString::fromStdString(label(sweep.grid->at(cell)));
}

QString taskSentence(const ReportSource &source)
{
    for (const ReportStep &step : source.steps)
        if (step.result && !step.result->baseline.clean.empty()) {
            const Baseline &b = step.result->baseline;
            double squares = 0;
            for (const float value : b.clean)
                squares += (value - b.clean_mean) * (value - b.clean_mean);
            const double n = double(b.clean.size()), error = n > 1 ? std::sqrt(squares / (n - 1) / n) : 0;
            QString text =
                QStringLiteral("The right name is the likeliest next token in %1 of %2 clean prompts and likelier than "
                               "the wrong one in %3; the mean logit difference is %4 (standard error %5) clean and %6 "
                               "flipped.")
                    .arg(percent(b.rank0_clean))
                    .arg(b.clean.size())
                    .arg(percent(b.accuracy_clean))
                    .arg(b.clean_mean, 0, 'f', 2)
                    .arg(error, 0, 'f', 2)
                    .arg(b.flipped_mean, 0, 'f', 2);
            if (b.rank0_clean < 0.5)
                text += QStringLiteral(" On most of these prompts the model answers something else: what follows is "
                                       "about a task that it does not do well.");
            if (const std::string note = gap_note(b); !note.empty())
                text += QLatin1Char(' ') + QString::fromStdString(note);
            return text;
        }
    return {};
}

QString strongestSentence(const Sweep &sweep)
{
    const QVector<int> order = byStrength(effectsOf(sweep));
    if (order.isEmpty())
        return {};
    QStringList heads;
    for (const int cell : order.mid(0, 3))
        heads << cellName(sweep, cell) + QLatin1Char(' ') + effectWithInterval(sweep, cell);
    return QStringLiteral("%1: strongest are %2.").arg(sweep.step->title, listed(heads));
}

QString rolesSentence(const ReportSource &source)
{
    QStringList parts;
    for (const auto &[role, heads] : rolesFound(source)) {
        QStringList names;
        for (const RoleOf &one : heads)
            names << widgets::label(one.head);
        parts << QStringLiteral("%1 %2 %3 (%4: %5)")
                     .arg(names.size())
                     .arg(noun(role, names.size()), listed(names), widgets::label(heads.front().head),
                          heads.front().evidence);
    }
    return parts.isEmpty() ? QStringLiteral("No head met every mark of a role at the thresholds of this recipe.")
                           : QStringLiteral("At the thresholds of this recipe there are ")
            + parts.join(QStringLiteral("; ")) + QStringLiteral(". The marks of each head are in the table of roles.");
}

QString circuitSentence(const ReportSource &source)
{
    for (const ReportStep &step : source.steps) {
        if (step.kind != "circuit" || !step.done() || !step.result)
            continue;
        const widgets::GraphView graph = graphView(*step.result);
        if (graph.edges.isEmpty())
            continue;
        const auto strongest =
            std::max_element(graph.edges.begin(), graph.edges.end(),
                             [](const auto &a, const auto &b) { return std::abs(a.effect) < std::abs(b.effect); });
        const auto direct = std::count_if(graph.edges.begin(), graph.edges.end(),
                                          [](const widgets::GraphEdge &edge) { return !edge.to.valid(); });
        const auto noise = std::count_if(graph.edges.begin(), graph.edges.end(),
                                         [](const widgets::GraphEdge &edge) { return edge.withinNoise(); });
        return QStringLiteral("%1 and %2, %3 of them into the logits; the strongest goes from %4 to %5 (%6 %7).%8")
            .arg(countedText(graph.nodes.size(), "head"), countedText(graph.edges.size(), "measured path"))
            .arg(direct)
            .arg(widgets::label(strongest->from),
                 strongest->to.valid() ? widgets::label(strongest->to) + QLatin1Char(' ') + strongest->site
                                       : QStringLiteral("the logits"))
            .arg(strongest->effect, 0, 'f', 1)
            .arg(graph.unit)
            .arg(noise == 0 ? QString()
                            : QStringLiteral(" %1 of the %2 %3 within noise, and drawn grey.")
                                  .arg(noise == graph.edges.size() ? QStringLiteral("All") : QString::number(noise))
                                  .arg(graph.edges.size())
                                  .arg(noise == 1 ? QStringLiteral("is") : QStringLiteral("are")));
    }
    return QStringLiteral("No circuit came out: there was no path between heads that have a role.");
}

/// Roles that no head has, and steps that had nothing to show.
QString notFoundSentence(const ReportSource &source)
{
    QStringList missing, without;
    for (const char *name : head_roles)
        missing << QString::fromUtf8(name);
    for (const auto &[role, heads] : rolesFound(source))
        missing.removeAll(role);
    QString text;
    const bool looked = std::any_of(source.steps.begin(), source.steps.end(), [](const ReportStep &step) {
        return step.done() && step.result && step.result->summary.is_object() && step.result->summary.contains("roles");
    });
    if (looked && !missing.isEmpty()) {
        for (QString &role : missing)
            role = noun(role, 1);
        text = QStringLiteral("No head met every mark of: %1.").arg(missing.join(QStringLiteral(", ")));
    }
    for (size_t i = 0; i < source.steps.size(); ++i)
        if (!source.steps[i].done())
            without << QStringLiteral("%1 (%2)").arg(i + 1).arg(source.steps[i].title);
    if (!without.isEmpty())
        text += QStringLiteral(" Steps without a result: %1; each says why.").arg(without.join(QStringLiteral(", ")));
    return text.isEmpty() ? QStringLiteral("Every step found what it looked for.") : text.trimmed();
}

/// How a sweep looks from either half of the prompts, and how much of it is more than noise.
QString stabilitySentence(const Sweep &sweep)
{
    const QVector<double> all = effectsOf(sweep), even = halfEffects(sweep, 0), odd = halfEffects(sweep, 1);
    const QVector<int> order = byStrength(all);
    const Stability stable = stability(*sweep.grid, sweep.step->result->baseline, kStrongest);
    int firm = 0, clear = 0;
    for (const int cell : order.mid(0, stable.top))
        firm += stable.among_top[size_t(cell)] >= kFirm;
    for (const int cell : order) {
        const double half = halfWidth(sweep, cell);
        clear += all[cell] != 0 && half > 0 && !widgets::withinNoise(all[cell], half);
    }
    return QStringLiteral("%1: the effects from the even and from the odd prompts correlate at %2; %3 of the %4 "
                          "strongest heads are among the %4 strongest in at least 95 % of %5 resamples of the prompts, "
                          "and random halves of the prompts agree on %6 % of the %4 strongest; the 95 % interval of %7 "
                          "of %8 leaves zero out.")
        .arg(sweep.step->title)
        .arg(correlation(even, odd), 0, 'f', 2)
        .arg(firm)
        .arg(stable.top)
        .arg(stable.samples)
        .arg(100 * stable.split_half, 0, 'f', 0)
        .arg(clear)
        .arg(countedText(order.size(), "head"));
}

/// Heads whose role stands on an effect that is within noise.
QString rolesInNoise(const ReportSource &source, const QVector<Sweep> &sweeps)
{
    if (sweeps.isEmpty())
        return {};
    const Sweep &sweep = sweeps.front();
    QStringList doubtful;
    int count = 0;
    for (const auto &[role, heads] : rolesFound(source))
        for (const RoleOf &one : heads) {
            if (one.head.layer >= sweep.grid->shape[0] || one.head.head >= sweep.grid->shape[1])
                continue;
            const int cell = sweep.grid->index(one.head.layer, one.head.head);
            const QString name = widgets::label(one.head);
            ++count;
            if (widgets::withinNoise(normalised(*sweep.grid, cell, sweep.step->result->baseline),
                                     halfWidth(sweep, cell))
                && !doubtful.contains(name))
                doubtful << name;
        }
    if (count == 0)
        return {};
    return doubtful.isEmpty()
        ? QStringLiteral(" The effect of every head with a role (%1) is outside of noise.").arg(sweep.step->title)
        : QStringLiteral(" With a role, but with an effect within noise (%1): %2.")
              .arg(sweep.step->title, listed(doubtful));
}

} // namespace

QVector<ReportBlock> findingBlocks(const ReportSource &source)
{
    QVector<ReportBlock> blocks;
    const QVector<Sweep> sweeps = sweepsOf(source);
    const auto add = [&](const char *lead, const QString &text) {
        if (!text.isEmpty())
            blocks << finding(QString::fromLatin1(lead), text);
    };
    add("The task.", taskSentence(source));
    QStringList strongest, stability;
    for (const Sweep &sweep : sweeps.mid(0, 2)) {
        strongest << strongestSentence(sweep);
        if (sweep.grid->prompts >= kFewest)
            stability << stabilitySentence(sweep);
    }
    add("Heads that matter.", strongest.join(QLatin1Char(' ')));
    add("Roles.", rolesSentence(source));
    add("Circuit.", circuitSentence(source));
    QStringList ablations;
    for (const ReportStep &step : source.steps)
        if (step.done() && step.result && step.result->summary.is_object()
            && step.result->summary.contains("logit_diff_after"))
            ablations << QStringLiteral("%1: %2").arg(step.title, stepFinding(step));
    for (const ReportStep &step : source.steps)
        if (step.done() && step.result)
            if (const Analysis *analysis = step.result->spec.as<Analysis>();
                analysis && analysis->name == "circuit-compare")
                add("By itself.", stepFinding(step));
    add("Without them.", ablations.join(QLatin1Char(' ')));
    add("Not found.", notFoundSentence(source));
    add("How stable.",
        stability.isEmpty() && !sweeps.isEmpty()
            ? QStringLiteral("With %1 nothing can be said of it.").arg(countedText(source.prompts, "prompt"))
            : stability.join(QLatin1Char(' ')) + rolesInNoise(source, sweeps));
    return blocks;
}

} // namespace patchbay
