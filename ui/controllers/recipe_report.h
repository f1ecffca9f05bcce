// The report of the recipe on view: its results go into a folder, and the report is drawn from there.
#pragma once

#include "controllers/recipe_controller.h"
#include "report/report_source.h"

#include <QStringList>
#include <QThread>

#include <memory>

namespace patchbay {

class RecipeReport : public QObject {
    Q_OBJECT
public:
    RecipeReport(Backend &backend, RecipeController &recipe, QObject *parent = nullptr);
    /// Waits for a report that is being drawn.
    ~RecipeReport() override;

    /// A step is done: there is something to report.
    bool possible() const;
    /// Being written.
    bool busy() const { return m_busy; }
    /// The results, report.html and report.pdf, into the folder where that is empty or holds this recipe's results,
    /// else into a new one in it with the recipe's name. A step that is on its way is left out.
    void write(const QString &folder);
    /// Who says what was noted when a report is written.
    void setNotes(const std::function<std::vector<ReportNote>()> &notes) { m_notes = notes; }

Q_SIGNALS:
    void changed();
    void written(const QStringList &files);
    void failed(const patchbay::Failure &failure);

private:
    void draw(const QString &folder);
    void end();

    std::function<std::vector<ReportNote>()> m_notes;
    Backend &m_backend;
    RecipeController &m_recipe;
    std::unique_ptr<QThread> m_thread; ///< draws
    bool m_busy = false;
};

} // namespace patchbay
