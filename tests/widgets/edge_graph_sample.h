// A circuit of edges as circuits look: a seeded choice of heads, each with an edge in and an edge out.
#pragma once

#include "views.h"

#include <QRandomGenerator>

#include <algorithm>
#include <cmath>

namespace samples {

inline patchbay::widgets::EdgeGraphView edgeGraph(int layers, int heads, int edges)
{
    using namespace patchbay::widgets;
    using Kind = EdgeGraphNode::Kind;
    QRandomGenerator random(7);
    EdgeGraphView view;
    view.title = QStringLiteral("Circuit of %1 edges, EAP-IG (inputs)").arg(edges);
    view.unit = QStringLiteral("%");
    view.estimateName = QStringLiteral("EAP-IG (inputs)");
    view.layers = layers;
    view.heads = heads;
    view.nodes << EdgeGraphNode{Kind::Input} << EdgeGraphNode{Kind::Logits};
    const QStringList roles{{}, QStringLiteral("name mover"), {}, QStringLiteral("induction"), {}};
    for (int i = 0; i < edges / 5; ++i) {
        const HeadId head{random.bounded(layers), random.bounded(heads)};
        if (std::none_of(view.nodes.begin(), view.nodes.end(), [&](const auto &node) { return node.head == head; }))
            view.nodes << EdgeGraphNode{Kind::Head, head, roles[i % roles.size()]};
    }
    for (int layer = 0; layer < layers; layer += 1 + random.bounded(2))
        view.nodes << EdgeGraphNode{Kind::Mlp, {layer, -1}};
    // Where a node stands: below all, by its layer, an MLP after the heads of its layer, above all.
    const auto height = [&](int node) {
        const EdgeGraphNode &at = view.nodes[node];
        return at.kind == Kind::Input ? -1
            : at.kind == Kind::Logits ? 2 * layers
                                      : 2 * at.head.layer + (at.kind == Kind::Mlp ? 1 : 0);
    };
    const auto add = [&](int from, int to) {
        const double size = std::pow(random.generateDouble(), 6) * 30 + 0.2;
        EdgeGraphEdge edge{from, to};
        if (view.nodes[to].kind == Kind::Head)
            edge.end = EdgeEnd(1 + random.bounded(3));
        edge.score = random.bounded(4) == 0 ? size : -size;
        edge.exact = size > 2;
        edge.id = view.edges.size();
        view.edges << edge;
    };
    const int nodes = int(view.nodes.size());
    const auto any = [&](const auto &fits) {
        for (;;)
            if (const int node = random.bounded(nodes); fits(height(node)))
                return node;
    };
    for (int node = 2; node < nodes; ++node) {
        add(any([&](int at) { return at < height(node); }), node);
        add(node, any([&](int at) { return at > height(node); }));
    }
    while (view.edges.size() < edges) {
        const int from = any([&](int at) { return at < 2 * layers; });
        add(from, any([&](int at) { return at > height(from); }));
    }
    return view;
}

} // namespace samples
