"""download and models against a server that behaves like the Hugging Face hub, and models by name."""

import hashlib
import json
import os
import resource
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import unittest

from cli import PROGRAM, SOURCE, CliTest, main, run

sys.path.insert(0, str(SOURCE / "tests" / "hub"))
from hub_server import Hub, blob_hash  # noqa: E402

DEMO = SOURCE / "resources" / "demo-model"
TINY = SOURCE / "tests" / "data"


class HubTest(CliTest):
    def setUp(self):
        super().setUp()
        self.repos = self.folder / "repos"
        self.repos.mkdir()
        self.hub = Hub(self.repos)
        self.addCleanup(self.hub.close)
        self.cache = self.folder / "cache"
        self.environment = {"HF_ENDPOINT": self.hub.url, "HF_HUB_CACHE": str(self.cache), "HF_HOME": str(self.folder / "home"),
                            "HF_TOKEN": "", "HF_TOKEN_PATH": "", "HUGGING_FACE_HUB_TOKEN": "", "HF_HUB_OFFLINE": "", "http_proxy": "",
                            "no_proxy": "*"}

    def repo(self, model, source, revision="main", leave_out=("golden.safetensors", "patching.safetensors", "README.md")):
        folder = self.repos / model / revision
        shutil.copytree(source, folder, ignore=lambda _, names: set(names) & set(leave_out))
        return folder

    def cli(self, *arguments, **options):
        environment = {**self.environment, **options.pop("environment", {})}
        return run(*arguments, environment=environment, **options)

    def download(self, *arguments, **options):
        return self.cli("download", *arguments, **options)

    def cached(self, model):
        return self.cache / ("models--" + model.replace("/", "--"))

    def commit(self, model, revision="main"):
        return self.hub.commit(model, revision)[0]

    def assert_whole(self, model, revision="main"):
        """As huggingface_hub lays it out: blobs called after their hashes, relative links, a ref without a line break."""
        cached, commit = self.cached(model), self.commit(model, revision)
        self.assertEqual((cached / "refs" / revision).read_text(), commit)
        source = self.repos / model / revision
        for link in (cached / "snapshots" / commit).iterdir():
            data = (source / link.name).read_bytes()
            name = hashlib.sha256(data).hexdigest() if len(data) >= 1000 else blob_hash(data)
            self.assertEqual(os.readlink(link), f"../../blobs/{name}")
            self.assertEqual(link.read_bytes(), data)
        self.assertEqual(list(cached.glob("blobs/*.incomplete")), [])

    def wait_for_part(self, size):
        """The server has sent it; the program may not have written it yet."""
        while True:
            found = list(self.cached("org/demo").glob("blobs/*.incomplete"))
            try:
                parts = [part for part in found if part.stat().st_size >= size]
            except FileNotFoundError:  # a smaller file, whole since
                continue
            if parts:
                return parts


