#include "patching/session.h"

#include "base/amounts.h"
#include "base/cores.h"
#include "base/mean.h"
#include "base/memory.h"
#include "base/plain_text.h"
#include "block/detail/gemm.h"
#include "block/detail/kernels.h"
#include "block/matrix_units.h"
#include "model/check_head.h"
#include "patching/detail/control_cells.h"
#include "patching/detail/device_model.h"
#include "patching/detail/session_impl.h"
#include "patching/detail/wave.h"

#include <ATen/Parallel.h>

#include <omp.h>
#include <pthread.h>

#include <chrono>

namespace patchbay {

using namespace detail;

void PriorityHint::want(std::optional<Head> head)
{
    std::lock_guard lock(m_mutex);
    m_head = head;
}

std::optional<Head> PriorityHint::wanted() const
{
    std::lock_guard lock(m_mutex);
    return m_head;
}

namespace {

// libgomp ends the program where it cannot start a thread, and it starts them inside the first loop that needs them. So
// they are started here, where running out of memory can still be said, and under SignalsHeldOff, whatever the thread
// that calls has. A pool belongs to the thread that calls.
void start_pool(int threads)
{
    static thread_local int started = 1;
    if (threads <= started)
        return;
    pthread_attr_t attributes;
    size_t stack = 0;
    if (pthread_getattr_default_np(&attributes) == 0) {
        pthread_attr_getstacksize(&attributes, &stack);
        pthread_attr_destroy(&attributes);
    }
    need_memory(size_t(threads - started) * (stack + (size_t(64) << 10)));
#pragma omp parallel num_threads(threads)
    hold_off_signals(); // also those of a pool begun elsewhere; set_threads gives the caller its own mask back
    started = threads;
}

// Handing a row of a tiny model over to another thread takes longer than computing it; on a busy machine, where the
// other thread has to wait for a core first, a hundred times as long.
int threads_for(const ModelConfig &c, int wanted)
{
    return wanted == 0 && is_tiny(c) ? 1 : wanted;
}

} // namespace

void set_threads(int threads)
{
    const SignalsHeldOff held;
    // oneDNN deals out its work before it has the threads: where OpenMP gave it fewer (OMP_THREAD_LIMIT, OMP_DYNAMIC),
    // a part of every product would be left undone, without a word.
    omp_set_dynamic(0);
    const int n = std::max(1, std::min(threads > 0 ? threads : usable_cores(), omp_get_thread_limit()));
    start_pool(n);
    // LibTorch settles its default in each thread that first asks; after that it takes OpenMP's number. Not
    // at::set_num_threads: it starts a second pool of threads, which nothing here uses, whose threads spin beside
    // whatever comes next, and which waits for ever where a thread could not be started.
    at::get_num_threads();
    set_gemm_threads(n);
}

std::string program_version()
{
    return PATCHBAY_VERSION;
}

Session::Impl::Impl(std::shared_ptr<const Model> model_, PromptBatch batch_, const Resources &resources_)
    : model(std::move(model_)), batch(std::move(batch_)), resources(resources_),
      engine((check_batch(batch, model->config().d_vocab, model->config().n_ctx),
              std::make_shared<EngineModel>(model, this->batch.width, resources_))),
      groups(engine, batch, resources_.memory_budget / 2),
      ends(std::min(resources_.kept_ends, resources_.memory_budget / 8))
{
}

SignalsHeldOff Session::Impl::enter() const
{
    set_threads(threads_for(model->config(), resources.threads));
    return {};
}

std::unique_ptr<HeadEntry> Session::Impl::head_entry(const BatchRuns &runs, bool base_flipped,
                                                     const std::vector<int> &first) const
{
    if (engine->device()) // multiplies all rows in full
        return nullptr;
    return HeadEntry::make(runs, base_flipped, first, resources.memory_budget / 4);
}

int64_t Session::Impl::rows_at_once(size_t floats_besides) const
{
    const ModelConfig &c = model->config();
    const BlockTraits &t = engine->traits();
    const DeviceModel *device = engine->device();
    const int64_t at_once = device ? device->block_rows() : block_rows;
    // Of every row the stream and the change of the heads by which it enters a layer; of one block of them what a layer
    // works in: joined, normed and changed rows, qkv, z, two MLP buffers.
    const size_t kept = sizeof(float) * (size_t(c.d_model) + size_t(t.q_width()) + floats_besides);
    const size_t worked_in =
        sizeof(float) * size_t(10 * c.d_model + t.qkv_width() + 2 * t.q_width() + 2 * int64_t(c.d_mlp));
    // The budget is of the processor's memory; a device is asked for more than it may have, and then for less.
    const size_t left =
        device && device->accelerates() ? size_t(8) << 30 : std::min(resources.memory_budget / 4, size_t(1) << 30);
    const auto rows = int64_t(left / (kept + worked_in));
    return rows < at_once ? std::max<int64_t>(1, rows) : int64_t((left - size_t(at_once) * worked_in) / kept);
}

double Session::Impl::chunk_scale() const
{
    const DeviceModel *device = engine->device();
    return device && device->accelerates() ? 50 : 1;
}

std::string Session::Impl::computed_on(bool covered) const
{
    const DeviceModel *device = engine->device();
    if (!device)
        return {};
    return covered ? device->name() : device->name() + " (runs and patched cells) and the processor";
}

double Session::Impl::least_chunk_flops() const
{
    if (engine->device()) // its weights stay as they are
        return groups.split() ? 3 * groups.flops_again() : 0;
    // Widening a weight takes as long as some 30 rows' products with it: a chunk has a few times as many.
    constexpr double flops_per_widened = 2 * 150;
    return std::max(groups.split() ? 3 * groups.flops_again() : 0, flops_per_widened * double(engine->widened_again()));
}

const Baseline &Session::Impl::baseline(Metric metric, const CancelToken &cancel)
{
    if (const auto found = baselines.find(metric); found != baselines.end())
        return found->second;
    Baseline b;
    b.metric = metric;
    std::vector<float> clean_diff, flipped_diff; // what accuracy is of, whatever is measured
    for (int g = 0; g < groups.count(); ++g) {
        const BatchRuns &runs = groups.hold(g, cancel).runs;
        const auto append = [](auto &to, const auto &from) { to.insert(to.end(), from.begin(), from.end()); };
        append(b.clean, runs.values(metric, false));
        append(b.flipped, runs.values(metric, true));
        append(clean_diff, runs.values(Metric::LogitDiff, false));
        append(flipped_diff, runs.values(Metric::LogitDiff, true));
        append(b.clean_rank0, runs.run(false).rank0);
        append(b.flipped_rank0, runs.run(true).rank0);
    }
    const double n = double(batch.prompts);
    const auto positive = [n](const std::vector<float> &v) {
        return double(std::count_if(v.begin(), v.end(), [](float x) { return x > 0; })) / n;
    };
    const auto share = [n](const std::vector<uint8_t> &v) { return double(std::count(v.begin(), v.end(), 1)) / n; };
    b.clean_mean = mean_of(b.clean);
    b.flipped_mean = mean_of(b.flipped);
    b.accuracy_clean = positive(clean_diff);
    b.accuracy_flipped = positive(flipped_diff);
    b.rank0_clean = share(b.clean_rank0);
    b.rank0_flipped = share(b.flipped_rank0);
    return baselines.emplace(metric, std::move(b)).first->second;
}

RunResult Session::Impl::begin(const RunSpec &spec, const SweepPlan &sweep) const
{
    RunResult result;
    result.spec = spec;
    result.baseline = baselines.at(metric_of(spec));
    result.grids = sweep.grids;
    result.model_sha256 = model->trust().sha256;
    result.computed_on = computed_on(!spec.is<Attribution>());
    result.version = program_version();
    result.arithmetic = engine->device() && !spec.is<Attribution>()
        ? arithmetic_in_words(model->config(), Precision::Strict)
        : engine->arithmetic_in_words();
    return result;
}

namespace {

/// What the schedule of an activation patching run reads while it goes on.
struct ActivationSweep {
    /// The same of one group of prompts.
    struct Part {
        std::vector<CellPlan> plans;
        std::vector<int> first; ///< nothing changes before the first row of any cell
        std::unique_ptr<HeadEntry> entry;
        std::unique_ptr<CellPass> pass;
    };
    SweepPlan plan; ///< of the whole batch
    std::vector<Part> parts;
    std::vector<double> flops;
    std::vector<int64_t> rows;
};

} // namespace

std::unique_ptr<RunSteps> Session::Impl::begin_activation(const RunSpec &spec, const RunObserver &observer,
                                                          const CancelToken &cancel)
{
    const auto sweep = std::make_shared<ActivationSweep>();
    sweep->plan = plan_activation_patching(spec, batch, groups, cancel);
    sweep->flops.resize(sweep->plan.plans.size());
    sweep->rows.resize(sweep->plan.plans.size());
    for (int g = 0; g < groups.count(); ++g) {
        const BatchRuns &runs = groups[g].runs;
        ActivationSweep::Part part;
        GroupedPlans grouped(groups[g]);
        part.first = runs.layout().end;
        for (const CellPlan &plan : sweep->plan.plans) {
            part.plans.push_back(grouped(plan));
            for (size_t p = 0; p < part.first.size(); ++p)
                part.first[p] = std::min(part.first[p], part.plans.back().start[p]);
        }
        part.entry = head_entry(runs, sweep->plan.base_flipped, part.first);
        part.pass = cell_pass(runs, sweep->plan.base_flipped, metric_of(spec), work, part.entry.get());
        const Wave wave(runs, sweep->plan.base_flipped, metric_of(spec), work, part.entry.get());
        for (size_t i = 0; i < part.plans.size(); ++i) {
            sweep->flops[i] += wave.flops(part.plans[i]);
            sweep->rows[i] += Wave::rows(part.plans[i], runs.layout());
        }
        sweep->parts.push_back(std::move(part));
    }
    Schedule schedule;
    if (ablation_of(spec) == Ablation::Mean)
        schedule.arrays[mean_prompts] = groups.layout().reached();
    schedule.flops = [sweep](int i) { return sweep->flops[size_t(i)]; };
    schedule.rows = [sweep](int i) { return sweep->rows[size_t(i)]; };
    schedule.rows_at_once = rows_at_once();
    schedule.scale = chunk_scale();
    schedule.least_chunk_flops = least_chunk_flops();
    schedule.derived = derived(spec, sweep->plan.plans.size());
    schedule.groups = groups.count();
    schedule.keeps_ends = [this, spec] { return !ends.of(KeptEnds::key(spec)).empty(); };
    schedule.compute = [this, sweep, key = kept_key(spec, observer)](const std::vector<int> &chosen,
                                                                     PromptRange prompts, const CancelToken &token) {
        const SignalsHeldOff held = enter();
        return through_groups(groups, prompts, chosen.size(), token, [&](int g) {
            ActivationSweep::Part &part = sweep->parts[size_t(g)];
            const PromptRange own = groups.within(g, prompts);
            const Forgetting<HeadEntry> kept(groups.split() ? part.entry.get() : nullptr);
            return in_pieces(
                chosen, rows_at_once(),
                [&](int i) { return Wave::rows(part.plans[size_t(i)], groups[g].runs.layout()); },
                [&](const std::vector<int> &piece) {
                    std::vector<CellPlan> plans;
                    for (const int i : piece) {
                        plans.push_back(part.plans[size_t(i)]);
                        spread(plans.back());
                        on_prompts(plans.back(), own, groups[g].runs.layout());
                    }
                    return keeping_ends(key, g, piece,
                                        [&](EndRows *rows) { return part.pass->run(plans, token, rows); });
                });
        });
    };
    schedule.begin = begin_chunk(
        kept_key(spec, observer), [sweep](int i) { return sweep->rows[size_t(i)]; }, 0,
        [sweep](const std::vector<int> &piece, const CancelToken &token) {
            std::vector<CellPlan> plans;
            for (const int i : piece) {
                plans.push_back(sweep->parts.front().plans[size_t(i)]);
                spread(plans.back());
            }
            return sweep->parts.front().pass->begin(std::move(plans), token);
        });
    schedule.controls = [this, spec](PromptRange prompts, const CancelToken &token) {
        const SignalsHeldOff held = enter();
        return activation_controls(spec, batch, prompts, groups, work, token);
    };
    if (estimates_first() && has_estimates(metric_of(spec), sweep->plan.base_flipped))
        schedule.estimate = [this, sweep, spec](const CancelToken &token) {
            const SignalsHeldOff held = enter();
            return estimate_activation(spec, sweep->plan, token);
        };
    return begin_schedule({sweep, &sweep->plan}, std::move(schedule),
                          base_values(metric_of(spec), sweep->plan.base_flipped), begin(spec, sweep->plan), observer);
}

std::function<std::function<std::vector<float>()>(const std::vector<int> &, const CancelToken &)> Session::Impl::
    begin_chunk(std::string key, std::function<int64_t(int)> rows, size_t floats_besides,
                std::function<Begun(const std::vector<int> &piece, const CancelToken &)> begin)
{
    if (!engine->device() || groups.split())
        return {};
    return [this, key = std::move(key), rows = std::move(rows), floats_besides,
            begin = std::move(begin)](const std::vector<int> &chosen, const CancelToken &cancel) {
        const SignalsHeldOff held = enter();
        groups.hold(0, cancel);
        std::vector<std::pair<std::vector<int>, Begun>> pieces;
        in_pieces(chosen, rows_at_once(floats_besides), rows, [&](const std::vector<int> &piece) {
            pieces.emplace_back(piece, begin(piece, cancel));
            return std::vector<float>();
        });
        return std::function<std::vector<float>()>([this, key, pieces = std::move(pieces)] {
            const SignalsHeldOff still_held = enter();
            std::vector<float> values;
            for (const auto &[piece, begun] : pieces) {
                const std::vector<float> part = keeping_ends(key, 0, piece, begun);
                values.insert(values.end(), part.begin(), part.end());
            }
            return values;
        });
    };
}

std::vector<Schedule::Derived> Session::Impl::derived(const RunSpec &spec, size_t plans) const
{
    std::vector<Schedule::Derived> out;
    for (const auto &pass : ends.of(KeptEnds::key(spec))) {
        const auto fits = [&](int cell) { return size_t(cell) < plans; };
        if (pass->group >= groups.count() || !std::all_of(pass->cells.begin(), pass->cells.end(), fits))
            continue;
        const PromptGroup &group = groups[pass->group];
        Schedule::Derived one{pass->cells, {}, {}};
        for (size_t r = 0; r < pass->rows.plans.size(); ++r)
            one.where.emplace_back(pass->rows.plans[r], group.first + pass->rows.prompts[r]);
        one.values = [this, pass, &group, metric = metric_of(spec)] {
            const SignalsHeldOff held = enter();
            std::vector<float> values(pass->rows.prompts.size());
            group.runs.readout(metric).values(pass->rows.normed.data_ptr<float>(), pass->rows.prompts, values.data());
            return values;
        };
        out.push_back(std::move(one));
    }
    return out;
}

bool Session::keeps_ends(const RunSpec &spec) const
{
    return !m->ends.of(KeptEnds::key(spec)).empty();
}

ArrayMap Session::kept_ends(const RunSpec &spec) const
{
    const KeptPasses passes = m->ends.of(KeptEnds::key(spec));
    return passes.empty() ? ArrayMap() : to_arrays(passes);
}

void Session::keep_ends(const RunResult &result)
{
    for (KeptPass &pass : passes_of(result.arrays, m->model->config().d_model)) {
        const int prompts = pass.group < m->groups.count() ? m->groups[pass.group].prompts() : 0;
        for (const int prompt : pass.rows.prompts)
            if (prompt >= prompts)
                return; // in other groups, with another memory budget: it is patched again
        m->ends.add(KeptEnds::key(result.spec), std::move(pass));
    }
}

Session::Session(std::shared_ptr<const Model> model, PromptBatch batch, const Resources &resources)
{
    const SignalsHeldOff held;
    set_threads(threads_for(model->config(), resources.threads));
    m = std::make_shared<Impl>(std::move(model), std::move(batch), resources);
}

Session::~Session() = default;

const Model &Session::model() const
{
    return *m->model;
}

std::shared_ptr<const Model> Session::model_ptr() const
{
    return m->model;
}

const PromptBatch &Session::batch() const
{
    return m->batch;
}

const Resources &Session::resources() const
{
    return m->resources;
}

Precision Session::precision() const
{
    return m->engine->precision();
}

const std::string &Session::arithmetic() const
{
    return m->engine->arithmetic_in_words();
}

std::string Session::computed_on(bool covered) const
{
    return m->computed_on(covered);
}

std::string Session::groups_note() const
{
    const PromptGroups &groups = m->groups;
    if (!groups.split())
        return {};
    const bool one_too_large = groups.largest_prompts() == 1 && groups.largest_bytes() > m->resources.memory_budget / 2;
    return "the cached runs of " + counted(m->batch.prompts, "prompt") + " take " + size_text(groups.bytes())
        + ", more than half of the memory budget of " + size_text(m->resources.memory_budget)
        + ": they are computed in " + std::to_string(groups.count()) + " groups, one after the other"
        + (one_too_large ? "; already one prompt takes " + size_text(groups.largest_bytes()) : "");
}

const Baseline &Session::baseline(Metric metric, const CancelToken &cancel)
{
    const SignalsHeldOff held = m->enter();
    return m->baseline(metric, cancel);
}

std::unique_ptr<RunSteps> Session::begin(const RunSpec &spec, const RunObserver &observer, const CancelToken &cancel)
{
    const SignalsHeldOff held = m->enter();
    m->baseline(metric_of(spec), cancel);
    if (spec.is<ActPatch>())
        return m->begin_activation(spec, observer, cancel);
    if (spec.is<PathPatch>())
        return m->begin_path(spec, observer);
    if (spec.is<Attribution>())
        return m->begin_attribution(spec, observer, cancel);
    throw Error("method", "analyses are run by run_analysis (analysis/analysis.h), not by a session");
}

RunResult Session::run(const RunSpec &spec, const RunObserver &observer, const CancelToken &cancel)
{
    const SignalsHeldOff held;
    std::unique_ptr<RunSteps> run;
    try {
        run = begin(spec, observer, cancel);
    } catch (const Cancelled &) {
        RunResult stopped;
        stopped.spec = spec;
        return stopped;
    }
    while (run->step(cancel)) {
    }
    return std::move(run->result());
}

} // namespace patchbay
