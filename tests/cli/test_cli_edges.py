"""Edges and circuits as scripts compute them: files, goldens, what is refused."""

import json
import re
import unittest

from cli import FIXTURES, SOURCE, CliTest, main, np, read_safetensors, run

MODEL = FIXTURES / "models" / "gpt2-4x4"
GOLDEN = FIXTURES / "golden" / "gpt2-4x4"
PROMPTS = ["--prompts", 8, "--seed", 3, "--threads", 1]


class Demo(CliTest):
    """On the model that comes with the program."""

    def edges(self, *arguments):
        out = self.folder / "edges.safetensors"
        told = json.loads(run("edges", *PROMPTS, "--json", "--out", out, *arguments).stdout)
        return told, *read_safetensors(out)

    def test_scores_and_their_files(self):
        graph, table = self.folder / "g.json", self.folder / "t.csv"
        told, arrays, metadata = self.edges("--method", "eap", "--graph", graph, "--table", table)
        forward, backward = json.loads(metadata["forward"]), json.loads(metadata["backward"])
        scores, real = arrays["scores.eap"], arrays["real_edges"]
        self.assertEqual(scores.shape, (len(forward), len(backward)))
        self.assertEqual(arrays["scores.eap.per_prompt"].shape, (*scores.shape, 8))
        np.testing.assert_allclose(arrays["scores.eap.per_prompt"].mean(2), scores, atol=1e-6)
        self.assertEqual(told["summary"]["edge_count"], int(real.sum()))
        file = json.loads(graph.read_text())
        self.assertEqual(len(file["edges"]), int(real.sum()))
        w, r = np.unravel_index(np.abs(scores).argmax(), scores.shape)
        strongest = f"{forward[w]}->{backward[r]}"
        # As the library has it: the highest are of edges that keep the behaviour, which changed lower the metric.
        self.assertAlmostEqual(file["edges"][strongest]["score"], -float(scores[w, r]), places=6)
        lines = table.read_text().splitlines()
        self.assertEqual(lines[0], "edge,writer,reader,estimate,standard_error")
        self.assertEqual(len(lines), 1 + int(real.sum()))
        self.assertIn(strongest, run("edges", *PROMPTS, "--method", "eap", "--show", 1).stdout)

    def test_exact_values(self):
        told, arrays, _ = self.edges("--method", "exact", "--top", 40, "--rank-by", "eap")
        exact = arrays["exact"]
        self.assertEqual(int(np.isfinite(exact).all(2).sum()), 40)
        self.assertEqual(exact.shape, (*arrays["real_edges"].shape, 8))
        self.assertGreater(told["summary"]["rank_correlation"], 0.5)
        again = self.folder / "again.safetensors"
        run("edges", *PROMPTS, "--method", "exact", "--top", 40, "--rank-by", "eap", "--resume", self.folder / "edges.safetensors", "--out", again)
        np.testing.assert_array_equal(read_safetensors(again)[0]["exact"], exact)
        some = self.edges("--method", "exact", "--heads", "2.1")[1]["edge.index"]
        self.assertEqual(len(some), len({tuple(edge) for edge in some.tolist()}))
        self.assertGreater(len(some), 40)

    def test_named_edges_are_computed_without_estimates(self):
        top, metadata = self.edges("--method", "exact", "--top", 3, "--rank-by", "eap")[1:]
        forward, backward = json.loads(metadata["forward"]), json.loads(metadata["backward"])
        w, r = np.argwhere(np.isfinite(top["exact"]).all(2))[0]
        named = self.edges("--method", "exact", "--edges", f"{forward[w]}->{backward[r]},input->m0,m0->logits")[1]
        self.assertIn(int(np.isfinite(named["exact"]).all(2).sum()), (2, 3))
        self.assertFalse([name for name in named if name.startswith("scores.")])
        np.testing.assert_allclose(named["exact"][w, r], top["exact"][w, r], atol=1e-5)
        self.assertIn("of --method exact", run("edges", *PROMPTS, "--method", "eap", "--edges", "input->m0", expect=2).stderr)

    def test_a_circuit_from_making_to_comparing(self):
        top, greedy, both = (self.folder / f"{name}.json" for name in ("top", "greedy", "both"))
        made = json.loads(run("circuit", "make", "top", *PROMPTS, "--top", 200, "--json", "--out", top).stdout)
        self.assertEqual(made["asked"], 200)
        run("circuit", "make", "greedy", *PROMPTS, "--top", 200, "--out", greedy)
        run("circuit", "make", "intersection", "--circuit", top, "--circuit", greedy, "--out", both)
        kept = [{edge for edge, entry in json.loads(file.read_text())["edges"].items() if entry["in_graph"]} for file in (top, greedy, both)]
        self.assertEqual(len(kept[0]), made["kept"])
        self.assertEqual(kept[2], kept[0] & kept[1])
        out = self.folder / "run.safetensors"
        ran = json.loads(run("circuit", "run", *PROMPTS, "--circuit", top, "--json", "--out", out).stdout)
        self.assertAlmostEqual(ran["faithfulness"], made["faithfulness"], places=6)
        arrays, _ = read_safetensors(out)
        self.assertAlmostEqual(float(arrays["evaluate"].mean()), ran["mean"], places=4)
        self.assertEqual(int(arrays["circuit"].sum()), made["kept"])
        f = (arrays["evaluate"].mean() - arrays["flipped"].mean()) / (arrays["clean"].mean() - arrays["flipped"].mean())
        self.assertAlmostEqual(float(f), ran["faithfulness"], places=4)
        rest = json.loads(run("circuit", "run", *PROMPTS, "--circuit", top, "--complement", "--json").stdout)
        self.assertAlmostEqual(rest["faithfulness"], ran["completeness"], places=5)
        compared = json.loads(run("circuit", "compare", *PROMPTS, top, greedy, "--json").stdout)["circuits"]
        self.assertAlmostEqual(compared[0]["faithfulness"], ran["faithfulness"], places=5)
        self.assertAlmostEqual(compared[0]["jaccard"][str(greedy)], len(kept[0] & kept[1]) / len(kept[0] | kept[1]), places=6)
        text = run("circuit", "compare", *PROMPTS, top, "none=", "--out", self.folder / "both.safetensors").stdout
        self.assertIn("none: 0 edges, 0 nodes, faithfulness 0", text)
        both, _ = read_safetensors(self.folder / "both.safetensors")
        self.assertEqual([int(kept.sum()) for kept in both["circuits"]], [made["kept"], 0])
        named = json.loads(run("circuit", "run", *PROMPTS, "--edges", ",".join(sorted(kept[0])), "--json").stdout)
        self.assertAlmostEqual(named["faithfulness"], ran["faithfulness"], places=6)

    def test_acdc_finds_the_heads_that_the_demo_model_is_known_for(self):
        table = (SOURCE / "resources" / "demo-model" / "README.md").read_text()
        known = {f"a{layer}.h{head}" for layer, head in re.findall(r"^\| L(\d)H(\d) \|", table, re.MULTILINE)}
        self.assertGreater(len(known), 10)
        out = self.folder / "acdc.json"
        told = json.loads(run("circuit", "make", "acdc", "--prompts", 40, "--seed", 42, "--threshold", 0.003, "--json", "--out", out).stdout)
        nodes = {name for name, node in json.loads(out.read_text())["nodes"].items() if node["in_graph"]}
        self.assertLessEqual(known, nodes)
        self.assertLess(len(nodes), 30)
        self.assertGreaterEqual(told["faithfulness"], 0.85)
        self.assertLessEqual(told["kept"], told["edge_count"] / 10)

    def test_the_curve_and_its_areas(self):
        scores = self.folder / "scores.json"
        run("edges", *PROMPTS, "--method", "eap", "--graph", scores)
        told = json.loads(run("circuit", "curve", *PROMPTS, "--circuit", scores, "--json", "--ablate", "zero").stdout)
        for area, curve, value in (("cpr", "curve_signed", lambda f: f), ("cmd", "curve", lambda f: abs(1 - f))):
            points = told[curve]
            self.assertEqual([point["p"] for point in points], [.001, .002, .005, .01, .02, .05, .1, .2, .5, 1])
            for point in points:
                self.assertEqual(point["n"], int(point["p"] * told["edge_count"]))
                self.assertLessEqual(point["kept"], point["n"])
            expected = sum((b["p"] - a["p"]) * (value(a["faithfulness"]) + value(b["faithfulness"])) / 2 for a, b in zip(points, points[1:]))
            self.assertAlmostEqual(told[area], expected, places=6)
            self.assertAlmostEqual(points[-1]["faithfulness"], 1, places=4)
        some = json.loads(run("circuit", "curve", *PROMPTS, "--by", "eap", "--shares", "0.1,0.5", "--json").stdout)
        self.assertEqual([point["p"] for point in some["curve"]], [.1, .5])

    def test_a_signed_choice_begins_with_what_keeps_the_behaviour(self):
        for metric in ("loss", "logit_diff"):  # the one grows, the other falls where the behaviour is lost
            told = json.loads(run("circuit", "curve", *PROMPTS, "--metric", metric, "--json").stdout)
            self.assertGreater(told["cpr"], 0.85)
            self.assertGreater(told["curve_signed"][5]["faithfulness"], 0.7, "5 % of the edges")
        # A file keeps its meaning: its highest scores come first.
        scores, out = self.folder / "scores.json", self.folder / "best.json"
        run("edges", *PROMPTS, "--graph", scores)
        read = json.loads(run("circuit", "curve", *PROMPTS, "--circuit", scores, "--json").stdout)
        self.assertAlmostEqual(read["cpr"], told["cpr"], places=6)
        run("circuit", "make", "top", *PROMPTS, "--circuit", scores, "--top", 40, "--signed", "--out", out)
        edges = json.loads(scores.read_text())["edges"]
        best = set(sorted(edges, key=lambda name: -edges[name]["score"])[:40])
        self.assertLessEqual({name for name, edge in json.loads(out.read_text())["edges"].items() if edge["in_graph"]}, best)

    def test_what_is_wrong_is_said(self):
        for arguments, code, part in [
            (["edges", "--method", "eap", "--top", 3], 2, "--method"),
            (["edges", "--metric", "rank"], 1, "no gradient"),
            (["edges", "--metric", "kl", "--method", "eap"], 1, "least in the clean run"),
            (["edges", "--graph", "g.txt"], 2, "--graph"),
            (["edges", "--method", "eap-ig", "--ablate", "zero"], 1, "eap alone"),
            (["edges", "--method", "exact", "--heads", "99.0"], 1, "L99H0"),
            (["circuit", "run", "--edges", "a99.h0->logits"], 1, "a99.h0->logits"),
            (["circuit", "run", "--circuit", self.folder / "none.json"], 1, "none.json"),
            (["circuit", "make", "top"], 2, "--out"),
            (["circuit", "make", "union", "--out", "x.json"], 2, "--circuit"),
            (["circuit", "make", "threshold", "--out", "x.json"], 2, "--threshold"),
            (["circuit", "curve", "--shares", "0.5,0.1"], 1, "shares"),
            (["circuit"], 2, ""),
        ]:
            with self.subTest(arguments):
                self.assertIn(part, run(*arguments, *(PROMPTS if len(arguments) > 1 else []), expect=code).stderr)


@unittest.skipUnless(GOLDEN.is_dir(), f"{GOLDEN} is not there")
class Golden(CliTest):
    """Against the EAP-IG library."""

    def test_circuits(self):
        arrays, _ = read_safetensors(GOLDEN / "edges.safetensors")
        about = json.loads((GOLDEN / "edges.json").read_text())
        batch = ["--model", MODEL, "--batch", GOLDEN / "batch.safetensors", "--threads", 1]
        gap = abs(arrays["clean"].mean() - arrays["flipped"].mean())
        names = {"EAP": "eap", "EAP-IG-inputs": "eap-ig"}
        for name, entry in about["circuits"].items():
            method, top, ablate = name.split(".")
            out = self.folder / "run.safetensors"
            told = json.loads(run("circuit", "run", *batch, "--by", names[method], "--top", entry["asked"], "--ablate", ablate, "--json", "--out", out).stdout)
            got, _ = read_safetensors(out)
            self.assertEqual(told["kept"], entry["kept_edges"])
            np.testing.assert_array_equal(got["circuit"], arrays[f"circuit.{method}.{top}"])
            self.assert_close(got["evaluate"], arrays[f"evaluate.{name}"], 1e-4 * gap, 0, name)


if __name__ == "__main__":
    main()
