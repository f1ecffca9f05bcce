// Requests carried out on the demo model, part by part, as a thread that computes does it.
#include "base/error.h"
#include "error_message.h"
#include "io/array_files.h"
#include "requests/workbench.h"

#include <QTemporaryDir>
#include <QTest>

#include <atomic>
#include <cstring>
#include <thread>

using namespace patchbay;

namespace {

/// A request and what it came to.
struct Call {
    std::vector<Event> events;
    std::unique_ptr<Work> work;
    Call(Workbench &bench, const Request &request)
        : work(bench.begin(request, [this](const Event &event) { events.push_back(event); }))
    {
    }
    bool step() { return work->step({}); }
    template <class R>
    R finish()
    {
        while (step()) {
        }
        return std::get<R>(std::get<Done>(events.back()).reply);
    }
};

using Outcomes = std::shared_ptr<const StepOutcomes>;

} // namespace

class TestRequests : public QObject {
    Q_OBJECT

    Workbench m_bench;
    SetupPtr m_setup;

    RunSpec spec(std::vector<Site> sites) const
    {
        ActPatch sweep;
        sweep.sites = std::move(sites);
        sweep.positions.kind = Positions::Kind::Each; // several chunks
        RunSpec spec = spec_of(sweep);
        spec.model = m_setup->model_ref;
        spec.task = m_setup->task_ref;
        return spec;
    }

private Q_SLOTS:
    void withoutAModelNothingIsComputed()
    {
        Workbench bench;
        VERIFY_MESSAGE(bench.begin(RunRequest{}, {}), "there is no model");
        Call attention(bench, AttentionRequest{{{{0, 0}}}});
        VERIFY_MESSAGE(attention.step(), "there is no model");
        Call recipe(bench, SkipStepRequest{0});
        VERIFY_MESSAGE(recipe.step(), "there is no model");
    }

    void aSetupIsValues()
    {
        TaskRef task;
        task.prompts = 12;
        Call call(m_bench, SetUpRequest{{}, task});
        m_setup = call.finish<SetupPtr>();
        QCOMPARE(m_setup->batch.prompts, 12);
        QCOMPARE(m_setup->clean_tokens.size(), size_t(12));
        QCOMPARE(m_setup->model_ref.sha256, m_setup->trust.sha256);
        QVERIFY(m_setup->config().n_layers > 1);
        QVERIFY(m_setup->baseline.clean_mean > 0);
        int last = 0;
        for (const Event &event : call.events)
            if (const Progress *progress = std::get_if<Progress>(&event)) {
                QVERIFY(progress->done >= last && progress->done <= progress->total && !progress->what.empty());
                last = progress->done;
            }
        // One that fails leaves what was there.
        Call wrong(m_bench, SetUpRequest{{"/nowhere", {}, {}, {}}, task});
        VERIFY_MESSAGE(wrong.finish<SetupPtr>(), "/nowhere");
        QCOMPARE(Call(m_bench, AttentionRequest{{{{1, 1}}}}).finish<AttentionPatterns>().size(), size_t(1));
    }

    void attentionIsServedBetweenTwoPartsOfASweep()
    {
        Call alone(m_bench, RunRequest{spec({Site::Z, Site::V})});
        QVERIFY(alone.finish<RunEnd>().complete);
        Call sweep(m_bench, RunRequest{spec({Site::Z, Site::V})});
        int parts = 0;
        for (; sweep.step(); ++parts) {
            QCOMPARE(
                Call(m_bench, AttentionRequest{{{{1, 1}, true}}}).finish<AttentionPatterns>().front()->sizes.size(),
                size_t(12));
            Call(m_bench, PatchedAttentionRequest{{2, 1}, spec({Site::Z}), {{Site::Z, 1, 1}}})
                .finish<AttentionPatterns>();
        }
        QVERIFY(parts > 1);
        RunResult a, b;
        for (const Event &event : alone.events)
            apply(a, event);
        for (const Event &event : sweep.events)
            apply(b, event);
        QCOMPARE(a.grids.size(), size_t(2));
        for (size_t g = 0; g < a.grids.size(); ++g)
            for (size_t i = 0; i < a.grids[g].per_prompt.size(); ++i) {
                const float x = a.grids[g].per_prompt[i], y = b.grids[g].per_prompt[i];
                QVERIFY(x == y || (std::isnan(x) && std::isnan(y)));
            }

        const HalfWidths widths =
            Call(m_bench, IntervalsRequest{std::make_shared<const RunResult>(b)}).finish<HalfWidths>();
        QCOMPARE(widths.size(), b.grids.size());
        for (const Grid &grid : b.grids) {
            const std::vector<double> &of_cells = widths.at(grid.name);
            QCOMPARE(of_cells.size(), grid.state.size());
            for (const int cell : {0, grid.cells() - 1})
                QCOMPARE(of_cells[size_t(cell)], bootstrap_half_width(grid, cell, b.baseline));
        }
    }

