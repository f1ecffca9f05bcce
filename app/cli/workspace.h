// What most commands begin with: the model, the prompts and a session, loaded with progress and in this order.
#pragma once

#include "console.h"
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

    void add(CLI::App &app, const std::string &what_out_gets);
};

/// Loads with progress. Throws Error, Cancelled.
std::shared_ptr<const Model> load_model(const ModelOptions &options, Console &console, bool trust_check);

class Workspace {
public:
    /// Loads model and prompts. Throws Error, UsageError, Cancelled.
    Workspace(const WorkOptions &options, Console &console);

    const Model &model() const { return *m_model; }
    const std::shared_ptr<const Model> &model_ptr() const { return m_model; }
    const PromptBatch &batch() const { return m_batch; }
    /// Made on the first call.
    Session &session();
    /// Throws UsageError where --positions names a role that the prompts have not.
    void check_positions(const Positions &positions) const;
    /// Model (with its hash) and task as a spec names them.
    RunSpec spec() const;

private:
    const WorkOptions &m_options;
    Console &m_console;
    Resources m_resources;
    std::shared_ptr<const Model> m_model;
    PromptBatch m_batch;
    std::string m_batch_hash;
    std::unique_ptr<Session> m_session;
};

Tokens tokens_of(const PromptBatch &batch, bool flipped);

} // namespace patchbay::cli
