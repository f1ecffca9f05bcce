#include "report/report_sheet.h"

#include "base/error.h"
#include "report/report.h"

namespace patchbay {

namespace {

FigureView viewOf(const widgets::FigureContent &content)
{
    struct Kinds {
        FigureView operator()(const widgets::HeatmapView &) const { return FigureView::Heatmap; }
        FigureView operator()(const widgets::AttentionView &) const { return FigureView::Attention; }
        FigureView operator()(const widgets::ScatterView &) const { return FigureView::Scatter; }
        FigureView operator()(const widgets::LinesView &) const { return FigureView::Lines; }
        FigureView operator()(const widgets::BarsView &) const { return FigureView::Bars; }
        FigureView operator()(const widgets::TableView &) const { return FigureView::Table; }
        FigureView operator()(const widgets::GraphView &) const { return FigureView::Graph; }
        FigureView operator()(const widgets::EdgeGraphView &) const { return FigureView::Graph; }
    };
    return std::visit(Kinds{}, content);
}

/// The result whose RunSpec makes the numbers again: a choice of heads rests on the run that it chose from.
RunResultPtr resultBehind(const ReportSource &source, const ReportStep &step)
{
    if (step.kind == "run")
        return step.result;
    if (step.kind != "select")
        return nullptr;
    const ReportStep *from = source.step(step.body.at("criteria").at(0).value("from", std::string()));
    return from ? from->result : nullptr;
}

void add(std::vector<FigureSubject> &subjects, const ReportSource &source, const ReportStep &step, bool tables)
{
    for (const widgets::FigureSheet &sheet : stepFigures(source, step))
        for (const widgets::FigureContent &content : sheet.panels) {
            FigureSubject subject;
            subject.view = viewOf(content);
            if (subject.view == FigureView::Table && !tables)
                continue;
            subject.content = content;
            // Runs are titled by what was patched and in which direction, everything else by its step.
            std::visit(
                [&](auto &view) {
                    if (step.kind != "run" || view.title.isEmpty())
                        view.title = step.title;
                },
                subject.content);
            subject.caption = stepCaption(source, step, subject.view != FigureView::Table);
            subject.result = resultBehind(source, step);
            subjects.push_back(std::move(subject));
        }
}

} // namespace

std::vector<FigureSubject> recipeSubjects(const ReportSource &source, const std::vector<std::string> &steps)
{
    std::vector<FigureSubject> subjects;
    for (const ReportStep &step : source.steps)
        if (steps.empty())
            add(subjects, source, step, false);
    for (const std::string &id : steps) {
        const ReportStep *step = source.step(id);
        if (!step) {
            std::string known;
            for (const ReportStep &one : source.steps)
                known += (known.empty() ? "" : ", ") + one.id;
            throw Error("step " + id, "the recipe has no such step (it has: " + known + ")");
        }
        const size_t before = subjects.size();
        add(subjects, source, *step, true);
        if (subjects.size() == before)
            throw Error("step " + id, step->done() ? "it has nothing to draw" : stepFinding(*step).toStdString());
    }
    if (subjects.empty())
        throw Error("the recipe", "no step of it has a figure");
    return subjects;
}

} // namespace patchbay
