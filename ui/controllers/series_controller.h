// The series that is open: its steps, the one on view, its numbers; opens one from a folder, or computes one step by
// step.
#pragma once

#include "controllers/document.h"
#include "controllers/navigation.h"
#include "controllers/runs_store.h"

#include <QObject>

namespace patchbay {

class SeriesController : public QObject {
    Q_OBJECT
public:
    SeriesController(Backend &backend, RunsStore &runs, Navigation &navigation, QObject *parent = nullptr);

    /// Reads a folder's series and shows its last step.
    void open(const QString &folder);
    /// Computes one into a folder, or goes on with what lies there; steps are shown as they come.
    void start(const SeriesPlan &plan, const QString &folder);
    /// Finished steps stay; starting it again goes on.
    void stop();

    /// Null before one is open.
    const SeriesResultsPtr &series() const { return m_series; }
    /// Of options(); null until they have been computed, and where the series has no numbers of heads.
    const SeriesMeasuresPtr &measures() const { return m_measures; }
    const MeasureOptions &options() const { return m_options; }
    void setOptions(const MeasureOptions &options);
    QString folder() const { return m_folder; }
    int steps() const { return m_series ? int(m_series->steps.size()) : 0; }
    /// Of these, what has come to something: a result or a gap.
    int stepsEnded() const;
    bool running() const { return m_running; }
    /// "step100, 3 of 12", while it runs.
    QString progressText() const;
    double share() const;

    /// The step on view.
    int step() const { return m_step; }
    void setStep(int step);
    /// "step100"; with the reason where it is a gap, or that it is still to come.
    QString stepText(int step) const;
    /// The step's result of the part on view; null where there is none.
    RunResultPtr result(int step) const;
    /// Whether the step on view has a task of its own that is not the document's: prompt by prompt it is not what the
    /// other views show.
    bool ofAnotherTask(const Document &document) const;
    /// The run in the list that stands for the series; -1: none.
    int run() const { return m_run; }
    /// Whether that run is what is on view.
    bool onView() const { return m_run >= 0 && m_navigation.place().run == m_run; }
    /// Shows it.
    void show();
    /// What a colour scale of this unit has to reach for all steps.
    double largest(const QString &unit) const;

Q_SIGNALS:
    void seriesChanged();
    void measuresChanged();
    void stepChanged();
    void runningChanged();
    void failed(const patchbay::Failure &failure);

private:
    void take(const SeriesResultsPtr &series);
    void next();
    void measureAgain();
    void updateRun();
    void end(int turn);

    Backend &m_backend;
    RunsStore &m_runs;
    Navigation &m_navigation;
    SeriesResultsPtr m_series;
    SeriesMeasuresPtr m_measures;
    MeasureOptions m_options;
    QString m_folder, m_computing;
    int m_step = -1, m_run = -1;
    double m_stepShare = 0;
    bool m_running = false;
    int m_turn = 0; ///< counts series: news of an earlier one are not of this one
    JobId m_job = 0;
};

} // namespace patchbay
