// Computing by LibTorch's operations, as devices do, on the processor: its steps against block/, and what surrounds it.
// Its cells are held against the definition in test_engine_property and test_patching_golden.
#include "device_parts.h"
#include "random_case.h"
#include "small_case.h"

#include "analysis/analysis.h"
#include "base/error.h"
#include "device/devices.h"

#include <QTest>

using namespace patchbay;
using namespace patchbay::testing;

class TestDevice : public QObject {
    Q_OBJECT

private:
    static std::unique_ptr<Session> session(const std::string &device, const PromptBatch &batch = small_batch())
    {
        Resources resources;
        resources.device = device;
        return std::make_unique<Session>(Model::random(small_config(), 5), batch, resources);
    }
    /// Whose sweep is several chunks.
    static std::unique_ptr<Session> large_session(const std::string &device)
    {
        Resources resources;
        resources.device = device;
        resources.precision = Precision::Strict;
        resources.threads = 1; // a barrier with a thread that has no core takes longer than the chunk
        return std::make_unique<Session>(Model::random(small_config(4, 4, 64), 5), small_batch(), resources);
    }
    static RunSpec sweep()
    {
        ActPatch spec;
        spec.sites = {Site::Z, Site::Pattern, Site::MlpOut, Site::ResidPre};
        return spec_of(spec);
    }
    static RunSpec path()
    {
        PathPatch spec;
        spec.senders = parse_ends("z");
        spec.receivers = parse_ends("q:3.1,resid_post:3");
        return spec_of(spec);
    }
    static double distance(const RunResult &a, const RunResult &b)
    {
        double worst = a.grids.size() == b.grids.size() && a.complete && b.complete ? 0 : 1e9;
        for (size_t g = 0; g < a.grids.size() && g < b.grids.size(); ++g)
            for (size_t i = 0; i < a.grids[g].per_prompt.size(); ++i) {
                const double apart = std::abs(double(a.grids[g].per_prompt[i]) - double(b.grids[g].per_prompt[i]));
                worst = std::isnan(apart) ? 1e9 : std::max(worst, apart);
            }
        return worst;
    }
    static QString error_of(const std::function<void()> &call)
    {
        try {
            call();
        } catch (const Error &error) {
            return error.what();
        }
        return {};
    }

private Q_SLOTS:
    void stepsAreThoseOfTheBlock()
    {
        for (uint64_t seed = 1; seed <= 60; ++seed) {
            random_case::Draw draw(seed * 277);
            const auto differences = step_differences(random_case::random_config(draw), seed);
            QVERIFY(differences.size() >= 7);
            for (const auto &[step, difference] : differences)
                QVERIFY2(
                    difference < 2e-5,
                    qPrintable(
                        QStringLiteral("seed %1, %2: %3").arg(seed).arg(QString::fromStdString(step)).arg(difference)));
        }
    }

    // Smaller chunks, and in the end single cells on a few prompts; the same numbers.
    void littleRoomMeansSmallerChunks_data()
    {
        QTest::addColumn<int>("rows");
        QTest::newRow("some cells") << 400;
        QTest::newRow("a cell on some prompts") << 40;
        QTest::newRow("a cell on one prompt") << 14;
    }
    void littleRoomMeansSmallerChunks()
    {
        QFETCH(int, rows);
        const auto cpu = session("cpu"), device = session("torch-cpu");
        device->baseline();
        leave_room_for(*device, rows);
        QVERIFY(distance(cpu->run(sweep()), device->run(sweep())) < 1e-4);
        QVERIFY(room_found(*device) < 2 * rows);
    }

    void littleRoomForSenders()
    {
        const auto cpu = session("cpu"), device = session("torch-cpu");
        device->baseline();
        leave_room_for(*device, 50); // of a set of senders 12, END of every prompt
        QVERIFY(distance(cpu->run(path()), device->run(path())) < 1e-4);
        QVERIFY(room_found(*device) < 100);
    }

    void noRoomAtAllIsSaid()
    {
        const auto device = session("torch-cpu");
        device->baseline();
        leave_room_for(*device, 0);
        const QString error = error_of([&] { device->run(sweep()); });
        QVERIFY2(error.contains("torch-cpu") && error.contains("no room"), qPrintable(error));
    }

    // Of a sweep in many chunks, the next is on its way before the last one is told.
    void chunksOverlap()
    {
        const auto cpu = large_session("cpu"), device = large_session("torch-cpu");
        std::vector<std::string> order;
        RunObserver observer;
        observer.estimates = false;
        observer.planned = [&](const std::vector<PlannedCell> &) { order.emplace_back("planned"); };
        observer.tell = [&](const Event &event) {
            if (std::get_if<Progress>(&event) && !order.empty())
                order.emplace_back("told");
        };
        QVERIFY(distance(cpu->run(sweep()), device->run(sweep(), observer)) < 2e-4);
        const std::vector<std::string> begins{"planned", "told", "planned", "planned", "told", "planned", "told"};
        QVERIFY(order.size() > begins.size());
        QVERIFY(std::equal(begins.begin(), begins.end(), order.begin()));
        QCOMPARE(std::count(order.begin(), order.end(), "planned"), std::count(order.begin(), order.end(), "told"));
    }

