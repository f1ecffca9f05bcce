// Runs that are cut into shards: whatever the number of shards, they merge to the bytes of one run; what is missing,
// foreign or damaged is told.
#include "error_message.h"
#include "random_case.h"
#include "small_case.h"

#include "analysis/analysis.h"
#include "base/error.h"
#include "io/array_files.h"
#include "patching/session.h"
#include "shards/shard_folder.h"

#include <QTemporaryDir>
#include <QTest>

#include <filesystem>
#include <fstream>
#include <optional>

using namespace patchbay;
using namespace patchbay::testing;
using namespace random_case;

Q_DECLARE_METATYPE(patchbay::RunSpec)

namespace {

namespace fs = std::filesystem;

template <typename Call>
QString error_message(const Call &call)
{
    return QString::fromStdString(error_message_of(call));
}

/// The spec with the hashes of the session's model and prompts, as whoever loads them puts them in.
RunSpec of_session(RunSpec spec, const Session &session)
{
    spec.model.sha256 = session.model().trust().sha256;
    spec.task.sha256 = hash_of(session.batch());
    return spec;
}

RunResult run_share(Session &session, const RunSpec &spec, const RunShare *share, const RunResult *resume = nullptr,
                    const CancelToken &cancel = {}, Tell tell = {})
{
    RunObserver observer;
    observer.estimates = spec.is<Analysis>();
    observer.share = share;
    observer.resume = resume;
    observer.tell = std::move(tell);
    return spec.is<Analysis>() ? run_analysis(session, spec, observer, cancel) : session.run(spec, observer, cancel);
}

std::vector<RunResult> run_all(Session &session, const ShardPlan &plan)
{
    std::vector<RunResult> results;
    for (const Shard &shard : plan.shards)
        results.push_back(run_share(session, plan.spec, &shard.share));
    return results;
}

Merged merge_all(const ShardPlan &plan, const std::vector<RunResult> &results, std::vector<int> without = {})
{
    std::vector<const RunResult *> all;
    std::vector<std::string> names;
    for (size_t i = 0; i < results.size(); ++i) {
        const bool left_out = std::find(without.begin(), without.end(), int(i) + 1) != without.end();
        all.push_back(left_out ? nullptr : &results[i]);
        names.push_back("shard " + std::to_string(i + 1));
    }
    return merge(plan, all, names);
}

RunSpec with_method(Method method)
{
    return spec_of(std::move(method));
}

SiteSweep sites(std::vector<Site> sites, Ablation ablation = Ablation::None)
{
    SiteSweep sweep;
    sweep.sites = std::move(sites);
    sweep.ablation = ablation;
    return sweep;
}

RunSpec path_spec(const char *senders, const char *receivers, bool mlps = true)
{
    PathPatch path;
    path.direction = Direction::Noise;
    path.senders = parse_ends(senders);
    path.receivers = parse_ends(receivers);
    path.direct_includes_mlps = mlps;
    return with_method(path);
}

RunSpec edge_spec(int count)
{
    return with_method(Analysis{"edges", {}, {{"method", "exact"}, {"count", count}, {"rank_by", "eap"}}});
}

/// How often each cell is computed on each prompt.
std::map<std::tuple<std::string, int, int>, int> times(const std::vector<Shard> &shards)
{
    std::map<std::tuple<std::string, int, int>, int> out;
    for (const Shard &shard : shards) {
        for (const SharePart &part : shard.share.parts)
            for (const int cell : part.cells)
                for (int p = part.prompts.first; p < part.prompts.stop; ++p)
                    ++out[{part.grid, cell, p}];
        for (int p = shard.share.controls.first; p < shard.share.controls.stop; ++p)
            ++out[{"controls", 0, p}];
    }
    return out;
}

} // namespace

class TestShards : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    std::shared_ptr<const Model> m_model = Model::random(small_config(), 3);
    int m_alike = 0; ///< random models whose cells round by themselves

    std::string bytes_of(const RunResult &result) const
    {
        const fs::path file = fs::path(m_folder.path().toStdString()) / "result.safetensors";
        save_result(file, result);
        return read_file(file);
    }
    fs::path folder(const char *name) const { return fs::path(m_folder.path().toStdString()) / name; }

