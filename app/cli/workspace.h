// What most commands begin with: the model, the prompts and a session, loaded with progress and in this order.
#pragma once

#include "console.h"
#include "far_session.h"
#include "model/hooked_transformer.h"
#include "options.h"
#include "patching/session.h"
#include "task/prompts.h"

#include <memory>

namespace patchbay::cli {

/// The options of a command that computes on prompts.
struct WorkOptions {
    ModelOptions model;
    TaskOptions task;
    ResourceOptions resources;
    OutputOptions output;
    std::string expected_sha256;      ///< of the weights that a spec names; empty: any
    std::string expected_task_sha256; ///< of its prompts
    std::string at;                   ///< another place to compute; empty: here

    void add(CLI::App &app, const std::string &what_out_gets);
};

/// --at, of a command that does nothing with a model but Workspace::run.
void add_at(CLI::App &app, std::string &at);

/// Loads with progress. Throws Error, Cancelled.
std::shared_ptr<const Model> load_model(const ModelOptions &options, Console &console, bool trust_check);

class Workspace {
public:
    /// Loads model and prompts. Throws Error, UsageError, Cancelled.
    Workspace(const WorkOptions &options, Console &console);

    // Not with --at.
    const Model &model() const { return *m_model; }
    const std::shared_ptr<const Model> &model_ptr() const { return m_model; }
    /// Made on the first call.
    Session &session();

    bool elsewhere() const { return m_far != nullptr; }
    const ModelConfig &config() const { return m_setup ? m_setup->config() : m_model->config(); }
    const PromptBatch &batch() const { return m_batch; }
    /// A run or an analysis of this model and these prompts. Interrupted, it has what was finished. Throws Error,
    /// Cancelled.
    RunResult run(const RunSpec &spec, const RunObserver &observer);
    /// After the results are written: throws Error where the place that computed was lost before their end.
    void check_not_lost(const OutputOptions &output) const;
    /// Throws UsageError where --positions names a role that the prompts have not.
    void check_positions(const Positions &positions) const;
    /// Model (with its hash) and task as a spec names them.
    RunSpec spec() const;

private:
    void set_up_elsewhere();
    void check_hashes(const std::string &model, const std::string &task) const;

    const WorkOptions &m_options;
    Console &m_console;
    Resources m_resources;
    std::shared_ptr<const Model> m_model;
    PromptBatch m_batch;
    std::string m_batch_hash;
    std::unique_ptr<Session> m_session;
    std::unique_ptr<FarSession> m_far; ///< instead of model and session
    SetupPtr m_setup;                  ///< at the other place
};

Tokens tokens_of(const PromptBatch &batch, bool flipped);

} // namespace patchbay::cli
