// Models of a Hugging Face cache by their names, on a cache made up here: what a name means, what is not there or
// broken and what the messages say, and the list of it all.
#include "base/plain_text.h"
#include "core/cache_folder.h"
#include "core/error_message.h"
#include "hub/environment.h"
#include "hub/listing.h"
#include "hub/snapshot.h"
#include "model/model.h"
#include "model/model_folder.h"
#include "requests/setup.h"
#include "spec/run_spec.h"

#include <QtTest>

using namespace patchbay;
namespace fs = std::filesystem;

namespace {

const std::string kOne(40, 'a'), kTwo(40, 'b'), kThree(40, 'c');
const std::string kPythia = "models--EleutherAI--pythia-tiny";

/// Two revisions of one model in two families, so that they cannot be taken for each other; a tag and a pull request.
void add_two_revisions(const CacheFolder &cache)
{
    cache.add_model(kPythia, kOne, "tiny-neox");
    cache.add_model(kPythia, kTwo, "tiny-gpt2");
    cache.add_ref(kPythia, "main", kOne);
    cache.add_ref(kPythia, "step1000", kTwo);
    cache.add_ref(kPythia, "v1.0", kTwo);
    cache.add_ref(kPythia, "refs/pr/1", kTwo);
}

const CachedModel *find(const CacheListing &listing, const std::string &name)
{
    for (const CachedModel &model : listing.models)
        if (model.name == name)
            return &model;
    return nullptr;
}

} // namespace