private Q_SLOTS:
    void theyMergeToTheBytesOfOneRun_data()
    {
        QTest::addColumn<RunSpec>("spec");
        const auto add = [](const char *name, RunSpec spec) { QTest::newRow(name) << std::move(spec); };
        add("heads", with_method(ActPatch{sites({Site::Z, Site::Q, Site::Pattern})}));
        add("layers", with_method(ActPatch{sites({Site::MlpOut, Site::ResidPre})}));
        add("zero", with_method(ActPatch{sites({Site::Z, Site::K}, Ablation::Zero)}));
        add("mean", with_method(ActPatch{sites({Site::Z, Site::AttnOut}, Ablation::Mean)}));
        SiteSweep each = sites({Site::Z});
        each.positions.kind = Positions::Kind::Each;
        add("positions", with_method(ActPatch{each}));
        SiteSweep some = sites({Site::V});
        some.heads = {{0, 1}, {2, 3}, {3, 0}};
        add("three heads", with_method(ActPatch{some}));
        RunSpec kl = with_method(ActPatch{sites({Site::Z})});
        kl.metric = "kl";
        add("divergence", kl);
        add("senders", path_spec("z", "q:3.1,v:2.0"));
        add("senders, no MLPs", path_spec("z", "resid_post:3", false));
        add("layers as senders", path_spec("mlp_out", "resid_post:3"));
        add("receivers", path_spec("z:0.1,z:0.2", "q"));
        add("one cell", path_spec("z:0.1,mlp_out:1", "resid_post:3"));
        add("edges", edge_spec(60));
    }
    void theyMergeToTheBytesOfOneRun()
    {
        QFETCH(RunSpec, spec);
        Session session(m_model, small_batch());
        spec = of_session(spec, session);
        const RunResult one = run_share(session, spec, nullptr);
        QVERIFY(one.complete);
        const std::string expected = bytes_of(one);
        for (const int shards : {1, 2, 5, 17}) {
            const ShardPlan plan = plan_shards(session, spec, shards, {});
            QCOMPARE(int(plan.shards.size()), shards);
            // Each by itself, as on a machine of its own.
            std::vector<RunResult> results;
            for (const Shard &shard : plan.shards) {
                Session own(m_model, small_batch());
                results.push_back(run_share(own, spec, &shard.share));
                QVERIFY(results.back().complete);
            }
            const Merged merged = merge_all(plan, results);
            QVERIFY2(merged.complete(), what_is_missing(merged, plan).c_str());
            QVERIFY2(bytes_of(merged.result) == expected, qPrintable(QStringLiteral("%1 shards").arg(shards)));
        }
    }

    void onTwoThreadsTheSameHolds()
    {
        Resources two;
        two.threads = 2;
        const std::shared_ptr<const Model> model = Model::random(small_config(6, 4, 32), 5);
        Session session(model, small_batch(20), two);
        const RunSpec spec = of_session(with_method(ActPatch{sites({Site::Z, Site::Q})}), session);
        const std::string expected = bytes_of(run_share(session, spec, nullptr));
        for (const int shards : {2, 7}) {
            const ShardPlan plan = plan_shards(session, spec, shards, {});
            QVERIFY(bytes_of(merge_all(plan, run_all(session, plan)).result) == expected);
        }
    }

    void promptsAreSplitWhereCellsDoNotSuffice()
    {
        Session session(m_model, small_batch());
        if (!cells_round_alone(session))
            QSKIP("on this processor products of other heights sum in another order: cells are not taken apart");
        const RunSpec spec = of_session(path_spec("z:0.1,mlp_out:1", "resid_post:3"), session);
        const ShardPlan plan = plan_shards(session, spec, 7, {});
        QVERIFY(plan.chunks_cut);
        int with_some = 0;
        for (const Shard &shard : plan.shards)
            for (const SharePart &part : shard.share.parts)
                with_some += part.prompts != PromptRange{0, plan.prompts};
        QVERIFY(with_some >= 2);
    }

    void cellsOnSomePromptsAreThoseOfAll_data()
    {
        QTest::addColumn<int>("seed");
        for (int seed = 0; seed < 60; ++seed)
            QTest::newRow(qPrintable(QString::number(seed))) << seed;
    }
    // Models of all traits; also where products round otherwise, then to rounding.
    void cellsOnSomePromptsAreThoseOfAll()
    {
        QFETCH(int, seed);
        Draw draw(uint64_t(seed) * 977 + 5);
        ModelConfig config = random_config(draw);
        if (seed % 4 != 0 && config.has_mlp())
            config.d_mlp = 32 * draw.between(1, 3); // whole vectors: rows can round by themselves
        PromptBatch batch = random_batch(draw, config);
        while (batch.prompts < 2)
            batch = random_batch(draw, config);
        const std::shared_ptr<const Model> model = Model::random(config, unsigned(seed));
        Resources resources;
        if (seed % 3 == 0)
            resources.memory_budget = 1; // each prompt is a group
        Session session(model, batch, resources);
        const bool alike = cells_round_alone(session);
        RunSpec spec = draw.chance(50)
            ? with_method(random_path(draw, config, batch))
            : with_method(
                ActPatch{sites({Site::Z, Site::V, Site::ResidPost},
                               draw.of(std::vector<Ablation>{Ablation::None, Ablation::Zero, Ablation::Mean}))});
        if (draw.chance(30))
            spec = edge_spec(25);
        spec = of_session(spec, session);
        RunResult one;
        try {
            one = run_share(session, spec, nullptr);
        } catch (const Error &error) {
            QSKIP(error.what()); // a spec that this model or batch does not allow
        }
        // Cut with a knife: prompt by prompt, whatever the products do.
        const ShardPlan planned = plan_shards(session, spec, 1, {});
        ShardPlan plan = planned;
        plan.shards.assign(size_t(batch.prompts), {});
        for (int p = 0; p < batch.prompts; ++p) {
            for (SharePart part : planned.shards.front().share.parts) {
                part.prompts = {p, p + 1};
                plan.shards[size_t(p)].share.parts.push_back(part);
            }
            plan.shards[size_t(p)].share.controls = {p, p + 1};
        }
        const Merged merged = merge_all(plan, run_all(session, plan));
        QVERIFY2(merged.complete(), what_is_missing(merged, plan).c_str());
        m_alike += alike;
        if (alike)
            QVERIFY(bytes_of(merged.result) == bytes_of(one));
        for (size_t g = 0; g < one.grids.size(); ++g)
            for (size_t i = 0; i < one.grids[g].per_prompt.size(); ++i) {
                const float a = one.grids[g].per_prompt[i], b = merged.result.grids[g].per_prompt[i];
                QVERIFY2(std::abs(a - b) < 1e-3f * (1 + std::abs(a)) || (std::isnan(a) && std::isnan(b)),
                         qPrintable(QStringLiteral("%1 %2").arg(double(a)).arg(double(b))));
            }
    }

    void suchWereAmongThem()
    {
        Session session(m_model, small_batch());
        if (!cells_round_alone(session))
            QSKIP("on this processor products of other heights sum in another order");
        if (m_alike == 0)
            QSKIP("the cases before were not run");
        QVERIFY2(m_alike >= 20, qPrintable(QString::number(m_alike)));
    }

    void aCutDealsOutEverythingOnce()
    {
        Draw draw(3);
        for (int round = 0; round < 300; ++round) {
            std::vector<Chunk> chunks(size_t(draw.between(0, 12)));
            int cells = 0;
            double total = 0, dearest = 0;
            for (Chunk &chunk : chunks)
                for (int n = draw.between(1, 9); n > 0; --n) {
                    chunk.push_back({draw.chance(50) ? "a" : "b", cells++, double(draw.between(1, 1000))});
                    total += chunk.back().flops;
                    dearest = std::max(dearest, chunk.back().flops);
                }
            const int prompts = draw.between(1, 70), count = draw.between(1, 40);
            const bool finer = draw.chance(70), controls = draw.chance(70);
            const std::vector<Shard> shards = cut(chunks, controls, prompts, count, finer);
            QCOMPARE(int(shards.size()), count);
            const auto all = times(shards);
            QCOMPARE(int(all.size()), (cells + (controls ? 1 : 0)) * prompts);
            for (const auto &[what, often] : all)
                QCOMPARE(often, 1);
            double sum = 0, most = 0;
            for (const Shard &shard : shards) {
                sum += shard.cost;
                most = std::max(most, shard.cost);
                for (const SharePart &part : shard.share.parts) {
                    QVERIFY(std::is_sorted(part.cells.begin(), part.cells.end()));
                    QVERIFY(finer || (part.prompts == PromptRange{0, prompts}));
                }
            }
            if (cells == 0)
                continue;
            QVERIFY(std::abs(sum - 1) < 1e-9);
            // Balanced to a half of a shard's part, and a prompt of the dearest cell.
            total += controls ? 3 * dearest : 0;
            QVERIFY2(!finer || most <= 1.5 / count + 3 * dearest / total / prompts + 1e-9,
                     qPrintable(QStringLiteral("%1 of %2 shards").arg(most).arg(count)));
        }
    }

    void whatIsMissingIsTold()
    {
        Session session(m_model, small_batch());
        const RunSpec spec = of_session(with_method(ActPatch{sites({Site::Z, Site::Q})}), session);
        const ShardPlan plan = plan_shards(session, spec, 5, {});
        const std::vector<RunResult> results = run_all(session, plan);
        const RunResult one = run_share(session, spec, nullptr);
        const Merged merged = merge_all(plan, results, {2, 4});
        QVERIFY(!merged.complete());
        QCOMPARE(merged.missing, (std::vector<int>{2, 4}));
        QVERIFY(merged.missing_cells < plan.cells);
        QCOMPARE(what_is_missing(merged, plan),
                 "2 of 5 shards are missing: 2 and 4 (" + std::to_string(merged.missing_cells) + " of 32 cells)");
        // What is there is right, and what is not is said to be missing.
        int64_t missing = 0;
        for (size_t g = 0; g < one.grids.size(); ++g)
            for (int cell = 0; cell < one.grids[g].cells(); ++cell) {
                const Grid &grid = merged.result.grids[g];
                if (grid.state[size_t(cell)] == CellState::Exact)
                    QVERIFY(
                        std::equal(grid.cell(cell).begin(), grid.cell(cell).end(), one.grids[g].cell(cell).begin()));
                else
                    QVERIFY(std::isnan(grid.cell(cell)[0]) && ++missing);
            }
        QCOMPARE(missing, merged.missing_cells);
        QVERIFY(!merged.result.arrays.contains("control.own"));
        QCOMPARE(error_message([&] {
                     merge_all(plan, results, {1, 2, 3, 4, 5});
                 }),
                 QStringLiteral("shards: none of 5 shards has a result yet"));
    }

    void aStoppedShardGoesOn()
    {
        // More work than one chunk holds.
        Session session(Model::random(small_config(6, 4, 32), 5), small_batch(100));
        const RunSpec spec = of_session(RunSpec(), session);
        const ShardPlan plan = plan_shards(session, spec, 2, {});
        std::vector<RunResult> results = run_all(session, plan);
        const CancelToken cancel;
        const RunResult part =
            run_share(session, spec, &plan.shards[0].share, nullptr, cancel, [&](const Event &event) {
                const Cells *cells = std::get_if<Cells>(&event);
                if (cells && cells->seconds >= 0)
                    cancel.cancel();
            });
        QVERIFY(!part.complete);
        const RunResult whole = results[0];
        results[0] = part;
        const Merged unfinished = merge_all(plan, results);
        QCOMPARE(unfinished.unfinished, (std::vector<int>{1}));
        QVERIFY(unfinished.missing_cells > 0);
        QVERIFY(what_is_missing(unfinished, plan).starts_with("1 of 2 shards is unfinished: 1 ("));
        int computed = 0;
        results[0] = run_share(session, spec, &plan.shards[0].share, &part, {}, [&](const Event &event) {
            if (const Cells *cells = std::get_if<Cells>(&event); cells && cells->seconds >= 0)
                computed += int(cells->cells.size());
        });
        QCOMPARE(computed, int(unfinished.missing_cells)); // no cell twice
        QVERIFY(bytes_of(results[0]) == bytes_of(whole));
        QVERIFY(bytes_of(merge_all(plan, results).result) == bytes_of(run_share(session, spec, nullptr)));
    }

    void whatDoesNotBelongIsRefused()
    {
        Session session(m_model, small_batch());
        const RunSpec spec = of_session(RunSpec(), session);
        const ShardPlan plan = plan_shards(session, spec, 2, {});
        const std::vector<RunResult> good = run_all(session, plan);
        const auto message = [&](const std::function<void(RunResult &)> &change) {
            std::vector<RunResult> results = good;
            change(results[1]);
            return error_message([&] { merge_all(plan, results); });
        };
        QVERIFY(message([](RunResult &r) {
                    r.model_sha256 = "abc";
                }).startsWith(QStringLiteral("shard 2: was computed with another model: its weights' SHA-256 is abc")));
        QVERIFY(message([](RunResult &r) {
                    r.spec.task.sha256 = "abc";
                }).startsWith(QStringLiteral("shard 2: was computed on other prompts: their SHA-256 is abc")));
        QVERIFY(message([](RunResult &r) {
                    r.spec.as<ActPatch>()->sites = {Site::Q};
                }).startsWith(QStringLiteral("shard 2: is of another spec (Activation patching of q")));
        QVERIFY(message([](RunResult &r) {
                    r.version = "0";
                }).startsWith(QStringLiteral("shard 2: was computed by version 0")));
        QVERIFY(message([](RunResult &r) {
                    r.grids.front().name = "x";
                }).startsWith(QStringLiteral("shard 2: has other cells than shard 1")));
        const auto nudge = [](RunResult &r) { r.baseline.clean[3] = std::nextafter(r.baseline.clean[3], 100.f); };
        QVERIFY(message(nudge).startsWith(QStringLiteral("shard 2: rounds otherwise than shard 1")));
        std::vector<RunResult> mixed = good;
        nudge(mixed[1]);
        QVERIFY(merge(plan, {&mixed[0], &mixed[1]}, {"a", "b"}, {true}).complete());
    }

    void whatHasNoCellsIsNotCut()
    {
        Session session(m_model, small_batch());
        QVERIFY(error_message([&] {
                    plan_shards(session, of_session(with_method(Attribution{}), session), 2, {});
                }).contains(QStringLiteral("one pass")));
        QVERIFY(error_message([&] {
                    plan_shards(session, of_session(with_method(Analysis{"dla", {}, {}}), session), 2, {});
                }).contains(QStringLiteral("dla has no cells to deal out")));
    }

    void plansAndShardsAreFiles()
    {
        Session session(m_model, small_batch());
        const ShardPlan plan = plan_shards(session, of_session(edge_spec(40), session), 12, {});
        QCOMPARE(shard_plan_from_json(nlohmann::json::parse(to_json(plan).dump()), "plan"), plan);
        const fs::path place = folder("plan");
        write_plan(place, plan);
        write_plan(place, plan); // the same again
        QCOMPARE(read_plan(place), plan);
        QVERIFY(is_shard_spec(place / "shard-07.json") && !is_shard_spec(place / "plan.json"));
        const ShardSpec seventh = read_shard(place / "shard-07.json"), first = read_shard(place / "shard-01.json");
        QVERIFY(seventh.shard == 7 && seventh.of == 12 && seventh.own() == plan.shards[6]);
        ShardPlan other = plan;
        other.shards.pop_back();
        QVERIFY(error_message([&] { write_plan(place, other); }).contains(QStringLiteral("holds another plan")));
        QVERIFY(error_message([&] { read_plan(place / "nowhere"); }).contains(QStringLiteral("holds no plan.json")));

        const fs::path file = place / shard_result_file(7, 12);
        const RunResult result = run_share(session, plan.spec, &seventh.own().share);
        save_shard(file, seventh, result);
        QVERIFY(bytes_of(load_shard(file, seventh)) == bytes_of(result));
        QVERIFY(bytes_of(load_result(file)) == bytes_of(result)); // any result's reader reads it
        QVERIFY(
            error_message([&] { load_shard(file, first); }).contains(QStringLiteral("is of another shard or plan")));
        QCOMPARE(merge_folder(place, plan).missing.size(), size_t(11));

        // Cut off, and with a bit changed anywhere.
        const std::string bytes = read_file(file);
        Draw draw(1);
        for (int i = 0; i < 40; ++i) {
            std::string broken = bytes;
            if (i % 4 == 0)
                broken.resize(size_t(draw.below(int(bytes.size()))));
            else
                broken[size_t(draw.below(int(bytes.size())))] ^= char(1 << draw.below(7));
            std::ofstream(file, std::ios::binary) << broken;
            const QString told = error_message([&] { load_shard(file, seventh); });
            QVERIFY2(told.startsWith(QString::fromStdString(file.string())) && told.contains(QStringLiteral(": is ")),
                     qPrintable(told));
        }
    }

    void rangesAreText()
    {
        for (const std::vector<int> &list : {std::vector<int>{0}, {0, 1, 2}, {3, 5, 6, 7, 9}, {1000000, 1000001}})
            QCOMPARE(parse_ranges(ranges_text(list), "f"), list);
        QCOMPARE(ranges_text({0, 1, 2, 7}), std::string("0-2,7"));
        for (const char *bad : {"", "a", "3-1", "1,1", "2,1", "-1", "1-", "99999999999", "0-999999999"})
            QVERIFY2(error_message([&] { parse_ranges(bad, "f"); }).startsWith(QStringLiteral("f: ")), bad);
    }
};

QTEST_GUILESS_MAIN(TestShards)
#include "test_shards.moc"
