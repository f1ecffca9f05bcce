// Circuits of any depth as figures: boxes apart, names and roles whole, numbers on the strongest edges, one page.
#include "widgets/figure_samples.h"

#include "figure/figure_font.h"
#include "figure/panel.h"
#include "graph_layout.h"
#include "graph_widget.h"
#include "view_text.h"

#include <QTest>

#include <algorithm>

using namespace patchbay::widgets;
using namespace patchbay::widgets::figure;

namespace {

const QStringList roles{QStringLiteral("name mover"),
                        QStringLiteral("negative name mover"),
                        QStringLiteral("backup name mover"),
                        QStringLiteral("S-inhibition"),
                        QStringLiteral("S suppressor"),
                        QStringLiteral("duplicate-token"),
                        QStringLiteral("induction, previous-token"),
                        QStringLiteral("name mover, backup name mover, S-inhibition"),
                        QString()};

/// As by hand: a few layers with a few heads, the others empty.
GraphView made(int layers)
{
    GraphView view;
    view.layers = layers;
    const auto at = [&](double share) { return int(share * (layers - 1)); };
    view.nodes = {{{0, 1}, roles[5]},          {{at(0.2), 3}, roles[6]},   {{at(0.5), 2}, roles[3]},
                  {{at(0.5), 7}, roles[3]},    {{at(0.8), 0}, roles[0]},   {{at(0.8), 5}, roles[7]},
                  {{layers - 1, 4}, roles[1]}, {{layers - 1, 6}, roles[2]}};
    for (const GraphNode &node : view.nodes) {
        view.edges << GraphEdge{node.head, {}, {}, 30.0 + node.head.layer};
        for (const GraphNode &to : view.nodes)
            if (node.head.layer < to.head.layer)
                view.edges << GraphEdge{node.head, to.head, QStringLiteral("v"), 3.0 + node.head.head - to.head.head};
    }
    return view;
}

/// Heads and edges by chance, from a few to some in every layer.
GraphView drawn(int layers, int perLayer, unsigned seed)
{
    std::mt19937 random(seed);
    GraphView view;
    view.layers = layers;
    for (int layer = 0; layer < layers; ++layer)
        for (int head = 0; head < 12; ++head)
            if (int(random() % 12) < perLayer)
                view.nodes << GraphNode{{layer, head}, roles[int(random() % size_t(roles.size()))]};
    std::normal_distribution<double> effect(0, 12);
    for (const GraphNode &from : view.nodes) {
        if (random() % 2)
            view.edges << GraphEdge{from.head, {}, {}, effect(random)};
        for (const GraphNode &to : view.nodes)
            if (from.head.layer < to.head.layer && random() % 9 == 0)
                view.edges << GraphEdge{from.head, to.head, QStringList{"q", "k", "v"}[int(random() % 3)],
                                        effect(random)};
    }
    return view;
}

QVector<GraphView> circuits(int layers)
{
    QVector<GraphView> all{made(layers)};
    for (unsigned seed = 1; seed <= 6; ++seed)
        for (const int perLayer : {1, 2, 4})
            all << drawn(layers, perLayer, seed);
    return all;
}

struct Text {
    QRectF box;
    TextMark mark;
};

QVector<Text> textsOf(const Scene &scene)
{
    QVector<Text> texts;
    for (const Mark &mark : scene.marks)
        if (const auto *text = std::get_if<TextMark>(&mark)) {
            const double width = textWidth(text->text, text->points, text->bold), height = capHeight(text->points);
            const double before = text->align == Align::Left ? 0 : text->align == Align::Centre ? width / 2 : width;
            texts << Text{{text->at.x() - before, text->at.y() - height, width, height}, *text};
        }
    return texts;
}

/// Frames of heads and of the logits: the closed outlines.
QVector<QRectF> boxesOf(const Scene &scene)
{
    QVector<QRectF> boxes;
    for (const Mark &mark : scene.marks)
        if (const auto *path = std::get_if<PathMark>(&mark); path && path->fill.isValid() && path->width > 0)
            boxes << path->points.boundingRect();
    return boxes;
}

QString within(const QVector<Text> &texts, const QRectF &box)
{
    QStringList words;
    for (const Text &text : texts)
        if (box.contains(text.box))
            words << text.mark.text;
    return words.join(QLatin1Char(' '));
}

/// What is wrong with a circuit's figure; empty: nothing.
QString troubleIn(const GraphView &view, double width)
{
    const Scene scene = layoutSheet(samples::sheetOf(view, width));
    if (scene.size.height() > 225)
        return QStringLiteral("it is %1 mm high").arg(scene.size.height());
    const QVector<QRectF> boxes = boxesOf(scene);
    if (boxes.size() != view.nodes.size() + (reachesLogits(view) ? 1 : 0))
        return QStringLiteral("%1 boxes").arg(boxes.size());
    const QRectF page = QRectF(QPointF(), scene.size);
    for (int i = 0; i < boxes.size(); ++i) {
        if (!page.contains(boxes[i]))
            return QStringLiteral("box %1 leaves the sheet").arg(i);
        for (int j = 0; j < i; ++j)
            if (boxes[i].intersects(boxes[j]))
                return QStringLiteral("boxes %1 and %2 lie over each other").arg(i).arg(j);
    }
    const QVector<Text> texts = textsOf(scene);
    for (int i = 0; i < texts.size(); ++i)
        for (int j = 0; j < i; ++j)
            if (const QRectF common = texts[i].box & texts[j].box; common.width() > 0.15 && common.height() > 0.15)
                return QStringLiteral("\"%1\" and \"%2\" lie over each other")
                    .arg(texts[i].mark.text, texts[j].mark.text);
    for (int i = 0; i < view.nodes.size(); ++i) {
        const QString whole = (label(view.nodes[i].head) + QLatin1Char(' ') + view.nodes[i].role).trimmed();
        if (within(texts, boxes[i]) != whole)
            return QStringLiteral("a box says \"%1\" instead of \"%2\"").arg(within(texts, boxes[i]), whole);
    }
    QVector<GraphEdge> edges = view.edges;
    std::sort(edges.begin(), edges.end(),
              [](const GraphEdge &a, const GraphEdge &b) { return std::abs(a.effect) > std::abs(b.effect); });
    for (const GraphEdge &edge : edges.first(std::min<qsizetype>(5, edges.size()))) {
        const QString number = signedNumber(edge.effect, 0),
                      text = edge.site.isEmpty() ? number : edge.site + QLatin1Char(' ') + number;
        if (std::none_of(texts.begin(), texts.end(), [&](const Text &one) { return one.mark.text == text; }))
            return QStringLiteral("no number at one of the strongest edges: %1").arg(text);
    }
    return {};
}

} // namespace

