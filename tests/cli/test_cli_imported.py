"""Numbers of other programs: what torch.save, NumPy and safetensors files hold becomes a run, and EAP-IG's graphs are read."""

import collections
import io
import json
import pickle
import sys
import types
import zipfile

import numpy as np

from cli import CliTest, main, read_safetensors, run, write_safetensors

LAYERS, HEADS = 6, 8


def torch_file(path, content):
    """A file as torch.save writes it, of numpy arrays in dicts and lists; torch itself is not needed."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    storages = {}
    for dtype, name in (("float32", "FloatStorage"), ("float64", "DoubleStorage"), ("int64", "LongStorage"), ("bool", "BoolStorage")):
        storages[dtype] = type(name, (), {"__module__": "torch"})
        setattr(torch, name, storages[dtype])

    def _rebuild_tensor_v2(*_):
        raise AssertionError("only its name is written")
    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2
    stored = []

    class Storage:
        def __init__(self, array):
            self.array = array

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            if not isinstance(value, Storage):
                return None
            stored.append(value.array)
            return ("storage", storages[str(value.array.dtype)], str(len(stored) - 1), "cpu", value.array.size)

        def reducer_override(self, value):
            if not isinstance(value, np.ndarray):
                return NotImplemented
            whole = value if value.base is None else value.base  # a transposed one has its storage's strides
            strides = tuple(step // value.itemsize for step in value.strides)
            return _rebuild_tensor_v2, (Storage(whole), 0, value.shape, strides, False, collections.OrderedDict())

    known = {name: sys.modules.get(name) for name in ("torch", "torch._utils")}
    sys.modules |= {"torch": torch, "torch._utils": utils}
    try:
        text = io.BytesIO()
        Pickler(text, 2).dump(content)
    finally:
        for name, module in known.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", text.getvalue())
        archive.writestr("archive/version", "3\n")
        archive.writestr("archive/byteorder", "little")
        for key, array in enumerate(stored):
            archive.writestr(f"archive/data/{key}", np.ascontiguousarray(array).tobytes())


class Call:
    """What a pickle must not be able to do."""

    def __reduce__(self):
        return print, ("called",)


class Imported(CliTest):
    def imported(self, file, **how):
        out = self.folder / "out.safetensors"
        run("analyse", "imported", "--file", file, "--prompts", 3, "--out", out, "--quiet", **how)
        arrays, metadata = read_safetensors(out)
        return {name: array for name, array in arrays.items() if name.startswith("imported.")}, metadata

    def numbers(self, *shape):
        return np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32)

    def test_a_tensor_alone(self):
        grid = self.numbers(LAYERS, HEADS)
        for name, stored in (("plain", grid), ("double", grid.astype(np.float64)), ("turned", np.ascontiguousarray(grid.T).T)):
            torch_file(self.folder / f"{name}.pt", stored)
            found, _ = self.imported(self.folder / f"{name}.pt")
            self.assertEqual(list(found), [f"imported.{name}"])
            np.testing.assert_array_equal(found[f"imported.{name}"], grid)

    def test_tensors_in_dicts_and_stacks(self):
        every, by_prompt, lens = self.numbers(5, LAYERS, HEADS), self.numbers(LAYERS, HEADS, 3), self.numbers(LAYERS)
        torch_file(self.folder / "many.pt", {"every": every, "by": [by_prompt], "lens": lens, "logits": self.numbers(3, 40), "note": "text"})
        found, metadata = self.imported(self.folder / "many.pt")
        self.assertEqual(sorted(found), ["imported.by.0", *(f"imported.every.{site}" for site in ("k", "pattern", "q", "v", "z")),
                                         "imported.layers.lens"])
        for i, site in enumerate(("z", "q", "k", "v", "pattern")):
            np.testing.assert_array_equal(found[f"imported.every.{site}"], every[i])
        np.testing.assert_array_equal(found["imported.by.0"], by_prompt)
        np.testing.assert_array_equal(found["imported.layers.lens"], lens)
        self.assertIn("logits [3, 40]", json.dumps(json.loads(metadata["patchbay"])))

    def test_other_files(self):
        grid = self.numbers(LAYERS, HEADS)
        np.savez(self.folder / "n.npz", z=grid)
        write_safetensors(self.folder / "s.safetensors", {"z": grid})
        for file in ("n.npz", "s.safetensors"):
            found, _ = self.imported(self.folder / file)
            np.testing.assert_array_equal(found["imported.z"], grid)

    def test_what_is_wrong_is_said(self):
        torch_file(self.folder / "other.pt", self.numbers(3, 4))
        self.assertIn("has no numbers of this model's 6 layers of 8 heads: other [3, 4]",
                      self.imported_error(self.folder / "other.pt"))
        torch_file(self.folder / "code.pt", {"z": self.numbers(LAYERS, HEADS), "call": Call()})
        self.assertIn("code.pt", self.imported_error(self.folder / "code.pt"))
        (self.folder / "text.pt").write_text("no zip file")
        self.assertIn("is not a file that torch.save wrote", self.imported_error(self.folder / "text.pt"))
        self.assertIn("--file", run("analyse", "imported", "--prompts", 3, expect=2).stderr)

    def imported_error(self, file):
        return run("analyse", "imported", "--file", file, "--prompts", 3, expect=1).stderr

    def test_a_graph_of_eap_ig(self):
        """The same graph as JSON and as a .pt is the same circuit."""
        as_json = self.folder / "graph.json"
        run("circuit", "make", "--by", "eap", "--top", 300, "--prompts", 3, "--out", as_json, "--quiet")
        graph = json.loads(as_json.read_text())
        writers = ["input", *(name for layer in range(LAYERS) for name in (*(f"a{layer}.h{head}" for head in range(HEADS)), f"m{layer}"))]
        readers = [name for layer in range(LAYERS)
                   for name in (*(f"a{layer}.h{head}<{letter}>" for letter in "qkv" for head in range(HEADS)), f"m{layer}")] + ["logits"]
        scores, kept = np.zeros((len(writers), len(readers)), np.float32), np.zeros((len(writers), len(readers)), bool)
        for name, edge in graph["edges"].items():
            place = tuple(names.index(end) for names, end in zip((writers, readers), name.split("->")))
            scores[place], kept[place] = edge.get("score", 0), edge["in_graph"]
        nodes = np.array([graph["nodes"][name]["in_graph"] for name in writers])
        torch_file(self.folder / "graph.pt", {"cfg": graph["cfg"], "src_nodes": writers, "dst_nodes": readers, "edges_scores": scores,
                                              "edges_in_graph": kept, "nodes_in_graph": nodes})
        found = []
        for file in (as_json, self.folder / "graph.pt"):
            out = self.folder / "circuit.safetensors"
            run("circuit", "run", "--circuit", file, "--prompts", 3, "--out", out, "--quiet")
            found.append(read_safetensors(out)[0])
        np.testing.assert_array_equal(found[0]["circuit"], found[1]["circuit"])
        np.testing.assert_array_equal(found[0]["evaluate"], found[1]["evaluate"])
        self.assertGreater(found[0]["circuit"].sum(), 100)


if __name__ == "__main__":
    main()
