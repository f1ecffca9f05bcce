#include "patching/session.h"

#include "base/cores.h"
#include "base/memory.h"
#include "block/detail/gemm.h"
#include "block/detail/kernels.h"
#include "model/check_head.h"
#include "nouns/metric.h"
#include "patching/detail/session_impl.h"
#include "patching/detail/wave.h"

#include <ATen/Parallel.h>

#include <omp.h>
#include <pthread.h>

#include <chrono>
#include <numeric>

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
    const double width = 2.0 * (c.n_heads + c.n_kv_heads) * c.d_head + (c.gated_mlp ? 3.0 : 2.0) * c.d_mlp;
    constexpr double tiny = 1e6; // operations on a row in one block: a d_model of about 200
    return wanted == 0 && 2.0 * c.d_model * width < tiny ? 1 : wanted;
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
              std::make_shared<EngineModel>(model, this->batch.width, resources_.widened_bytes))),
      runs(engine, batch)
{
    if (resources.device != "cpu")
        throw Error("device " + resources.device, "this build computes on the CPU only; use --device cpu");
}

SignalsHeldOff Session::Impl::enter() const
{
    set_threads(threads_for(model->config(), resources.threads));
    return {};
}

std::unique_ptr<HeadEntry> Session::Impl::head_entry(bool base_flipped, const std::vector<int> &first) const
{
    return HeadEntry::make(runs, base_flipped, first, resources.memory_budget / 4);
}

int64_t Session::Impl::rows_at_once(size_t kept_besides) const
{
    const ModelConfig &c = model->config();
    const size_t kept = BatchRuns::bytes(c, runs.layout().rows) + kept_besides;
    // One block of a layer: normed rows, qkv, z and two MLP buffers.
    const size_t block = size_t(block_rows) * sizeof(float)
        * size_t(2 * c.d_model + engine->traits().qkv_width() + c.n_heads * c.d_head + 2 * c.d_mlp);
    const size_t left = resources.memory_budget > kept + block ? resources.memory_budget - kept - block : 0;
    const size_t per_row = sizeof(float) * size_t(c.d_model) * 3;
    return std::max<int64_t>(1024, int64_t(left / per_row / 2));
}

const Baseline &Session::Impl::baseline(const CancelToken &cancel)
{
    if (cached_baseline)
        return *cached_baseline;
    runs.compute(cancel);
    Baseline b;
    b.clean = runs.run(false).logit_diff;
    b.flipped = runs.run(true).logit_diff;
    b.clean_rank0 = runs.run(false).rank0;
    b.flipped_rank0 = runs.run(true).rank0;
    const double n = double(batch.prompts);
    const auto mean = [n](const std::vector<float> &v) { return std::accumulate(v.begin(), v.end(), 0.0) / n; };
    const auto positive = [n](const std::vector<float> &v) {
        return double(std::count_if(v.begin(), v.end(), [](float x) { return x > 0; })) / n;
    };
    const auto share = [n](const std::vector<uint8_t> &v) { return double(std::count(v.begin(), v.end(), 1)) / n; };
    b.clean_mean = mean(b.clean);
    b.flipped_mean = mean(b.flipped);
    b.accuracy_clean = positive(b.clean);
    b.accuracy_flipped = positive(b.flipped);
    b.rank0_clean = share(b.clean_rank0);
    b.rank0_flipped = share(b.flipped_rank0);
    cached_baseline = b;
    return *cached_baseline;
}

RunResult Session::Impl::begin(const RunSpec &spec, const SweepPlan &sweep) const
{
    RunResult result;
    result.spec = spec;
    result.baseline = *cached_baseline;
    result.grids = sweep.grids;
    result.model_sha256 = model->trust().sha256;
    result.version = program_version();
    return result;
}

namespace {

/// What the schedule of an activation patching run reads while it goes on.
struct ActivationSweep {
    SweepPlan plan;
    std::vector<int> first; ///< nothing changes before the first row of any cell
    std::unique_ptr<HeadEntry> entry;
    std::optional<Wave> wave;
    std::vector<double> flops;
    std::vector<int64_t> rows;
};

} // namespace