class TestCircuitFigures : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void wholeAtAnyDepth_data()
    {
        QTest::addColumn<int>("layers");
        for (const int layers : {1, 6, 12, 22, 32})
            QTest::addRow("%d layers", layers) << layers;
    }
    void wholeAtAnyDepth()
    {
        QFETCH(int, layers);
        const QString folder = qEnvironmentVariable("PATCHBAY_FIGURES_DIR"); // to look at them
        int index = 0;
        for (const GraphView &view : circuits(layers)) {
            if (!folder.isEmpty()) {
                QFile file(QStringLiteral("%1/circuit-%2-%3.pdf").arg(folder).arg(layers).arg(index));
                QVERIFY(file.open(QIODevice::WriteOnly));
                file.write(figurePdf(samples::sheetOf(view, 174)));
            }
            const QString trouble = troubleIn(view, 174);
            QVERIFY2(trouble.isEmpty(), qPrintable(QStringLiteral("circuit %1: %2").arg(index).arg(trouble)));
            ++index;
        }
    }

    void aGivenHeightKeepsThemApart()
    {
        // Squeezed by a page: smaller boxes, still none over another.
        for (const GraphView &view : circuits(22))
            for (const double height : {225.0, 150.0}) {
                FigureSheet sheet = samples::sheetOf(view, 170);
                sheet.spec.height = height;
                const QVector<QRectF> boxes = boxesOf(layoutSheet(sheet));
                for (int i = 0; i < boxes.size(); ++i)
                    for (int j = 0; j < i; ++j)
                        QVERIFY(!boxes[i].intersects(boxes[j]));
            }
    }

    void foldedLayersAreSaid()
    {
        const auto says = [](const GraphView &view) {
            for (const Text &text : textsOf(layoutSheet(samples::sheetOf(view, 174))))
                if (text.mark.text.contains(QStringLiteral("layers without heads are left out")))
                    return true;
            return false;
        };
        QVERIFY(says(made(22)));
        GraphView full;
        full.layers = 3;
        full.nodes = {{{0, 0}, {}}, {{1, 0}, {}}, {{2, 0}, {}}};
        QVERIFY(!says(full));
        full.layers = 4;
        QVERIFY(says(full));
    }

    void effectsWithinNoiseAreGrey()
    {
        GraphView view;
        view.layers = 2;
        view.nodes = {{{0, 0}, {}}, {{1, 0}, {}}};
        view.edges = {{{0, 0}, {}, {}, 12, 15}, {{1, 0}, {}, {}, -25, 4}, {{0, 0}, {1, 0}, QStringLiteral("q"), 7, 0}};
        const auto colours = [](const GraphView &shown) {
            QMap<QString, QColor> found;
            for (const Text &text : textsOf(layoutSheet(samples::sheetOf(shown, 85))))
                found[text.mark.text] = text.mark.colour;
            return found;
        };
        const auto grey = [](const QColor &colour) { return colour.isValid() && colour.saturation() == 0; };
        const auto says = [](const QMap<QString, QColor> &texts) {
            return std::any_of(texts.keyBegin(), texts.keyEnd(),
                               [](const QString &text) { return text.contains(QStringLiteral("grey: within noise")); });
        };
        QMap<QString, QColor> texts = colours(view);
        QVERIFY(grey(texts.value(QStringLiteral("+12"))) && says(texts));
        QVERIFY(!grey(texts.value(QStringLiteral("\u221225"))));
        QVERIFY(!grey(texts.value(QStringLiteral("q +7")))); // without an interval nothing is known
        view.edges[0].halfWidth = 3;
        texts = colours(view);
        QVERIFY(!grey(texts.value(QStringLiteral("+12"))) && !says(texts));
    }

    void onTheScreenLayersAreScrolledThrough()
    {
        GraphWidget widget;
        widget.resize(520, 400);
        widget.setView(drawn(32, 2, 3));
        const int squeezed = widget.nodeRect(0).height();
        widget.setGrows(true);
        QVERIFY(widget.minimumHeight() > 1000);
        widget.resize(520, widget.minimumHeight());
        widget.show();
        QVERIFY(widget.nodeRect(0).height() > squeezed * 2);
        for (int i = 0; i < widget.view().nodes.size(); ++i)
            for (int j = 0; j < i; ++j)
                QVERIFY(!widget.nodeRect(i).intersects(widget.nodeRect(j)));
    }
};

QTEST_MAIN(TestCircuitFigures)
#include "test_circuit_figures.moc"
