#include "figure_command.h"

#include "analysis/analysis.h"
#include "base/check_index.h"
#include "base/error.h"
#include "decimal_option.h"
#include "export/export_files.h"
#include "export/series_subjects.h"
#include "io/array_files.h"
#include "model/model.h"
#include "model/model_folder.h"
#include "nouns/quantity.h"
#include "patching/session.h"
#include "report/report_sheet.h"
#include "task/task_source.h"
#include "text/tokenizer.h"
#include "usage_error.h"

#include <CLI/CLI.hpp>
#include <QFileInfo>

#include <algorithm>
#include <iostream>
#include <map>

namespace patchbay {

namespace {

using cli::option_value;
using cli::UsageError;

struct Options {
    std::vector<std::string> files, views{"heatmap"}, facets, steps, looks{"baseline", "heads"};
    FigureChoices choices;
    MeasureOptions measures;
    std::string lineHeads, reference, step;
    bool logarithmic = false;
    widgets::FigureSpec spec;
    std::string map = "RdBu", sign = "both", attention = "matrix", title, caption, head, out;
    int prompt = 0, row = 0, columns = 0;
    bool noTitle = false, caption_wanted = false, flipped = false, weighted = false, numbers = false, printSpec = false,
         quiet = false;
};

void declare(CLI::App &app, Options &o)
{
    app.description("Draws saved results as figures for papers (PDF, SVG, PNG), without a display.");
    app.add_option("RESULT", o.files,
                   "Result files (.safetensors, .npz, .json), several make a sheet with panels a, b, c; or the folder "
                   "of a recipe or a series: a sheet of its figures")
        ->required();
    app.add_option("--view", o.views,
                   "heatmap, attention, scatter, bars, table, graph, lines; several (comma-separated) make panels")
        ->delimiter(',');
    app.add_option("--steps", o.steps, "Of a recipe's folder: these steps, in this order (outputs,direct,roles)")
        ->delimiter(',');
    app.add_option("--series", o.looks, "Of a series' folder: " + seriesLooks())->delimiter(',')->capture_default_str();
    app.add_option("--heads", o.lineHeads, "Series: whose lines (9.6,L9H6); the strongest unless given");
    app.add_option("--reference", o.reference, "Series: the step that others are compared with, by its name; the last");
    app.add_option("--step", o.step,
                   "Series: of two steps, the one that is compared with the reference; the first unless given");
    app.add_flag("--log", o.logarithmic, "Series: steps by their logarithm");
    app.add_option("--part", o.measures.part, "Series of a recipe: the step whose numbers are followed");
    app.add_option("--quantity", o.measures.quantity, "Series: which of its numbers; the first unless given");
    app.add_flag("--raw-values", o.measures.raw,
                 "Series: effects as differences of the metric, not in % of each step's gap");
    cli::add_decimal(app, "--threshold", o.measures.threshold, "Series: a head has appeared at this value or more", 0);
    app.add_option("--out,-o", o.out, "The figure: .pdf, .svg or .png");
    cli::add_decimal(app, "--width", o.spec.width, "Width in mm: 85 one column, 174 both", 30, 1000)
        ->default_str(short_text(o.spec.width));
    cli::add_decimal(app, "--height", o.spec.height, "Height in mm (0: as the content needs)", 0, 1000)
        ->default_str(short_text(o.spec.height));
    cli::add_decimal(app, "--font", o.spec.points, "Type size in points", 5, 24)
        ->default_str(short_text(o.spec.points));
    app.add_option("--map", o.map, "Colours: RdBu, PuOr, viridis")
        ->check(CLI::IsMember({"RdBu", "PuOr", "viridis"}))
        ->capture_default_str();
    cli::add_decimal(app, "--limit", o.spec.limit, "Colours run from -X to X, in the view's unit (0: from the data)",
                     0);
    app.add_flag("--values", o.spec.values, "Numbers in cells and at bars");
    app.add_option("--top-labels", o.spec.topLabels, "Name the N strongest heads")->check(CLI::Range(0, 1000));
    app.add_option("--title", o.title, "Instead of the run's title");
    app.add_flag("--no-title", o.noTitle, "No title");
    app.add_flag("--with-caption", o.caption_wanted, "The caption below: what, model, task, n, metric, direction");
    app.add_option("--caption", o.caption, "This caption below");
    app.add_option("--facets", o.facets, "Heatmap: these sites, in this order (z,q,pattern)")->delimiter(',');
    cli::add_decimal(app, "--among-top", o.choices.amongTop,
                     "Heatmap: mask heads that are among the 10 strongest in fewer than so many % of 1,000 resamples "
                     "of the prompts, such as 95 (0: none)",
                     0, 100)
        ->default_str("0");
    app.add_option("--x", o.choices.x, "Scatter: grid on the x axis (its name in the file)");
    app.add_option("--y", o.choices.y, "Scatter: grid on the y axis");
    app.add_option("--grid", o.choices.grid, "Bars: grid to rank");
    app.add_option("--top", o.choices.top, "Bars and tables: how many heads")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    app.add_option("--sign", o.sign, "Bars: positive, negative, both")
        ->check(CLI::IsMember({"positive", "negative", "both"}))
        ->capture_default_str();
    app.add_option("--head", o.head, "Attention: which head (9.6, L9H6)");
    app.add_option("--prompt", o.prompt, "Attention: which prompt, counted from 0")->capture_default_str();
    app.add_option("--row", o.row, "Attention in texts: which token of the head's list, counted from 0")
        ->check(CLI::Range(0, 1000000))
        ->capture_default_str();
    app.add_flag("--flipped", o.flipped, "Attention: of the flipped prompt");
    app.add_flag("--value-weighted", o.weighted, "Attention: times the length of what is moved");
    app.add_option("--attention", o.attention, "Attention: matrix or text")
        ->check(CLI::IsMember({"matrix", "text"}))
        ->capture_default_str();
    app.add_option("--destination", o.spec.destination,
                   "Attention as text: whose attention, as a token position from 0 (default: END)");
    app.add_option("--dpi", o.spec.dpi, "PNG: dots per inch")->check(CLI::Range(72, 2400))->capture_default_str();
    app.add_option("--columns", o.columns, "Panels side by side (0: by width)")->check(CLI::Range(0, 26));
    app.add_flag("--numbers", o.numbers, "Also the numbers beside the figure, as CSV and NPZ");
    app.add_flag("--print-spec", o.printSpec, "Print the RunSpec inside a figure or a result, and draw nothing");
    app.add_flag("--quiet", o.quiet, "Do not name the files written");
    app.get_formatter()->column_width(34);
}

Head headOf(const Options &o)
{
    return option_value("--head", [&] { return parse_head(o.head); });
}

/// What a command line can get wrong by itself, said before any file is read.
void check(const Options &o)
{
    for (const std::string &view : o.views)
        option_value("--view", [&] { return parseFigureView(view); });
    if (!o.head.empty())
        headOf(o);
    const QString type = QFileInfo(QString::fromStdString(o.out)).suffix().toLower();
    if (type != QLatin1String("pdf") && type != QLatin1String("svg") && type != QLatin1String("png"))
        throw UsageError("--out", "\"" + o.out + "\" does not end in .pdf, .svg or .png");
    if (o.views.size() > 1 && o.files.size() > 1 && o.views.size() != o.files.size())
        throw UsageError("--view", "give one view, or as many as result files");
}

/// Attention or another quantity over tokens, which attentionViews() finds.
bool keepsMatrices(const RunResult &result)
{
    return std::any_of(result.arrays.begin(), result.arrays.end(),
                       [](const auto &one) { return quantity_named(one.first).draw == Quantity::Draw::Matrix; });
}

/// Attention comes out of a result that kept it, otherwise from the model that the result names, on the task that it
/// names.
std::vector<FigureSubject> attentionSubjects(const RunResultPtr &result, const Options &o)
{
    std::vector<FigureSubject> subjects;
    const auto add = [&](widgets::AttentionView view) {
        FigureSubject &subject = subjects.emplace_back();
        subject.view = FigureView::Attention;
        subject.caption = attentionCaption(view, result.get());
        subject.content = std::move(view);
        subject.result = result;
    };
    if (keepsMatrices(*result)) {
        const bool listed = textsAreListed(*result); // of a head, the text at the place --row of its list
        std::map<widgets::HeadId, int> rows;
        for (widgets::AttentionView &view : attentionViews(*result)) {
            const int row = rows[view.head]++;
            if ((o.head.empty() || toHeadId(headOf(o)) == view.head) && (!listed || row == o.row))
                add(std::move(view));
        }
        if (subjects.empty())
            throw o.head.empty() ? Error("--row", "the result lists no such token")
                                 : Error("--head", "the result holds no attention of " + label(headOf(o)));
        return subjects;
    }
    if (o.head.empty())
        throw UsageError("--head", "name the head whose attention to draw, such as 9.6");
    LoadOptions load;
    load.path = model_folder(model_path_in(o.files.front(), result->spec.model.path), result->spec.model.commit);
    load.processing = result->spec.model.processing;
    load.dtype = result->spec.model.dtype;
    load.trust_check = false;
    const auto model = Model::load(load);
    Session session(model, load_batch(result->spec.task, *model));
    check_index(o.prompt, session.batch().prompts, "--prompt", "prompts");
    RunSpec spec = attentionSpec(result->spec, headOf(o), o.prompt, o.flipped, o.weighted);
    RunResult kept = run_analysis(session, spec);
    add(attentionViews(kept).front());
    subjects.back().spec = std::move(spec);
    return subjects;
}

std::vector<FigureSubject> seriesSubjects(const Options &o)
{
    SeriesChoices choices;
    choices.logarithmic = o.logarithmic;
    if (!o.lineHeads.empty())
        for (const Head &head : option_value("--heads", [&] { return parse_heads(o.lineHeads); }))
            choices.heads << toHeadId(head);
    const SeriesResults series = read_series(o.files.front());
    MeasureOptions asked = o.measures;
    if (!o.reference.empty())
        asked.reference = option_value("--reference", [&] { return series.named(o.reference); });
    if (!o.step.empty())
        choices.step = int(option_value("--step", [&] { return series.named(o.step); }));
    const SeriesMeasures measures = measure(series, asked);
    std::vector<FigureSubject> subjects;
    for (const std::string &look : o.looks) {
        auto subject =
            seriesSubject(series, measures, option_value("--series", [&] { return parseSeriesLook(look); }), choices);
        if (!subject)
            throw Error(o.files.front(), "is a series without " + look);
        subjects.push_back(std::move(*subject));
    }
    return subjects;
}

/// One subject a panel.
std::vector<FigureSubject> subjectsOf(Options &o)
{
    if (o.files.size() == 1 && is_series(o.files.front()))
        return seriesSubjects(o);
    if (std::filesystem::is_directory(o.files.front())) {
        if (o.files.size() > 1)
            throw Error(o.files.front(), "is a recipe's folder: give it alone, and choose from it with --steps");
        return recipeSubjects(readReportSource(o.files.front()), o.steps);
    }
    if (!o.steps.empty())
        throw Error("--steps", "chooses from the folder that a recipe was run into; " + o.files.front() + " is none");
    std::vector<RunResultPtr> results;
    for (const std::string &file : o.files)
        results.push_back(std::make_shared<const RunResult>(load_result(file)));
    std::vector<FigureSubject> subjects;
    const size_t panels = std::max(o.views.size(), results.size());
    for (size_t i = 0; i < panels; ++i) {
        const RunResultPtr &result = results[results.size() > 1 ? i : 0];
        o.choices.view = parseFigureView(o.views[o.views.size() > 1 ? i : 0]);
        if (o.choices.view == FigureView::Attention) {
            for (FigureSubject &subject : attentionSubjects(result, o))
                subjects.push_back(std::move(subject));
            continue;
        }
        subjects.push_back(figureSubject(result, o.choices));
        if (auto *heatmap = std::get_if<widgets::HeatmapView>(&subjects.back().content);
            heatmap && !o.facets.empty() && panels > 1)
            keepFacets(*heatmap, facetIndices(*result, o.facets));
    }
    // Of a single figure the choice stays a choice, told in the file's metadata.
    if (!o.facets.empty() && panels == 1)
        o.spec.facets = facetIndices(*results.front(), o.facets);
    return subjects;
}

int printSpecs(const Options &o)
{
    for (const std::string &file : o.files) {
        const QString type = QFileInfo(QString::fromStdString(file)).suffix().toLower();
        if (type == QLatin1String("pdf") || type == QLatin1String("svg") || type == QLatin1String("png"))
            std::cout << nlohmann::ordered_json::parse(
                             widgets::readEmbeddedSpec(QString::fromStdString(file)).toStdString())
                             .dump(2)
                      << '\n';
        else
            std::cout << to_json(load_result(file).spec).dump(2) << '\n';
    }
    return 0;
}

int draw(Options &o)
{
    o.spec.colourMap = o.map == "PuOr" ? widgets::ColourMap::PuOr
        : o.map == "viridis"           ? widgets::ColourMap::Viridis
                                       : widgets::ColourMap::RdBu;
    o.spec.showTitle = !o.noTitle;
    o.spec.title = QString::fromStdString(o.title);
    o.spec.showCaption = o.caption_wanted || !o.caption.empty();
    o.spec.caption = QString::fromStdString(o.caption);
    o.spec.attention =
        o.attention == "text" ? widgets::FigureSpec::Attention::Text : widgets::FigureSpec::Attention::Matrix;
    o.choices.sign = o.sign == "positive" ? Sign::Positive : o.sign == "negative" ? Sign::Negative : Sign::Both;
    check(o);
    const std::vector<FigureSubject> subjects = subjectsOf(o);
    for (const FigureSubject &subject : subjects)
        if (const auto *view = std::get_if<widgets::AttentionView>(&subject.content);
            view && o.spec.destination != widgets::FigureSpec().destination)
            check_index(o.spec.destination, view->size, "--destination", "positions");
    for (const QString &file : exportFigure(QString::fromStdString(o.out), subjects, o.spec, o.numbers, o.columns))
        if (!o.quiet)
            std::cout << file.toStdString() << '\n';
    return 0;
}

} // namespace

int figure_command(int argc, char **argv)
{
    CLI::App app("", "patchbay figure");
    Options options;
    declare(app, options);
    try {
        app.parse(argc, argv);
        if (!options.printSpec && options.out.empty())
            throw CLI::RequiredError("--out");
    } catch (const CLI::ParseError &error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    try {
        return options.printSpec ? printSpecs(options) : draw(options);
    } catch (const UsageError &error) {
        std::cerr << "patchbay figure: " << error.what() << '\n';
        return 2;
    } catch (const std::exception &error) {
        std::cerr << "patchbay figure: " << error.what() << '\n';
        return 1;
    }
}

} // namespace patchbay
