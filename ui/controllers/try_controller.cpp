#include "controllers/try_controller.h"

#include "task/task_source.h"
#include "view_models.h"

namespace patchbay {

TryController::TryController(Backend &backend, Document &document, Navigation &navigation,
                             AttentionController &attention, QObject *parent)
    : QObject(parent), m_backend(backend), m_document(document), m_navigation(navigation), m_attention(attention)
{
    // Another model or task: the same words, but the attention view is about the task again.
    connect(&m_document, &Document::setupChanged, this, [this] {
        m_follow = false;
        m_trial.reset();
        submit();
    });
    connect(&m_navigation, &Navigation::headsChanged, this, [this] {
        if (m_attention.tried())
            submit();
    });
    connect(&m_attention, &AttentionController::optionsChanged, this,
            [this] { m_follow = m_follow && m_attention.tried(); });
}

void TryController::ask(const TrialQuestion &question)
{
    m_question = question;
    m_follow = true;
    submit();
}

void TryController::submit()
{
    const SetupPtr setup = m_document.setup();
    m_failure.clear();
    if (m_question.clean.empty() || !setup) {
        m_trial.reset();
        m_attention.setTried(nullptr);
        Q_EMIT changed();
        return;
    }
    TrialQuestion asked = m_question;
    asked.bos = setup->task_ref.bos;
    asked.heads.clear();
    for (const widgets::HeadId &head : m_attention.wantedHeads())
        asked.heads.push_back(fromHeadId(head));
    m_backend.submit<TryRequest>({
        .request = {std::move(asked)},
        .policy = {QStringLiteral("try"), true},
        .done =
            [this, setup](const TrialPtr &trial) {
                if (setup != m_document.setup())
                    return;
                m_trial = trial;
                if (m_follow)
                    m_attention.setTried(trial);
                Q_EMIT changed();
            },
        .failed =
            [this](const Failure &failure) {
                m_trial.reset();
                m_failure = failure.cause;
                Q_EMIT changed();
            },
    });
}

bool TryController::canRun() const
{
    return m_trial && m_trial->pair.problem.empty();
}

void TryController::addToTask()
{
    if (!canRun())
        return;
    const Setup &setup = *m_document.setup();
    if (setup.pairs.empty())
        return beginTask(); // token ids have no texts to stand beside
    openPairs(setup.pairs, m_document.task());
}

void TryController::beginTask()
{
    if (!canRun())
        return;
    TaskRef task;
    task.bos = m_document.task().bos;
    openPairs({}, std::move(task));
}

void TryController::openPairs(std::vector<PromptPair> pairs, TaskRef task)
{
    pairs.push_back(m_trial->pair);
    task.pairs = pairs_to_json(pairs);
    m_document.openTask(task);
}

} // namespace patchbay
