// The numbers of a series as files beside series.json.
#include "analysis/series_measures.h"

#include "base/plain_text.h"
#include "io/array_files.h"
#include "task/csv_table.h"

#include <algorithm>
#include <cmath>

namespace patchbay {

using nlohmann::ordered_json;

namespace {

constexpr int digits = 7;

std::string number(double value)
{
    return std::isfinite(value) ? short_text(value, digits) : std::string();
}

ordered_json value(double one)
{
    return std::isfinite(one) ? ordered_json(one) : ordered_json();
}

ordered_json values(const std::vector<double> &all)
{
    ordered_json out = ordered_json::array();
    for (const double one : all)
        out.push_back(value(one));
    return out;
}

std::string heads_table(const SeriesResults &series, const SeriesMeasures &m)
{
    std::string out = csv_row({"step", "number", "head", "value", "half_width", "unit"});
    for (size_t step = 0; step < series.steps.size(); ++step)
        for (size_t cell = 0; cell < m.heads.steps[step].values.size(); ++cell) {
            const Head head = m.heads.head(cell);
            out += csv_row({series.steps[step].name, number(series.steps[step].number), dotted(head),
                            number(m.heads.at(step, head)), number(m.heads.half_width(step, head)), m.heads.unit});
        }
    return out;
}

/// Heads × steps: a row a head, a column a step.
std::string wide_table(const SeriesResults &series, const SeriesMeasures &m)
{
    std::vector<std::string> cells{"head"};
    for (const SeriesStepResult &step : series.steps)
        cells.push_back(step.name);
    std::string out = csv_row(cells);
    for (size_t cell = 0; cell < m.first.size(); ++cell) {
        const Head head = m.heads.head(cell);
        cells = {dotted(head)};
        for (size_t step = 0; step < series.steps.size(); ++step)
            cells.push_back(number(m.heads.at(step, head)));
        out += csv_row(cells);
    }
    return out;
}

std::string steps_table(const SeriesResults &series, const SeriesMeasures &m)
{
    std::string out = csv_row({"step", "number", "state", "reason", "clean", "clean_half_width", "flipped",
                               "flipped_half_width", "gap", "accuracy", "no_percentages", "jaccard_top",
                               "jaccard_weighted", "jaccard_top_before", "jaccard_weighted_before"});
    for (size_t i = 0; i < series.steps.size(); ++i) {
        const SeriesStepResult &step = series.steps[i];
        std::vector<std::string> cells{step.name, number(step.number), name(step.state), step.reason};
        if (const auto &base = m.baselines[i])
            cells.insert(cells.end(),
                         {number(base->clean), number(base->clean_half), number(base->flipped),
                          number(base->flipped_half), number(base->gap()), number(base->accuracy),
                          m.heads.steps[i].blank ? "1" : "0"});
        else
            cells.resize(cells.size() + 7);
        for (const std::vector<double> *alike :
             {&m.alike.top, &m.alike.weighted, &m.alike.top_before, &m.alike.weighted_before})
            cells.push_back(number((*alike)[i]));
        out += csv_row(cells);
    }
    return out;
}

std::string first_table(const SeriesResults &series, const SeriesMeasures &m)
{
    std::string out = csv_row({"head", "first_step", "number"});
    for (size_t cell = 0; cell < m.first.size(); ++cell) {
        const SeriesStepResult *at = m.first[cell] ? &series.steps[*m.first[cell]] : nullptr;
        out += csv_row({dotted(m.heads.head(cell)), at ? at->name : "", at ? number(at->number) : ""});
    }
    return out;
}

std::string roles_table(const SeriesResults &series, const SeriesMeasures &m)
{
    std::string out = csv_row({"step", "number", "head", "role"});
    for (size_t i = 0; i < series.steps.size(); ++i)
        if (m.roles[i])
            for (const RoleAtStep &one : *m.roles[i])
                out += csv_row({series.steps[i].name, number(series.steps[i].number), dotted(one.head), one.role});
    return out;
}

ordered_json document(const SeriesResults &series, const SeriesMeasures &m)
{
    ordered_json out{{"format", "patchbay-series-measures"},
                     {"version", 1},
                     {"title", series.title},
                     {"part", m.options.part},
                     {"quantity", m.options.quantity},
                     {"unit", m.heads.unit},
                     {"threshold", m.options.threshold},
                     {"top", m.options.top},
                     {"reference", series.steps[*m.options.reference].name}};
    out["layers"] = m.heads.layers;
    out["heads"] = m.heads.heads;
    out["steps"] = ordered_json::array();
    for (size_t i = 0; i < series.steps.size(); ++i) {
        const SeriesStepResult &step = series.steps[i];
        ordered_json entry{{"name", step.name}, {"number", step.number}, {"state", name(step.state)}};
        if (step.state == SeriesState::Gap)
            entry["reason"] = step.reason;
        if (const auto &base = m.baselines[i])
            entry["baseline"] = {{"clean", value(base->clean)},     {"clean_half_width", value(base->clean_half)},
                                 {"flipped", value(base->flipped)}, {"flipped_half_width", value(base->flipped_half)},
                                 {"gap", value(base->gap())},       {"accuracy", value(base->accuracy)}};
        if (const HeadsOverSteps::Step &at = m.heads.steps[i]; !at.values.empty()) {
            entry["no_percentages"] = at.blank;
            entry["values"] = values(at.values);
            entry["half_widths"] = values(at.half_width);
            entry["jaccard_top"] = value(m.alike.top[i]);
            entry["jaccard_weighted"] = value(m.alike.weighted[i]);
            entry["jaccard_top_before"] = value(m.alike.top_before[i]);
            entry["jaccard_weighted_before"] = value(m.alike.weighted_before[i]);
        }
        if (m.roles[i]) {
            entry["roles"] = ordered_json::array();
            for (const RoleAtStep &one : *m.roles[i])
                entry["roles"].push_back({{"head", dotted(one.head)}, {"role", one.role}});
        }
        out["steps"].push_back(std::move(entry));
    }
    out["first_steps"] = ordered_json::object();
    for (size_t cell = 0; cell < m.first.size(); ++cell)
        if (m.first[cell])
            out["first_steps"][dotted(m.heads.head(cell))] = series.steps[*m.first[cell]].name;
    return out;
}

} // namespace

std::vector<std::string> write_measures(const std::filesystem::path &folder, const SeriesResults &series,
                                        const SeriesMeasures &measures)
{
    std::vector<std::pair<std::string, std::string>> files{{"measures.json", document(series, measures).dump(1) + "\n"},
                                                           {"heads.csv", heads_table(series, measures)},
                                                           {"table.csv", wide_table(series, measures)},
                                                           {"steps.csv", steps_table(series, measures)},
                                                           {"first-steps.csv", first_table(series, measures)}};
    if (std::any_of(measures.roles.begin(), measures.roles.end(), [](const auto &at) { return at.has_value(); }))
        files.emplace_back("roles.csv", roles_table(series, measures));
    std::vector<std::string> names;
    for (const auto &[name, text] : files) {
        write_file(folder / name, text);
        names.push_back(name);
    }
    return names;
}

} // namespace patchbay
