// The model and the task that everything on screen is about.
#pragma once

#include "backend/backend.h"

#include <QObject>

namespace patchbay {

class Document : public QObject {
    Q_OBJECT
public:
    explicit Document(Backend &backend, QObject *parent = nullptr);

    /// Null before the first model is there.
    const SetupPtr &setup() const { return m_setup; }
    /// A model with prompts: whether something can run.
    bool ready() const { return m_setup && m_setup->no_prompts.empty(); }
    /// Why there are no prompts, and what to do; empty where there are some, or no model.
    QString whyNoPrompts() const;
    /// What was asked for last; its bos is the user's choice, which the setup's says the outcome of.
    const TaskRef &task() const { return m_request.task; }
    bool loading() const { return m_loading; }

    void open(const SetUpRequest &request);
    /// The same task with another model folder ("demo": the embedded one).
    void openModel(const QString &folder, const Processing &processing = {});
    /// Another task for the same model.
    void openTask(const TaskRef &task);
    /// Whether the file that the prompts came from has been written to since they were read.
    bool taskFileChanged() const;
    /// Reads the same model and task again.
    void reload() { open(SetUpRequest(m_request)); }
    void setExcluded(const std::vector<int> &pairs);
    /// Pairs edited by the user replace the task's own.
    void setPairs(const std::vector<PromptPair> &pairs);
    void cancelLoading();

    /// Index in the batch of a pair of the table, -1 when it is left out.
    int batchIndex(int pair) const;

Q_SIGNALS:
    void setupChanged();
    void loadingChanged();
    void loadingProgress(double share, const QString &what);
    void failed(const patchbay::Failure &failure);

private:
    Backend &m_backend;
    SetupPtr m_setup;
    SetUpRequest m_request; ///< the newest one: what a further change starts from
    QString m_fileState;    ///< of the task's file when it was read
    bool m_loading = false;
    JobId m_job = 0;
    int m_generation = 0; ///< of open(): only the newest one ends the loading state
};

} // namespace patchbay
