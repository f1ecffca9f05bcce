#include "requests/workbench.h"

#include "analysis/analysis.h"
#include "hub/download.h"
#include "hub/listing.h"
#include "requests/detail/work_parts.h"

#include <algorithm>

namespace patchbay {

using namespace detail;

Urgency urgency(const Request &request)
{
    // Many heads are many times some milliseconds: the one that somebody has just asked for does not wait for them.
    if (const AttentionRequest *attention = std::get_if<AttentionRequest>(&request))
        return std::all_of(attention->wanted.begin(), attention->wanted.end(),
                           [&](const AttentionOf &one) { return one.head == attention->wanted.front().head; })
            ? Urgency::Quick
            : Urgency::Soon;
    if (const RunRequest *run = std::get_if<RunRequest>(&request))
        return run->soon ? Urgency::Soon : Urgency::Long;
    return std::holds_alternative<PatchedAttentionRequest>(request) ? Urgency::Soon
        : std::holds_alternative<TryRequest>(request)               ? Urgency::Soon
        : std::holds_alternative<ListCacheRequest>(request)         ? Urgency::Quick
        : std::holds_alternative<PlanDownloadRequest>(request)      ? Urgency::Soon
        : std::holds_alternative<ListRevisionsRequest>(request)     ? Urgency::Soon
        : std::holds_alternative<SaveRecipeRequest>(request)        ? Urgency::Soon
        : std::holds_alternative<OpenSeriesRequest>(request)        ? Urgency::Soon
        : std::holds_alternative<EndSeriesRequest>(request)         ? Urgency::Quick
        : std::holds_alternative<MeasureSeriesRequest>(request)     ? Urgency::Soon
                                                                    : Urgency::Long;
}

bool is_of_results(const Request &request)
{
    return std::holds_alternative<IntervalsRequest>(request) || std::holds_alternative<StabilityRequest>(request)
        || std::holds_alternative<OpenSeriesRequest>(request) || std::holds_alternative<MeasureSeriesRequest>(request);
}

bool only_fetches(const Request &request)
{
    return std::holds_alternative<ListCacheRequest>(request) || std::holds_alternative<PlanDownloadRequest>(request)
        || std::holds_alternative<ListRevisionsRequest>(request) || std::holds_alternative<DownloadRequest>(request);
}

Session &Workbench::session() const
{
    if (!m_session)
        throw Error("", "there is no model with a task yet");
    return *m_session;
}

RecipeRun &Workbench::recipe() const
{
    if (!m_recipe)
        throw Error("", "there is no model with a task for the recipe yet");
    return *m_recipe;
}

Workbench::Workbench(std::unique_ptr<Session> session)
    : m_model(session ? session->model_ptr() : nullptr), m_session(std::move(session))
{
    if (m_session)
        publish(m_session->attention_reader());
}

void Workbench::publish(std::shared_ptr<const AttentionReader> reader)
{
    {
        const std::lock_guard lock(m_mutex);
        m_reader.swap(reader);
    }
    // The one before may be the last to hold its session: given back without the mutex.
}

std::unique_ptr<Work> Workbench::begin_beside(const Request &request, const Tell &tell)
{
    const AttentionRequest *attention = std::get_if<AttentionRequest>(&request);
    if (!attention)
        return nullptr;
    std::shared_ptr<const AttentionReader> reader;
    {
        const std::lock_guard lock(m_mutex);
        reader = m_reader;
    }
    if (!reader)
        return nullptr;
    // A head at a time: who asks for other ones meanwhile is not kept waiting.
    return in_parts(
        [reader, tell, wanted = attention->wanted, patterns = AttentionPatterns()](const CancelToken &cancel) mutable {
            cancel.check();
            if (patterns.size() < wanted.size()) {
                AttentionPattern pattern = std::move(reader->attention({wanted[patterns.size()]}, cancel).front());
                patterns.push_back(std::make_shared<const AttentionPattern>(std::move(pattern)));
            }
            if (patterns.size() < wanted.size())
                return true;
            tell(Done{std::move(patterns)});
            return false;
        });
}

/// One way to begin for each kind of request.
struct Workbench::Begin {
    Workbench &bench;
    Tell tell;

    void outcomes() const { tell(Done{std::make_shared<const StepOutcomes>(bench.recipe().outcomes())}); }

    std::unique_ptr<Work> operator()(const SetUpRequest &request) const
    {
        return whole([*this, request](const CancelToken &cancel) {
            SetUp done = set_up(request.model, request.task, bench.m_model, tell, cancel, bench.m_resources);
            bench.m_recipe.reset(); // it refers to the session that goes now
            // Attention of the new session is not told before the setup, nor of the old one after it.
            bench.publish(nullptr);
            bench.m_session = std::move(done.session);
            bench.m_model = std::move(done.model);
            tell(Done{std::move(done.setup)});
            if (bench.m_session)
                bench.publish(bench.m_session->attention_reader());
        });
    }

