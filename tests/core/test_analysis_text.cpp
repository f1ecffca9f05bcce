// Analyses in words: what a caption says of the heads, the mode, the thresholds and the run; and the one check of heads
// against a model.
#include "analysis/registry.h"
#include "error_message.h"
#include "model/check_head.h"

#include <QtTest>

using namespace patchbay;

namespace {

RunSpec analysis(const char *name, std::vector<Head> heads = {}, nlohmann::json options = nullptr)
{
    return spec_of(Analysis{name, std::move(heads), std::move(options)});
}

bool says(const RunSpec &spec, const char *words)
{
    return describe(spec).find(words) != std::string::npos;
}

class TestAnalysisText : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void headsAreListed()
    {
        QCOMPARE(in_words({{9, 6}}), std::string("L9H6"));
        QCOMPARE(in_words({{9, 6}, {9, 9}, {10, 0}}), std::string("L9H6, L9H9 and L10H0"));
        QCOMPARE(title(analysis("ablate", {{9, 6}, {9, 9}})), std::string("Ablation of L9H6 and L9H9"));
        QCOMPARE(title(analysis("my-own")), std::string("my-own"));
    }

    void captionsSayWhatWasReplacedByWhat()
    {
        QVERIFY(says(analysis("ablate", {{9, 6}}), "z of L9H6 replaced together by zero"));
        QVERIFY(says(analysis("ablate", {{9, 6}}, {{"mode", "mean"}}),
                     "its mean over the clean prompts that reach the position (tokens up to END, no padding)"));
        QVERIFY(says(analysis("ablate", {{9, 6}}, {{"mode", "resample"}}), "its value in the flipped run"));
        const RunSpec s2i = analysis("s2i", {{7, 3}}, {{"name_movers", {"9.6", "9.9"}}});
        for (const char *words :
             {"noising", "L7H3", "the queries of the name movers L9H6 and L9H9", "mean logit difference"})
            QVERIFY2(says(s2i, words), words);
        QVERIFY(says(analysis("s2i", {{7, 3}}, {{"name_movers", 3}}),
                     "the queries of the name movers at END")); // a file may hold anything
    }

    void captionsSayWhoseCopyKeysAndValuesAre()
    {
        const char *own = "k and v are one query head's own copy", *shared = "k and v are those of a KV head";
        ActPatch patch;
        patch.sites = {Site::Z, Site::K};
        QVERIFY(says(spec_of(patch), own) && !says(spec_of(patch), shared));
        patch.shared_kv = true;
        QVERIFY(says(spec_of(patch), shared) && !says(spec_of(patch), own));
        patch.sites = {Site::Z, Site::Q, Site::Pattern};
        QVERIFY(!says(spec_of(patch), "k and v are"));
        PathPatch path;
        path.receivers.nodes = {{Site::V, 3, 1}};
        QVERIFY(says(spec_of(path), own));
        path.receivers.nodes = {{Site::Q, 3, 1}};
        QVERIFY(!says(spec_of(path), "k and v are"));
        Attribution estimate;
        estimate.sites = {Site::V};
        QVERIFY(says(spec_of(estimate), own));
    }

    void captionsSayTheParameters()
    {
        QVERIFY(says(analysis("copy-scores"), "from 75 % on"));
        QVERIFY(says(analysis("copy-scores", {}, {{"threshold", 82.5}}), "from 82.5 % on"));
        QVERIFY(says(analysis("attention-patterns", {{2, 1}}, {{"prompt", 4}}), "L2H1 in the clean run on prompt 5"));
        QVERIFY(says(analysis("attention-patterns", {{2, 1}}, {{"flipped", true}}), "in the flipped run on prompt 1"));
        QVERIFY(says(analysis("attention-patterns", {{2, 1}}, {{"value_weighted", true}}), "weighted"));
    }

    void oneCheckOfHeads()
    {
        ModelConfig config;
        config.n_layers = 6;
        config.n_heads = 8;
        check_heads({{0, 0}, {5, 7}}, config);
        for (const Head head : {Head{6, 0}, Head{0, 8}, Head{-1, 0}, Head{0, -1}})
            VERIFY_MESSAGE(check_head(head, config), "this model has 6 layers of 8 heads");
        VERIFY_MESSAGE(check_head({9, 6}, config), "L9H6: this model");
        VERIFY_MESSAGE(check_head({9, 6}, config, "receivers q:9.6"), "receivers q:9.6: this model");
        check_head({5, -1}, config, "receivers resid_post:5"); // a whole layer
        VERIFY_MESSAGE(check_head({6, -1}, config, "receivers resid_post:6"), "receivers resid_post:6");
    }
};

} // namespace

QTEST_GUILESS_MAIN(TestAnalysisText)
#include "test_analysis_text.moc"
