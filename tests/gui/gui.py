"""Running patchbay and patchbay-cli in an environment of a test's own choice: the Python standard library only."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.environ.get("PATCHBAY", "patchbay")
CLI = os.environ.get("PATCHBAY_CLI", "patchbay-cli")
SOURCE = pathlib.Path(os.environ.get("PATCHBAY_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
CASES = SOURCE.parent / "shared" / "cases"

# What a login on a server has: no display, no word about platforms, no session.
BARE = {key: value for key, value in os.environ.items()
        if key not in ("DISPLAY", "WAYLAND_DISPLAY", "XDG_SESSION_TYPE", "XDG_RUNTIME_DIR") and not key.startswith(("QT_", "LC_", "LANG"))}


def run(*arguments, expect=0, program=PROGRAM, timeout=300, **variables):
    """Runs the program in the bare environment with these variables; the exit code must be as expected."""
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, timeout=timeout, encoding="utf-8", stdin=subprocess.DEVNULL,
                          env=BARE | variables)
    if done.returncode != expect:
        raise AssertionError(f"{' '.join(map(str, arguments))} {variables}\nexit code {done.returncode}, expected {expect}\n"
                             f"{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done


def make_locale(name, folder):
    """A locale such as de_DE.UTF-8, made in a folder for LOCPATH; None where localedef or its sources are missing."""
    if not shutil.which("localedef"):
        return None
    made = subprocess.run(["localedef", "-i", name, "-f", "UTF-8", str(pathlib.Path(folder) / f"{name}.UTF-8")], capture_output=True)
    return {"LOCPATH": str(folder), "LC_ALL": f"{name}.UTF-8"} if made.returncode in (0, 1) else None  # 1: with warnings


class GuiTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls._folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls._folder.cleanup)
        cls.folder = pathlib.Path(cls._folder.name)
        cls.result = cls.folder / "result.safetensors"
        run("act-patch", "--sites", "z,pattern", "--prompts", "6", "--out", cls.result, program=CLI)


def main():
    unittest.main(verbosity=2 if "-v" in sys.argv else 1)
