#include "remote/detail/frame_writer.h"

#include "base/signals.h"
#include "remote/detail/stream.h"
#include "remote/message.h"

namespace patchbay::remote {

namespace {

constexpr std::chrono::milliseconds look_for_cancel{20};

std::string bytes_of(const Frame &frame)
{
    std::string bytes;
    append_frame(bytes, frame);
    return bytes;
}

} // namespace

FrameWriter::FrameWriter(int out, std::chrono::milliseconds beat, size_t most_waiting)
    : m_out(out), m_beat(beat), m_most_waiting(most_waiting)
{
    add(first, greeting());
    m_thread = std::thread([this] { send(); });
}

FrameWriter::~FrameWriter()
{
    close();
    m_thread.join();
}

void FrameWriter::put(Urgency urgency, const Frame &frame, const CancelToken &cancel)
{
    std::string bytes = bytes_of(frame);
    std::unique_lock lock(m_mutex);
    while (m_waiting > m_most_waiting && !m_closed && !m_broken && !cancel.cancelled())
        m_less.wait_for(lock, look_for_cancel);
    lock.unlock();
    add(size_t(urgency), std::move(bytes));
}

void FrameWriter::put_first(const Frame &frame)
{
    add(first, bytes_of(frame));
}

void FrameWriter::add(size_t line, std::string bytes)
{
    {
        const std::lock_guard lock(m_mutex);
        if (m_closed || m_broken)
            return;
        m_waiting += bytes.size();
        m_lines[line].push_back(std::move(bytes));
    }
    m_arrived.notify_one();
}

void FrameWriter::flush(std::chrono::milliseconds at_most)
{
    std::unique_lock lock(m_mutex);
    m_less.wait_for(lock, at_most, [this] { return m_waiting == 0 || m_closed || m_broken; });
}

void FrameWriter::close()
{
    {
        const std::lock_guard lock(m_mutex);
        m_closed = true;
    }
    m_arrived.notify_all();
    m_less.notify_all();
}

std::deque<std::string> *FrameWriter::most_urgent()
{
    for (size_t line = m_lines.size(); line-- > 0;)
        if (!m_lines[line].empty())
            return &m_lines[line];
    return nullptr;
}

void FrameWriter::send()
{
    hold_off_signals();
    const std::string beat = bytes_of(plain_frame(Type::Beat));
    std::unique_lock lock(m_mutex);
    while (!m_closed && !m_broken) {
        std::string bytes = beat;
        if (m_arrived.wait_for(lock, m_beat, [this] { return m_closed || most_urgent(); })) {
            if (m_closed)
                return;
            std::deque<std::string> &line = *most_urgent();
            bytes = std::move(line.front());
            line.pop_front();
        } else {
            m_waiting += bytes.size();
        }
        lock.unlock();
        const bool sent = write_all(m_out, bytes, [this] { return m_closed.load(); });
        lock.lock();
        m_waiting -= bytes.size();
        m_broken = m_broken || !sent;
        m_less.notify_all();
    }
}

} // namespace patchbay::remote
