// Progress and control of the engine: cancelling at any moment, priorities, continuing, budgets, and memory that stays
// flat.
#include "core/small_case.h"
#include "patching/session.h"

#include <QTest>

#include <atomic>
#include <fstream>
#include <random>
#include <thread>

using namespace patchbay;
using namespace patchbay::testing;

namespace {

// Bytes of resident memory, from the kernel.
long resident()
{
    long pages = 0, used = 0;
    std::ifstream("/proc/self/statm") >> pages >> used;
    return used * 4096;
}

Tell on_cells(std::function<void(const Cells &)> call)
{
    return [call = std::move(call)](const Event &event) {
        if (const Cells *cells = std::get_if<Cells>(&event))
            call(*cells);
    };
}

bool same(const RunResult &a, const RunResult &b)
{
    return a.grids.front().per_prompt == b.grids.front().per_prompt;
}

} // namespace

class TestEngineControl : public QObject {
    Q_OBJECT

    std::shared_ptr<const Model> m_model = Model::random(small_config(), 3);

private Q_SLOTS:
    void everyCellArrivesOnceAndEndsExact()
    {
        Session session(m_model, small_batch());
        std::vector<int> arrived(16, 0);
        int last_done = 0;
        bool started = false;
        RunObserver observer;
        observer.tell = [&](const Event &event) {
            if (const Started *begun = std::get_if<Started>(&event)) {
                started = true;
                QCOMPARE(begun->result.grids.front().cells(), 16);
            } else if (const Cells *cells = std::get_if<Cells>(&event)) {
                QVERIFY(started);
                for (const int cell : cells->cells)
                    if (cells->state == CellState::Exact)
                        ++arrived[size_t(cell)];
            } else if (const Progress *progress = std::get_if<Progress>(&event)) {
                QVERIFY(progress->done >= last_done && progress->done <= progress->total);
                last_done = progress->done;
            }
        };
        const RunResult result = session.run(RunSpec(), observer);
        QVERIFY(result.complete);
        QCOMPARE(arrived, std::vector<int>(16, 1));
        QCOMPARE(last_done, 16);
        for (const CellState state : result.grids.front().state)
            QCOMPARE(state, CellState::Exact);
    }

    void cancelledAtAnyMomentItLeavesNothingBehind()
    {
        Session session(m_model, small_batch());
        const RunResult whole = session.run(RunSpec());
        std::mt19937 random(11);
        int stopped = 0;
        for (int i = 0; i < 200; ++i) {
            const CancelToken cancel;
            // Some are cancelled from another thread at a random moment, some after a number of cells, some before the
            // start.
            const int way = i % 3;
            int left = int(random() % 16);
            RunObserver observer;
            observer.tell = on_cells([&](const Cells &cells) {
                left -= int(cells.cells.size());
                if (way == 1 && left <= 0)
                    cancel.cancel();
            });
            if (way == 2)
                cancel.cancel();
            std::atomic<bool> go{false};
            const unsigned spins = random() % 20000;
            std::thread other([&] {
                while (!go)
                    std::this_thread::yield();
                for (unsigned s = 0; s < spins; ++s)
                    std::atomic_signal_fence(std::memory_order_seq_cst);
                if (way == 0)
                    cancel.cancel();
            });
            go = true;
            const RunResult part = session.run(RunSpec(), observer, cancel);
            other.join();
            stopped += !part.complete;
            if (part.grids.empty())
                continue;
            // What is there is right, and what is not says so.
            const Grid &grid = part.grids.front();
            for (int cell = 0; cell < grid.cells(); ++cell)
                if (grid.state[size_t(cell)] == CellState::Exact)
                    QVERIFY(std::equal(grid.cell(cell).begin(), grid.cell(cell).end(),
                                       whole.grids.front().cell(cell).begin(),
                                       [](float a, float b) { return std::abs(a - b) < 1e-4f; }));
                else
                    QVERIFY(std::isnan(grid.cell(cell).front()));
        }
        QVERIFY(stopped >= 60);
        QVERIFY(same(session.run(RunSpec()), whole));
    }

