#include "export/export_files.h"

#include "base/error.h"
#include "edge_graph_layout.h"
#include "io/array_files.h"
#include "task/csv_table.h"

#include <QDir>
#include <QFileInfo>

#include <cmath>

namespace patchbay {

namespace {

Array table(int64_t rows, int64_t columns)
{
    return {{rows, columns}, std::vector<float>(size_t(rows * columns))};
}

struct Numbers {
    const widgets::FigureSpec &spec;
    ArrayMap &arrays;

    void operator()(const widgets::HeatmapView &view) const
    {
        for (int i = 0; i < view.facets.size(); ++i) {
            if (!spec.facets.isEmpty() && !spec.facets.contains(i))
                continue;
            const widgets::HeatmapFacet &facet = view.facets[i];
            Array array = table(facet.rows, facet.columns);
            for (int cell = 0; cell < facet.values.size(); ++cell)
                array.floats()[size_t(cell)] = float(facet.values[cell]);
            const QString part = facet.title.isEmpty() ? QStringLiteral("values") : fileNameFor(facet.title);
            arrays["heatmap." + part.toStdString()] = std::move(array);
            if (facet.standings.size() != facet.values.size())
                continue;
            Array shares = table(facet.rows, facet.columns);
            for (int cell = 0; cell < facet.values.size(); ++cell)
                shares.floats()[size_t(cell)] = float(facet.standings[cell].amongTop);
            arrays["among_top." + part.toStdString()] = std::move(shares);
        }
    }
    void operator()(const widgets::AttentionView &view) const
    {
        Array array = table(view.size, view.size);
        std::copy(view.weights.begin(), view.weights.end(), array.floats().begin());
        arrays["attention"] = std::move(array);
    }
    void operator()(const widgets::ScatterView &view) const
    {
        for (int series = 0; series < std::max<int>(1, int(view.series.size())); ++series) {
            std::vector<float> values;
            for (const widgets::ScatterPoint &point : view.points)
                if (point.series == series) {
                    values.push_back(float(point.x));
                    values.push_back(float(point.y));
                }
            const QString part = view.series.isEmpty() ? QStringLiteral("points") : fileNameFor(view.series[series]);
            arrays["scatter." + part.toStdString()] = {{int64_t(values.size() / 2), 2}, values};
        }
    }
    void operator()(const widgets::BarsView &view) const
    {
        Array array = table(view.bars.size(), 2);
        for (int i = 0; i < view.bars.size(); ++i) {
            array.floats()[size_t(i) * 2] = float(view.bars[i].value);
            array.floats()[size_t(i) * 2 + 1] = float(view.bars[i].halfWidth);
        }
        arrays["bars"] = std::move(array);
        if (view.top == 0)
            return;
        Array standings = table(view.bars.size(), 3); // share of resamples in the top, ranks from, to
        for (int i = 0; i < view.bars.size(); ++i) {
            const widgets::Standing &one = view.bars[i].standing;
            const float row[] = {float(one.amongTop), float(one.bestRank), float(one.worstRank)};
            std::copy(std::begin(row), std::end(row), standings.floats().begin() + i * 3);
        }
        arrays["bars.among_top"] = std::move(standings);
    }
    void operator()(const widgets::LinesView &view) const
    {
        // The steps' numbers, then a value and a half-width of each line.
        Array array = table(view.x.size(), 1 + 2 * view.lines.size());
        for (int step = 0; step < view.x.size(); ++step) {
            float *row = array.floats().data() + qsizetype(step) * (1 + 2 * view.lines.size());
            *row++ = float(view.x[step]);
            for (const widgets::Line &line : view.lines) {
                *row++ = float(line.values.value(step, std::nan("")));
                *row++ = float(line.halfWidth.value(step, 0));
            }
        }
        arrays["lines"] = std::move(array);
    }
    void operator()(const widgets::TableView &) const { } // text: the table is its own numbers
    void operator()(const widgets::GraphView &view) const
    {
        Array array = table(view.edges.size(), 6); // from layer, from head, to layer, to head, effect, half width
        for (int i = 0; i < view.edges.size(); ++i) {
            const widgets::GraphEdge &edge = view.edges[i];
            const float row[] = {float(edge.from.layer), float(edge.from.head), float(edge.to.layer),
                                 float(edge.to.head),    float(edge.effect),    float(edge.halfWidth)};
            std::copy(std::begin(row), std::end(row), array.floats().begin() + i * 6);
        }
        arrays["edges"] = std::move(array);
    }
    void operator()(const widgets::EdgeGraphView &view) const
    {
        Array array = table(view.edges.size(), 2); // what is drawn, whether it is exact; rows are named
        for (int i = 0; i < view.edges.size(); ++i) {
            array.floats()[size_t(i) * 2] = float(view.edges[i].score);
            array.floats()[size_t(i) * 2 + 1] = view.edges[i].exact ? 1 : 0;
        }
        arrays["edges"] = std::move(array);
    }
};

/// Names of the rows, which a table of numbers alone would lose.
std::string rowNames(const widgets::FigureContent &content)
{
    QStringList names;
    if (const auto *bars = std::get_if<widgets::BarsView>(&content))
        for (const widgets::Bar &bar : bars->bars)
            names << bar.label;
    else if (const auto *attention = std::get_if<widgets::AttentionView>(&content))
        names = attention->tokens;
    else if (const auto *scatter = std::get_if<widgets::ScatterView>(&content))
        for (const widgets::ScatterPoint &point : scatter->points)
            names << point.label;
    else if (const auto *lines = std::get_if<widgets::LinesView>(&content))
        for (const widgets::Line &line : lines->lines)
            names << line.label;
    else if (const auto *edges = std::get_if<widgets::EdgeGraphView>(&content))
        for (const widgets::EdgeGraphEdge &edge : edges->edges)
            names << edgeName(*edges, edge).remove(QLatin1Char(' '));
    return names.join(QLatin1Char(' ')).simplified().toStdString();
}

/// A table as people read it.
std::string csvOf(const widgets::TableView &table)
{
    const auto line = [](const QStringList &fields) {
        std::vector<std::string> row;
        for (const QString &field : fields)
            row.push_back(field.toStdString());
        return csv_row(row);
    };
    std::string text = line(table.columns);
    for (const QStringList &row : table.rows)
        text += line(row);
    return text;
}

std::filesystem::path filePath(const QString &path)
{
    return std::filesystem::path(path.toStdString());
}

} // namespace

ArrayMap drawnNumbers(const widgets::FigureContent &content, const widgets::FigureSpec &spec)
{
    ArrayMap arrays;
    std::visit(Numbers{spec, arrays}, content);
    return arrays;
}

QStringList exportFigure(const QString &path, const std::vector<FigureSubject> &subjects,
                         const widgets::FigureSpec &spec, bool numbers, int columns)
{
    const widgets::FigureMetadata metadata = figureMetadata(subjects);
    widgets::writeFigure(path, figureSheet(subjects, spec, columns), metadata);
    QStringList files{path};
    if (!numbers)
        return files;
    const QFileInfo info(path);
    for (size_t i = 0; i < subjects.size(); ++i) {
        const FigureSubject &subject = subjects[i];
        const QString letter = subjects.size() > 1 ? QStringLiteral("-") + widgets::panelLetter(int(i)) : QString();
        const QString base = info.dir().filePath(info.completeBaseName() + letter);
        FileMetadata about{{"title", subject.title().toStdString()},
                           {"caption", subject.captionText().toStdString()},
                           {"program", metadata.version.toStdString()}};
        if (subject.result) {
            about["model_sha256"] = subject.result->model_sha256;
            about["run_spec"] = to_json(subject.spec ? *subject.spec : subject.result->spec).dump();
        }
        if (const auto *heatmap = std::get_if<widgets::HeatmapView>(&subject.content))
            about["unit"] = heatmap->unit.toStdString();
        if (const std::string rows = rowNames(subject.content); !rows.empty())
            about["rows"] = rows;
        const ArrayMap drawn = drawnNumbers(subject.content, subjects.size() == 1 ? spec : widgets::FigureSpec{});
        if (const auto *texts = std::get_if<widgets::TableView>(&subject.content)) {
            write_file(filePath(base + QStringLiteral(".csv")), csvOf(*texts));
            files << base + QStringLiteral(".csv");
        }
        if (!drawn.empty()) {
            write_arrays(filePath(base + QStringLiteral(".csv")), drawn, about);
            files << base + QStringLiteral(".csv");
        }
        // Attention is no part of the run that it was looked at beside.
        const bool attention = std::holds_alternative<widgets::AttentionView>(subject.content);
        if (subject.result && !attention)
            save_result(filePath(base + QStringLiteral(".npz")), *subject.result);
        else if (!drawn.empty())
            write_arrays(filePath(base + QStringLiteral(".npz")), drawn, about);
        else
            continue;
        files << base + QStringLiteral(".npz");
    }
    return files;
}

QString fileNameFor(const QString &title)
{
    QString name;
    for (const QChar c : title.toLower()) {
        if (c.isLetterOrNumber() || c == QLatin1Char('_'))
            name += c;
        else if (!name.isEmpty() && !name.endsWith(QLatin1Char('-')))
            name += QLatin1Char('-');
    }
    while (name.endsWith(QLatin1Char('-')))
        name.chop(1);
    return name.isEmpty() ? QStringLiteral("figure") : name.left(80);
}

BatchReport exportAll(const QString &folder, const std::vector<RunResultPtr> &results, const FigureChoices &choices,
                      const widgets::FigureSpec &spec, const QString &type, bool numbers,
                      const std::function<bool(int, int)> &progress)
{
    BatchReport report;
    const int digits = results.size() >= 100 ? 3 : 2;
    for (size_t i = 0; i < results.size(); ++i) {
        if (progress && !progress(int(i), int(results.size())))
            break;
        const QString title = resultTitle(*results[i]);
        try {
            const QString file = QDir(folder).filePath(
                QStringLiteral("%1-%2.%3").arg(i + 1, digits, 10, QLatin1Char('0')).arg(fileNameFor(title), type));
            report.written << exportFigure(file, {figureSubject(results[i], choices)}, spec, numbers);
        } catch (const std::exception &error) {
            report.failed << QStringLiteral("%1: %2").arg(title, QString::fromUtf8(error.what()));
        }
    }
    if (progress)
        progress(int(results.size()), int(results.size()));
    return report;
}

} // namespace patchbay
