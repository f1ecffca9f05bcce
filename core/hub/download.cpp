#include "hub/download.h"

#include "base/amounts.h"
#include "base/error.h"
#include "base/plain_text.h"
#include "hub/detail/transfer.h"
#include "hub/environment.h"
#include "io/array_files.h"

#include <algorithm>
#include <cmath>
#include <deque>

namespace patchbay {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

namespace {

constexpr int kWaitMs = 100;
constexpr double kRateSeconds = 10; // over which the speed is taken

/// What the file systems of tests and of crowded machines are compared with: what is to come, and nothing more.
void need_room(const fs::path &folder, uint64_t bytes)
{
    fs::path there = folder;
    std::error_code error;
    while (!fs::exists(there, error) && there.has_parent_path() && there != there.parent_path())
        there = there.parent_path();
    const fs::space_info space = fs::space(there, error);
    if (!error && space.available < bytes)
        throw Error(there.string(),
                    "the disk is too full: " + size_text(bytes) + " are to come, " + size_text(space.available)
                        + " are free; make room, or set HF_HUB_CACHE to a folder on another disk");
}

/// Relative, so that the cache can be moved.
void link_blob(const fs::path &snapshot, const HubFile &file)
{
    const fs::path to = fs::path("..") / ".." / "blobs" / file.etag, at = snapshot / file.name,
                   aside = snapshot / ("." + file.name + ".new");
    std::error_code error;
    fs::create_directories(snapshot, error);
    if (fs::read_symlink(at, error) == to && !error)
        return;
    fs::remove(aside, error);
    fs::create_symlink(to, aside, error);
    if (!error)
        fs::rename(aside, at, error);
    if (error)
        throw Error(at.string(), "cannot be made a link to " + to.string() + ": " + error.message());
}

} // namespace

struct Download::State {
    CURLM *multi = curl_multi_init();
    std::string token = hub_token();
    DownloadOptions options;
    std::deque<HubFile> waiting;
    std::vector<std::unique_ptr<Transfer>> open;
    uint64_t finished = 0; ///< bytes of the files that are there
    std::deque<std::pair<Clock::time_point, uint64_t>> history;

    ~State()
    {
        for (const auto &transfer : open)
            if (transfer->handle())
                curl_multi_remove_handle(multi, transfer->handle());
        open.clear();
        curl_multi_cleanup(multi);
    }
    void start(Transfer &transfer)
    {
        if (const CURLMcode code = curl_multi_add_handle(multi, transfer.request(token)); code != CURLM_OK)
            throw Error(transfer.file().url, std::string("cannot be asked: ") + curl_multi_strerror(code));
        transfer.not_before = Clock::time_point::max(); // on its way
    }
    void remember()
    {
        const auto now = Clock::now();
        if (history.empty() || now - history.back().first > std::chrono::milliseconds(kWaitMs))
            history.emplace_back(now, done());
        while (std::chrono::duration<double>(now - history.front().first).count() > kRateSeconds && history.size() > 1)
            history.pop_front();
    }
    uint64_t done() const
    {
        uint64_t sum = finished;
        for (const HubFile &file : waiting)
            sum += file.present;
        for (const auto &transfer : open)
            sum += transfer->arrived();
        return sum;
    }
};

Download::Download(DownloadPlan plan, const DownloadOptions &options)
    : m_plan(std::move(plan)), m_state(std::make_unique<State>())
{
    m_state->options = options;
    need_room(m_plan.cached, m_plan.missing());
    for (const HubFile &file : m_plan.files) {
        if (file.complete) {
            link_blob(m_plan.snapshot(), file);
            m_state->finished += file.size;
        } else if (std::none_of(m_state->waiting.begin(), m_state->waiting.end(),
                                [&](const HubFile &other) { return other.etag == file.etag; })) {
            m_state->waiting.push_back(file);
        }
    }
    // The largest first: the small ones fill the gaps.
    std::stable_sort(m_state->waiting.begin(), m_state->waiting.end(),
                     [](const HubFile &a, const HubFile &b) { return a.size > b.size; });
}

Download::~Download() = default;

bool Download::step(const CancelToken &cancel)
{
    State &state = *m_state;
    cancel.check();
    const auto keep = [&](Transfer &transfer) {
        transfer.keep();
        for (const HubFile &file : m_plan.files) { // files with the same content are one blob
            if (file.etag != transfer.file().etag)
                continue;
            link_blob(m_plan.snapshot(), file);
            state.finished += file.size;
        }
        std::erase_if(state.open, [&](const auto &one) { return one.get() == &transfer; });
    };
    while (int(state.open.size()) < state.options.at_once && !state.waiting.empty()) {
        state.open.push_back(std::make_unique<Transfer>(state.waiting.front(), m_plan.cached, cancel));
        state.waiting.pop_front();
        if (state.open.back()->whole()) // nothing was left to ask for
            keep(*state.open.back());
    }
    for (const auto &transfer : state.open)
        if (transfer->not_before <= Clock::now())
            state.start(*transfer);

    int running = 0;
    curl_multi_perform(state.multi, &running);
    int messages = 0;
    while (const CURLMsg *message = curl_multi_info_read(state.multi, &messages)) {
        if (message->msg != CURLMSG_DONE)
            continue;
        Transfer *transfer = nullptr;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        const CURLcode code = message->data.result;
        curl_multi_remove_handle(state.multi, message->easy_handle);
        if (transfer->finish(code, m_plan.name) == Transfer::End::Complete) {
            keep(*transfer);
            continue;
        }
        if (transfer->failures > state.options.retries)
            throw Error(transfer->file().name,
                        "does not arrive (" + transfer->last_problem
                            + "); what is there is kept: is there a network? Download again to go on");
        // At once where something came, then after 1, 2, 4, … s.
        const int seconds = transfer->failures == 0 ? 0 : 1 << std::min(transfer->failures - 1, 5);
        transfer->not_before = Clock::now() + std::chrono::seconds(seconds);
    }
    state.remember();
    if (state.open.empty() && state.waiting.empty()) {
        if (!is_commit(m_plan.name.wanted_revision())) {
            const fs::path ref = m_plan.cached / "refs" / m_plan.name.wanted_revision();
            std::error_code ignored;
            fs::create_directories(ref.parent_path(), ignored);
            write_file(ref, m_plan.commit);
        }
        return false;
    }
    curl_multi_poll(state.multi, nullptr, 0, kWaitMs, nullptr);
    return true;
}

DownloadProgress Download::progress() const
{
    DownloadProgress out;
    out.done = m_state->done();
    out.total = m_plan.bytes();
    if (m_state->history.empty())
        return out;
    const auto &[begin, before] = m_state->history.front();
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    if (seconds > 1 && out.done > before)
        out.seconds_left = double(out.total - out.done) / (double(out.done - before) / seconds);
    return out;
}

std::string DownloadProgress::text() const
{
    if (total == 0)
        return "asking the hub …";
    std::string out = size_text(done) + " of " + size_text(total);
    if (seconds_left < 0 || done >= total)
        return out;
    return out + ", " + time_left_text(seconds_left);
}

} // namespace patchbay
