"""Shards of a run: planned, run by themselves, killed and run again, merged to the bytes of one run."""

import json
import os
import pathlib
import random
import subprocess

from cli import PROGRAM, SOURCE, CliTest, main, read_safetensors, run

SWEEP = ["act-patch", "--sites", "z,q", "--prompts", "24", "--threads", "1"]
ALONE = ["--threads", "1"]
LAUNCHERS = ["SLURM_ARRAY_TASK_ID", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "PMI_RANK", "PMI_SIZE",
             "MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE", "SLURM_PROCID", "SLURM_NTASKS"]


class Shards(CliTest):
    def setUp(self):
        super().setUp()
        for name in LAUNCHERS:  # these tests may themselves run in a job
            os.environ.pop(name, None)

    def spec_and_bytes(self, *arguments, environment=None):
        """A spec file, and the bytes of one run of it."""
        spec, first, one = self.folder / "spec.json", self.folder / "first.safetensors", self.folder / "one.safetensors"
        run(*arguments, "--quiet", "--out", first, environment=environment)
        spec.write_text(run("run", first, "--print-spec").stdout)
        run("run", spec, *ALONE, "--quiet", "--out", one, environment=environment)
        return spec, one.read_bytes()

    def plan(self, spec, shards, name="plan", environment=None):
        folder = self.folder / name
        told = json.loads(run("plan", spec, "--shards", shards, *ALONE, "--out", folder, "--json", environment=environment).stdout)
        return folder, told

    def merged(self, folder, *options, expect=0):
        out = folder / "merged.safetensors"
        done = run("merge", folder, "--out", out, *options, expect=expect)
        return out.read_bytes() if expect == 0 else done.stderr

    def shards_told(self, *arguments, environment=None):
        return [one["shard"] for one in json.loads(run("run", *arguments, "--json", environment=environment).stdout)["shards"]]

    def test_they_merge_to_the_bytes_of_one_run(self):
        for name, arguments in {"heads": SWEEP, "paths": ["path-patch", "--receivers", "q:3.0", "--prompts", "24", "--threads", "1"],
                                "edges": ["edges", "--method", "exact", "--top", "60", "--prompts", "12", "--threads", "1"]}.items():
            spec, expected = self.spec_and_bytes(*arguments)
            for shards in (1, 2, 5, 17) if name == "heads" else (2, 17):
                with self.subTest(name, shards=shards):
                    folder, told = self.plan(spec, shards, f"{name}-{shards}")
                    self.assertEqual(len(told["costs"]), shards)
                    self.assertAlmostEqual(sum(told["costs"]), 1)
                    run("run", folder, "--quiet")
                    self.assertEqual(self.merged(folder), expected)

    def test_on_a_processor_whose_products_round_with_their_company(self):
        environment = {"DNNL_MAX_CPU_ISA": "AVX2"}
        spec, expected = self.spec_and_bytes(*SWEEP, environment=environment)
        folder, _ = self.plan(spec, 17, environment=environment)
        run("run", folder, "--quiet", environment=environment)
        self.assertEqual(self.merged(folder), expected)

    def test_each_by_itself_in_any_order_and_place(self):
        spec, expected = self.spec_and_bytes(*SWEEP)
        folder, _ = self.plan(spec, 5)
        order = [1, 2, 3, 4, 5]
        random.Random(3).shuffle(order)
        for shard in order[:-1]:
            run("run", folder / f"shard-{shard}.json", "--quiet")
        told = self.merged(folder, expect=1)
        self.assertIn(f"1 of 5 shards is missing: {order[-1]} (", told)
        self.assertIn("--shard K computes one", told)
        # What is there can be looked at.
        self.merged(folder, "--partial")
        part = json.loads(read_safetensors(folder / "merged.safetensors")[1]["patchbay"])
        self.assertFalse(part["complete"])
        # The last one elsewhere, as on another machine without a common folder.
        away = self.folder / "away"
        away.mkdir()
        for file in (f"shard-{order[-1]}.json",):
            (away / file).write_bytes((folder / file).read_bytes())
        run("run", away / f"shard-{order[-1]}.json", "--quiet")
        name = f"shard-{order[-1]}.safetensors"
        (folder / name).write_bytes((away / name).read_bytes())
        self.assertEqual(self.merged(folder), expected)
        # Finished ones are left as they are.
        before = (folder / name).stat().st_mtime_ns
        told = json.loads(run("run", folder, "--json").stdout)["shards"]
        self.assertTrue(all(one["kept"] for one in told))
        self.assertEqual((folder / name).stat().st_mtime_ns, before)

    def test_processes_share_the_shards_by_their_ranks(self):
        spec, expected = self.spec_and_bytes(*SWEEP)
        folder, _ = self.plan(spec, 7)
        self.assertEqual(self.shards_told(folder, environment={"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "3"}), [2, 5])
        self.assertEqual(self.shards_told(folder, environment={"PMI_RANK": "2", "PMI_SIZE": "3"}), [3, 6])
        self.assertEqual(self.shards_told(folder, environment={"SLURM_PROCID": "0", "SLURM_NTASKS": "3"}), [1, 4, 7])
        self.assertEqual(self.merged(folder), expected)
        # A task of an array has one, and more processes than shards leave some without.
        self.assertEqual(self.shards_told(folder, environment={"SLURM_ARRAY_TASK_ID": "6", "SLURM_PROCID": "0", "SLURM_NTASKS": "1"}), [6])
        self.assertEqual(self.shards_told(folder, "--shard", 3, environment={"SLURM_ARRAY_TASK_ID": "6"}), [3])
        self.assertEqual(self.shards_told(folder, environment={"PMI_RANK": "8", "PMI_SIZE": "9"}), [])
        self.assertIn("the plan has 7 shards, and no 8", run("run", folder, "--shard", 8, expect=2).stderr)
        self.assertIn("numbered from 1", run("run", folder, expect=2, environment={"SLURM_ARRAY_TASK_ID": "0"}).stderr)

    def test_killed_it_goes_on(self):
        # Several chunks of cells a shard, each written as soon as it is there.
        spec, expected = self.spec_and_bytes("act-patch", "--sites", "z,q,k,v", "--prompts", "200", "--threads", "1")
        folder, _ = self.plan(spec, 2)
        result = folder / "shard-1.safetensors"
        arguments = [PROGRAM, "run", folder, "--shard", "1", "--save-every", "0", "--progress", "lines"]
        with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            for _ in process.stderr:  # a line for what it does, as it does it
                if result.exists():
                    break
            process.kill()
        run("run", folder, "--shard", "2", "--quiet")
        if process.returncode != 0:  # else it was too fast
            self.assertIn("1 of 2 shards is unfinished: 1 (", self.merged(folder, expect=1))
            states = json.loads(read_safetensors(result)[1]["patchbay"])["grids"]
            self.assertTrue(any("x" in grid["states"] for grid in states))
        told = json.loads(run("run", folder, "--shard", "1", "--json").stdout)["shards"]
        self.assertEqual(told[0]["kept"], process.returncode == 0)
        self.assertEqual(self.merged(folder), expected)
        # What a kill leaves of a file that was being written harms nobody.
        self.assertEqual(self.shards_told(folder), [1, 2])

    def test_killed_at_random_moments(self):
        spec, expected = self.spec_and_bytes(*SWEEP)
        folder, _ = self.plan(spec, 2)
        chance = random.Random(5)
        for _ in range(8):
            with subprocess.Popen([PROGRAM, "run", folder, "--shard", "1", "--save-every", "0", "--progress", "lines"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
                for _ in range(chance.randrange(0, 12)):
                    if not process.stderr.readline():
                        break
                process.kill()
        run("run", folder, "--quiet")
        self.assertEqual(self.merged(folder), expected)

    def test_damaged_and_foreign_results_are_named(self):
        spec, expected = self.spec_and_bytes(*SWEEP)
        folder, _ = self.plan(spec, 3)
        run("run", folder, "--quiet")
        second = folder / "shard-2.safetensors"
        good = second.read_bytes()
        second.write_bytes(good[:-5] + bytes([good[-5] ^ 1]) + good[-4:])
        told = self.merged(folder, expect=1)
        self.assertIn("shard-2.safetensors: is damaged", told)
        self.assertIn("run again", told)
        # Run again it says so, and is whole.
        self.assertIn("it is computed anew", run("run", folder, "--shard", 2).stderr)
        self.assertEqual(self.merged(folder), expected)
        second.write_bytes(good[:len(good) // 2])
        self.assertIn("shard-2.safetensors: is damaged", self.merged(folder, expect=1))
        second.write_bytes((folder / "shard-3.safetensors").read_bytes())
        self.assertIn("shard-2.safetensors: is of another shard or plan", self.merged(folder, expect=1))
        other, _ = self.plan(spec, 4, "other")
        run("run", other, "--shard", 2, "--quiet")
        second.write_bytes((other / "shard-2.safetensors").read_bytes())
        self.assertIn("shard-2.safetensors: is of another shard or plan", self.merged(folder, expect=1))
        second.write_bytes((self.folder / "one.safetensors").read_bytes())
        self.assertIn("shard-2.safetensors: is not the result of a shard", self.merged(folder, expect=1))

    def test_wrong_use_is_told(self):
        spec, _ = self.spec_and_bytes(*SWEEP)
        folder, _ = self.plan(spec, 2)
        self.assertIn("holds another plan", run("plan", spec, "--shards", 3, *ALONE, "--out", folder, expect=1).stderr)
        self.assertIn("holds no plan.json", run("merge", self.folder, "--out", folder / "x.npz", expect=1).stderr)
        self.assertIn("none of 2 shards has a result yet", self.merged(folder, expect=1))
        for option in (["--metric", "kl"], ["--estimates"], ["--keep-end"], ["--resume"], ["--project", "x.patchbay"]):
            self.assertIn(option[0], run("run", folder, *option, expect=2).stderr)
        self.assertIn("--shard", run("run", spec, "--shard", 1, expect=2).stderr)
        self.assertIn("--out", run("run", folder, "--out", self.folder / "x.safetensors", expect=2).stderr)
        attribution = self.folder / "attribution.safetensors"
        run("attribution", "--prompts", 4, "--quiet", "--out", attribution)
        self.assertIn("one pass", run("plan", attribution, "--shards", 2, "--out", self.folder / "no", expect=1).stderr)
        # Other weights under the name that the plan has.
        changed = json.loads((folder / "shard-1.json").read_text())
        changed["spec"]["model"]["sha256"] = "0" * 64
        (folder / "shard-1.json").write_text(json.dumps(changed))
        self.assertIn("is another model than the spec's", run("run", folder, "--shard", 1, expect=1).stderr)

    def test_the_script_for_slurm_is_sound(self):
        script = pathlib.Path(SOURCE) / "packaging" / "slurm" / "sweep.sbatch"
        subprocess.run(["bash", "-n", script], check=True)
        done = subprocess.run(["bash", script], capture_output=True, encoding="utf-8", check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("usage", done.stderr)


if __name__ == "__main__":
    main()
