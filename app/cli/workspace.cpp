#include "workspace.h"

#include "analysis/analysis.h"
#include "base/amounts.h"
#include "interrupt.h"
#include "task/task_source.h"
#include "usage_error.h"

#include <algorithm>

namespace patchbay::cli {

void WorkOptions::add(CLI::App &app, const std::string &what_out_gets)
{
    model.add(app);
    task.add(app);
    app.parse_complete_callback([this] { task.choose_for(model); });
    resources.add(app);
    output.add(app, what_out_gets);
}

std::shared_ptr<const Model> load_model(const ModelOptions &options, Console &console, bool trust_check)
{
    LoadOptions load;
    load.path = options.folder();
    load.processing = options.ref().processing;
    load.dtype = options.ref().dtype;
    load.trust_check = trust_check;
    auto model = Model::load(
        load, [&](double share, const std::string &what) { console.progress(what, share); }, cancel_on_interrupt());
    console.end_progress();
    return model;
}

void add_at(CLI::App &app, std::string &at)
{
    CLI::Option *option =
        app.add_option("--at", at,
                       "Compute at this place instead of here: the name of one that `patchbay-cli places` lists. The "
                       "model is found by its name in the Hugging Face cache there; files of the task travel")
            ->type_name("PLACE")
            ->group("Resources");
    for (const char *own : {"--threads", "--device", "--precision", "--memory-budget"}) // of the place's command
        option->excludes(app.get_option(own));
}

Workspace::Workspace(const WorkOptions &options, Console &console) : m_options(options), m_console(console)
{
    options.output.check();
    if (!options.at.empty()) {
        set_up_elsewhere();
    } else {
        m_resources = options.resources.apply();
        m_model = load_model(options.model, console, true); // results name the hash of the weights
        check_hashes(m_model->trust().sha256, {});
        m_batch = load_batch(options.task.ref(), *m_model);
    }
    constexpr size_t most_notes = 10;
    for (size_t i = 0; i < std::min(m_batch.notes.size(), most_notes); ++i)
        console.note(m_batch.notes[i]);
    if (m_batch.notes.size() > most_notes)
        console.note("and " + counted(int64_t(m_batch.notes.size() - most_notes), "more such prompt"));
    check_batch(m_batch, config().d_vocab, config().n_ctx);
    m_batch_hash = hash_of(m_batch);
    check_hashes({}, m_batch_hash);
}

void Workspace::set_up_elsewhere()
{
    m_far = std::make_unique<FarSession>(m_options.at, m_console);
    ModelRef model = m_options.model.ref();
    model.commit = m_options.model.commit;
    m_setup = m_far->set_up(model, m_options.task.ref());
    if (!m_setup->no_prompts.empty())
        throw Error("model", m_setup->no_prompts);
    if (!m_setup->groups_note.empty())
        m_console.note(m_setup->groups_note);
    check_hashes(m_setup->model_ref.sha256, {});
    m_batch = m_setup->batch;
}

/// Those that are known by now.
void Workspace::check_hashes(const std::string &model, const std::string &task) const
{
    const std::string &expected = m_options.expected_sha256, &prompts = m_options.expected_task_sha256;
    if (!expected.empty() && !model.empty() && model != expected)
        throw Error(m_options.model.path,
                    "is another model than the spec's: its weights' SHA-256 is " + model + ", not " + expected);
    if (!prompts.empty() && !task.empty() && task != prompts)
        throw Error(
            m_options.task.ref().file.empty() ? "task" : m_options.task.ref().file,
            "holds other prompts than those of the spec (it was edited, or the generator or tokenizer is another one)");
}

RunResult Workspace::run(const RunSpec &spec, const RunObserver &observer)
{
    if (m_far)
        return m_far->run(spec, observer);
    return spec.is<Analysis>() ? run_analysis(session(), spec, observer, cancel_on_interrupt())
                               : session().run(spec, observer, cancel_on_interrupt());
}

void Workspace::check_not_lost(const OutputOptions &output) const
{
    if (m_far && !m_far->lost().empty())
        throw Error("", m_far->lost() + (output.wanted() ? "; what was finished is in " + output.out : std::string()));
}

Session &Workspace::session()
{
    if (!m_session) {
        m_session = std::make_unique<Session>(m_model, m_batch, m_resources);
        if (const std::string note = m_session->groups_note(); !note.empty())
            m_console.note(note);
    }
    return *m_session;
}

void Workspace::check_positions(const Positions &positions) const
{
    if (positions.kind == Positions::Kind::Role)
        option_value("--positions", [&] { m_batch.role(positions.role); });
}

RunSpec Workspace::spec() const
{
    RunSpec spec;
    if (m_setup) {
        spec.model = m_setup->model_ref;
        spec.task = m_setup->task_ref;
        return spec;
    }
    spec.model = m_options.model.ref();
    spec.model.sha256 = m_model->trust().sha256;
    spec.model.commit = m_model->trust().commit;
    spec.model.processing = m_model->processing(); // what was done, not what was asked for
    spec.task = m_options.task.ref();
    spec.task.sha256 = m_batch_hash;
    spec.task.bos = bos_used(spec.task, m_model->tokenizer());
    return spec;
}

Tokens tokens_of(const PromptBatch &batch, bool flipped)
{
    return {batch.prompts, batch.width, flipped ? batch.flipped : batch.clean};
}

} // namespace patchbay::cli
