// The recipe on view: its steps and what each of them found; runs, skips, edits and shows them.
#pragma once

#include "controllers/document.h"
#include "controllers/navigation.h"
#include "controllers/runs_store.h"

#include <QElapsedTimer>
#include <QObject>
#include <QVector>

namespace patchbay {

class RecipeController : public QObject {
    Q_OBJECT
public:
    /// Starts with the recipe that comes with the program.
    RecipeController(Backend &backend, Document &document, Navigation &navigation, RunsStore &runs,
                     QObject *parent = nullptr);

    const Recipe &recipe() const { return m_recipe; }
    int steps() const { return static_cast<int>(m_recipe.steps.size()); }
    const StepOutcome &outcome(int step) const { return m_outcomes[size_t(step)]; }
    /// The step that computes or waits for the thread, -1: none.
    int running() const { return m_running; }
    bool busy() const { return m_running >= 0; }
    bool ready() const { return m_document.ready() && !m_document.loading(); }
    /// Steps that have an outcome.
    int finished() const;
    int cellsDone() const { return m_done; }
    int cellsTotal() const { return m_total; }
    /// How much of the steps that were started together is done, 0 … 1; negative while unknown.
    double share() const { return m_whole > 0 ? 1 - m_left / m_whole : -1; }
    /// Until the last of them is done; negative while unknown.
    double secondsLeft() const;
    /// "Step 3 of 25 · 20 s left", while it runs.
    QString progressText() const;

    /// Another recipe, every step pending; the one on view stays when this cannot be read. Says so with failed().
    void openFile(const QString &file);
    /// Every pending step; from the start when none is (skipped ones stay skipped).
    void runAll();
    /// A step again, after the pending ones that it uses.
    void run(int step);
    void stop();
    /// A skipped step becomes pending again.
    void skip(int step);
    /// Replaces a step. Throws Error, and keeps the old one, when the text is no JSON or no step that fits the recipe.
    void edit(int step, const QString &json);
    QString jsonOf(int step) const;
    /// The step's result in the views, as a run of the runs list; a selection is shown on the run that it selects from.
    /// False when there is nothing to show.
    bool show(int step);
    /// What a step found or why it found nothing, with steps by their titles.
    QString messageOf(int step) const;
    /// The newest circuit that a step found; null before.
    RunResultPtr circuit() const;
    /// A step and all that come after it, again; skipped ones stay skipped.
    void runFrom(int step);

Q_SIGNALS:
    void changed();
    void recipeChanged();
    /// The circuit that a step found is the circuit on view.
    void circuitShown();
    void failed(const patchbay::Failure &failure);

private:
    void begin();
    void start(std::vector<size_t> steps);
    void next();
    template <class R>
    void change(R request);
    void forget(size_t step);
    void interrupted(int turn);
    void follow(int step);
    int runOf(int step);
    int indexOf(const std::string &id) const;

    Backend &m_backend;
    Document &m_document;
    Navigation &m_navigation;
    RunsStore &m_runs;
    Recipe m_recipe;
    StepOutcomes m_outcomes; ///< as the backend has them, or will have when it is there
    QVector<int> m_waiting;  ///< steps to run after the running one
    int m_running = -1, m_done = 0, m_total = 0;
    double m_whole = -1, m_left = -1; ///< work of the steps that were started together, in the backend's unit
    QElapsedTimer m_clock;            ///< since the first of them said how much it is
    bool m_showing = false;           ///< what changes on view is this one's doing
    bool m_following = false;         ///< finished steps are shown, until the user looks at something else
    int m_turn = 0;                   ///< counts jobs; answers of older ones are not for this recipe any more
    JobId m_job = 0;
};

} // namespace patchbay