class Downloads(HubTest):
    def test_a_model_is_fetched_and_opens_by_its_name(self):
        folder = self.repo("org/demo", DEMO)
        for other in ("README.md", "pytorch_model.bin", "flax_model.msgpack", "vocab.json"):
            (folder / other).write_text("not needed")
        (folder / "onnx").mkdir()
        (folder / "onnx" / "config.json").write_text("{}")
        done = self.download("org/demo")
        self.assertIn("4 files, ", done.stdout)
        self.assertIn("opens with --model org/demo", done.stdout)
        self.assert_whole("org/demo")
        self.assertEqual({link.name for link in (self.cached("org/demo") / "snapshots" / self.commit("org/demo")).iterdir()},
                         {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"})
        info = json.loads(self.cli("info", "--model", "org/demo", "--json").stdout)
        self.assertEqual(info["commit"], self.commit("org/demo"))
        result = self.folder / "result.json"
        self.cli("act-patch", "--model", "org/demo@main", "--prompts", "2", "--sites", "z", "--out", result)
        spec = json.loads(self.cli("run", result, "--print-spec").stdout)
        self.assertEqual((spec["model"]["path"], spec["model"]["commit"]), ("org/demo@main", self.commit("org/demo")))
        self.cli("run", result, "--out", self.folder / "again.json")
        # A second time nothing is fetched.
        self.hub.requests.clear()
        self.assertIn("all of it is there already", self.download("org/demo").stdout)
        self.assertEqual(self.hub.asked("cdn"), [])

    def test_shards_and_a_revision(self):
        self.repo("org/llama", TINY / "tiny-llama", "step1000")
        plan = json.loads(self.download("org/llama@step1000", "--dry-run", "--json").stdout)
        self.assertFalse(self.cache.exists())
        self.assertEqual(plan["missing"], sum(file["bytes"] for file in plan["files"]))
        self.assertEqual(sorted(file["name"] for file in plan["files"]),
                         ["config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json"])
        self.download("org/llama@step1000")
        self.assert_whole("org/llama", "step1000")
        self.cli("info", "--model", "org/llama@step1000")
        self.assertIn("org/llama@step1000", self.cli("info", "--model", "org/llama", expect=1).stderr)
        # By the commit: no ref is written.
        commit = self.commit("org/llama", "step1000")
        shutil.rmtree(self.cache)
        self.download(f"org/llama@{commit}")
        self.assertFalse((self.cached("org/llama") / "refs").exists())
        self.cli("info", "--model", f"org/llama@{commit}")

    def test_a_name_without_organisation_and_a_renamed_one(self):
        self.repo("gpt2", TINY / "tiny-gpt2")
        self.download("gpt2")
        self.assert_whole("gpt2")
        self.hub.renamed["old/gpt2"] = "gpt2"
        self.download("old/gpt2")
        self.cli("info", "--model", "old/gpt2")

    def test_a_cut_in_the_middle_is_gone_on_with(self):
        self.repo("org/demo", DEMO)
        self.hub.cut = {"model.safetensors": 5000}
        self.download("org/demo")
        self.assert_whole("org/demo")
        ranges = [headers.get("Range") for _, _, _, headers in self.hub.asked("cdn", "model.safetensors")]
        self.assertEqual(ranges[0], None)
        self.assertRegex(ranges[1], r"^bytes=[1-9]\d*-$")

    def test_a_server_without_ranges_sends_it_all_again(self):
        self.repo("org/demo", DEMO)
        self.hub.cut, self.hub.no_ranges = {"model.safetensors": 5000}, {"model.safetensors"}
        self.download("org/demo")
        self.assert_whole("org/demo")

    def test_what_is_left_of_an_earlier_download_is_used(self):
        folder = self.repo("org/demo", DEMO)
        data = (folder / "model.safetensors").read_bytes()
        blob = self.cached("org/demo") / "blobs" / (hashlib.sha256(data).hexdigest() + ".incomplete")
        for start in (data[:7000], data, data + b"more than there is"):
            with self.subTest(len(start)):
                shutil.rmtree(self.cache, ignore_errors=True)
                blob.parent.mkdir(parents=True)
                blob.write_bytes(start)
                self.hub.requests.clear()
                self.download("org/demo")
                self.assert_whole("org/demo")
                ranges = [headers.get("Range") for _, _, _, headers in self.hub.asked("cdn", "model.safetensors")]
                self.assertEqual(ranges, {7000: ["bytes=7000-"], len(data): []}.get(len(start), [None]))

    def test_a_wrong_hash_is_refused_and_nothing_of_it_stays(self):
        self.repo("org/demo", DEMO)
        for file in ("model.safetensors", "config.json"):
            with self.subTest(file):
                shutil.rmtree(self.cache, ignore_errors=True)
                self.hub.wrong = {file}
                # A changed byte in the configuration is no JSON any more, which is said before anything is fetched.
                done = self.download("org/demo", "--force", expect=1)
                self.assertIn(f"{file}: is not what the hub publishes", done.stderr)
                self.assertFalse((self.cached("org/demo") / "refs").exists())
                self.assertFalse((self.cached("org/demo") / "snapshots" / self.commit("org/demo") / file).exists())
        self.hub.wrong = set()
        self.download("org/demo")
        self.assert_whole("org/demo")

    def test_an_earlier_part_that_is_something_else_is_found_out(self):
        folder = self.repo("org/demo", DEMO)
        data = (folder / "model.safetensors").read_bytes()
        blob = self.cached("org/demo") / "blobs" / (hashlib.sha256(data).hexdigest() + ".incomplete")
        blob.parent.mkdir(parents=True)
        blob.write_bytes(b"x" * 4000)
        self.assertIn("model.safetensors: is not what the hub publishes", self.download("org/demo", expect=1).stderr)
        self.download("org/demo")
        self.assert_whole("org/demo")

    def test_a_connection_that_never_works_is_given_up(self):
        self.repo("org/demo", DEMO)
        self.hub.cut_always = {"model.safetensors"}
        done = self.download("org/demo", "--retries", "1", expect=1)
        self.assertIn("model.safetensors: does not arrive", done.stderr)
        # libcurl itself asks again where a connection that it kept open has been closed.
        self.assertIn(len(self.hub.asked("cdn", "model.safetensors")), (2, 3, 4))

    def test_an_interrupted_download_goes_on_later(self):
        self.repo("org/demo", DEMO)
        self.hub.hold = {"model.safetensors": 6000}
        process = subprocess.Popen([PROGRAM, "download", "org/demo"], env=os.environ | self.environment, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.assertTrue(self.hub.held.wait(120))
        part, = self.wait_for_part(6000)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 130, error)
        self.assertGreaterEqual(part.stat().st_size, 6000)
        self.assertIn("cannot be opened: ", self.cli("models").stdout)
        self.assertIn("patchbay-cli download org/demo", self.cli("info", "--model", "org/demo", expect=1).stderr)
        self.hub.hold = {}
        self.hub.go.set()
        self.hub.requests.clear()
        self.assertIn(" of it are there already", self.download("org/demo").stdout)
        self.assertRegex(self.hub.asked("cdn", "model.safetensors")[0][3]["Range"], r"^bytes=[1-9]\d*-$")
        self.assert_whole("org/demo")

    def test_two_at_once_do_not_write_into_each_other(self):
        self.repo("org/demo", DEMO)
        self.hub.hold = {"model.safetensors": 6000}
        process = subprocess.Popen([PROGRAM, "download", "org/demo", "--quiet"], env=os.environ | self.environment)
        self.assertTrue(self.hub.held.wait(120))
        self.assertIn("is being downloaded by another program", self.download("org/demo", expect=1).stderr)
        self.hub.go.set()
        self.assertEqual(process.wait(120), 0)
        self.assert_whole("org/demo")


class FetchedSeries(HubTest):
    def setUp(self):
        super().setUp()
        for number in (0, 5, 10, 15):
            weights = self.repo("org/demo", DEMO, f"step{number}") / "model.safetensors"
            data = bytearray(weights.read_bytes())
            data[-4] ^= number  # a little of the last weight: files of their own
            weights.write_bytes(data)
        self.spec = self.folder / "z.json"
        self.cli("act-patch", "--prompts", "2", "--sites", "z", "--out", self.spec)
        spec = json.loads(self.cli("run", self.spec, "--print-spec").stdout)
        del spec["model"]["sha256"]  # it is of any model
        self.spec.write_text(json.dumps(spec))

    def arguments(self, revisions, *more):
        return ("series", str(self.spec), "--model", "org/demo", "--revisions", revisions, "--out", str(self.folder / "series"), "--json", *more)

    def series(self, *arguments, **options):
        """The state of each step by its name, the reasons, and which were kept."""
        steps = json.loads(self.cli(*self.arguments(*arguments), **options).stdout)["steps"]
        return ({step["name"]: step["state"] for step in steps}, {step["name"]: step.get("reason", "") for step in steps},
                [step["name"] for step in steps if step["kept"]])

    def fetched(self):
        """The revisions of which weights were asked for."""
        return [path.split("/")[-2] for _, method, path, _ in self.hub.asked("cdn", "model.safetensors") if method == "GET"]

    def test_nothing_is_fetched_without_being_asked_for(self):
        self.download("org/demo@step5")
        self.hub.requests.clear()
        states, reasons, _ = self.series("step0,step5")
        self.assertEqual(states, {"step0": "gap", "step5": "done"})
        self.assertIn("--download", reasons["step0"])
        self.assertEqual(list(self.series("step{n}")[0]), ["step5"])
        shutil.rmtree(self.cache)
        error = self.cli(*self.arguments("step{n}"), expect=2).stderr
        self.assertIn("the cache holds no revision step{n}", error)
        self.assertIn("--download", error)
        self.assertEqual(self.hub.requests, [])

    def test_all_that_the_hub_has(self):
        (self.repos / "org/demo" / "step10" / "config.json").write_text('{"model_type": "mamba"}')
        self.repo("org/demo", DEMO)
        self.download("org/demo@step5")
        self.hub.requests.clear()
        states, reasons, kept = self.series("step{n}", "--download")
        self.assertEqual(states, {"step0": "done", "step5": "done", "step10": "gap", "step15": "done"})
        self.assertEqual(list(states), ["step0", "step5", "step10", "step15"])
        self.assertIn("mamba", reasons["step10"])
        self.assertEqual(kept, [])
        self.assertEqual(self.fetched(), ["step0", "step15"])  # the ends first
        self.assertEqual(self.hub.asked("hub", "revision/step5"), [])
        self.assert_whole("org/demo", "step0")
        self.assert_whole("org/demo", "step15")
        # The numbers are those of the model as it was downloaded.
        single = self.folder / "single.safetensors"
        self.cli("run", self.spec, "--model", "org/demo@step15", "--out", single)
        self.assertEqual((self.folder / "series" / "step15.safetensors").read_bytes(), single.read_bytes())
        # What is there needs no hub; what is not is a gap that says why.
        self.hub.close()
        states, reasons, kept = self.series("step0,step5,step10,step15", "--download")
        self.assertEqual(kept, ["step0", "step5", "step15"])
        self.assertIn("cannot be reached", reasons["step10"])
        self.assertIn("cannot be reached", self.cli(*self.arguments("step{n}", "--download"), expect=1).stderr)

    def test_what_does_not_arrive_is_a_gap(self):
        self.hub.wrong = {"model.safetensors"}
        states, reasons, _ = self.series("step0,step7", "--download", expect=1)
        self.assertEqual(states, {"step0": "gap", "step7": "gap"})
        self.assertIn("is not what the hub publishes", reasons["step0"])
        self.assertIn("has no revision step7", reasons["step7"])
        self.hub.wrong = set()
        states, _, _ = self.series("step0,step5,step7", "--download")
        self.assertEqual(states, {"step0": "done", "step5": "done", "step7": "gap"})

    def test_it_is_interrupted_while_a_revision_arrives(self):
        self.hub.hold = {"model.safetensors": 6000}
        process = subprocess.Popen([PROGRAM, *self.arguments("step0,step5", "--download")], env=os.environ | self.environment,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertTrue(self.hub.held.wait(120))
        self.wait_for_part(6000)
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 130, error)
        self.assertEqual([step["state"] for step in json.loads(out)["steps"]], ["pending", "pending"])
        self.hub.hold = {}
        self.hub.go.set()
        self.hub.requests.clear()
        states, _, _ = self.series("step0,step5", "--download")
        self.assertEqual(states, {"step0": "done", "step5": "done"})
        self.assertRegex(self.hub.asked("cdn", "step0/model.safetensors")[0][3]["Range"], r"^bytes=[1-9]\d*-$")

    def test_files_that_are_lacking_of_a_commit(self):
        """Its folder is there before all of its files are."""
        commit = self.commit("org/demo", "step0")
        self.download(f"org/demo@{commit}")
        (self.cached("org/demo") / "snapshots" / commit / "model.safetensors").unlink()
        states, _, _ = self.series(commit, "--download")
        self.assertEqual(states, {commit: "done"})


class Refusals(HubTest):
    def refusal(self, *arguments, **options):
        done = self.download(*arguments, expect=1, **options)
        self.assertRegex(done.stderr, "^patchbay-cli: ")
        self.assertEqual(list(self.cache.glob("**/*.safetensors")), [])
        return done.stderr

    def test_each_has_a_next_step(self):
        self.repo("org/demo", DEMO)
        self.assertIn("does not exist at", self.refusal("org/nothing"))
        self.assertIn("HF_TOKEN", self.refusal("org/nothing"))
        text = self.refusal("org/demo@v9")
        self.assertIn("has no revision v9", text)
        self.hub.gated = {"org/demo"}
        self.assertIn("make a token", self.refusal("org/demo"))
        text = self.refusal("org/demo", environment={"HF_TOKEN": "hf_any"})
        self.assertIn("accept them at " + self.hub.url + "/org/demo", text)
        self.assertNotIn("hf_any", text)
        self.hub.gated = set()
        for status, part in ((404, "is the name right"), (429, "asked too often"), (500, "try again later"), (503, "try again later")):
            self.hub.status = status
            self.assertIn(part, self.refusal("org/demo"))

    def test_a_private_model_needs_the_token_and_only_the_hub_sees_it(self):
        self.repo("org/demo", DEMO)
        self.hub.token = "hf_secret"
        self.assertIn("set HF_TOKEN", self.refusal("org/demo"))
        text = self.refusal("org/demo", environment={"HF_TOKEN": "hf_wrong"})
        self.assertIn("the token in use", text)
        self.assertNotIn("hf_wrong", text)
        home = self.folder / "home"
        home.mkdir()
        (home / "token").write_text("hf_secret\n")
        self.download("org/demo")
        self.assert_whole("org/demo")
        self.assertTrue(all(one[3].get("Authorization") == "Bearer hf_secret" for one in self.hub.requests[-1:] if one[0] == "hub"))
        asked = self.hub.asked("cdn")
        self.assertGreater(len(asked), 0)
        for _, _, path, headers in asked:
            self.assertNotIn("Authorization", headers, path)

    def test_no_network_offline_and_bad_addresses(self):
        self.repo("org/demo", DEMO)
        self.assertIn("HF_HUB_OFFLINE: is set", self.refusal("org/demo", environment={"HF_HUB_OFFLINE": "1"}))
        self.assertEqual(self.hub.requests, [])
        text = self.refusal("org/demo", environment={"HF_ENDPOINT": "http://127.0.0.1:1"})
        self.assertIn("http://127.0.0.1:1: cannot be reached", text)
        self.assertIn("is there a network?", text)
        self.assertIn("HF_ENDPOINT", self.refusal("org/demo", environment={"HF_ENDPOINT": "hub"}))
        for name in ("org/a/b", "../demo", "org/demo@", "a b"):
            self.assertIn("is no model's name", self.download(name, expect=2).stderr)

    def test_a_full_disk(self):
        self.repo("org/demo", DEMO)
        self.hub.size = {"model.safetensors": 10 ** 17}
        text = self.refusal("org/demo")
        self.assertIn("the disk is too full: 100 PB are to come", text)
        self.assertIn("HF_HUB_CACHE", text)
        self.hub.size = {}

        def small_files():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))

        done = subprocess.run([PROGRAM, "download", "org/demo"], env=os.environ | self.environment, capture_output=True, text=True,
                              preexec_fn=small_files, timeout=120)
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot be written", done.stderr)
        self.assertIn("make room", done.stderr)
        self.download("org/demo")
        self.assert_whole("org/demo")

    def test_what_could_not_be_opened_is_not_fetched_unasked(self):
        folder = self.repo("org/strange", DEMO)
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(config | {"model_type": "perceiver"}))
        text = self.refusal("org/strange")
        self.assertIn("could not be opened here", text)
        self.assertIn("--force", text)
        self.download("org/strange", "--force")
        self.assert_whole("org/strange")
        listed = json.loads(self.cli("models", "--json").stdout)["models"][0]["snapshots"][0]
        self.assertFalse(listed["opens"])
        self.assertIn("perceiver", listed["problem"])

    def test_opening_never_fetches(self):
        self.repo("org/demo", DEMO)
        for command in (["info"], ["baseline"], ["act-patch"], ["recipe", "ioi-circuit", "--out", self.folder / "out"], ["bench"], ["tokenize"]):
            with self.subTest(command):
                done = self.cli(*command, "--model", "org/demo", expect=1, stdin="")
                self.assertIn(str(self.cache), done.stderr)
                self.assertIn("patchbay-cli download org/demo", done.stderr)
        self.assertEqual(self.hub.requests, [])

    def test_hostile_answers_stay_outside(self):
        folder = self.repo("org/llama", TINY / "tiny-llama")
        index = json.loads((folder / "model.safetensors.index.json").read_text())
        for name in ("../../../evil", "/etc/passwd", "missing.safetensors"):
            index["weight_map"] = {tensor: name for tensor in index["weight_map"]}
            (folder / "model.safetensors.index.json").write_text(json.dumps(index))
            self.assertIn("which the hub does not list", self.refusal("org/llama"))