    void aStoppedRunGoesOn()
    {
        Session session(m_model, small_batch());
        RunResult part = session.run(RunSpec());
        const RunResult whole = part;
        // As if it had been stopped after every other cell.
        Grid &grid = part.grids.front();
        for (int cell = 0; cell < grid.cells(); cell += 2) {
            grid.state[size_t(cell)] = CellState::Missing;
            std::fill_n(grid.per_prompt.begin() + cell * grid.prompts, grid.prompts, std::nanf(""));
        }
        int computed = 0;
        RunObserver again;
        again.estimates = false;
        again.resume = &part;
        bool first = true;
        again.tell = on_cells([&](const Cells &cells) {
            if (!first)
                computed += int(cells.cells.size());
            first = false;
        });
        const RunResult rest = session.run(RunSpec(), again);
        QVERIFY(rest.complete);
        QCOMPARE(computed, 8);
        for (size_t i = 0; i < whole.grids.front().per_prompt.size(); ++i)
            QVERIFY(std::abs(rest.grids.front().per_prompt[i] - whole.grids.front().per_prompt[i]) < 1e-4f);
    }

    void aMeanSaysOverHowManyPrompts()
    {
        PromptBatch batch = small_batch();
        constexpr int last = 13;
        for (int p = 0; p < batch.prompts; ++p)
            batch.end[size_t(p)] = p < 4 ? last - 1 : last; // four do not reach the last position
        Session session(m_model, batch);
        ActPatch patch;
        patch.ablation = Ablation::Mean;
        const RunResult result = session.run(spec_of(patch));
        const Array &counts = result.arrays.at(mean_prompts);
        QCOMPARE(counts.shape, (std::vector<int64_t>{last + 1}));
        QCOMPARE(counts.ints().front(), int64_t(12));
        QCOMPARE(counts.ints().back(), int64_t(8));
        QCOMPARE(mean_note(result), std::string("The mean is over 8 to 12 prompts, as many as reach a position."));
        patch.ablation = Ablation::Zero;
        QVERIFY(mean_note(session.run(spec_of(patch))).empty());
    }

    void theWantedHeadIsNext()
    {
        // More work than one chunk holds, so that the order shows.
        Session session(Model::random(small_config(6, 4, 32), 5), small_batch(100));
        PriorityHint hint;
        RunObserver observer;
        observer.priority = &hint;
        observer.estimates = false;
        std::vector<std::vector<int>> messages;
        observer.tell = on_cells([&](const Cells &cells) {
            messages.push_back(cells.cells);
            hint.want(Head{0, 2}); // the dearest layer: without the wish it would come last
        });
        QVERIFY(session.run(RunSpec(), observer).complete);
        QVERIFY(messages.size() >= 2);
        QVERIFY(std::find(messages[0].begin(), messages[0].end(), 2) == messages[0].end());
        QVERIFY(std::find(messages[1].begin(), messages[1].end(), 2) != messages[1].end());
    }

    void memoryIsFlatOverAThousandSweeps()
    {
        Session session(m_model, small_batch(4));
        PathPatch path;
        path.direction = Direction::Noise;
        path.receivers = parse_ends("q:3.1,v:2.0");
        const auto sweeps = [&](int count) {
            for (int i = 0; i < count; ++i)
                QVERIFY(session.run(i % 2 ? spec_of(path) : RunSpec()).complete);
        };
        sweeps(100);
        const long before = resident();
        sweeps(1000);
        const long grown = resident() - before;
        qInfo("memory grew by %.2f MB over 1,000 sweeps", double(grown) / 1e6);
        QVERIFY(grown < 8'000'000);
    }

    void aSmallBudgetGivesTheSameNumbers()
    {
        Resources tight;
        tight.memory_budget = 1 << 20;
        Session roomy(m_model, small_batch()), narrow(m_model, small_batch(), tight);
        const RunResult a = roomy.run(RunSpec()), b = narrow.run(RunSpec());
        for (size_t i = 0; i < a.grids.front().per_prompt.size(); ++i)
            QVERIFY(std::abs(a.grids.front().per_prompt[i] - b.grids.front().per_prompt[i]) < 1e-4f);
    }
};

QTEST_GUILESS_MAIN(TestEngineControl)
#include "test_engine_control.moc"
