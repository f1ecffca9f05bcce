"""No display: what needs none works, the rest says in one sentence what to do. Wrong options, places that cannot be written to."""

import unittest

from gui import GuiTest, main, run

DEAD = {"DISPLAY": ":4711"}  # nobody listens there


class Display(GuiTest):
    def test_help_version_and_wrong_options_need_none(self):
        for variables in ({}, DEAD, {"WAYLAND_DISPLAY": "wayland-4711"}, {"QT_QPA_PLATFORM": "nonsense"}):
            self.assertRegex(run("--version", **variables).stdout, r"^patchbay \d+\.\d+\.\d+\n$")
            self.assertIn("--screenshot", run("--help", **variables).stdout)
            for arguments, message in [(["--bad"], "--bad"), (["fly"], "fly"), (["--size", "huge"], "--size"), (["--size", "0x5"], "--size"),
                                       (["--theme", "pink"], "--theme"), (["--model"], "--model"), (["figure"], "RESULT"), (["figure", "--bad", "x"], "--bad"),
                                       (["report"], "DIR"), (["recipe"], "RECIPE")]:
                done = run(*arguments, expect=2, **variables)
                self.assertIn(message.lower(), (done.stderr + done.stdout).lower())
            for command in ("figure", "recipe", "report"):
                self.assertIn("--", run(command, "--help", **variables).stdout)

    def test_the_window_says_what_to_do(self):
        for variables, cause in [({}, "are not set"), (DEAD, "DISPLAY=:4711"), ({"QT_QPA_PLATFORM": "xcb"}, "QT_QPA_PLATFORM=xcb"),
                                 ({"QT_QPA_PLATFORM": "nonsense"}, "QT_QPA_PLATFORM=nonsense"), ({"WAYLAND_DISPLAY": "wayland-4711"}, "wayland-4711")]:
            for arguments in ([], ["--theme", "dark"], ["-platform", "xcb"]):
                done = run(*arguments, expect=1, **variables)
                self.assertEqual(done.stdout, "")
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                for word in ("patchbay: ", "packaging/run", "patchbay-cli", "QT_QPA_PLATFORM=offscreen", cause):
                    self.assertIn(word, done.stderr)

    def test_figures_and_pictures_need_none(self):
        for variables in ({}, DEAD, {"QT_QPA_PLATFORM": "xcb"}):
            figure = self.folder / "figure.pdf"
            done = run("figure", self.result, "--out", figure, **variables)
            self.assertEqual((done.stdout, done.stderr), (f"{figure}\n", ""))
            figure.unlink()
        for variables in ({}, DEAD):
            picture = self.folder / "window.png"
            run("--screenshot", picture, "--size", "900x600", **variables)
            self.assertTrue(picture.read_bytes().startswith(b"\x89PNG"))
            picture.unlink()

    def test_what_cannot_be_is_said(self):
        missing = self.folder / "nothing"
        (self.folder / "folder.pdf").mkdir(exist_ok=True)
        for code, arguments, message in [
            (2, [self.result, "--out", "figure.xyz"], "--out: \"figure.xyz\" does not end in .pdf, .svg or .png"),
            (2, [self.result], "--out"),
            (2, [self.result, "--out", "f.pdf", "--view", "pie"], "--view: view pie"),
            (2, [self.result, "--out", "f.pdf", "--width", "5"], "--width"),
            (2, [self.result, "--out", "f.pdf", "--width", "85,5"], "--width"),
            (2, [self.result, "--out", "f.pdf", "--map", "jet"], "--map"),
            (2, [self.result, "--out", "f.pdf", "--view", "attention"], "--head"),
            (2, [self.result, "--out", "f.pdf", "--view", "attention", "--head", "nine"], "--head: nine: is not a head"),
            (1, [self.result, "--out", "f.pdf", "--view", "attention", "--head", "0.99"], "L0H99"),
            (1, [self.result, "--out", "f.pdf", "--view", "attention", "--head", "0.0", "--prompt", "6"], "prompt"),
            (1, [self.result, "--out", "f.pdf", "--facets", "zz"], "zz"),
            (1, [self.result, "--out", "f.pdf", "--view", "graph"], "no circuit"),
            (1, [missing, "--out", "f.pdf"], "nothing"),
            (1, [self.result, "--out", missing / "f.pdf"], f"the folder {missing} does not exist"),
            (1, [self.result, "--out", self.folder / "folder.pdf"], "is a folder"),
            (1, [self.result, "--out", "/proc/f.pdf"], "/proc/f.pdf"),
            (1, [self.result, "--out", self.result / "f.pdf"], "is a file, not a folder"),
        ]:
            with self.subTest(arguments):
                done = run("figure", *arguments, expect=code)
                self.assertIn(message, done.stderr + done.stdout)
        for code, arguments, message in [
            (1, ["report", missing], "nothing"),
            (1, ["report", self.folder], "recipe.json"),
            (1, ["--screenshot", missing / "window.png"], "window.png"),
            (1, ["--gallery", self.result / "pictures"], "pictures"),
        ]:
            with self.subTest(arguments):
                self.assertIn(message, run(*arguments, expect=code).stderr)


if __name__ == "__main__":
    main()
