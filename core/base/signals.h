// Threads that compute take no signals.
#pragma once

#include <csignal>

namespace patchbay {

/// While one of these exists, the calling thread takes no signal, and neither do the threads that it starts meanwhile.
/// Signals sent to the process go to another thread, or wait until this one is destroyed; none is lost. Faults (SIGSEGV
/// and the like) cannot be held off.
///
/// The reason: kernels that oneDNN 2.6 generates use the stack pointer as one more general register, so that it points
/// into the heap. The frame of a signal's handler would be written there, over whatever malloc keeps at that place.
/// Every entry of core that computes holds one. Pools of threads begin under it, and threads that libraries start while
/// they load have begun with signals held off, too (at_start.cpp).
class SignalsHeldOff {
public:
    SignalsHeldOff();
    ~SignalsHeldOff();
    SignalsHeldOff(const SignalsHeldOff &) = delete;
    SignalsHeldOff &operator=(const SignalsHeldOff &) = delete;

private:
    sigset_t m_before;
};

/// Everything but the faults of the thread itself: one of those that is held off ends the process, without a word of
/// what it was.
sigset_t signals_to_hold_off();

/// The calling thread's for as long as it lives: for those that do nothing but compute.
void hold_off_signals();

/// Starts a thread that does nothing but take the process's signals, with the mask that the calling thread has now: a
/// program whose main thread computes would otherwise see Ctrl+C and Ctrl+Z only between two computations. Later calls
/// do nothing. Throws std::bad_alloc.
void take_signals_in_a_thread();

} // namespace patchbay
