"""--device: what LibTorch's operations compute on the processor is what the engine computes, and results say so."""

import json

from cli import CliTest, main, read_safetensors, run


class Devices(CliTest):
    def both(self, *command):
        """Arrays of a command on the processor's engine and on LibTorch's, and the latter's metadata."""
        out = []
        for device in ("cpu", "torch-cpu"):
            path = self.folder / f"{device}.safetensors"
            run(*command, "--prompts", 6, "--device", device, "--out", path, "--quiet")
            out.append(read_safetensors(path))
        self.assertNotIn("computed_on", out[0][1])
        self.assertEqual(set(out[0][0]), set(out[1][0]))
        for name, array in out[0][0].items():
            if array.dtype.kind == "f" and not name.startswith("control.") and array.size:
                self.assert_close(out[1][0][name], array, 2e-4, 2e-4, name)
        return out[1][1]

    def test_sweeps(self):
        told = self.both("act-patch", "--sites", "z,q,pattern,mlp_out,resid_pre", "--direction", "noise")
        self.assertEqual(told["computed_on"], "torch-cpu")

    def test_ablation(self):
        self.both("act-patch", "--sites", "z,attn_out", "--ablate", "mean")

    def test_paths(self):
        for more in ([], ["--freeze-mlps"]):
            told = self.both("path-patch", "--senders", "z", "--receivers", "q:2.2,pattern:3.0", *more)
            self.assertEqual(told["computed_on"], "torch-cpu")

    def test_what_devices_do_not_cover(self):
        told = self.both("attribution", "--sites", "z")
        self.assertEqual(told["computed_on"], "torch-cpu (runs and patched cells) and the processor")

    def test_devices_are_named(self):
        devices = json.loads(run("info", "--json").stdout)["devices"]
        self.assertEqual(devices[:2], ["cpu", "torch-cpu"])
        wrong = run("act-patch", "--prompts", 2, "--device", "cuda:97", expect=2).stderr
        self.assertIn("it offers " + ", ".join(devices), wrong)
        run("baseline", "--prompts", 2, "--device", "auto", "--quiet")


if __name__ == "__main__":
    main()