    // A chunk that the device is at work on when a run is cancelled is part of what the run has.
    void cancelledRuns()
    {
        const RunResult whole = large_session("cpu")->run(sweep());
        const auto device = large_session("torch-cpu");
        CancelToken cancel;
        std::vector<int> planned;
        RunObserver observer;
        observer.estimates = false;
        observer.planned = [&](const std::vector<PlannedCell> &cells) {
            planned.push_back(int(cells.size()));
            if (planned.size() == 3) // the second chunk is on its way
                cancel.cancel();
        };
        const RunResult part = device->run(sweep(), observer, cancel);
        QVERIFY(!part.complete);
        QCOMPARE(planned.size(), size_t(3));
        QCOMPARE(exact_cells(part), planned[0] + planned[1]);
        for (size_t g = 0; g < part.grids.size(); ++g)
            for (int cell = 0; cell < part.grids[g].cells(); ++cell)
                if (part.grids[g].state[size_t(cell)] == CellState::Exact)
                    for (int p = 0; p < part.grids[g].prompts; ++p)
                        QVERIFY(std::abs(part.grids[g].cell(cell)[size_t(p)] - whole.grids[g].cell(cell)[size_t(p)])
                                < 2e-4f);
        observer.planned = {};
        observer.resume = &part;
        QVERIFY(distance(device->run(sweep(), observer), whole) < 2e-4);
    }

    // END's streams come back from the device and stay, so another metric needs no patching.
    void otherMetrics()
    {
        const auto cpu = session("cpu"), device = session("torch-cpu");
        RunSpec spec = sweep();
        const RunResult first = device->run(spec);
        QVERIFY(first.keeps_ends);
        for (const Metric metric : {Metric::Kl, Metric::LogProb}) {
            spec.metric = info(metric).name;
            QVERIFY(distance(cpu->run(spec), device->run(spec)) < 1e-4);
            QVERIFY(distance(cpu->run(spec), session("torch-cpu")->run(spec)) < 1e-4);
        }
    }

    // In groups of prompts, the runs of one group at a time are on the device.
    void groupsOfPrompts()
    {
        const PromptBatch batch = small_batch(40);
        const auto cpu = session("cpu", batch);
        Resources resources;
        resources.device = "torch-cpu";
        resources.memory_budget = size_t(1) << 20;
        Session device(Model::random(small_config(), 5), batch, resources);
        QVERIFY(!device.groups_note().empty());
        QVERIFY(distance(cpu->run(sweep()), device.run(sweep())) < 1e-4);
        QVERIFY(distance(cpu->run(path()), device.run(path())) < 1e-4);
    }

    void resultsSayWhatComputedThem()
    {
        const auto cpu = session("cpu"), device = session("torch-cpu");
        QCOMPARE(cpu->run(sweep()).computed_on, std::string());
        QCOMPARE(device->run(sweep()).computed_on, std::string("torch-cpu"));
        QCOMPARE(device->run(path()).computed_on, std::string("torch-cpu"));
        const std::string shared = "torch-cpu (runs and patched cells) and the processor";
        QCOMPARE(device->run(spec_of(Attribution{})).computed_on, shared);
        QCOMPARE(run_analysis(*device, spec_of(Analysis{"dla", {}, nullptr})).computed_on, shared);
        RunResult stopped = cpu->run(sweep());
        stopped.grids.front().state[0] = CellState::Missing;
        RunObserver observer;
        observer.resume = &stopped;
        QCOMPARE(device->run(sweep(), observer).computed_on, std::string("the processor, then torch-cpu"));
        QTemporaryDir folder;
        const std::filesystem::path file = folder.filePath("run.safetensors").toStdString();
        save_result(file, device->run(sweep()));
        QCOMPARE(load_result(file).computed_on, std::string("torch-cpu"));
    }

    void devicesThatAreNotThere()
    {
        const std::vector<std::string> there = devices_here();
        QCOMPARE(there.at(0), std::string("cpu"));
        QCOMPARE(there.at(1), std::string("torch-cpu"));
        QCOMPARE(device_named("auto"), there.size() > 2 ? there[2] : there[0]);
        for (const char *name : {"cuda:97", "tpu", "cuda:", ""}) {
            const QString error = error_of([&] { session(name); });
            QVERIFY2(error.contains(QStringLiteral("device ") + name) && error.contains("it offers cpu, torch-cpu"),
                     qPrintable(error));
        }
    }
};

QTEST_GUILESS_MAIN(TestDevice)
#include "test_device.moc"
