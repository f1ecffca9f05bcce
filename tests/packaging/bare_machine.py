"""A machine with nothing on it, for tests of packaging/: its dpkg knows no package, and the programs on PATH are those that a test puts there."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ.get("PATCHBAY_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
# All that the scripts may use before anything is installed; of these dpkg-query alone is Debian's own.
TOOLS = ["awk", "bash", "cat", "df", "dirname", "dpkg-query", "env", "grep", "mkdir", "mktemp", "realpath", "rm"]

if not shutil.which("dpkg-query"):
    print("skipped: no dpkg-query here, so packaging/ installs nothing on this system")
    sys.exit(77)


class BareMachine(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.calls = self.folder / "calls"
        self.path = self.folder / "bin"
        self.path.mkdir()
        for tool in TOOLS:
            (self.path / tool).symlink_to(shutil.which(tool))
        self.dpkg = self.folder / "dpkg"
        for part in ("info", "updates"):
            (self.dpkg / part).mkdir(parents=True)
        self.database()
        self.user(0)
        self.program("apt-get", 'echo "$*" >>"$CALLS"')
        self.program("apt-cache", "exit 0")

    def program(self, name, body):
        file = self.path / name
        file.write_text(f"#!/bin/bash\n{body}\n")
        file.chmod(0o755)

    def user(self, number):
        self.program("id", f"echo {number}")

    def database(self, **packages):
        self.dpkg.joinpath("status").write_text("".join(
            f"Package: {name}\nStatus: {status}\nArchitecture: amd64\nVersion: 1\nMaintainer: nobody\nDescription: none\n\n"
            for name, status in packages.items()))
        self.dpkg.joinpath("available").write_text("")

    def shell(self, *arguments):
        return subprocess.run(["bash", *arguments], cwd=self.folder, capture_output=True, encoding="utf-8", timeout=60,
                              env={"PATH": str(self.path), "DPKG_ADMINDIR": str(self.dpkg), "CALLS": str(self.calls),
                                   "HOME": str(self.folder)})
