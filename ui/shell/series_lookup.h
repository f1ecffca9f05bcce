// The steps of a series as people write them, and what of their models would come from the hub.
#pragma once

#include "backend/backend.h"

#include <QObject>

#include <map>

namespace patchbay {

/// The revisions that models have at the hub, by the models' names.
using HubRevisions = std::map<std::string, std::vector<std::string>>;

/// Steps from what people write: folders, patterns with {n}, demo@step{n}, NAME@REVISION of the Hugging Face cache; one
/// a line, or separated by commas. Throws Error.
std::vector<SeriesStep> seriesSteps(const QString &text, const HubRevisions &atHub = {});

/// Tasks from what people write, separated by commas. Throws Error.
std::vector<TaskRef> seriesTasks(const QString &text);

/// Asks the hub what a series would fetch, when somebody wants to know.
class SeriesLookup : public QObject {
    Q_OBJECT
public:
    enum class State { Unasked, Asking, Known };

    SeriesLookup(Backend &backend, QObject *parent);
    ~SeriesLookup() override;

    /// Whether that cannot be said, or not in full, without the hub: a {n} may stand for more than the cache has, or a
    /// model is to be fetched. Steps that cannot be made out need nothing.
    static bool isNeeded(const QString &text);
    void ask(const QString &text);
    /// The steps are others now.
    void forget();

    State state() const { return m_state; }
    const HubRevisions &atHub() const { return m_atHub; }
    /// Bytes that are to come: of every model, what its first revision lacks times the number of them.
    uint64_t bytes() const;
    /// What is to be fetched and how large it is, or why that is not known; empty before it was asked.
    QString text() const;

Q_SIGNALS:
    void changed();

private:
    template <class R>
    void submit(R request, std::function<void(const typename R::Answer &)> done);
    void advance();
    void end(State state, const QString &problem = {});

    Backend &m_backend;
    State m_state = State::Unasked;
    QString m_steps, m_problem;
    HubRevisions m_atHub;
    std::optional<std::vector<HubName>> m_missing;  ///< of the steps, what is to be fetched
    std::map<std::string, DownloadPlanPtr> m_plans; ///< of one revision of each model
    int m_turn = 0;                                 ///< answers to earlier questions are not of this one
    JobId m_job = 0;
};

} // namespace patchbay
