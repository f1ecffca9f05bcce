#include "controllers/document.h"

#include "model/model_folder.h"
#include "task/task_list.h"
#include "task/task_source.h"

#include <QDateTime>
#include <QFileInfo>

#include <algorithm>

namespace patchbay {

namespace {

/// Size and time of the file that a task is read from; empty for tasks without one.
QString fileState(const TaskRef &task)
{
    if (task.file.empty() || !task.pairs.is_null())
        return {};
    const QFileInfo file(QString::fromStdString(task.file));
    return QStringLiteral("%1 %2").arg(file.size()).arg(file.lastModified().toMSecsSinceEpoch());
}

/// The task file that suits a model, by its folder or name.
std::string usualTask(const std::string &model)
{
    try {
        return usual_task(model_folder(model).string());
    } catch (const std::exception &) {
        return usual_task(model); // what is wrong with it is said when it is opened
    }
}

} // namespace

Document::Document(Backend &backend, QObject *parent) : QObject(parent), m_backend(backend) { }

void Document::open(const SetUpRequest &request)
{
    const auto back = [this, request = m_request, fileState = m_fileState] {
        m_request = request;
        m_fileState = fileState;
    };
    m_request = request;
    m_fileState = fileState(request.task);
    m_loading = true;
    const int generation = ++m_generation;
    const auto end = [this] {
        m_loading = false;
        Q_EMIT loadingChanged();
    };
    m_job = m_backend.submit<SetUpRequest>({
        .request = request,
        .policy = {QStringLiteral("setup"), true},
        .done =
            [this, end](const SetupPtr &setup) {
                m_setup = setup;
                end();
                Q_EMIT setupChanged();
            },
        .failed =
            [this, back, end](Failure failure) {
                back();
                if (failure.nextStep.isEmpty())
                    failure.nextStep = m_setup ? tr("The model and task from before are still open.")
                                               : tr("Open another model folder.");
                end();
                Q_EMIT failed(failure);
            },
        .dropped =
            [this, end, back, generation] {
                if (generation != m_generation)
                    return; // a newer one is on its way
                back();
                end();
            },
        .progress =
            [this](const Progress &at) {
                Q_EMIT loadingProgress(double(at.done) / at.total, QString::fromStdString(at.what));
            },
    });
    Q_EMIT loadingChanged();
}

bool Document::taskFileChanged() const
{
    return m_setup && !m_loading && fileState(m_request.task) != m_fileState;
}

void Document::openModel(const QString &folder, const Processing &processing)
{
    SetUpRequest request = m_request;
    // Sentences that nobody chose are those that suit the model.
    TaskRef &task = request.task;
    if (is_generated(task) && info(task).patterns
        && task.file == (m_setup ? usualTask(m_setup->model_ref.path) : std::string()))
        task.file = usualTask(folder.toStdString());
    request.model = {.path = folder.toStdString(), .commit = {}, .sha256 = {}, .processing = processing};
    open(request);
}

void Document::openTask(const TaskRef &task)
{
    SetUpRequest request = m_request;
    request.task = task;
    open(request);
}

void Document::setExcluded(const std::vector<int> &pairs)
{
    SetUpRequest request = m_request;
    request.task.excluded = pairs;
    open(request);
}

void Document::setPairs(const std::vector<PromptPair> &pairs)
{
    SetUpRequest request = m_request;
    request.task.pairs = pairs_to_json(pairs);
    open(request);
}

QString Document::whyNoPrompts() const
{
    if (!m_setup || m_setup->no_prompts.empty())
        return {};
    return tr("This model is open without prompts: %1. Import token ids (.safetensors, Ctrl+I), or drop them here.")
        .arg(QString::fromStdString(m_setup->no_prompts));
}

void Document::cancelLoading()
{
    m_backend.cancel(m_job);
}

int Document::batchIndex(int pair) const
{
    if (!m_setup)
        return -1;
    const auto &used = m_setup->batch_pairs;
    const auto it = std::find(used.begin(), used.end(), pair);
    return it == used.end() ? -1 : static_cast<int>(it - used.begin());
}

} // namespace patchbay