    std::unique_ptr<Work> operator()(const RunRequest &request) const
    {
        Session &session = bench.session();
        RunObserver observer;
        observer.tell = tell;
        observer.priority = &bench.priority();
        observer.resume = request.resume.get();
        observer.estimates = request.estimates;
        observer.between = bench.between();
        if (request.spec.is<Analysis>())
            return whole([&session, request, observer](const CancelToken &cancel) {
                run_analysis(session, request.spec, observer, cancel);
            });
        // request keeps the run to resume alive.
        return in_parts(
            [request, &session, observer, run = std::shared_ptr<RunSteps>()](const CancelToken &cancel) mutable {
                if (!run)
                    run = session.begin(request.spec, observer, cancel);
                return run->step(cancel);
            });
    }

    std::unique_ptr<Work> operator()(const AttentionRequest &request) const
    {
        return whole([*this, request](const CancelToken &cancel) {
            AttentionPatterns patterns;
            for (AttentionPattern &pattern : bench.session().attention(request.wanted, cancel))
                patterns.push_back(std::make_shared<const AttentionPattern>(std::move(pattern)));
            bench.publish(bench.session().attention_reader()); // the baseline is there now
            tell(Done{std::move(patterns)});
        });
    }

    std::unique_ptr<Work> operator()(const PatchedAttentionRequest &request) const
    {
        return whole([*this, request](const CancelToken &cancel) {
            AttentionPattern pattern =
                bench.session().attention_patched(request.head, request.spec, request.patched, cancel);
            tell(Done{AttentionPatterns{std::make_shared<const AttentionPattern>(std::move(pattern))}});
        });
    }

    std::unique_ptr<Work> operator()(const TryRequest &request) const
    {
        return whole([*this, request](const CancelToken &cancel) {
            if (!bench.m_model)
                throw Error("", "there is no model yet");
            tell(Done{std::make_shared<const Trial>(try_prompt(*bench.m_model, request.question, cancel))});
        });
    }

    std::unique_ptr<Work> operator()(const IntervalsRequest &request) const
    {
        HalfWidths all;
        for (const auto &[name, cells] : cells_with_intervals(*request.result))
            all[name].assign(size_t(cells), 0);
        auto cells = std::make_shared<HalfWidths>(std::move(all));
        return in_parts([tell = tell, result = request.result, cells, at = cells->begin(),
                         next = size_t(0)](const CancelToken &cancel) mutable {
            cancel.check();
            while (at != cells->end() && next == at->second.size()) {
                ++at;
                next = 0;
            }
            if (at == cells->end()) {
                tell(Done{std::move(*cells)});
                return false;
            }
            at->second[next] = half_width_of(*result, at->first, int(next));
            ++next;
            return true;
        });
    }

    std::unique_ptr<Work> operator()(const StabilityRequest &request) const
    {
        return in_parts([tell = tell, result = request.result, found = Stabilities(),
                         next = size_t(0)](const CancelToken &cancel) mutable {
            cancel.check();
            if (next == result->grids.size()) {
                tell(Done{std::move(found)});
                return false;
            }
            if (const Grid &grid = result->grids[next++]; can_be_ranked(grid))
                found[grid.name] = stability(grid, result->baseline);
            return true;
        });
    }

    std::unique_ptr<Work> operator()(const BeginRecipeRequest &request) const
    {
        return whole([*this, request](const CancelToken &) {
            if (!bench.m_session)
                throw Error("", "there is no model with a task for the recipe yet");
            bench.m_recipe = std::make_unique<RecipeRun>(*bench.m_session, request.recipe, request.model, request.task);
            for (const RunResultPtr &result : request.known)
                if (result)
                    bench.m_recipe->keep(result);
            outcomes();
        });
    }

    std::unique_ptr<Work> operator()(const EditStepRequest &request) const
    {
        return whole([*this, request](const CancelToken &) {
            bench.recipe().edit(request.step, request.body);
            outcomes();
        });
    }

    std::unique_ptr<Work> operator()(const SkipStepRequest &request) const
    {
        return whole([*this, request](const CancelToken &) {
            bench.recipe().skip(request.step);
            outcomes();
        });
    }

    std::unique_ptr<Work> operator()(const ForgetStepRequest &request) const
    {
        return whole([*this, request](const CancelToken &) {
            bench.recipe().forget(request.step);
            outcomes();
        });
    }

    std::unique_ptr<Work> operator()(const SaveRecipeRequest &request) const
    {
        return whole([*this, request](const CancelToken &) {
            bench.recipe().save(request.folder);
            outcomes();
        });
    }