class TestHubCache : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void names()
    {
        QCOMPARE(hub_name("gpt2"), (HubName{"gpt2", ""}));
        QCOMPARE(hub_name("EleutherAI/pythia-160m@step1000"), (HubName{"EleutherAI/pythia-160m", "step1000"}));
        QCOMPARE(hub_name("a/b@refs/pr/1"), (HubName{"a/b", "refs/pr/1"}));
        for (const char *none : {"", "a/b/c", "/a", "a/", "./a", "../a", "a--b", "a..b", "-a", "a.", "a b", "a@",
                                 "a@../b", "a@/b", "a@b/", "a@x y", "models/", "~/a", "a\\b"})
            QVERIFY2(!hub_name(none), none);
        QVERIFY(!hub_name(std::string(97, 'a')));
        QCOMPARE(hub_name("a/b@v1")->text(), std::string("a/b@v1"));
        QCOMPARE(hub_name("a/b")->wanted_revision(), std::string("main"));
    }

    void where_the_cache_is()
    {
        const Variable cache("HF_HUB_CACHE", "/x/hub"), old("HUGGINGFACE_HUB_CACHE", "/y/hub"), home("HF_HOME", "/z"),
            xdg("XDG_CACHE_HOME", "/w"), user("HOME", "/home/someone");
        QCOMPARE(hub_cache(), fs::path("/x/hub"));
        const Variable no_cache("HF_HUB_CACHE", std::nullopt);
        QCOMPARE(hub_cache(), fs::path("/y/hub"));
        const Variable no_old("HUGGINGFACE_HUB_CACHE", std::nullopt);
        QCOMPARE(hub_cache(), fs::path("/z/hub"));
        const Variable tilde("HF_HOME", "~/hf");
        QCOMPARE(hub_cache(), fs::path("/home/someone/hf/hub"));
        const Variable no_home("HF_HOME", std::nullopt);
        QCOMPARE(hub_cache(), fs::path("/w/huggingface/hub"));
        const Variable no_xdg("XDG_CACHE_HOME", std::nullopt);
        QCOMPARE(hub_cache(), fs::path("/home/someone/.cache/huggingface/hub"));
    }

    void the_token_and_the_endpoint()
    {
        const QTemporaryDir folder;
        const std::string file = folder.filePath("token").toStdString();
        write_file(file, "hf_file\n");
        const Variable home("HF_HOME", folder.path().toStdString()), path("HF_TOKEN_PATH", std::nullopt),
            older("HUGGING_FACE_HUB_TOKEN", std::nullopt), token("HF_TOKEN", " hf_set\n");
        QCOMPARE(hub_token(), std::string("hf_set"));
        const Variable no_token("HF_TOKEN", std::nullopt);
        QCOMPARE(hub_token(), std::string("hf_file"));
        const Variable elsewhere("HF_TOKEN_PATH", file + "-not-there");
        QCOMPARE(hub_token(), std::string());
        const Variable endpoint("HF_ENDPOINT", "https://mirror.example/"), offline("HF_HUB_OFFLINE", "yes");
        QCOMPARE(hub_endpoint(), std::string("https://mirror.example"));
        QVERIFY(hub_offline());
        const Variable bad("HF_ENDPOINT", "ftp://mirror.example");
        VERIFY_MESSAGE(hub_endpoint(), "HF_ENDPOINT: \"ftp://mirror.example\" is not an address");
    }

    void a_name_means_a_snapshot()
    {
        const CacheFolder cache;
        add_two_revisions(cache);
        const fs::path one = cache.snapshot(kPythia, kOne), two = cache.snapshot(kPythia, kTwo);
        QCOMPARE(model_folder("EleutherAI/pythia-tiny"), one);
        QCOMPARE(model_folder("EleutherAI/pythia-tiny@main"), one);
        for (const std::string &revision :
             {std::string("step1000"), std::string("v1.0"), std::string("refs/pr/1"), kTwo})
            QCOMPARE(model_folder("EleutherAI/pythia-tiny@" + revision), two);
        QCOMPARE(Model::load({model_folder("EleutherAI/pythia-tiny@step1000"), {}, false})->config().family,
                 std::string("gpt2"));
        // A spec that names a commit means that one, whatever the branch means today.
        QCOMPARE(model_folder("EleutherAI/pythia-tiny", kTwo), two);
        QCOMPARE(model_folder("EleutherAI/pythia-tiny@step1000", kThree), two);
        cache.add_model("models--gpt2", kThree, "tiny-gpt2");
        cache.add_ref("models--gpt2", "main", kThree);
        QCOMPARE(model_folder("gpt2"), cache.snapshot("models--gpt2", kThree));
    }

    void a_folder_of_that_name_comes_first()
    {
        const CacheFolder cache;
        add_two_revisions(cache);
        const fs::path before = fs::current_path();
        fs::create_directories(cache.path().parent_path() / "EleutherAI");
        fs::current_path(cache.path().parent_path());
        QVERIFY(is_cached_name("EleutherAI/pythia-tiny"));
        QCOMPARE(absolute_model_path("EleutherAI/pythia-tiny@v1.0"), std::string("EleutherAI/pythia-tiny@v1.0"));
        fs::create_directory_symlink(cache.snapshot(kPythia, kTwo), "EleutherAI/pythia-tiny");
        QVERIFY(!is_cached_name("EleutherAI/pythia-tiny"));
        QCOMPARE(model_folder("EleutherAI/pythia-tiny"), fs::path("EleutherAI/pythia-tiny"));
        QCOMPARE(fs::path(absolute_model_path("EleutherAI/pythia-tiny")),
                 cache.path().parent_path() / "EleutherAI/pythia-tiny");
        fs::current_path(before);
    }

    void what_is_not_there_says_where_and_how_to_get_it()
    {
        const CacheFolder cache;
        const auto lacks = [&](const std::string &path, const std::vector<std::string> &parts) {
            for (const std::string &part : parts)
                VERIFY_MESSAGE(model_folder(path), part);
        };
        lacks("EleutherAI/pythia-tiny@v2",
              {"EleutherAI/pythia-tiny@v2: does not exist", "no such model in the Hugging Face cache",
               cache.path().string(), "patchbay-cli download EleutherAI/pythia-tiny@v2"});
        add_two_revisions(cache);
        lacks("EleutherAI/pythia-tiny@v2",
              {"EleutherAI/pythia-tiny@v2: the revision v2 of the model is not in the Hugging Face cache", kPythia,
               "main, refs/pr/1, step1000, v1.0", "patchbay-cli download EleutherAI/pythia-tiny@v2"});
        lacks("EleutherAI/pythia-tiny@" + kThree, {"the revision " + kThree});
        cache.add_ref(kPythia, "lost", kThree); // a ref of which there is no snapshot
        lacks("EleutherAI/pythia-tiny@lost", {"the revision lost"});
        cache.add_ref(kPythia, "evil", "../../../etc");
        lacks("EleutherAI/pythia-tiny@evil", {"the revision evil"});
        lacks("pythia-tiny", {"The cache holds EleutherAI/pythia-tiny"});
        lacks("/nowhere/pythia", {"/nowhere/pythia: does not exist; give the folder"});
    }

    void a_broken_snapshot_says_what_it_lacks()
    {
        const CacheFolder cache;
        add_two_revisions(cache);
        cache.lose(kPythia, kOne, "model.safetensors", true);
        VERIFY_MESSAGE(
            model_folder("EleutherAI/pythia-tiny"),
            "model.safetensors: is a link to a file of the cache that is not there (a download was cut off); "
            "download it again with: patchbay-cli download EleutherAI/pythia-tiny@"
                + kOne);
        cache.lose(kPythia, kTwo, "config.json", false);
        VERIFY_MESSAGE(model_folder("EleutherAI/pythia-tiny@step1000"),
                       "config.json: is a link to a file of the cache that is not there; download");
        VERIFY_MESSAGE(model_folder(cache.snapshot(kPythia, kTwo).string()), "is a link to a file of the cache");
    }

    void names_in_captions()
    {
        const CacheFolder cache;
        QCOMPARE(model_name("EleutherAI/pythia-tiny"), std::string("pythia-tiny"));
        QCOMPARE(model_name("EleutherAI/pythia-tiny@main"), std::string("pythia-tiny"));
        QCOMPARE(model_name("EleutherAI/pythia-tiny@step1000"), std::string("pythia-tiny@step1000"));
        QCOMPARE(model_name("EleutherAI/pythia-tiny@" + kOne), std::string("pythia-tiny@aaaaaaaa"));
        QCOMPARE(model_name("gpt2@refs/pr/1"), std::string("gpt2@refs/pr/1"));
        QCOMPARE(model_name(cache.snapshot(kPythia, kOne).string()), std::string("pythia-tiny"));
        QCOMPARE(model_name(cache.model("models--gpt2").string()), std::string("gpt2"));
    }

    void results_keep_name_and_commit()
    {
        const CacheFolder cache;
        add_two_revisions(cache);
        for (const char *file : {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"})
            cache.add("models--org--demo", kThree, file,
                      read_file(fs::path(PATCHBAY_SOURCE_DIR "/resources/demo-model") / file));
        cache.add_ref("models--org--demo", "main", kThree);
        RunSpec spec;
        TaskRef task;
        task.prompts = 2;
        spec.model = set_up({"org/demo", {}, {}, {}}, task, nullptr, [](const Event &) {}, {}).setup->model_ref;
        QCOMPARE(spec.model.path, std::string("org/demo"));
        QCOMPARE(spec.model.commit, kThree);
        const auto json = to_json(spec);
        QCOMPARE(json["model"]["path"], "org/demo");
        QCOMPARE(json["model"]["commit"], kThree);
        QCOMPARE(run_spec_from_json(nlohmann::json::parse(json.dump())).model, spec.model);
        // The same weights are the same numbers, whatever they are called.
        RunSpec other = spec;
        other.model.path = "demo";
        other.model.commit.clear();
        QCOMPARE(cache_key(other), cache_key(spec));
        QVERIFY(!to_json(other)["model"].contains("commit")); // as files were before there were names
    }

    void the_list_of_what_there_is()
    {
        const CacheFolder cache;
        QVERIFY(list_cache().models.empty());
        add_two_revisions(cache);
        cache.add_model("models--org--llama", kOne, "tiny-llama");
        cache.add("models--org--bert", kOne, "config.json", R"({"model_type": "bert"})");
        cache.add("models--org--strange", kOne, "config.json", R"({"model_type": "perceiver"})");
        cache.add_model("models--org--no-weights", kOne, "tiny-neox");
        fs::remove(cache.snapshot("models--org--no-weights", kOne) / "model.safetensors");
        cache.add_model("models--org--cut", kOne, "tiny-neox");
        cache.lose("models--org--cut", kOne, "model.safetensors", true);
        fs::create_directories(cache.model("models--org--begun") / "blobs");
        write_file(cache.model("models--org--begun") / "blobs" / "ab.incomplete", "1234");
        fs::create_directories(cache.model("datasets--org--texts") / "snapshots" / kOne);

        const CacheListing listing = list_cache();
        QCOMPARE(listing.folder, cache.path());
        QCOMPARE(listing.models.size(), size_t(7));
        const CachedModel &pythia = *find(listing, "EleutherAI/pythia-tiny");
        QCOMPARE(pythia.snapshots.size(), size_t(2));
        const CachedSnapshot &main = pythia.snapshots[0], &step = pythia.snapshots[1];
        QCOMPARE(main.reference, std::string("EleutherAI/pythia-tiny"));
        QCOMPARE(main.family, std::string("gpt_neox"));
        QCOMPARE(main.problem, std::string());
        QCOMPARE(main.revisions, std::vector<std::string>{"main"});
        QCOMPARE(main.bytes,
                 uint64_t(fs::file_size(PATCHBAY_SOURCE_DIR "/tests/data/tiny-neox/model.safetensors")
                          + fs::file_size(PATCHBAY_SOURCE_DIR "/tests/data/tiny-neox/config.json")));
        QCOMPARE(pythia.bytes, main.bytes + step.bytes);
        QCOMPARE(step.family, std::string("gpt2"));
        QCOMPARE(step.revisions, (std::vector<std::string>{"refs/pr/1", "step1000", "v1.0"}));
        for (const CachedSnapshot *snapshot : {&main, &step})
            QCOMPARE(model_folder(snapshot->reference), snapshot->folder);
        const CachedSnapshot &llama = find(listing, "org/llama")->snapshots.at(0);
        QCOMPARE(llama.reference, "org/llama@" + kOne); // no revision means it
        QCOMPARE(llama.problem, std::string());

        const auto problem = [&](const char *name) {
            const CachedModel &model = *find(listing, name);
            return model.snapshots.empty() ? model.problem : model.snapshots.front().problem;
        };
        const auto names = [&](const char *name, const char *part) {
            QVERIFY2(problem(name).find(part) != std::string::npos, problem(name).c_str());
        };
        names("org/bert", "config.json: the model type \"bert\" is an encoder");
        names("org/strange", "perceiver");
        names("org/no-weights", "holds no weights");
        names("org/cut",
              "model.safetensors: is a link to a file of the cache that is not there (a download was cut off)");
        names("org/begun", "its download did not finish; go on with: patchbay-cli download org/begun");
        QCOMPARE(find(listing, "org/begun")->bytes, uint64_t(4));
        QCOMPARE(find(listing, "org/bert")->snapshots.front().family, std::string("bert"));
    }

    void sizes_for_people()
    {
        for (const auto &[bytes, text] : {std::pair<uint64_t, const char *>{0, "0 bytes"},
                                          {999, "999 bytes"},
                                          {1000, "1.00 kB"},
                                          {12345, "12.3 kB"},
                                          {374'998'696, "375 MB"},
                                          {999'600'000, "1.00 GB"},
                                          {6'171'000'000, "6.17 GB"},
                                          {~uint64_t(0), "18.4 EB"}})
            QCOMPARE(size_text(bytes), std::string(text));
    }
};

QTEST_GUILESS_MAIN(TestHubCache)
#include "test_hub_cache.moc"