class Encrypted(HubTest):
    """https, with a certificate that only the test knows."""

    def setUp(self):
        super().setUp()
        if not shutil.which("openssl"):
            self.skipTest("the openssl program, which makes a certificate, is not there")
        self.certificate, self.both = self.folder / "certificate.pem", self.folder / "both.pem"
        key = self.folder / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                        "/CN=hub of a test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", self.certificate],
                       check=True, capture_output=True)
        self.both.write_text(key.read_text() + self.certificate.read_text())
        self.hub = Hub(self.repos, self.both)
        self.addCleanup(self.hub.close)
        self.environment |= {"HF_ENDPOINT": self.hub.url, "https_proxy": "", "HTTPS_PROXY": "", "all_proxy": "", "ALL_PROXY": ""}
        self.environment |= dict.fromkeys(("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"), "")
        self.repo("org/demo", DEMO)

    def test_a_certificate_that_is_not_trusted(self):
        done = self.download("org/demo", expect=1)
        self.assertIn(f"{self.hub.url}: is not trusted", done.stderr)
        self.assertIn("SSL_CERT_FILE", done.stderr)
        self.assertEqual(self.hub.requests, [])
        self.assertFalse(self.cached("org/demo").exists())

    def test_a_file_of_certificates_that_is_not_there(self):
        done = self.download("org/demo", expect=1, environment={"SSL_CERT_FILE": str(self.folder / "none.pem")})
        self.assertIn("none.pem", done.stderr)

    def test_trusted_through_any_of_the_usual_variables(self):
        for variable in ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
            with self.subTest(variable):
                shutil.rmtree(self.cached("org/demo"), ignore_errors=True)
                self.download("org/demo", environment={variable: str(self.certificate)})
                self.assert_whole("org/demo")
        folder = self.folder / "certificates"
        folder.mkdir()
        hashed = subprocess.run(["openssl", "x509", "-hash", "-noout", "-in", self.certificate], check=True, capture_output=True, text=True)
        shutil.copy(self.certificate, folder / (hashed.stdout.strip() + ".0"))
        shutil.rmtree(self.cached("org/demo"))
        self.download("org/demo", environment={"SSL_CERT_DIR": str(folder)})
        self.assert_whole("org/demo")

    def test_it_is_not_led_to_a_connection_that_is_not_encrypted(self):
        plain = Hub(self.repos)
        self.addCleanup(plain.close)
        self.hub.cdn = plain.cdn
        self.download("org/demo", expect=1, environment={"SSL_CERT_FILE": str(self.certificate)})
        self.assertEqual(plain.requests, [])

    def test_through_a_proxy(self):
        with Proxy() as proxy:
            self.download("org/demo", environment={"SSL_CERT_FILE": str(self.certificate), "https_proxy": proxy.url, "no_proxy": "", "NO_PROXY": ""})
        self.assert_whole("org/demo")
        self.assertIn(self.hub.url.removeprefix("https://"), proxy.asked)


