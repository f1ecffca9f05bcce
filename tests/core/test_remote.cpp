// A server and a client over pipes: the same numbers as in this process, the order of requests, what is cancelled,
// refused or lost. Another process, and its end: tests/cli/test_cli_serve.py.
#include "base/error.h"
#include "core/error_message.h"
#include "core/far_end.h"
#include "core/part_server.h"
#include "remote/client.h"
#include "remote/detail/stream.h"
#include "remote/server.h"
#include "requests/workbench.h"

#include <QTest>

#include <atomic>
#include <bit>
#include <functional>
#include <optional>
#include <set>
#include <thread>

using namespace patchbay;
using namespace patchbay::remote;
using testing::FarEnd;
using testing::PartServer;

namespace {

constexpr std::chrono::seconds long_enough{120};

/// The next news; the test fails where there are none.
Client::News next(Client &client)
{
    std::optional<Client::News> news = client.poll(long_enough);
    if (!news)
        throw Error("", "nothing was heard");
    if (const Lost *lost = std::get_if<Lost>(&news->what))
        throw Error("", lost->why);
    return std::move(*news);
}

/// Hears everything up to the end of a request.
struct Heard {
    std::vector<Event> events;
    bool dropped = false;
    RunResult result;
    void take(const Client::News &news)
    {
        if (const Event *event = std::get_if<Event>(&news.what)) {
            events.push_back(*event);
            apply(result, *event);
        }
        dropped = std::holds_alternative<Dropped>(news.what);
    }
    bool ended() const
    {
        return dropped
            || (!events.empty()
                && (std::holds_alternative<Done>(events.back()) || std::holds_alternative<Failed>(events.back())));
    }
    template <class R>
    R reply() const
    {
        if (const Failed *failed = std::get_if<Failed>(&events.back()))
            throw Error(failed->subject, failed->cause);
        return std::get<R>(std::get<Done>(events.back()).reply);
    }
};

Heard hear(Client &client, uint64_t id)
{
    Heard heard;
    while (!heard.ended())
        if (const Client::News news = next(client); news.id == id)
            heard.take(news);
    return heard;
}

SetUpRequest small_setup()
{
    SetUpRequest request;
    request.task.prompts = 6;
    return request;
}

/// Several chunks of cells.
RunSpec sweep_of(const SetupPtr &setup)
{
    ActPatch sweep;
    sweep.sites = {Site::Z};
    sweep.positions.kind = Positions::Kind::Each;
    RunSpec spec = spec_of(sweep);
    spec.model = setup->model_ref;
    spec.task = setup->task_ref;
    return spec;
}

/// In this process: what it came to, and the result of its events.
Reply carry_out(Workbench &here, const Request &request, RunResult &result)
{
    std::optional<Reply> reply;
    const auto work = here.begin(request, [&](const Event &event) {
        apply(result, event);
        if (const Done *end = std::get_if<Done>(&event))
            reply = end->reply;
    });
    while (work->step({})) {
    }
    return *reply;
}

std::vector<uint32_t> bits(const std::vector<float> &values)
{
    std::vector<uint32_t> out;
    for (const float value : values)
        out.push_back(std::bit_cast<uint32_t>(value));
    return out;
}

/// A workbench on which a run that has computed its first exact cells waits for its cancelling.
class StuckWorkbench : public Workbench {
public:
    std::unique_ptr<Work> begin(const Request &request, Tell tell) override
    {
        struct Stuck : Work {
            std::unique_ptr<Work> work;
            std::shared_ptr<bool> computed = std::make_shared<bool>(false);
            bool step(const CancelToken &cancel) override
            {
                while (*computed) {
                    cancel.check();
                    std::this_thread::yield();
                }
                return work->step(cancel);
            }
        };
        if (!std::holds_alternative<RunRequest>(request))
            return Workbench::begin(request, std::move(tell));
        auto stuck = std::make_unique<Stuck>();
        stuck->work =
            Workbench::begin(request, [tell = std::move(tell), computed = stuck->computed](const Event &event) {
                const Cells *cells = std::get_if<Cells>(&event);
                *computed = *computed || (cells && cells->state == CellState::Exact && cells->seconds >= 0);
                tell(event);
            });
        return stuck;
    }
};

bool done(const Tell &tell)
{
    tell(Done{AttentionPatterns()});
    return false;
}

} // namespace

