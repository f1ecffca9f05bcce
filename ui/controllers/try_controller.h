// A prompt that is typed to be tried: what the model makes of it, asked anew with every key.
#pragma once

#include "controllers/attention_controller.h"
#include "controllers/document.h"
#include "controllers/navigation.h"

#include "analysis/trial.h"

#include <QObject>

namespace patchbay {

class TryController : public QObject {
    Q_OBJECT
public:
    TryController(Backend &backend, Document &document, Navigation &navigation, AttentionController &attention,
                  QObject *parent = nullptr);

    /// What is tried now; its heads and bos are not looked at: they are those on view and the task's. An empty prompt
    /// ends it. The attention view follows.
    void ask(const TrialQuestion &question);
    const TrialQuestion &question() const { return m_question; }
    /// The newest answer, which may be of the key before; null before the first, and after an error.
    const TrialPtr &trial() const { return m_trial; }
    /// Why the model could not be asked; empty: it could.
    const QString &failure() const { return m_failure; }

    /// The pair behind those of the task.
    void addToTask();
    /// A task of this pair alone.
    void beginTask();
    /// Whether what is typed is a pair that can be run.
    bool canRun() const;

Q_SIGNALS:
    void changed();

private:
    void submit();
    void openPairs(std::vector<PromptPair> pairs, TaskRef task);

    Backend &m_backend;
    Document &m_document;
    Navigation &m_navigation;
    AttentionController &m_attention;
    TrialQuestion m_question;
    TrialPtr m_trial;
    QString m_failure;
    bool m_follow = false; ///< the attention view shows what is typed
};

} // namespace patchbay