class Proxy(socketserver.ThreadingTCPServer):
    """Connects to where it is asked to, and passes on what comes."""
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Tunnel)
        self.asked = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    class Tunnel(socketserver.StreamRequestHandler):
        def handle(self):
            method, target, _ = self.rfile.readline().decode().split()
            while self.rfile.readline().strip():
                pass
            if method != "CONNECT":
                return
            self.server.asked.append(target)
            host, port = target.split(":")
            with socket.create_connection((host, int(port))) as there:
                self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=self.pass_on, args=(there, self.connection))
                back.start()
                self.pass_on(self.connection, there)
                back.join()

        @staticmethod
        def pass_on(source, to):
            try:
                while data := source.recv(1 << 16):
                    to.sendall(data)
                to.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # either end has gone


class Listing(HubTest):
    def test_models_as_text_and_json(self):
        self.assertIn("there are no models in the Hugging Face cache " + str(self.cache), self.cli("models").stdout)
        self.repo("org/demo", DEMO)
        self.repo("org/demo", TINY / "tiny-llama", "other")
        self.download("org/demo")
        self.download("org/demo@other")
        text = self.cli("models").stdout.splitlines()
        self.assertRegex(text[0], r"^org/demo         GPT-NeoX   \d+(\.\d+)? [kM]B$")
        self.assertRegex(text[1], r"^org/demo@other   Llama      \d+(\.\d+)? [kM]B$")
        listing = json.loads(self.cli("models", "--json").stdout)
        self.assertEqual(listing["cache"], str(self.cache))
        self.assertEqual([one["reference"] for one in listing["models"][0]["snapshots"]], ["org/demo", "org/demo@other"])
        self.assertTrue(all(one["opens"] for one in listing["models"][0]["snapshots"]))


if __name__ == "__main__":
    main()
