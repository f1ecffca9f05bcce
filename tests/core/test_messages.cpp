// Frames and messages: every kind of request and event crosses without loss, whatever pieces its bytes arrive in; what
// is damaged, too large or of another protocol is refused with its reason.
#include "base/error.h"
#include "core/error_message.h"
#include "core/random_messages.h"

#include <QTest>

#include <random>

using namespace patchbay;
using namespace patchbay::remote;
using patchbay::testing::RandomMessages;

namespace {

bool same(const Frame &a, const Frame &b)
{
    return a.type == b.type && a.id == b.id && a.json == b.json && a.arrays == b.arrays;
}

std::string bytes_of(const Frame &frame)
{
    std::string bytes;
    append_frame(bytes, frame);
    return bytes;
}

/// Fed in pieces of random sizes.
Frame through_bytes(const Frame &frame, std::mt19937 &random)
{
    const std::string bytes = greeting() + bytes_of(frame);
    FrameDecoder decoder("test");
    for (size_t at = 0; at < bytes.size();) {
        if (decoder.next())
            throw Error("", "a frame before all of it had arrived");
        const size_t piece = std::min<size_t>(bytes.size() - at, 1 + random() % 4000);
        decoder.feed(std::string_view(bytes).substr(at, piece));
        at += piece;
    }
    std::optional<Frame> out = decoder.next();
    if (!out || decoder.next() || decoder.within())
        throw Error("", "not exactly one frame");
    return std::move(*out);
}

/// Converts to anything: how many of them an aggregate takes is how many fields it has.
struct Anything {
    template <class T>
    operator T() const;
};
template <class T, class... Given>
consteval size_t fields_of()
{
    if constexpr (requires { T{Given{}..., Anything{}}; })
        return fields_of<T, Given..., Anything>();
    else
        return sizeof...(Given);
}
template <class T>
size_t visited_fields()
{
    T value{};
    size_t count = 0;
    visit_fields(value, [&count](const char *, auto &) { ++count; });
    return count;
}

/// A request's message, to be damaged.
nlohmann::json message_of(const Frame &frame)
{
    return nlohmann::json::parse(frame.json);
}
Frame with_message(Frame frame, const nlohmann::json &message)
{
    frame.json = message.dump();
    return frame;
}

} // namespace