std::unique_ptr<RunSteps> Session::Impl::begin_activation(const RunSpec &spec, const RunObserver &observer)
{
    const auto sweep = std::make_shared<ActivationSweep>();
    sweep->plan = plan_activation_patching(spec, batch, runs);
    sweep->first = runs.layout().end;
    for (const CellPlan &plan : sweep->plan.plans)
        for (size_t p = 0; p < sweep->first.size(); ++p)
            sweep->first[p] = std::min(sweep->first[p], plan.start[p]);
    sweep->entry = head_entry(sweep->plan.base_flipped, sweep->first);
    sweep->wave.emplace(runs, sweep->plan.base_flipped, work, sweep->entry.get());
    for (const CellPlan &plan : sweep->plan.plans) {
        sweep->flops.push_back(sweep->wave->flops(plan));
        sweep->rows.push_back(Wave::rows(plan, runs.layout()));
    }
    Schedule schedule;
    if (ablation_of(spec) == Ablation::Mean)
        schedule.arrays[mean_prompts] = runs.layout().reached();
    schedule.flops = [sweep](int i) { return sweep->flops[size_t(i)]; };
    schedule.rows = [sweep](int i) { return sweep->rows[size_t(i)]; };
    schedule.rows_at_once = rows_at_once(sweep->entry ? HeadEntry::bytes(runs, sweep->first) : 0);
    schedule.compute = [this, sweep](const std::vector<int> &chosen, const CancelToken &token) {
        const SignalsHeldOff held = enter();
        std::vector<CellPlan> plans;
        for (const int i : chosen)
            plans.push_back(sweep->plan.plans[size_t(i)]);
        return sweep->wave->run(plans, token);
    };
    schedule.estimate = [this, sweep, spec](const CancelToken &token) {
        const SignalsHeldOff held = enter();
        return estimate_activation(spec, sweep->plan, token);
    };
    return begin_schedule({sweep, &sweep->plan}, std::move(schedule), runs.run(sweep->plan.base_flipped).logit_diff,
                          begin(spec, sweep->plan), observer);
}

Session::Session(std::shared_ptr<const Model> model, PromptBatch batch, const Resources &resources)
{
    const SignalsHeldOff held;
    set_threads(threads_for(model->config(), resources.threads));
    m = std::make_unique<Impl>(std::move(model), std::move(batch), resources);
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

const Baseline &Session::baseline(const CancelToken &cancel)
{
    const SignalsHeldOff held = m->enter();
    return m->baseline(cancel);
}

std::unique_ptr<RunSteps> Session::begin(const RunSpec &spec, const RunObserver &observer, const CancelToken &cancel)
{
    const SignalsHeldOff held = m->enter();
    m->baseline(cancel);
    if (!find_metric(spec.metric))
        throw Error("metric", unknown_metric(spec.metric));
    if (spec.is<ActPatch>())
        return m->begin_activation(spec, observer);
    if (spec.is<PathPatch>())
        return m->begin_path(spec, observer);
    if (spec.is<Attribution>())
        return m->begin_attribution(spec, observer);
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

AttentionPattern Session::attention(Head head, bool flipped_run, AttentionKind kind)
{
    const SignalsHeldOff held = m->enter();
    m->baseline({});
    const ModelConfig &c = m->model->config();
    check_head(head, c);
    const Run &run = m->runs.run(flipped_run);
    AttentionPattern out;
    out.head = head;
    const int64_t S = m->engine->traits().qkv_width();
    for (int p = 0; p < m->batch.prompts; ++p) {
        const int size = m->runs.layout().end[size_t(p)] + 1;
        out.sizes.push_back(size);
        out.weights.push_back(m->runs.pattern(run, head.layer, head.head, p));
        if (kind != AttentionKind::ValueWeighted)
            continue;
        // Each source's weight times the length of what it would write, relative to the prompt's longest.
        const float *v = run.qkv[size_t(head.layer)].data_ptr<float>() + m->runs.layout().row(p, 0) * S
            + m->engine->traits().v_column(head.head);
        std::vector<float> written(size_t(c.d_model)), length(static_cast<size_t>(size));
        for (int j = 0; j < size; ++j) {
            m->engine->block(head.layer)->write_head(head.head, v + j * S, S, 1, written.data(), false);
            length[size_t(j)] = std::sqrt(kernels().dot(written.data(), written.data(), c.d_model));
        }
        const float longest = std::max(1e-20f, *std::max_element(length.begin(), length.end()));
        for (int i = 0; i < size; ++i)
            for (int j = 0; j < size; ++j)
                out.weights.back()[size_t(i * size + j)] *= length[size_t(j)] / longest;
    }
    return out;
}

} // namespace patchbay
