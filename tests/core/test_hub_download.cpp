// Downloads step by step, against a server that behaves like the Hugging Face hub and has faults. What a user sees of
// them is in tests/cli/test_cli_hub.py.
#include "analysis/series.h"
#include "core/error_message.h"
#include "hub/download.h"
#include "hub/hub_server.h"
#include "hub/snapshot.h"
#include "model/model.h"
#include "model/model_folder.h"
#include "task/task_list.h"

#include <QtTest>

using namespace patchbay;
namespace fs = std::filesystem;

namespace {

const std::string kFolder = "models--org--demo";

void finish(Download &download)
{
    while (download.step())
        ;
}

bool same_files(const fs::path &snapshot, const fs::path &repo)
{
    for (const char *file : {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"})
        if (!fs::is_symlink(snapshot / file) || read_file(snapshot / file) != read_file(repo / file))
            return false;
    return true;
}

uint64_t incomplete_bytes(const CacheFolder &cache)
{
    uint64_t sum = 0;
    std::error_code none_yet;
    for (const auto &entry : fs::directory_iterator(cache.model(kFolder) / "blobs", none_yet))
        if (entry.path().extension() == ".incomplete")
            sum += entry.file_size();
    return sum;
}

SeriesPlan fetched_series(const std::vector<std::string> &revisions)
{
    ActPatch sweep;
    sweep.sites = {Site::Z};
    SeriesPlan plan;
    plan.spec = spec_of(sweep);
    plan.task.prompts = 2;
    plan.task.file = usual_task("demo");
    plan.steps = series_of_revisions("org/demo", revisions);
    plan.download = true;
    return plan;
}

} // namespace

class TestHubDownload : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        if (!HubServer::available())
            QSKIP("python3 is not installed");
    }

    void a_plan_writes_nothing_and_a_download_does_what_it_says()
    {
        HubServer hub;
        const CacheFolder cache;
        const DownloadPlan plan = plan_download({"org/demo", ""});
        QVERIFY(!fs::exists(cache.path()));
        QCOMPARE(plan.files.size(), size_t(4));
        QCOMPARE(plan.problem, std::string());
        uint64_t bytes = 0;
        for (const HubFile &file : plan.files)
            bytes += fs::file_size(hub.repo() / file.name);
        QCOMPARE(plan.bytes(), bytes);
        QCOMPARE(plan.missing(), bytes);
        Download download(plan);
        finish(download);
        QCOMPARE(download.progress().done, bytes);
        QVERIFY(same_files(model_folder("org/demo"), hub.repo()));
        QCOMPARE(read_file(cache.model(kFolder) / "refs" / "main"), plan.commit);
        QCOMPARE(Model::load({model_folder("org/demo"), {}, true})->trust().commit, plan.commit);
        QCOMPARE(plan_download({"org/demo", ""}).missing(), uint64_t(0));
    }

    void files_with_the_same_content_are_fetched_once()
    {
        HubServer hub;
        const CacheFolder cache;
        fs::copy(hub.repo() / "tokenizer.json", hub.repo() / "special_tokens_map.json");
        Download download(plan_download({"org/demo", ""}));
        finish(download);
        QCOMPARE(download.progress().done, download.progress().total);
        for (const char *file : {"tokenizer.json", "special_tokens_map.json"})
            QCOMPARE(read_file(model_folder("org/demo") / file), read_file(hub.repo() / "tokenizer.json"));
    }

    void a_cut_in_the_middle_is_gone_on_with()
    {
        HubServer hub;
        const CacheFolder cache;
        hub.say("cut model.safetensors 30000");
        Download download(plan_download({"org/demo", ""}));
        finish(download);
        QVERIFY(same_files(model_folder("org/demo"), hub.repo()));
    }

    void what_is_cancelled_is_kept_and_used()
    {
        HubServer hub;
        const CacheFolder cache;
        hub.say("hold model.safetensors 30000");
        const CancelToken cancel;
        {
            Download download(plan_download({"org/demo", ""}));
            while (incomplete_bytes(cache) < 30000)
                QVERIFY(download.step(cancel));
            QVERIFY(download.progress().done >= 30000);
            VERIFY_MESSAGE(Download(plan_download({"org/demo", ""})).step(), "is being downloaded by another program");
            cancel.cancel();
            QVERIFY_THROWS_EXCEPTION(Cancelled, download.step(cancel));
        }
        VERIFY_MESSAGE(model_folder("org/demo"), "patchbay-cli download org/demo");
        hub.say("go");
        const DownloadPlan plan = plan_download({"org/demo", ""});
        QVERIFY(plan.missing() <= plan.bytes() - 30000);
        Download download(plan);
        finish(download);
        QVERIFY(same_files(model_folder("org/demo"), hub.repo()));
        QVERIFY_THROWS_EXCEPTION(Cancelled, plan_download({"org/demo", ""}, cancel));
    }