    // Not between two parts, but beside them: with the numbers of the ordinary way, and without a change to the
    // sweep's.
    void attentionIsReadWhileASweepComputes()
    {
        QVERIFY(!Workbench().begin_beside(AttentionRequest{{{{0, 0}}}}, {}));
        QVERIFY(!m_bench.begin_beside(RunRequest{}, {}));
        AttentionRequest all;
        for (int layer = 0; layer < m_setup->config().n_layers; ++layer)
            for (int head = 0; head < m_setup->config().n_heads; ++head)
                for (const AttentionKind kind : {AttentionKind::Plain, AttentionKind::ValueWeighted})
                    all.wanted.push_back({{layer, head}, (layer + head) % 2 == 0, kind});
        QVERIFY(urgency(all) < urgency(AttentionRequest{{{{0, 0}}}})); // the head just clicked goes before the others
        const AttentionPatterns expected = Call(m_bench, all).finish<AttentionPatterns>();
        Call alone(m_bench, RunRequest{spec({Site::Z})});
        QVERIFY(alone.finish<RunEnd>().complete);

        std::atomic<bool> over{false};
        std::vector<AttentionPatterns> read;
        std::thread reader([&] {
            do {
                const std::unique_ptr<Work> work = m_bench.begin_beside(all, [&](const Event &event) {
                    read.push_back(std::get<AttentionPatterns>(std::get<Done>(event).reply));
                });
                while (work->step({})) {
                }
            } while (!over);
        });
        Call sweep(m_bench, RunRequest{spec({Site::Z})});
        const RunEnd end = sweep.finish<RunEnd>();
        over = true;
        reader.join();
        QVERIFY(end.complete && !read.empty());
        for (const AttentionPatterns &patterns : read)
            for (size_t i = 0; i < expected.size(); ++i)
                QVERIFY(patterns[i]->weights == expected[i]->weights);
        RunResult a, b;
        for (const Event &event : alone.events)
            apply(a, event);
        for (const Event &event : sweep.events)
            apply(b, event);
        QVERIFY(std::memcmp(a.grids[0].per_prompt.data(), b.grids[0].per_prompt.data(),
                            a.grids[0].per_prompt.size() * sizeof(float))
                == 0);
    }

    void aRecipeGoesStepByStep()
    {
        const Recipe recipe = load_recipe("ioi-circuit");
        const auto index = [&](const std::string &id) {
            return size_t(
                std::find_if(recipe.steps.begin(), recipe.steps.end(), [&](const RecipeStep &s) { return s.id == id; })
                - recipe.steps.begin());
        };
        const size_t direct = index("direct"), copying = index("copying");
        const Outcomes begun =
            Call(m_bench, BeginRecipeRequest{recipe, m_setup->model_ref, m_setup->task_ref}).finish<Outcomes>();
        QCOMPARE(begun->size(), recipe.steps.size());

        Call step(m_bench, RunStepRequest{direct});
        int parts = 1;
        for (; step.step(); ++parts)
            Call(m_bench, AttentionRequest{{{{1, 1}}}}).finish<AttentionPatterns>();
        QVERIFY2(parts > 1, "a sweep's chunks are parts of the step");
        const Outcomes after = std::get<Outcomes>(std::get<Done>(step.events.back()).reply);
        QVERIFY(after->at(direct).state == StepState::Done && after->at(direct).result->complete);
        QVERIFY(after->at(copying).state == StepState::Pending);

        const CancelToken cancel;
        cancel.cancel();
        Call stopped(m_bench, RunStepRequest{direct});
        QVERIFY_EXCEPTION_THROWN(stopped.work->step(cancel), Cancelled);
        QVERIFY(Call(m_bench, SkipStepRequest{copying}).finish<Outcomes>()->at(direct).state == StepState::Pending);
        QVERIFY(Call(m_bench, ForgetStepRequest{copying}).finish<Outcomes>()->at(copying).state == StepState::Pending);
        Call edit(m_bench, EditStepRequest{copying, {{"id", "copying"}}});
        VERIFY_MESSAGE(edit.step(), "title");

        // What a report is drawn from; a step that is on its way is one that has not been run.
        const QTemporaryDir folder;
        Call again(m_bench, RunStepRequest{direct});
        again.step();
        Call(m_bench, SaveRecipeRequest{folder.path().toStdString()}).finish<Outcomes>();
        const nlohmann::json written = nlohmann::json::parse(read_file(folder.path().toStdString() + "/recipe.json"));
        QCOMPARE(written.at("steps").at(direct).at("state"), "pending");
        while (again.step()) {
        }
        Call(m_bench, SaveRecipeRequest{folder.path().toStdString()}).finish<Outcomes>();
        QVERIFY(folder.isValid()
                && nlohmann::json::parse(read_file(folder.path().toStdString() + "/recipe.json"))
                       .at("steps")
                       .at(direct)
                       .contains("file"));
    }
};

QTEST_GUILESS_MAIN(TestRequests)
#include "test_requests.moc"
