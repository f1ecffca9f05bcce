// Sends frames on a thread of its own, the most urgent first, so that nobody who computes waits for a slow connection.
#pragma once

#include "base/cancel.h"
#include "remote/frame.h"
#include "requests/request.h"

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

namespace patchbay::remote {

class FrameWriter {
public:
    /// Sends the greeting. out must outlive it. beat: after so long without anything else one is sent. most_waiting:
    /// bytes; who has more to send than that waits.
    FrameWriter(int out, std::chrono::milliseconds beat, size_t most_waiting);
    /// What waits is not sent.
    ~FrameWriter();
    FrameWriter(const FrameWriter &) = delete;
    FrameWriter &operator=(const FrameWriter &) = delete;

    /// Of something with this urgency, in their order; goes before everything less urgent that waits. From any thread.
    /// Waits while too much waits already, unless it is cancelled or closed.
    void put(Urgency urgency, const Frame &frame, const CancelToken &cancel);
    /// Before everything else.
    void put_first(const Frame &frame);
    /// Whether nobody reads any more.
    bool broken() const { return m_broken; }
    /// Waits until everything is sent, at most this long.
    void flush(std::chrono::milliseconds at_most);
    /// Nothing is sent any more; nobody waits.
    void close();

private:
    static constexpr size_t first = size_t(Urgency::Quick) + 1;
    void add(size_t line, std::string bytes);
    void send();
    /// The mutex is held.
    std::deque<std::string> *most_urgent();

    const int m_out;
    const std::chrono::milliseconds m_beat;
    const size_t m_most_waiting;
    std::mutex m_mutex; ///< of the lines and the sizes
    std::condition_variable m_arrived, m_less;
    std::array<std::deque<std::string>, first + 1> m_lines; ///< by urgency
    size_t m_waiting = 0;                                   ///< bytes, with what is being sent
    std::atomic<bool> m_closed{false}, m_broken{false};
    std::thread m_thread;
};

} // namespace patchbay::remote
