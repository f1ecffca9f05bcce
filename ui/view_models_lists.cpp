// Scatters and graphs from results.
#include "view_models_parts.h"

#include "base/error.h"

#include <algorithm>
#include <cmath>

namespace patchbay {

widgets::ScatterView scatterView(const Grid &x, const Grid &y, const Baseline &xBaseline, const Baseline &yBaseline)
{
    if (x.shape != y.shape)
        throw Error(x.name + ", " + y.name, "the two grids are not over the same heads");
    widgets::ScatterView view;
    view.xLabel = withUnit(facetTitle(x.name), xBaseline);
    view.yLabel = withUnit(facetTitle(y.name), yBaseline);
    view.title = QStringLiteral("%1 against %2").arg(facetTitle(y.name), facetTitle(x.name).toLower());
    for (const auto &[prefix, words] : {std::pair{"denoise.", ", denoising"}, std::pair{"noise.", ", noising"}})
        if (x.name.starts_with(prefix) && y.name.starts_with(prefix))
            view.title += QLatin1String(words);
    for (int cell = 0; cell < x.cells(); ++cell) {
        const double vx = normalised(x, cell, xBaseline) * effect_unit(xBaseline).factor;
        const double vy = normalised(y, cell, yBaseline) * effect_unit(yBaseline).factor;
        if (std::isfinite(vx) && std::isfinite(vy))
            view.points << widgets::ScatterPoint{cellHead(x, cell), cellLabel(x, cell), vx, vy, 0};
    }
    return view;
}

namespace {

/// Attention against contribution of one head, a point a prompt.
widgets::ScatterView contributionView(const RunResult &result)
{
    widgets::ScatterView view;
    view.title = resultTitle(result);
    const Analysis *analysis = result.spec.as<Analysis>();
    view.xLabel = !analysis || analysis->heads.empty()
        ? QStringLiteral("Attention from END")
        : QStringLiteral("Attention of %1 from END").arg(QString::fromStdString(label(analysis->heads.front())));
    view.yLabel = QStringLiteral("Contribution along the name (logits)");
    for (const auto &[role, name] : {std::pair{"io", "END \u2192 IO"}, std::pair{"s", "END \u2192 S"}}) {
        const auto x = result.arrays.find(std::string("attention.") + role),
                   y = result.arrays.find(std::string("contribution.") + role);
        if (x == result.arrays.end() || y == result.arrays.end() || x->second.count() != y->second.count())
            continue;
        for (int64_t prompt = 0; prompt < x->second.count(); ++prompt)
            if (const double vx = x->second.floats()[size_t(prompt)], vy = y->second.floats()[size_t(prompt)];
                std::isfinite(vx) && std::isfinite(vy))
                view.points << widgets::ScatterPoint{{}, {}, vx, vy, int(view.series.size())};
        view.series << QString::fromUtf8(name);
    }
    return view;
}

} // namespace

widgets::ScatterView scatterView(const RunResult &result, const std::string &xName, const std::string &yName)
{
    if (result.arrays.contains("contribution.io") && xName.empty() && yName.empty())
        return contributionView(result);
    const Grid *x = nullptr, *y = nullptr;
    if (!xName.empty() || !yName.empty()) {
        x = &gridNamed(result, xName);
        y = &gridNamed(result, yName);
    } else {
        for (const Grid &grid : result.grids) {
            if (grid.name.ends_with(".pattern"))
                x = &grid;
            else if (grid.name.ends_with(".z"))
                y = &grid;
        }
        if (!x || !y) {
            if (result.grids.size() < 2)
                throw Error(
                    "result",
                    "a scatter needs two grids over the same heads (run sites z and pattern, or give two results)");
            x = &result.grids[0];
            y = &result.grids[1];
        }
    }
    return scatterView(*x, *y, result.baseline, result.baseline);
}

widgets::GraphView graphView(const RunResult &result)
{
    const nlohmann::json &summary = result.summary;
    if (!summary.is_object() || !summary.contains("nodes"))
        throw Error("result", "it holds no circuit to draw (nodes and edges come from the roles analysis)");
    const auto headOf = [](const nlohmann::json &json, const char *key) {
        const auto found = json.find(key);
        return found == json.end() || !found->is_string() || found->get<std::string>().empty()
                || found->get<std::string>() == "logits"
            ? widgets::HeadId{}
            : toHeadId(parse_head(found->get<std::string>()));
    };
    widgets::GraphView view;
    view.title = resultTitle(result);
    for (const auto &node : summary["nodes"]) {
        view.nodes << widgets::GraphNode{headOf(node, "head"),
                                         QString::fromStdString(node.value("role", std::string()))};
        view.layers = std::max(view.layers, view.nodes.back().head.layer + 1);
    }
    const auto number = [](const nlohmann::json &edge, const char *key) {
        const auto found = edge.find(key);
        const double value = found != edge.end() && found->is_number() ? found->get<double>() : 0.0;
        return std::isfinite(value) ? value : 0.0;
    };
    view.unit = QString::fromStdString(summary.value("unit", std::string("%")));
    for (const auto &edge : summary.value("edges", nlohmann::json::array()))
        view.edges << widgets::GraphEdge{headOf(edge, "from"), headOf(edge, "to"),
                                         QString::fromStdString(edge.value("site", std::string())),
                                         number(edge, "effect"), number(edge, "half_width")};
    return view;
}

} // namespace patchbay
