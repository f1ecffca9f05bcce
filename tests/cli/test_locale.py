"""Numbers are read and written alike under every locale: the same bytes under German and Turkish as under C."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from cli import CliTest, main, run

WINDOW = os.environ.get("PATCHBAY_WINDOW", "")


def locale_environment(name, folder):
    """The variables under which a program has this locale, generated into the folder where the system lacks it; None: it cannot be had."""
    def decimal_point(extra):
        done = subprocess.run(["locale", "decimal_point"], capture_output=True, text=True, env=os.environ | extra)
        return done.stdout.strip()

    plain = {"LC_ALL": name, "LANG": name}
    if decimal_point(plain) == ",":
        return plain
    if not shutil.which("localedef"):
        return None
    language, encoding = name.split(".")
    subprocess.run(["localedef", "-i", language, "-f", encoding, str(pathlib.Path(folder) / name)], capture_output=True)
    generated = plain | {"LOCPATH": str(folder)}
    return generated if decimal_point(generated) == "," else None


class Locale(CliTest):
    @classmethod
    def setUpClass(cls):
        cls._locales = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls._locales.cleanup)
        cls.environments = {"C": {"LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}}
        for name in "de_DE.UTF-8", "tr_TR.UTF-8":
            environment = locale_environment(name, cls._locales.name)
            if environment:
                cls.environments[name] = environment
        if len(cls.environments) == 1:
            raise unittest.SkipTest("there is neither a German nor a Turkish locale, and no localedef (package locales) to make one")

    def same_everywhere(self, make):
        """make(environment, folder) writes files into the folder and returns text: both must be alike under every locale."""
        seen = {}
        for name, environment in self.environments.items():
            folder = self.folder / name
            folder.mkdir()
            text = make(environment, folder)
            files = {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
            seen[name] = text.replace(str(folder), "") if text else "", files
        for name, (text, files) in seen.items():
            self.assertEqual(text, seen["C"][0], name)
            self.assertEqual(list(files), list(seen["C"][1]), name)
            for file, content in files.items():
                self.assertEqual(content == seen["C"][1][file], True, f"{file} differs under {name}")

    def test_command_line(self):
        def make(environment, folder):
            for extension in "safetensors", "json", "csv":
                run("act-patch", "--prompts", 4, "--threads", 1, "--memory-budget", "1.5GiB", "--quiet", "--out", folder / f"z.{extension}",
                    environment=environment)
            text = run("analyse", "copy-scores", "--prompts", 4, "--threads", 1, "--threshold", "75.5", environment=environment).stdout
            return text + run("analyse", "roles", "--prompts", 4, "--threads", 1, "--set", "direct_effect=2.5", environment=environment).stdout
        self.same_everywhere(make)

    @unittest.skipUnless(WINDOW, "patchbay, the program with the window, was not built")
    def test_window_program(self):
        """A QApplication sets the user's locale for the C library: the trap."""
        result = self.folder / "z.safetensors"
        run("act-patch", "--prompts", 4, "--threads", 1, "--quiet", "--out", result)

        def patchbay(environment, *arguments):
            done = subprocess.run([WINDOW, *map(str, arguments)], capture_output=True, text=True, timeout=600,
                                  env=os.environ | environment | {"QT_QPA_PLATFORM": "offscreen"})
            self.assertEqual(done.returncode, 0, f"{arguments} {environment}\n{done.stderr[-2000:]}")
            return done.stdout

        def make(environment, folder):
            for extension in "svg", "pdf", "png":
                patchbay(environment, "figure", result, "--width", "85.5", "--limit", "12.5", "--values", "--with-caption", "--quiet",
                         "--out", folder / f"z.{extension}")
            patchbay(environment, "figure", result, "--view", "bars", "--numbers", "--quiet", "--out", folder / "bars.svg")
            patchbay(environment, "recipe", "ioi-circuit", "--prompts", 4, "--threads", 1, "--memory-budget", "1.5GiB", "--quiet", "--out",
                     folder / "recipe")
            recipe = folder / "recipe" / "recipe.json"
            body = json.loads(recipe.read_text())
            for step in body.get("steps", []):
                step.pop("seconds", None)
            recipe.write_text(json.dumps(body))
            for drawn in (folder / "recipe").glob("report.*"):  # holds the durations
                drawn.unlink()
            return ""
        self.same_everywhere(make)


if __name__ == "__main__":
    main()
