// The server of another place, on a thread of this process and over pipes.
#pragma once

#include "base/error.h"
#include "remote/client.h"
#include "remote/detail/stream.h"
#include "remote/server.h"
#include "requests/workbench.h"

#include <memory>
#include <string>
#include <thread>
#include <utility>

namespace patchbay::testing {

/// A server on a thread of its own.
class FarEnd {
public:
    explicit FarEnd(std::unique_ptr<RequestServer> server = std::make_unique<Workbench>(),
                    const remote::ServerLimits &limits = {}, const CancelToken &stops = {})
        : stop(stops)
    {
        auto [their_in, our_out] = remote::make_pipe();
        auto [our_in, their_out] = remote::make_pipe();
        out = std::move(our_out);
        in = std::move(our_in);
        m_thread = std::thread([this, limits, server = std::move(server), from = std::move(their_in),
                                to = std::move(their_out)]() mutable {
            try {
                remote::Server(from.get(), to.get(), std::move(server), remote::Hello{"9.9", 3, 4, "cpu", {}}, limits)
                    .serve(stop);
            } catch (const Error &error) {
                trouble = error.what();
            }
        });
    }
    ~FarEnd() { end(); }
    void end()
    {
        out.close();
        stop.cancel();
        if (m_thread.joinable())
            m_thread.join();
    }
    std::unique_ptr<remote::Client> client(const remote::ClientLimits &limits = {})
    {
        return std::make_unique<remote::Client>(in.release(), out.release(), limits);
    }

    CancelToken stop;
    std::string trouble;
    remote::Descriptor in, out;

private:
    std::thread m_thread;
};

} // namespace patchbay::testing
