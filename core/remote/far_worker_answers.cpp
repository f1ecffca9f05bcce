// What a server at another place says, as whoever asked here hears it; and what is kept of it in case that another
// server has to go on.
#include "remote/far_worker.h"

#include "base/error.h"
#include "hub/snapshot.h"
#include "model/model_folder.h"
#include "remote/sent_files.h"

#include <algorithm>
#include <filesystem>

namespace patchbay::remote {

namespace fs = std::filesystem;

namespace {

/// What the listener has not heard yet of cells that a resumed run tells again; they are heard from now on.
Cells new_cells(const Cells &cells, std::vector<std::vector<bool>> &heard)
{
    heard.resize(std::max(heard.size(), size_t(cells.grid) + 1));
    std::vector<bool> &known = heard[size_t(cells.grid)];
    const size_t count = cells.cells.size(), width = count ? cells.per_prompt.size() / count : 0;
    Cells out = cells;
    out.cells.clear();
    out.per_prompt.clear();
    out.estimates.clear();
    for (size_t i = 0; i < count; ++i) {
        const size_t cell = size_t(cells.cells[i]);
        known.resize(std::max(known.size(), cell + 1));
        if (known[cell])
            continue;
        known[cell] = true;
        out.cells.push_back(cells.cells[i]);
        const auto values = cells.per_prompt.begin() + std::ptrdiff_t(i * width);
        out.per_prompt.insert(out.per_prompt.end(), values, values + std::ptrdiff_t(width));
        if (!cells.estimates.empty())
            out.estimates.push_back(cells.estimates[i]);
    }
    if (count > 0)
        out.flops *= double(out.cells.size()) / double(count);
    return out;
}

} // namespace

RunResultPtr detail::with_more_cells(const RunResultPtr &one, const RunResultPtr &other)
{
    return !one || (other && exact_cells(*other) > exact_cells(*one)) ? other : one;
}

ModelRef by_name(ModelRef model)
{
    std::error_code ignored;
    if (is_demo(model.path) || !fs::is_directory(model.path, ignored))
        return model;
    try {
        const fs::path folder = model_folder(model.path, model.commit);
        const std::string commit = commit_of_snapshot(folder);
        const std::string name =
            commit.empty() ? "" : cached_model_name(folder.parent_path().parent_path().filename().string());
        if (!name.empty()) {
            model.path = name + "@" + commit;
            model.commit = commit;
        }
    } catch (const Error &) {
        // It may be a folder of the other machine.
    }
    return model;
}

void FarWorker::hear(const Client::News &news)
{
    const Event *event = std::get_if<Event>(&news.what);
    const bool ends = std::holds_alternative<Dropped>(news.what)
        || (event && (std::holds_alternative<Done>(*event) || std::holds_alternative<Failed>(*event)));
    if (std::erase(m_again_first, news.id) > 0) {
        if (!ends)
            m_again_first.insert(m_again_first.begin(), news.id);
        const Done *done = event ? std::get_if<Done>(event) : nullptr;
        const SetupPtr *setup = done ? std::get_if<SetupPtr>(&done->reply) : nullptr;
        if (const Failed *failed = event ? std::get_if<Failed>(event) : nullptr)
            fail_all(*failed);
        else if (setup && (*setup)->model_ref.sha256 != m_setup->model.sha256)
            fail_all({m_setup->model.path, "is another model at " + m_place + " than it was", {}});
        else if (setup && (*setup)->task_ref.sha256 != m_setup->task.sha256)
            fail_all({m_setup->task.file.empty() ? "task" : m_setup->task.file,
                      "gives other prompts at " + m_place + " than it did",
                      {}});
        return;
    }
    const auto at =
        std::find_if(m_jobs.begin(), m_jobs.end(), [&](const auto &one) { return one.second.sent == news.id; });
    if (at == m_jobs.end())
        return;
    if (event)
        hear(at->second, *event);
    else if (ends)
        at->second.listener.dropped();
    if (ends)
        m_jobs.erase(at);
}

// Of a run that goes on from what had arrived, the listener has heard the beginning and those cells.
void FarWorker::hear(Job &job, const Event &event)
{
    if (std::holds_alternative<Started>(event)) { // some analyses tell of their grids after that of all else
        if (++job.starts_here <= job.starts)
            return;
        job.starts = job.starts_here;
    }
    Event told = as_asked(job, event);
    if (Cells *cells = std::get_if<Cells>(&told); cells && cells->state == CellState::Exact) {
        *cells = new_cells(*cells, job.heard);
        if (cells->cells.empty())
            return;
    }
    if (std::holds_alternative<Cells>(told) || std::holds_alternative<Done>(told))
        m_failures = 0;
    if (const Done *done = std::get_if<Done>(&told))
        remember(job, *done);
    else if (std::holds_alternative<Done>(event))
        m_other_session = m_setup.has_value(); // a model that is refused here has taken the session's place there
    job.listener.tell(told);
}

// Nothing that is asked for could be carried out: the session that it is of cannot be had again.
void FarWorker::fail_all(const Failed &failed)
{
    m_again_first.clear();
    m_setup.reset();
    m_recipe.reset();
    m_steps.reset();
    for (auto &[id, job] : m_jobs)
        job.listener.tell(as_asked(job, failed));
    m_jobs.clear();
}

/// What was renamed for the other side has its own name here.
Event FarWorker::as_asked(const Job &job, Event event) const
{
    const SetUpRequest *asked = std::get_if<SetUpRequest>(&job.request);
    if (Started *started = std::get_if<Started>(&event))
        if (const RunRequest *run = std::get_if<RunRequest>(&job.request))
            started->result.spec = run->spec;
    if (Failed *failed = std::get_if<Failed>(&event)) {
        for (const std::string &name : files_named_in(job.request))
            if (fs::path(failed->subject).filename() == fs::path(name).filename())
                failed->subject = name;
        if (asked && fs::path(asked->model.path).is_absolute() && failed->subject == asked->model.path)
            failed->cause += " at " + m_place
                + "; there, models are found by their names in the Hugging Face cache, "
                  "and folders are those of that machine";
        if (failed->subject.empty())
            failed->subject = m_place;
    }
    Done *done = std::get_if<Done>(&event);
    const SetupPtr *reply = done ? std::get_if<SetupPtr>(&done->reply) : nullptr;
    if (!asked || !reply || !*reply)
        return event;
    const std::string &expected = asked->model.sha256, &found = (*reply)->model_ref.sha256;
    if (!expected.empty() && !found.empty() && expected != found)
        return Failed{asked->model.path,
                      "is another model at " + m_place + ": its weights' SHA-256 is " + found + ", not " + expected,
                      {}};
    auto setup = std::make_shared<Setup>(**reply);
    setup->model_ref.path = asked->model.path;
    setup->task_ref.file = asked->task.file;
    done->reply = SetupPtr(std::move(setup));
    return event;
}

void FarWorker::remember(const Job &job, const Done &done)
{
    if (const SetUpRequest *setup = std::get_if<SetUpRequest>(&job.request)) {
        m_setup = *setup;
        if (const SetupPtr *reply = std::get_if<SetupPtr>(&done.reply)) {
            m_setup->model.sha256 = (*reply)->model_ref.sha256;
            m_setup->task.sha256 = (*reply)->task_ref.sha256;
        }
        m_recipe.reset();
        m_steps.reset();
    }
    if (const BeginRecipeRequest *recipe = std::get_if<BeginRecipeRequest>(&job.request))
        m_recipe = *recipe;
    if (const EditStepRequest *edit = std::get_if<EditStepRequest>(&job.request); edit && m_recipe)
        m_recipe->recipe.steps.at(edit->step).body = edit->body;
    if (const auto *steps = std::get_if<std::shared_ptr<const StepOutcomes>>(&done.reply))
        m_steps = *steps;
}

void FarWorker::keep(const Client &client)
{
    const std::map<uint64_t, Asked> rest = client.unfinished();
    for (auto &[id, job] : m_jobs) {
        const auto left = rest.find(std::exchange(job.sent, 0));
        job.cancelled = false;
        job.starts_here = 0;
        if (left == rest.end())
            continue;
        const RunRequest *run = std::get_if<RunRequest>(&left->second.request);
        if (!run || !run->resume)
            continue;
        RunResult arrived = *run->resume;
        arrived.spec = std::get<RunRequest>(job.request).spec; // with its files' own names
        job.arrived = detail::with_more_cells(job.arrived, std::make_shared<const RunResult>(std::move(arrived)));
    }
}

} // namespace patchbay::remote