class TestMessages : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyRequestCrossesWithoutLoss()
    {
        std::mt19937 random(1);
        RandomMessages make(2);
        for (size_t kind = 0; kind < std::variant_size_v<Request>; ++kind)
            for (int i = 0; i < 40; ++i) {
                const Asked asked{make.of_kind<Request>(kind), i % 3 ? "hover" : "", i % 2 == 0};
                const Frame frame = frame_of(uint64_t(i) << 40, asked);
                const Frame arrived = through_bytes(frame, random);
                QVERIFY(same(frame, arrived));
                const Asked read = asked_of(arrived, "test");
                QCOMPARE(read.request.index(), kind);
                QCOMPARE(read.tag, asked.tag);
                QCOMPARE(read.interrupts, asked.interrupts);
                QVERIFY(same(frame_of(frame.id, read), frame));
            }
    }

    void everyEventCrossesWithoutLoss()
    {
        std::mt19937 random(3);
        RandomMessages make(4);
        for (size_t kind = 0; kind < std::variant_size_v<Event>; ++kind)
            for (int i = 0; i < 40; ++i) {
                const Frame frame = frame_of(7, make.of_kind<Event>(kind));
                const Event read = event_of(through_bytes(frame, random), "test");
                QCOMPARE(read.index(), kind);
                QVERIFY(same(frame_of(7, read), frame));
            }
        for (size_t kind = 0; kind < std::variant_size_v<Reply>; ++kind)
            for (int i = 0; i < 40; ++i) {
                const Frame frame = frame_of(7, Event(Done{make.of_kind<Reply>(kind)}));
                const Event read = event_of(through_bytes(frame, random), "test");
                QCOMPARE(std::get<Done>(read).reply.index(), kind);
                QVERIFY(same(frame_of(7, read), frame));
            }
    }

    void helloAndTheHeadUnderTheMouseCross()
    {
        std::mt19937 random(5);
        Hello hello{"1.2.3", 12, uint64_t(1) << 40, "cuda", RandomMessages(6).any<CacheListing>()};
        const Hello read = hello_of(through_bytes(frame_of(hello), random), "test");
        QVERIFY(same(frame_of(read), frame_of(hello)));
        QCOMPARE(read.memory, hello.memory);
        QVERIFY((wanted_of(frame_of_want(Head{9, 6}), "test") == Head{9, 6}));
        QVERIFY(!wanted_of(frame_of_want({}), "test"));
        QCOMPARE(trouble_of(frame_of_trouble("why"), "test"), std::string("why"));
    }

    // A field that fields.h does not name would be lost without a word.
    void noFieldIsForgotten()
    {
#define ALL_FIELDS_OF(Type) QCOMPARE(visited_fields<Type>(), fields_of<Type>())
        ALL_FIELDS_OF(SetUpRequest);
        ALL_FIELDS_OF(RunRequest);
        ALL_FIELDS_OF(AttentionRequest);
        ALL_FIELDS_OF(PatchedAttentionRequest);
        ALL_FIELDS_OF(RunStepRequest);
        ALL_FIELDS_OF(OpenSeriesRequest);
        ALL_FIELDS_OF(MeasureSeriesRequest);
        ALL_FIELDS_OF(Started);
        ALL_FIELDS_OF(Cells);
        ALL_FIELDS_OF(Progress);
        ALL_FIELDS_OF(Failed);
        ALL_FIELDS_OF(Baseline);
        ALL_FIELDS_OF(Stability);
        ALL_FIELDS_OF(AttentionOf);
        ALL_FIELDS_OF(AttentionPattern);
        ALL_FIELDS_OF(RotaryScaling);
        ALL_FIELDS_OF(LayerTraits);
        ALL_FIELDS_OF(ModelConfig);
        ALL_FIELDS_OF(Processing);
        ALL_FIELDS_OF(TrustCheck);
        ALL_FIELDS_OF(TrustReport);
        ALL_FIELDS_OF(PromptPair);
        ALL_FIELDS_OF(PromptBatch);
        ALL_FIELDS_OF(Setup);
        ALL_FIELDS_OF(TrialQuestion);
        ALL_FIELDS_OF(NextToken);
        ALL_FIELDS_OF(Evidence);
        ALL_FIELDS_OF(SelectedHead);
        ALL_FIELDS_OF(StepOutcome);
        ALL_FIELDS_OF(CachedSnapshot);
        ALL_FIELDS_OF(CachedModel);
        ALL_FIELDS_OF(HubFile);
        ALL_FIELDS_OF(DownloadPlan);
        ALL_FIELDS_OF(SeriesPart);
        ALL_FIELDS_OF(SeriesResults);
        ALL_FIELDS_OF(HeadsOverSteps);
        ALL_FIELDS_OF(BaselineAtStep);
        ALL_FIELDS_OF(Likeness);
        ALL_FIELDS_OF(RoleAtStep);
        ALL_FIELDS_OF(SeriesMeasures);
        QCOMPARE(visited_fields<Grid>() + 1, fields_of<Grid>()); // per_prompt crosses by itself
#undef ALL_FIELDS_OF
    }

    void anotherProgramIsToldFromAnotherVersion()
    {
        FrameDecoder shell("ssh host");
        shell.feed("W");
        VERIFY_MESSAGE(shell.next(), "ssh host: does not speak Patchbay's protocol: it began with \"W\"");
        FrameDecoder later("ssh host");
        later.feed(greeting(2));
        VERIFY_MESSAGE(later.next(), "speaks version 2 of the protocol, this program version 1");
        FrameDecoder slow("ssh host");
        for (const char c : greeting()) {
            QVERIFY(!slow.next() && !slow.greeted());
            slow.feed({&c, 1});
        }
        QVERIFY(!slow.next() && slow.greeted() && !slow.within());
    }

    // Before any of it has arrived, and so without room being made for it.
    void whatIsTooLargeIsRefusedByItsHeader()
    {
        const FrameLimits limits{100, 3, 1000, 50};
        const auto refusal = [&](const Frame &frame, size_t of_header) {
            FrameDecoder decoder("test", limits);
            decoder.feed(greeting() + bytes_of(frame).substr(0, of_header));
            decoder.next();
        };
        Frame frame = plain_frame(Type::Request, 1);
        frame.json.assign(101, ' ');
        VERIFY_MESSAGE(refusal(frame, 24), "101 bytes of JSON, more than the 100");
        QVERIFY(!why_too_large(frame, limits).empty());
        frame.json.clear();
        frame.arrays.resize(4);
        VERIFY_MESSAGE(refusal(frame, 24), "4 arrays, more than the 3");
        QVERIFY(!why_too_large(frame, limits).empty());
        frame.arrays = {std::string(600, 'x'), std::string(401, 'x')};
        VERIFY_MESSAGE(refusal(frame, 24 + 16), "1001 bytes of arrays, more than the 1000");
        QVERIFY(!why_too_large(frame, limits).empty());
        frame.arrays[1].pop_back();
        QVERIFY(why_too_large(frame, limits).empty());
        refusal(frame, 24 + 16 + 1000);

        RunRequest run;
        RunResult result;
        result.baseline.clean = result.baseline.flipped = {1, 2};
        Grid grid;
        grid.axes = {"layer"};
        grid.shape = {26};
        grid.prompts = 2;
        grid.state.resize(26);
        grid.per_prompt.assign(52, std::numeric_limits<float>::quiet_NaN());
        result.grids = {grid};
        run.resume = std::make_shared<RunResult>(result);
        VERIFY_MESSAGE(asked_of(frame_of(1, {run}), "test", limits), "more cells and prompts than are let in");
    }

    // Nothing but BadMessage, and with the place.
    void damagedMessagesAreRefused()
    {
        const Frame good = frame_of(1, {AttentionRequest{{{{1, 2}}}}});
        nlohmann::json message = message_of(good);
        message["value"]["wanted"][0].erase("head");
        VERIFY_MESSAGE(asked_of(with_message(good, message), "client"),
                       "client: message.value.wanted[0].head: missing");
        message = message_of(good);
        message["kind"] = "format_disk";
        VERIFY_MESSAGE(asked_of(with_message(good, message), "client"), "of no kind that this program knows");
        VERIFY_MESSAGE(asked_of(with_message(good, 3), "client"), "should be an object");
        Frame text = good;
        text.json = "{\"kind\": ";
        VERIFY_MESSAGE(asked_of(text, "client"), "is not valid JSON");
        text.json = std::string(100000, '[');
        VERIFY_MESSAGE(asked_of(text, "client"), "deep");
        VERIFY_MESSAGE(asked_of(frame_of(1, {IntervalsRequest{}}), "client"), "asks about no result");

        const Frame cells = frame_of(1, Event(Cells{0, CellState::Exact, {1, 2}, {1, 2, 3, 4}, {}, 0, 0}));
        Frame cut = cells;
        cut.arrays[1].pop_back();
        VERIFY_MESSAGE(event_of(cut, "server"), "no whole number of values");
        message = message_of(cells);
        message["value"]["estimates"] = message["value"]["cells"];
        VERIFY_MESSAGE(event_of(with_message(cells, message), "server"), "no array of this message, or of another");
        message = message_of(cells);
        message["value"]["state"] = 3;
        VERIFY_MESSAGE(event_of(with_message(cells, message), "server"),
                       "value.state: should be an integer from 0 to 2");
    }

    // Whatever byte is another: read as something else, or refused, but nothing worse.
    void anyDamageIsRefusedOrRead()
    {
        std::mt19937 random(7);
        RandomMessages make(8);
        int refused = 0, read = 0;
        for (int i = 0; i < 3000; ++i) {
            const bool request = i % 2;
            const Frame frame = request ? frame_of(1, {make.of_kind<Request>(random() % std::variant_size_v<Request>)})
                                        : frame_of(1, make.of_kind<Event>(random() % std::variant_size_v<Event>));
            std::string bytes = greeting() + bytes_of(frame);
            for (int n = 1 + int(random() % 3); n > 0; --n)
                bytes[random() % bytes.size()] = char(random());
            FrameDecoder decoder("test");
            decoder.feed(bytes);
            try {
                std::optional<Frame> arrived = decoder.next();
                if (arrived && request)
                    asked_of(*arrived, "test");
                else if (arrived)
                    event_of(*arrived, "test");
                ++read;
            } catch (const Error &) {
                ++refused;
            }
        }
        QVERIFY2(refused > 100 && read > 100, qPrintable(QString("%1 refused, %2 read").arg(refused).arg(read)));
    }
};

QTEST_GUILESS_MAIN(TestMessages)
#include "test_messages.moc"