    void a_wrong_hash_leaves_nothing()
    {
        HubServer hub;
        const CacheFolder cache;
        hub.say("wrong model.safetensors");
        const DownloadPlan plan = plan_download({"org/demo", ""});
        Download download(plan);
        VERIFY_MESSAGE(finish(download), "model.safetensors: is not what the hub publishes: its hash is ");
        QVERIFY(!fs::exists(plan.snapshot() / "model.safetensors"));
        QVERIFY(!fs::exists(cache.model(kFolder) / "refs"));
    }

    void what_the_hub_refuses()
    {
        HubServer hub;
        const CacheFolder cache;
        VERIFY_MESSAGE(plan_download({"org/nothing", ""}), "org/nothing: does not exist at http://127.0.0.1");
        VERIFY_MESSAGE(plan_download({"org/demo", "v9"}), "org/demo@v9: has no revision v9 (404)");
        const Variable token("HF_TOKEN", "hf_any");
        hub.say("gated org/demo");
        VERIFY_MESSAGE(hub_revisions("org/nothing"), "org/nothing: does not exist at http://127.0.0.1");
        QCOMPARE(hub_revisions("org/demo"), std::vector<std::string>{"main"});
        VERIFY_MESSAGE(plan_download({"org/demo", ""}), "is open only to those who accepted its conditions (403)");
        const Variable nowhere("HF_ENDPOINT", "http://127.0.0.1:1");
        VERIFY_MESSAGE(plan_download({"org/demo", ""}), "http://127.0.0.1:1: cannot be reached (");
    }

    void a_series_asks_for_the_next_step_while_one_computes()
    {
        HubServer hub;
        const CacheFolder cache;
        hub.add_revision("step5");
        QTemporaryDir out;
        const SeriesPlan plan = fetched_series({"main", "step5"});
        Series::Hooks hooks;
        int computing = -1;
        bool asked = false;
        std::vector<std::string> ended;
        hooks.begun = [&](size_t step) { computing = int(step); };
        // The first step does not end before the hub is asked for the second one.
        const QDeadlineTimer patience(60000);
        hooks.progress = [&](double) {
            while (computing == 0 && !asked && !patience.hasExpired())
                asked = hub.say("asked revision/step5") != QStringLiteral("0");
        };
        hooks.finished = [&](size_t step) { ended.push_back(plan.steps[step].name); };
        Series series(plan, out.path().toStdString(), Resources(), hooks);
        series.run();
        QVERIFY(asked);
        QCOMPARE(ended, (std::vector<std::string>{"main", "step5"}));
        for (const SeriesOutcome &outcome : series.outcomes())
            QVERIFY2(outcome.state == SeriesState::Done, outcome.reason.c_str());
        QVERIFY(series.outcomes()[0].model_sha256 != series.outcomes()[1].model_sha256);
    }

    void a_series_that_is_stopped_fetches_no_more()
    {
        HubServer hub;
        const CacheFolder cache;
        hub.say("hold model.safetensors 20000");
        QTemporaryDir out;
        const SeriesPlan plan = fetched_series({"main"});
        Series series(plan, out.path().toStdString(), Resources());
        series.begin();
        while (incomplete_bytes(cache) < 20000) {
            QVERIFY(series.proceed());
            QVERIFY(series.within_step());
        }
        const CancelToken cancel;
        cancel.cancel();
        QVERIFY_THROWS_EXCEPTION(Cancelled, series.proceed(cancel));
        QVERIFY(!series.within_step() && series.outcomes()[0].state == SeriesState::Pending);
        hub.say("go");
        Download download(plan_download({"org/demo", ""})); // nobody holds its files any more
        finish(download);
        QVERIFY(!series.proceed());
        QVERIFY2(series.outcomes()[0].state == SeriesState::Done, series.outcomes()[0].reason.c_str());
    }

    void times_for_people()
    {
        QCOMPARE(DownloadProgress().text(), std::string("asking the hub …"));
        const auto text = [](double seconds) { return DownloadProgress{1'200'000'000, 3'400'000'000, seconds}.text(); };
        QCOMPARE(text(-1), std::string("1.20 GB of 3.40 GB"));
        QCOMPARE(text(0.2), std::string("1.20 GB of 3.40 GB, less than a second left"));
        QCOMPARE(text(59), std::string("1.20 GB of 3.40 GB, 59 s left"));
        QCOMPARE(text(89), std::string("1.20 GB of 3.40 GB, 89 s left"));
        QCOMPARE(text(3599), std::string("1.20 GB of 3.40 GB, 60 min left"));
        QCOMPARE(text(7260), std::string("1.20 GB of 3.40 GB, 2 h 1 min left"));
    }
};

QTEST_GUILESS_MAIN(TestHubDownload)
#include "test_hub_download.moc"
