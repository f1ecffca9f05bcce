#include "controllers/recipe_report.h"

#include "report/report.h"

#include <QDir>
#include <QFileInfo>

#include <exception>

namespace patchbay {

namespace {

/// Twenty files among somebody's own would be a nuisance.
QString folderIn(const QString &chosen, const QString &name)
{
    const QDir folder(chosen);
    return folder.isEmpty() || folder.exists(QStringLiteral("recipe.json")) ? chosen : folder.filePath(name);
}

} // namespace

RecipeReport::RecipeReport(Backend &backend, RecipeController &recipe, QObject *parent)
    : QObject(parent), m_backend(backend), m_recipe(recipe)
{
    connect(&m_recipe, &RecipeController::changed, this, &RecipeReport::changed);
    connect(&m_recipe, &RecipeController::recipeChanged, this, &RecipeReport::changed);
}

RecipeReport::~RecipeReport()
{
    if (m_thread)
        m_thread->wait();
}

bool RecipeReport::possible() const
{
    for (int step = 0; step < m_recipe.steps(); ++step)
        if (m_recipe.outcome(step).state == StepState::Done)
            return true;
    return false;
}

void RecipeReport::write(const QString &chosen)
{
    if (m_busy || !possible())
        return;
    m_busy = true;
    Q_EMIT changed();
    const QString folder =
        folderIn(chosen, QFileInfo(QString::fromStdString(m_recipe.recipe().name)).completeBaseName());
    m_backend.submit<SaveRecipeRequest>({
        .request = {folder.toStdString()},
        .done = [this, folder](const std::shared_ptr<const StepOutcomes> &) { draw(folder); },
        .failed =
            [this](const Failure &failure) {
                end();
                Q_EMIT failed(failure);
            },
        .dropped = [this] { end(); },
    });
}

// On a thread of its own: figures take longer to set than the window may stand still, and the compute thread has a
// sweep to go on with.
void RecipeReport::draw(const QString &folder)
{
    const std::vector<ReportNote> notes = m_notes ? m_notes() : std::vector<ReportNote>();
    m_thread.reset(QThread::create([this, folder, notes] {
        QStringList files;
        std::exception_ptr error;
        try {
            writeReportNotes(folder.toStdString(), notes);
            files = writeReport(folder.toStdString());
        } catch (...) {
            error = std::current_exception();
        }
        QMetaObject::invokeMethod(this, [this, files, error] {
            m_thread->wait();
            end();
            if (error)
                Q_EMIT failed(failureOf(error));
            else
                Q_EMIT written(files);
        });
    }));
    m_thread->start();
}

void RecipeReport::end()
{
    m_busy = false;
    Q_EMIT changed();
}

} // namespace patchbay