class TestRemote : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void theNumbersAreThoseOfThisProcess()
    {
        FarEnd far;
        const auto client = far.client();
        QCOMPARE(client->server().program, std::string("9.9"));
        QCOMPARE(client->server().cores, 3);
        const auto setup = hear(*client, client->submit(small_setup())).reply<SetupPtr>();
        Workbench here;
        SetupPtr own;
        RunResult expected;
        own = std::get<SetupPtr>(carry_out(here, small_setup(), expected));
        QCOMPARE(setup->batch.clean, own->batch.clean);
        QCOMPARE(setup->clean_tokens, own->clean_tokens);
        QCOMPARE(setup->trust.sha256, own->trust.sha256);
        QCOMPARE(setup->config().n_heads, own->config().n_heads);
        QVERIFY(bits(setup->baseline.clean) == bits(own->baseline.clean));

        const RunSpec spec = sweep_of(setup);
        carry_out(here, RunRequest{spec}, expected);
        const Heard run = hear(*client, client->submit(RunRequest{spec}));
        QVERIFY(run.reply<RunEnd>().complete && run.result.complete);
        QVERIFY(run.result.spec == spec);
        QCOMPARE(run.result.grids.size(), size_t(1));
        QVERIFY(run.result.grids[0].state == expected.grids[0].state);
        QVERIFY(bits(run.result.grids[0].per_prompt) == bits(expected.grids[0].per_prompt));
        QVERIFY(bits(run.result.grids[0].estimate) == bits(expected.grids[0].estimate));
        QCOMPARE(run.result.arrays.size(), expected.arrays.size());

        const AttentionRequest attention{{{{1, 2}}, {{2, 0}, true, AttentionKind::ValueWeighted}}};
        const auto patterns = hear(*client, client->submit(attention)).reply<AttentionPatterns>();
        RunResult ignored;
        const auto own_patterns = std::get<AttentionPatterns>(carry_out(here, attention, ignored));
        QCOMPARE(patterns.size(), own_patterns.size());
        for (size_t i = 0; i < patterns.size(); ++i)
            QCOMPARE(patterns[i]->weights, own_patterns[i]->weights);
        const auto widths =
            hear(*client, client->submit(IntervalsRequest{std::make_shared<const RunResult>(run.result)}))
                .reply<HalfWidths>();
        QCOMPARE(widths.at("denoise.z.by_pos").size(), run.result.grids[0].state.size());
        QVERIFY(client->unfinished().empty());
    }

    // Of wrong ones among them each is refused with its reason, and nothing else ends.
    void whatCannotBeDoneFailsByItself()
    {
        FarEnd far;
        const auto client = far.client();
        const auto wrong = [&](Request request) { hear(*client, client->submit(std::move(request))).reply<RunEnd>(); };
        VERIFY_MESSAGE(wrong(RunRequest{}), "there is no model");
        VERIFY_MESSAGE(wrong(AttentionRequest{{{{0, 0}}}}), "there is no model");
        VERIFY_MESSAGE(wrong(IntervalsRequest{}), "asks about no result");
        SetUpRequest nowhere = small_setup();
        nowhere.model.path = "/nowhere";
        VERIFY_MESSAGE(wrong(nowhere), "/nowhere");
        hear(*client, client->submit(small_setup())).reply<SetupPtr>();
        VERIFY_MESSAGE(wrong(AttentionRequest{{{{99, 1}}}}), "L99H1");
        VERIFY_MESSAGE(wrong(PatchedAttentionRequest{{0, 50}, spec_of(ActPatch{}), {}}), "L0H50");
        QVERIFY(!hear(*client, client->submit(AttentionRequest{{{{0, 0}}}})).reply<AttentionPatterns>().empty());
    }

    // While a long request is on its way: an urgent one goes before it, and a ping is answered.
    void theMoreUrgentGoesFirst()
    {
        std::atomic<bool> let_go = false;
        FarEnd far(std::make_unique<PartServer>([&](const Request &request, const Tell &tell, const CancelToken &) {
            if (!std::holds_alternative<RunRequest>(request))
                return done(tell);
            std::this_thread::yield();
            return let_go ? done(tell) : true;
        }));
        const auto client = far.client();
        const uint64_t run = client->submit(RunRequest{}), queued = client->submit(RunStepRequest{1});
        const uint64_t click = client->submit(AttentionRequest{{{{1, 1}}}});
        QCOMPARE(next(*client).id, click);
        client->ping(77);
        const Client::News pong = next(*client);
        QVERIFY(pong.id == 77 && std::holds_alternative<Client::Pong>(pong.what));
        let_go = true;
        QCOMPARE(next(*client).id, run);
        QCOMPARE(next(*client).id, queued);
    }

    void theHeadUnderTheMouseArrivesInTheServer()
    {
        RequestServer *server = nullptr;
        auto own = std::make_unique<PartServer>([&](const Request &, const Tell &tell, const CancelToken &) {
            const std::optional<Head> wanted = server->priority().wanted();
            if (wanted)
                tell(Progress{wanted->layer, wanted->head, {}});
            return wanted ? done(tell) : true;
        });
        server = own.get();
        FarEnd far(std::move(own));
        const auto client = far.client();
        const uint64_t run = client->submit(RunRequest{});
        client->want(Head{3, 7});
        const Heard heard = hear(*client, run);
        const Progress &progress = std::get<Progress>(heard.events.front());
        QVERIFY(progress.done == 3 && progress.total == 7);
    }

    // One that is on its way hears of it inside of its part; one that waits is never begun.
    void whatIsCancelledEnds()
    {
        std::atomic<int> begun = 0;
        FarEnd far(
            std::make_unique<PartServer>([&](const Request &, const Tell &tell, const CancelToken &cancel) -> bool {
                ++begun;
                tell(Progress{1, 1, {}});
                while (!cancel.cancelled())
                    std::this_thread::yield();
                throw Cancelled();
            }));
        const auto client = far.client();
        const uint64_t first = client->submit(RunRequest{}), second = client->submit(RunRequest{});
        QCOMPARE(next(*client).id, first);
        client->cancel(second);
        client->cancel(first);
        client->cancel(12345);
        QVERIFY(hear(*client, first).dropped);
        QVERIFY(hear(*client, second).dropped);
        QCOMPARE(begun.load(), 1);
        QVERIFY(client->unfinished().empty());
    }

    void aNewOneOfTheSameTagTakesThePlaceOfThoseThatWait()
    {
        std::atomic<bool> let_go = false;
        FarEnd far(std::make_unique<PartServer>([&](const Request &request, const Tell &tell, const CancelToken &) {
            if (std::holds_alternative<TryRequest>(request))
                return done(tell);
            return let_go ? done(tell) : true;
        }));
        const auto client = far.client();
        // As urgent as those that follow, so that they wait.
        const uint64_t blocks = client->submit(RunRequest{{}, {}, true});
        std::vector<uint64_t> hovered;
        for (int i = 0; i < 20; ++i)
            hovered.push_back(client->submit({TryRequest{}, "hover"}));
        client->ping(1);
        QVERIFY(std::holds_alternative<Client::Pong>(next(*client).what)); // all of them are there
        let_go = true;
        QCOMPARE(next(*client).id, blocks);
        int dropped = 0;
        for (const uint64_t id : hovered) {
            const Client::News news = next(*client);
            QCOMPARE(news.id, id);
            dropped += std::holds_alternative<Dropped>(news.what);
        }
        QCOMPARE(dropped, 19);
    }

    void moreThanIsLetInIsRefused()
    {
        ServerLimits limits;
        limits.most_requests = 2;
        std::atomic<bool> let_go = false;
        FarEnd far(std::make_unique<PartServer>([&](const Request &, const Tell &tell, const CancelToken &) {
                       return let_go ? done(tell) : true;
                   }),
                   limits);
        const auto client = far.client();
        client->submit(RunRequest{});
        client->submit(RunRequest{});
        VERIFY_MESSAGE(hear(*client, client->submit(RunRequest{})).reply<RunEnd>(), "too many requests");
        let_go = true;
        next(*client);
        next(*client);
        QVERIFY(!hear(*client, client->submit(RunRequest{})).dropped);
    }

    void whoBreaksTheRulesIsToldAndLeft()
    {
        const auto refusal = [](const std::string &bytes) {
            FarEnd far;
            write_all(far.out.get(), bytes, [] { return false; });
            FrameDecoder decoder("server");
            std::string got;
            while (read_some(far.in.get(), got, long_enough) == Arrived::Bytes) {
            }
            decoder.feed(got);
            std::string told;
            while (auto frame = decoder.next())
                if (frame->type == uint32_t(Type::Trouble))
                    told = trouble_of(*frame, "server");
            far.end();
            return told == far.trouble ? told : "told " + told + ", but ended for " + far.trouble;
        };
        const auto bytes = [](const Frame &frame) {
            std::string out;
            append_frame(out, frame);
            return out;
        };
        const auto says = [&](const std::string &what, const char *part) {
            const std::string told = refusal(what);
            QVERIFY2(told.find(part) != std::string::npos, told.c_str());
        };
        const std::string hello = greeting() + bytes(frame_of(Hello{"1", 0, 0, {}, {}}));
        says("GET / HTTP/1.1\r\n", "does not speak Patchbay's protocol");
        says(greeting(99), "speaks version 99");
        says(greeting() + bytes(plain_frame(Type::Ping)), "did not say who it is");
        says(hello + hello.substr(greeting().size()), "twice");
        says(hello + bytes(plain_frame(Type(99))), "unknown type 99");
        says(hello + bytes(frame_of(0, {ListCacheRequest{}})), "another of this number, or none");
        Frame large = plain_frame(Type::Request, 1);
        std::string header = bytes(large);
        header[23] = 1; // the highest byte of the JSON's length
        says(hello + header, "bytes of JSON, more than");
    }

    // The client is told, and what had arrived is not computed again.
    void afterALostConnectionTheRestIsComputedElsewhere()
    {
        auto first = std::make_unique<FarEnd>(std::make_unique<StuckWorkbench>());
        auto client = first->client();
        SetUpRequest many;
        many.task.prompts = 70; // several chunks
        const auto setup = hear(*client, client->submit(many)).reply<SetupPtr>();
        const RunSpec spec = sweep_of(setup);
        const uint64_t run = client->submit(RunRequest{spec});
        std::set<int> computed;
        const auto note = [&computed](const Client::News &news) {
            const Event *event = std::get_if<Event>(&news.what);
            const Cells *cells = event ? std::get_if<Cells>(event) : nullptr;
            int again = 0;
            if (cells && cells->state == CellState::Exact && cells->seconds >= 0)
                for (const int cell : cells->cells)
                    again += !computed.insert(cell).second;
            return again;
        };
        while (computed.empty()) {
            const Client::News news = next(*client);
            QCOMPARE(news.id, run);
            QCOMPARE(note(news), 0);
        }
        first->stop.cancel();
        for (;;) {
            const std::optional<Client::News> news = client->poll(long_enough);
            QVERIFY(news);
            if (std::holds_alternative<Lost>(news->what))
                break;
            note(*news);
        }
        QVERIFY(!client->poll(std::chrono::milliseconds(0)));
        const std::map<uint64_t, Asked> rest = client->unfinished();
        QCOMPARE(rest.size(), size_t(1));
        const size_t kept = computed.size();
        first.reset();

        FarEnd second;
        client = second.client();
        hear(*client, client->submit(many)).reply<SetupPtr>();
        const uint64_t again = client->submit(rest.begin()->second);
        Heard heard;
        while (!heard.ended()) {
            const Client::News news = next(*client);
            QCOMPARE(news.id, again);
            heard.take(news);
            QCOMPARE(note(news), 0);
        }
        QVERIFY(computed.size() > kept);
        Workbench here;
        RunResult whole;
        carry_out(here, many, whole);
        carry_out(here, RunRequest{spec}, whole);
        QVERIFY(heard.result.complete && whole.complete);
        QVERIFY(heard.result.grids[0].state == whole.grids[0].state);
        QVERIFY(bits(heard.result.grids[0].per_prompt) == bits(whole.grids[0].per_prompt));
    }

    // Nothing else is said while nothing happens.
    void aSilentServerIsTakenForLost()
    {
        ServerLimits often;
        often.beat = std::chrono::milliseconds(20);
        FarEnd beating(std::make_unique<Workbench>(), often);
        ClientLimits soon;
        soon.silence = std::chrono::milliseconds(2000);
        const auto client = beating.client(soon);
        QVERIFY(!client->poll(std::chrono::milliseconds(4000)));
        ServerLimits never;
        never.beat = std::chrono::hours(1);
        FarEnd silent(std::make_unique<Workbench>(), never);
        soon.silence = std::chrono::milliseconds(300);
        const auto lost = silent.client(soon)->poll(long_enough);
        QVERIFY(lost && std::get<Lost>(lost->what).why.find("nothing was heard") != std::string::npos);
    }

    void aCommandThatIsNoServerIsNamed()
    {
        using Words = std::vector<std::string>;
        VERIFY_MESSAGE(Client(Words{"/nowhere/patchbay-cli", "serve"}),
                       "/nowhere/patchbay-cli serve: cannot be started");
        VERIFY_MESSAGE(Client(Words{"true"}), "true: ended before it answered");
        VERIFY_MESSAGE(Client(Words{"echo", "Permission denied"}), "it began with \"Permission denied");
    }
};

QTEST_GUILESS_MAIN(TestRemote)
#include "test_remote.moc"