    std::unique_ptr<Work> operator()(const RunStepRequest &request) const
    {
        // Of what the step's run tells, only how far it is: the step's outcomes are what is asked for.
        RunObserver observer;
        std::vector<size_t> steps = request.after;
        steps.push_back(request.step);
        observer.between = bench.between();
        observer.tell = [*this, steps = std::move(steps)](const Event &event) {
            const Progress *at = std::get_if<Progress>(&event);
            if (!at)
                return;
            Progress whole = *at;
            whole.work_left = bench.recipe().work_left(steps, at->total > 0 ? double(at->done) / at->total : 0);
            tell(whole);
        };
        return in_parts([*this, request, observer, begun = false](const CancelToken &cancel) mutable {
            if (!begun)
                bench.recipe().begin(request.step);
            begun = true;
            if (bench.recipe().proceed(observer, cancel))
                return true;
            outcomes();
            return false;
        });
    }

    std::unique_ptr<Work> operator()(const OpenSeriesRequest &request) const
    {
        return whole([tell = tell, request](const CancelToken &cancel) {
            tell(Done{std::make_shared<const SeriesResults>(
                read_series(request.folder, request.known.get(), default_least_gap, cancel))});
        });
    }

    std::unique_ptr<Work> operator()(const BeginSeriesRequest &request) const
    {
        return whole([*this, request](const CancelToken &cancel) {
            bench.m_series.reset(); // it may hold the folder
            Series::Hooks hooks;
            const auto name = std::make_shared<std::string>();
            hooks.begun = [name, steps = request.plan.steps](size_t step) { *name = steps[step].name; };
            hooks.progress = [name, to = bench.m_series_tell](double share) {
                if (*to)
                    (*to)(Progress{int(1000 * share), 1000, *name});
            };
            hooks.fetching = [name, to = bench.m_series_tell](const DownloadProgress &at) {
                if (*to)
                    (*to)(Progress{0, 1000, *name + ": " + at.text()});
            };
            bench.m_series =
                std::make_unique<Series>(request.plan, request.folder, bench.m_resources, std::move(hooks));
            bench.m_series_folder = request.folder;
            bench.m_series->begin();
            tell(Done{std::make_shared<const SeriesResults>(
                read_series(request.folder, nullptr, default_least_gap, cancel))});
        });
    }

    std::unique_ptr<Work> operator()(const SeriesStepRequest &request) const
    {
        return in_parts([*this, request](const CancelToken &cancel) {
            cancel.check();
            if (!bench.m_series)
                throw Error("", "no series was begun");
            struct Listening {
                Tell &to;
                ~Listening() { to = {}; }
            };
            *bench.m_series_tell = tell;
            bool more = false;
            {
                const Listening listening{*bench.m_series_tell};
                more = bench.m_series->proceed(cancel);
            }
            if (bench.m_series->within_step())
                return true;
            if (!more)
                bench.m_series.reset(); // and its folder is free
            tell(Done{std::make_shared<const SeriesResults>(
                read_series(bench.m_series_folder, request.known.get(), default_least_gap, cancel))});
            return false;
        });
    }

    std::unique_ptr<Work> operator()(const EndSeriesRequest &) const
    {
        return whole([*this](const CancelToken &) {
            bench.m_series.reset();
            tell(Done{SeriesResultsPtr()});
        });
    }

    std::unique_ptr<Work> operator()(const MeasureSeriesRequest &request) const
    {
        return whole([tell = tell, request](const CancelToken &cancel) {
            tell(Done{std::make_shared<const SeriesMeasures>(measure(*request.series, request.options, cancel))});
        });
    }

    std::unique_ptr<Work> operator()(const ListCacheRequest &) const
    {
        return whole([tell = tell](const CancelToken &cancel) {
            tell(Done{std::make_shared<const CacheListing>(list_cache(cancel))});
        });
    }

    std::unique_ptr<Work> operator()(const PlanDownloadRequest &request) const
    {
        return whole([tell = tell, request](const CancelToken &cancel) {
            tell(Done{std::make_shared<const DownloadPlan>(plan_download(request.name, cancel))});
        });
    }

    std::unique_ptr<Work> operator()(const ListRevisionsRequest &request) const
    {
        return whole([tell = tell, request](const CancelToken &cancel) {
            tell(Done{std::make_shared<const std::vector<std::string>>(hub_revisions(request.model, cancel))});
        });
    }

    std::unique_ptr<Work> operator()(const DownloadRequest &request) const
    {
        return in_parts(
            [tell = tell, request, download = std::shared_ptr<Download>()](const CancelToken &cancel) mutable {
                if (!download)
                    download = std::make_shared<Download>(*request.plan);
                const bool more = download->step(cancel);
                const DownloadProgress at = download->progress();
                tell(Progress{int(1000 * at.share()), 1000, at.text()});
                if (!more)
                    tell(Done{request.plan});
                return more;
            });
    }
};

std::unique_ptr<Work> Workbench::begin(const Request &request, Tell tell)
{
    return std::visit(Begin{*this, std::move(tell)}, request);
}

} // namespace patchbay
