// A thousand signals a second while something computes, and a model at whose shapes oneDNN's kernels have the stack
// pointer in the heap.
#pragma once

#include "model/model.h"

#include <atomic>
#include <csignal>
#include <cstdint>
#include <ctime>

#include <sys/syscall.h>
#include <unistd.h>

namespace patchbay::testing {

/// A timer that sends SIGUSR2 a thousand times a second, to the process or to the calling thread alone, as profilers
/// do.
class BusySignals {
public:
    enum class To { Process, ThisThread };
    explicit BusySignals(To to)
    {
        struct sigaction action = {};
        action.sa_handler = [](int) { ++taken(); };
        action.sa_flags = SA_RESTART;
        sigaction(SIGUSR2, &action, nullptr);
        sigevent event = {};
        event.sigev_signo = SIGUSR2;
        event.sigev_notify = SIGEV_SIGNAL;
        if (to == To::ThisThread) {
            event.sigev_notify = SIGEV_THREAD_ID;
            event._sigev_un._tid = static_cast<pid_t>(syscall(SYS_gettid));
        }
        m_running = timer_create(CLOCK_MONOTONIC, &event, &m_timer) == 0;
        itimerspec every = {};
        every.it_value.tv_nsec = every.it_interval.tv_nsec = 1'000'000;
        m_running = m_running && timer_settime(m_timer, 0, &every, nullptr) == 0;
    }
    ~BusySignals()
    {
        if (m_running)
            timer_delete(m_timer);
    }
    BusySignals(const BusySignals &) = delete;
    BusySignals &operator=(const BusySignals &) = delete;

    bool running() const { return m_running; }
    static std::atomic<long> &taken()
    {
        static std::atomic<long> count{0};
        return count;
    }

private:
    timer_t m_timer = {};
    bool m_running = false;
};

/// A few layers of a 30-layer Llama with 135 million parameters.
inline std::shared_ptr<const Model> small_llama(int layers)
{
    ModelConfig c;
    c.family = "llama";
    c.n_layers = layers;
    c.n_heads = 9;
    c.n_kv_heads = 3;
    c.d_head = c.rotary_dim = 64;
    c.d_model = 576;
    c.d_mlp = 1536;
    c.d_vocab = 300;
    c.n_ctx = 64;
    c.norm = Norm::RmsNorm;
    c.activation = Activation::Silu;
    c.gated_mlp = true;
    return Model::random(c, 5);
}

} // namespace patchbay::testing
