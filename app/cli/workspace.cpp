#include "workspace.h"

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

Workspace::Workspace(const WorkOptions &options, Console &console)
    : m_options(options), m_console(console), m_resources(options.resources.apply())
{
    options.output.check();
    m_model = load_model(options.model, console, true); // results name the hash of the weights
    const std::string &sha = m_model->trust().sha256;
    if (!options.expected_sha256.empty() && !sha.empty() && sha != options.expected_sha256)
        throw Error(options.model.path,
                    "is another model than the spec's: its weights' SHA-256 is " + sha + ", not "
                        + options.expected_sha256);
    m_batch = load_batch(options.task.ref(), *m_model);
    constexpr size_t most_notes = 10;
    for (size_t i = 0; i < std::min(m_batch.notes.size(), most_notes); ++i)
        console.note(m_batch.notes[i]);
    if (m_batch.notes.size() > most_notes)
        console.note("and " + counted(int64_t(m_batch.notes.size() - most_notes), "more such prompt"));
    check_batch(m_batch, m_model->config().d_vocab, m_model->config().n_ctx);
    m_batch_hash = hash_of(m_batch);
    if (!options.expected_task_sha256.empty() && m_batch_hash != options.expected_task_sha256)
        throw Error(
            options.task.ref().file.empty() ? "task" : options.task.ref().file,
            "holds other prompts than those of the spec (it was edited, or the generator or tokenizer is another one)");
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
