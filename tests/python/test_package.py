"""The Python package against files that the program writes: the wheel itself is imported, from where it lies."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest
import zipfile

try:
    import numpy as np
except ImportError:
    print("skipped: numpy is not installed")
    sys.exit(77)

WHEEL = pathlib.Path(os.environ["PATCHBAY_WHEEL"])
if not WHEEL.exists():
    print(f"skipped: {WHEEL} was not built (target python-wheel)")
    sys.exit(77)
sys.path.insert(0, str(WHEEL))
import patchbay  # noqa: E402

PROGRAM = os.environ["PATCHBAY_CLI"]
SOURCE = pathlib.Path(os.environ["PATCHBAY_SOURCE_DIR"])


def cli(*arguments):
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, encoding="utf-8", timeout=300)
    if done.returncode != 0:
        raise AssertionError(f"{arguments}: {done.returncode}\n{done.stderr[-2000:]}")
    return done.stdout


def safetensors_of(path, entries, blob, metadata=None):
    header = json.dumps(({"__metadata__": metadata} if metadata else {}) | entries).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + blob)


class WithFolder(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def assert_error(self, *words):
        test = self

        class Expect:
            def __enter__(self):
                return self

            def __exit__(self, kind, error, trace):
                test.assertIsInstance(error, patchbay.PatchbayError)
                for word in words:
                    test.assertIn(str(word), str(error))
                return True
        return Expect()


class Files(WithFolder):
    def test_halves_of_both_kinds_are_the_numbers_that_they_stand_for(self):
        numbers = np.array([1.0, -2.5, 0.15625, 3.0e4], np.float32)
        upper = (numbers.view("<u4") >> 16).astype("<u2")  # these numbers have no lower half
        self.assertTrue(np.array_equal((upper.astype("<u4") << 16).view("<f4"), np.float32([1, -2.5, 0.15625, 29952])))
        half = numbers.astype("<f2")
        safetensors_of(self.folder / "a.safetensors",
                       {"b": {"dtype": "BF16", "shape": [2, 2], "data_offsets": [0, 8]},
                        "h": {"dtype": "F16", "shape": [4], "data_offsets": [8, 16]}}, upper.tobytes() + half.tobytes())
        arrays, metadata = patchbay.read_arrays(self.folder / "a.safetensors")
        np.testing.assert_array_equal(arrays["b"], [[1, -2.5], [0.15625, 29952]])
        np.testing.assert_array_equal(arrays["h"], half.astype(np.float32))
        self.assertEqual({str(a.dtype) for a in arrays.values()}, {"float32"})
        self.assertEqual(metadata, {})

    def test_damaged_files_are_named_with_what_is_wrong(self):
        path = self.folder / "a.safetensors"
        entry = {"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 12]}}
        safetensors_of(path, entry, bytes(8))
        with self.assert_error(path, "tensor a", "inside the file"):
            patchbay.read_arrays(path)
        safetensors_of(path, {"a": entry["a"] | {"dtype": "F4"}}, bytes(12))
        with self.assert_error(path, "F4"):
            patchbay.read_arrays(path)
        safetensors_of(path, {"a": entry["a"] | {"shape": [-3, -1]}}, bytes(12))
        with self.assert_error(path):
            patchbay.read_arrays(path)
        for broken in (b"", b"\xff" * 20, (4).to_bytes(8, "little") + b"[[[[", (4).to_bytes(8, "little") + b"[3] "):
            path.write_bytes(broken)
            with self.assert_error(path):
                patchbay.read_arrays(path)
        for name, content in (("a.npz", b"PK no"), ("a.json", b"{"), ("b.json", b'{"a": ["x"]}'), ("a.txt", b"")):
            (self.folder / name).write_bytes(content)
            with self.assert_error(self.folder / name):
                patchbay.read_arrays(self.folder / name)
        with self.assert_error("nowhere.npz", "No such file"):
            patchbay.read_arrays(self.folder / "nowhere.npz")
        (self.folder / "c.json").write_text('{"a": [1.5, "nan", "-inf"], "b": [[1], [2]]}')
        arrays, _ = patchbay.read_arrays(self.folder / "c.json")
        np.testing.assert_array_equal(arrays["a"], np.float32([1.5, np.nan, -np.inf]))
        self.assertEqual(arrays["b"].dtype.kind, "i")

    def test_another_programs_file_is_no_result(self):
        safetensors_of(self.folder / "a.safetensors",
                       {"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, bytes(4))
        with self.assert_error("is not a Patchbay result"):
            patchbay.read(self.folder / "a.safetensors")


class Results(WithFolder):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.made = pathlib.Path(temporary.name)
        cli("act-patch", "--prompts", 6, "--seed", 1, "--sites", "z,mlp_out", "--direction", "denoise",
            "--out", cls.made / "z.safetensors")
        cli("run", cls.made / "z.safetensors", "--out", cls.made / "z.npz")
        cli("run", cls.made / "z.safetensors", "--out", cls.made / "z.json")

    def test_all_formats_say_the_same(self):
        first = patchbay.read(self.made / "z.safetensors")
        self.assertEqual(first.grids, ["denoise.z", "denoise.mlp_out"])
        z = first["denoise.z"]
        self.assertEqual(z.dims, ("layer", "head", "prompt"))
        self.assertEqual(first["denoise.mlp_out"].dims, ("layer", "prompt"))
        self.assertEqual(first.spec["method"], "act_patch")
        self.assertTrue(first.complete)
        self.assertEqual(len(first.model_sha256), 64)
        self.assertEqual(first.baseline.clean.shape, (6,))
        self.assertAlmostEqual(float(first.baseline.clean.values.mean()), first.baseline.clean_mean, 5)
        for name in ("z.npz", "z.json"):
            other = patchbay.read(self.made / name)
            np.testing.assert_array_equal(other["denoise.z"].values, z.values)
            self.assertEqual(other.spec, first.spec)

    def test_effects_follow_from_the_numbers_per_prompt(self):
        result = patchbay.read(self.made / "z.safetensors")
        b = result.baseline
        by_hand = (result["denoise.z"].mean().values - b.flipped_mean) / b.gap
        np.testing.assert_allclose(result.effect("denoise.z").values, by_hand, atol=1e-5)
        self.assertEqual(result.effect_unit, "share of the gap")
        (layer, head), strongest = result.effect("denoise.z").top(1)[0]
        self.assertEqual(float(result.effect("denoise.z").sel(head=patchbay.head_label(layer, head)).values),
                         strongest)
        self.assertTrue(result.exact("denoise.z").all())
        self.assertFalse(result.estimated("denoise.z").any())
        with self.assert_error("has no sweep 'noise.z'", "denoise.z"):
            result.effect("noise.z")
        with self.assert_error("not along axis layer"):
            result["denoise.z"].sel(layer=99)

    def test_cells_that_are_missing_are_told_from_those_that_are_there(self):
        arrays, metadata = patchbay.read_arrays(self.made / "z.safetensors")
        about = json.loads(metadata["patchbay"])
        cells = int(np.prod(about["grids"][0]["shape"]))
        about["grids"][0]["states"] = "em" + "x" * (cells - 2)
        metadata["patchbay"] = json.dumps(about)
        arrays["denoise.z.estimate"] = arrays["denoise.z.normalised"] + np.float32(0.25)  # attribution patching's
        entries, blob = {}, b""
        for name, array in arrays.items():
            entries[name] = {"dtype": "I64" if array.dtype.kind == "i" else "F32", "shape": list(array.shape),
                             "data_offsets": [len(blob), len(blob) + array.nbytes]}
            blob += array.tobytes()
        safetensors_of(self.folder / "part.safetensors", entries, blob, metadata)
        result = patchbay.read(self.folder / "part.safetensors")
        states = result.state("denoise.z").values.ravel()
        self.assertEqual(list(states[:3]), [patchbay.ESTIMATED, patchbay.MISSING, patchbay.EXACT])
        self.assertEqual(int(result.exact("denoise.z").sum()), cells - 2)
        estimate = result.estimate("denoise.z")
        self.assertEqual(estimate.dims, ("layer", "head"))
        np.testing.assert_allclose(estimate.values, arrays["denoise.z.normalised"] + 0.25, atol=1e-6)
        self.assertIsNone(result.estimate("denoise.mlp_out"))

    def test_by_position(self):
        cli("act-patch", "--prompts", 3, "--seed", 1, "--sites", "z", "--positions", "each", "--out",
            self.folder / "p.safetensors")
        result = patchbay.read(self.folder / "p.safetensors")
        self.assertEqual(result.effect(result.grids[0]).dims, ("layer", "position", "head"))

    def test_an_analysis_has_named_axes_and_its_tables(self):
        cli("analyse", "dla", "--prompts", 5, "--out", self.folder / "dla.safetensors")
        result = patchbay.read(self.folder / "dla.safetensors")
        self.assertEqual(result.grids, [])
        self.assertEqual(result["dla"].dims, ("layer", "head", "prompt"))

    def test_xarray(self):
        try:
            import xarray  # noqa: F401
        except ImportError:
            with self.assert_error("xarray is not installed"):
                patchbay.read(self.made / "z.safetensors").to_xarray()
            return
        data = patchbay.read(self.made / "z.safetensors").to_xarray()
        self.assertEqual(data["denoise.z"].dims, ("layer", "head", "prompt"))

    def test_edges(self):
        out = self.folder / "e.safetensors"
        cli("edges", "--method", "eap", "--prompts", 4, "--out", out, "--graph", self.folder / "e.json", "--table",
            self.folder / "e.csv")
        scores = patchbay.read(out)["scores.eap"]
        self.assertEqual(scores.dims, ("writer", "reader"))
        graph, table = patchbay.read(self.folder / "e.json"), patchbay.read(self.folder / "e.csv")
        self.assertEqual(list(graph.scores), list(table["estimate"]))
        for edge, score in graph.top(20):
            writer, reader = edge.split("->")
            # The library's sign: the highest keep the behaviour, and lower the metric when they are changed.
            self.assertAlmostEqual(float(scores.sel(writer=writer, reader=reader).values), -score, 6)
            self.assertAlmostEqual(table["estimate"][edge], -score, 6)
        matrix = graph.matrix()
        self.assertEqual(np.isfinite(matrix.values).sum(), len(graph.scores))
        (self.folder / "e.json").write_text('{"cfg": {}, "edges": {}}')
        with self.assert_error("e.json", "n_layers"):
            patchbay.read(self.folder / "e.json")
        (self.folder / "e.csv").write_text("edge,writer,reader,estimate\na0.h0->m1,a0.h0,m1,one\n")
        with self.assert_error("e.csv", "line 2"):
            patchbay.read(self.folder / "e.csv")

    def test_a_recipe(self):
        recipe = self.folder / "two.json"
        recipe.write_text(json.dumps({"format": "patchbay-recipe", "version": 1, "name": "two", "title": "Two", "steps": [
            {"id": "base", "title": "Baseline", "kind": "baseline"},
            {"id": "z", "title": "z", "kind": "run", "spec": {"method": "act_patch", "sites": ["z"], "direction": "denoise"}}]}))
        cli("recipe", recipe, "--prompts", 3, "--out", self.folder / "out")
        folder = patchbay.read(self.folder / "out")
        self.assertEqual([step.state for step in folder], ["done", "done"])
        self.assertEqual(folder["z"].result.grids, ["denoise.z"])
        with self.assert_error("no step 'y'", "base, z"):
            folder["y"]

    def test_a_series(self):
        spec = self.folder / "spec.json"
        spec.write_text(json.dumps(patchbay.spec("act_patch", task={"kind": "ioi", "prompts": 3}, sites=["z"])))
        cli("series", spec, "--model", "demo", "--revisions", "step0,step900", "--out", self.folder / "out")
        series = patchbay.read(self.folder / "out")
        self.assertEqual(len(series.names), 2)
        self.assertEqual(series.done, series.names)
        effects = series.effect(series.result(series.names[0]).grids[0])
        self.assertEqual(effects.dims, ("revision", "layer", "head"))
        with self.assert_error("no revision 'step7'"):
            series.result("step7")
        with self.assert_error("single run"):
            series.result(series.names[0], "z")


class Runs(WithFolder):
    def test_a_spec_as_keyword_arguments(self):
        seen = []
        result = patchbay.run("act_patch", task={"kind": "ioi", "prompts": 4, "seed": 3}, sites=["z", "q"],
                              direction="noise", positions="end", metric="prob_diff", threads=1,
                              progress=lambda share, what: seen.append((share, what)))
        self.assertEqual(result.grids, ["noise.z", "noise.q"])
        self.assertEqual((result.spec["metric"], result.spec["positions"]), ("prob_diff", "end"))
        self.assertTrue(seen)
        self.assertTrue(all(0 <= share <= 1 for share, _ in seen))

    def test_an_analysis(self):
        result = patchbay.run("ablate", task={"kind": "ioi", "prompts": 4}, heads=["0.0", "1.1"], mode="mean",
                              progress=False)
        self.assertEqual(result.spec["options"], {"mode": "mean"})
        self.assertEqual(result.summary["mode"], "mean")

    def test_what_the_program_says_is_the_error(self):
        with self.assert_error("metric", "no_such"):
            patchbay.run("act_patch", metric="no_such", progress=False)
        with self.assert_error("no-such-program"):
            patchbay.run("act_patch", program="no-such-program", progress=False)

    def test_cancel_keeps_what_is_finished(self):
        run = None
        started, computing = threading.Event(), threading.Event()

        def progress(share, what):
            if "cell" in what and share > 0 and not computing.is_set():
                computing.set()
                started.wait()
                run.cancel()
        run = patchbay.Run(patchbay.spec("act_patch", task={"kind": "ioi", "prompts": 400}, positions="each",
                                         sites=["z", "q", "k", "v", "pattern"]), threads=1, progress=progress)
        started.set()
        with self.assertRaises(patchbay.Cancelled) as stopped:
            run.result()
        self.assertTrue(computing.is_set())
        result = stopped.exception.result
        self.assertFalse(result.complete)
        counts = [int(result.exact(name).sum()) for name in result.grids]
        self.assertGreater(sum(counts), 0)
        self.assertLess(sum(counts), sum(result.exact(name).size for name in result.grids))


class Wheel(WithFolder):
    def test_it_holds_the_package_and_nothing_else(self):
        with zipfile.ZipFile(WHEEL) as wheel:
            names = set(wheel.namelist())
            record = [line.split(",")[0] for line in wheel.read(
                next(name for name in names if name.endswith("/RECORD"))).decode().split()]
        self.assertEqual(set(record), names)
        modules = {f"patchbay/{path.name}" for path in (SOURCE / "packaging/python/patchbay").iterdir()
                   if path.suffix in (".py", ".typed")}
        self.assertEqual({name for name in names if name.startswith("patchbay/")}, modules)
        version = WHEEL.name.split("-")[1]
        self.assertIn(f'version = "{version}"', (SOURCE / "packaging/python/pyproject.toml").read_text())

    def test_types(self):
        if not shutil.which("mypy"):
            self.skipTest("no mypy here")
        done = subprocess.run(["mypy", "--strict", "--cache-dir", self.folder, SOURCE / "packaging/python/patchbay"],
                              capture_output=True, encoding="utf-8", timeout=600)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2 if "-v" in sys.argv else 1)
