#include "shell/series_lookup.h"

#include "amounts_text.h"
#include "base/plain_text.h"
#include "hub/environment.h"
#include "model/model_folder.h"
#include "task/task_list.h"

#include <QDir>
#include <QFileInfo>
#include <QPointer>
#include <QRegularExpression>

#include <algorithm>

namespace patchbay {

namespace {

QStringList entries(const QString &text)
{
    static const QRegularExpression separators(QStringLiteral("[,\\n]"));
    QStringList out;
    for (const QString &part : text.split(separators, Qt::SkipEmptyParts))
        if (const QString entry = part.trimmed(); !entry.isEmpty())
            out.push_back(entry);
    return out;
}

/// NAME@REVISION, where an entry is meant as that; the revision may have {n} in it.
std::optional<HubName> namedRevision(const QString &entry)
{
    const qsizetype at = entry.indexOf(QLatin1Char('@'));
    if (at <= 0 || is_demo(entry.toStdString()) || entry.startsWith(QLatin1Char('/'))
        || entry.startsWith(QLatin1Char('.')) || QFileInfo::exists(entry))
        return std::nullopt;
    return HubName{entry.left(at).toStdString(), entry.mid(at + 1).toStdString()};
}

/// The names of models in it whose {n} the hub may know more of.
std::vector<std::string> modelsWithNumbers(const QString &text)
{
    std::vector<std::string> out;
    for (const QString &entry : entries(text))
        if (const auto name = namedRevision(entry); name && has_number_mark({name->revision}) && hub_name(name->model))
            out.push_back(name->model);
    return out;
}

bool has(const std::vector<std::string> &revisions, const HubName &name)
{
    const std::string wanted = name.wanted_revision();
    return is_commit(wanted) || std::find(revisions.begin(), revisions.end(), wanted) != revisions.end();
}

} // namespace

std::vector<TaskRef> seriesTasks(const QString &text)
{
    std::vector<TaskRef> tasks;
    for (const QString &entry : entries(text))
        tasks.push_back(task_or_pairs(entry.toStdString()));
    return tasks;
}

std::vector<SeriesStep> seriesSteps(const QString &text, const HubRevisions &atHub)
{
    std::vector<SeriesStep> steps;
    for (const QString &entry : entries(text)) {
        std::vector<SeriesStep> found;
        if (const auto name = namedRevision(entry)) {
            const auto there = atHub.find(name->model);
            found = series_of_revisions(name->model, {name->revision},
                                        there == atHub.end() ? std::vector<std::string>() : there->second);
        } else {
            found = series_of_folders({entry.toStdString()});
        }
        for (SeriesStep &step : found)
            steps.push_back(std::move(step));
    }
    for (size_t i = 0; i < steps.size(); ++i)
        for (size_t j = 0; j < i; ++j)
            if (steps[i].name == steps[j].name)
                throw Error(steps[i].model, "two steps of the series would be called " + steps[i].name);
    return steps;
}

SeriesLookup::SeriesLookup(Backend &backend, QObject *parent) : QObject(parent), m_backend(backend) { }

SeriesLookup::~SeriesLookup()
{
    if (m_state == State::Asking)
        m_backend.cancel(m_job);
}

bool SeriesLookup::isNeeded(const QString &text)
{
    if (!modelsWithNumbers(text).empty())
        return true;
    try {
        const std::vector<SeriesStep> steps = seriesSteps(text);
        return std::any_of(steps.begin(), steps.end(), is_to_be_fetched);
    } catch (const Error &) {
        return false;
    }
}

void SeriesLookup::forget()
{
    if (m_state == State::Asking)
        m_backend.cancel(m_job);
    ++m_turn;
    m_atHub.clear();
    m_missing.reset();
    m_plans.clear();
    end(State::Unasked);
}

void SeriesLookup::ask(const QString &text)
{
    forget();
    m_steps = text;
    end(State::Asking);
    advance();
}

void SeriesLookup::end(State state, const QString &problem)
{
    m_state = state;
    m_problem = problem;
    Q_EMIT changed();
}

template <class R>
void SeriesLookup::submit(R request, std::function<void(const typename R::Answer &)> done)
{
    const auto asked = [me = QPointer<SeriesLookup>(this), turn = m_turn] { return me && me->m_turn == turn; };
    m_job = m_backend.submit<R>({
        .request = std::move(request),
        .policy = {QStringLiteral("series-lookup"), true},
        .done =
            [this, asked, done = std::move(done)](const typename R::Answer &answer) {
                if (!asked())
                    return;
                done(answer);
                advance();
            },
        .failed =
            [this, asked](const Failure &failure) {
                if (asked())
                    end(State::Unasked, failure.text());
            },
        .dropped =
            [this, asked] {
                if (asked())
                    end(State::Unasked);
            },
    });
}

// The next question: first which revisions there are, then how large one of every model is.
void SeriesLookup::advance()
{
    const auto list = [this](const std::string &model) {
        submit<ListRevisionsRequest>({model}, [this, model](const RevisionsPtr &there) { m_atHub[model] = *there; });
    };
    for (const std::string &model : modelsWithNumbers(m_steps))
        if (!m_atHub.contains(model))
            return list(model);
    if (!m_missing) {
        m_missing.emplace();
        try {
            for (const SeriesStep &step : seriesSteps(m_steps, m_atHub))
                if (is_to_be_fetched(step))
                    m_missing->push_back(*hub_name(step.model));
        } catch (...) {
            return end(State::Unasked, failureOf(std::current_exception()).text());
        }
    }
    for (const HubName &name : *m_missing)
        if (!m_atHub.contains(name.model))
            return list(name.model);
    for (const HubName &name : *m_missing)
        if (!m_plans.contains(name.model) && has(m_atHub.at(name.model), name))
            return submit<PlanDownloadRequest>(
                {name}, [this, name](const DownloadPlanPtr &plan) { m_plans[name.model] = plan; });
    for (const auto &[model, plan] : m_plans)
        if (!plan->problem.empty())
            return end(State::Unasked,
                       tr("%1 could not be opened: %2")
                           .arg(QString::fromStdString(plan->name.text()), QString::fromStdString(plan->problem)));
    end(State::Known);
}

uint64_t SeriesLookup::bytes() const
{
    uint64_t sum = 0;
    if (m_state == State::Known)
        for (const HubName &name : *m_missing)
            if (has(m_atHub.at(name.model), name))
                sum += m_plans.at(name.model)->missing();
    return sum;
}

QString SeriesLookup::text() const
{
    if (m_state == State::Asking)
        return tr("Asking…");
    if (m_state == State::Unasked || m_missing->empty())
        return m_problem;
    QStringList absent;
    for (const HubName &name : *m_missing)
        if (!has(m_atHub.at(name.model), name))
            absent << QString::fromStdString(name.text());
    QStringList out;
    if (const qsizetype count = qsizetype(m_missing->size()) - absent.size(); count > 0)
        out << tr("%1 to be fetched, about %2 together, into %3, each when it is its turn.")
                   .arg(countedText(count, "revision"), QString::fromStdString(size_text(bytes())),
                        QDir::toNativeSeparators(QString::fromStdString(hub_cache().string())));
    if (!absent.isEmpty())
        out << tr("Not at the hub, so that there will be gaps: %1.").arg(absent.join(QStringLiteral(", ")));
    return out.join(QLatin1Char('\n'));
}

} // namespace patchbay
