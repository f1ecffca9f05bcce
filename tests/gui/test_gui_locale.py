"""Numbers are read and written alike under every locale: the same bytes as under C, from options to reports."""

import pathlib
import re
import tempfile
import unittest

from gui import CLI, GuiTest, main, make_locale, run



class Locale(GuiTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        made = {name: make_locale(name, cls.folder) for name in ("de_DE", "tr_TR")}
        cls.locales = {name: variables for name, variables in made.items() if variables}
        if not cls.locales:
            raise unittest.SkipTest("localedef with the sources of de_DE and tr_TR is missing (package locales)")

    def bytes_of(self, variables, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            done = run("figure", *arguments, "--numbers", "--out", pathlib.Path(folder) / "figure.svg", **variables)
            self.assertEqual(done.stderr, "")
            return {path.name: path.read_bytes() for path in pathlib.Path(folder).iterdir()}

    def test_figures_are_the_same_bytes(self):
        for arguments in [["--width", "85.5", "--font", "7.5", "--values"],
                          ["--view", "bars", "--limit", "12.5", "--with-caption"],
                          ["--view", "scatter", "--width", "120.25"],
                          ["--view", "table"],
                          ["--view", "heatmap,bars", "--width", "174", "--with-caption"],
                          ["--view", "attention", "--head", "1.2", "--values"]]:
            expected = self.bytes_of({"LC_ALL": "C"}, self.result, *arguments)
            self.assertGreaterEqual(len(expected), 1)
            for name, variables in self.locales.items():
                self.assertEqual(self.bytes_of(variables, self.result, *arguments), expected, f"{name} {arguments}")
            for type in ("pdf", "png"):
                files = [self.folder / f"{name}.{type}" for name in ("C", *self.locales)]
                for file, variables in zip(files, ({"LC_ALL": "C"}, *self.locales.values())):
                    run("figure", self.result, *arguments, "--out", file, **variables)
                self.assertEqual(len({file.read_bytes() for file in files}), 1, f"{type} {arguments}")

    def test_recipes_and_reports(self):
        drawn = {}
        for name, variables in [("C", {"LC_ALL": "C"}), *self.locales.items()]:
            out = self.folder / f"recipe-{name}"
            run("recipe", "ioi-circuit", "--prompts", "12", "--memory-budget", "1.5GB", "--out", out, "--quiet", **variables)
            text = (out / "report.html").read_text(encoding="utf-8") + (out / "recipe.json").read_text(encoding="utf-8")
            # A list of heads may have them ("9,6"), a decimal comma stands before a unit or behind a sign.
            self.assertNotRegex(text, r"[+\u2212 ]\d+,\d+ (%|logits|s)")
            again = self.folder / "recipe-C"
            run("report", again, "--quiet", **variables)
            drawn[name] = (again / "report.html").read_bytes(), (again / "report.pdf").read_bytes()
        for name in self.locales:
            self.assertEqual(drawn[name], drawn["C"], name)

    def test_the_command_line_says_the_same(self):
        for arguments in (["baseline", "--prompts", "6"], ["info"], ["analyse", "roles", "--prompts", "6", "--set", "direct_effect=2.5"]):
            def said(variables):
                text = run(*arguments, program=CLI, **variables).stdout
                return re.sub(r"(took|loaded in).*", "", text)
            expected = said({"LC_ALL": "C"})
            for name, variables in self.locales.items():
                self.assertEqual(said(variables), expected, f"{name} {arguments}")


if __name__ == "__main__":
    main()
