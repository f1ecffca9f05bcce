"""What the Debian packages hold: cpack makes them of this build, and they are unpacked and looked at, not installed (packaging/test-deb does that)."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["PATCHBAY_SOURCE_DIR"])
BINARY = pathlib.Path(os.environ["PATCHBAY_BINARY_DIR"])
lacking = [tool for tool in ("cpack", "dpkg-shlibdeps", "dpkg-deb", "file") if not shutil.which(tool)]

if lacking:
    print(f"skipped: no {', '.join(lacking)} here")
    sys.exit(77)


def output(*command, environment=None):
    done = subprocess.run(list(map(str, command)), capture_output=True, encoding="utf-8", timeout=600, env=os.environ | (environment or {}))
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}\nexit code {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


class Packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = pathlib.Path(temporary.name)
        output("cpack", "-G", "DEB", "--config", BINARY / "CPackConfig.cmake", "-B", cls.folder)
        cls.version = output(BINARY / "bin" / "patchbay-cli", "--version").split()[-1]
        architecture = output("dpkg", "--print-architecture").strip()
        cls.root, cls.files, cls.fields = {}, {}, {}
        for name in ("patchbay-cli", "patchbay", "python3-patchbay"):
            of = "all" if name.startswith("python3-") else architecture
            deb = cls.folder / f"{name}_{cls.version}_{of}.deb"
            cls.root[name] = cls.folder / name
            output("dpkg-deb", "-x", deb, cls.root[name])
            cls.files[name] = {line.split()[5][1:]: line.split() for line in output("dpkg-deb", "-c", deb).splitlines()}
            control = output("dpkg-deb", "-I", deb, "control").splitlines()
            cls.fields[name] = dict(line.split(": ", 1) for line in control if ": " in line and not line.startswith(" "))

    def test_these_and_nothing_else_are_made(self):
        self.assertEqual(len(list(self.folder.glob("*.deb"))), 3)

    def test_fields(self):
        for name, fields in self.fields.items():
            self.assertEqual(fields["Package"], name)
            self.assertEqual(fields["Version"], self.version)
            self.assertEqual(fields["Section"], "science")
            self.assertIn("<", fields["Maintainer"], "Debian wants a name and an address")
            self.assertRegex(fields["Description"], "^circuits in transformer language models")
            self.assertIn("python3-numpy" if name.startswith("python3-") else "libtorch", fields["Depends"])
            self.assertEqual("libc6 (>=" in fields["Depends"], not name.startswith("python3-"))
        self.assertNotIn("qt", self.fields["patchbay-cli"]["Depends"].lower())
        self.assertIn("libqt6widgets6", self.fields["patchbay"]["Depends"])
        self.assertIn(f"patchbay-cli (= {self.version})", self.fields["patchbay"]["Depends"])

    def test_contents(self):
        data = ["demo-model/config.json", "demo-model/model.safetensors", "demo-model/tokenizer.json"]
        for folder in ("tasks", "recipes"):
            data += [f"{folder}/{file.name}" for file in (SOURCE / "resources" / folder).iterdir()]
        expected = {
            "patchbay-cli": ["bin/patchbay-cli", "share/man/man1/patchbay-cli.1.gz", "share/doc/patchbay-cli/copyright",
                             *(f"share/patchbay/{name}" for name in data)],
            "patchbay": ["bin/patchbay", "share/man/man1/patchbay.1.gz", "share/doc/patchbay/copyright",
                         "share/doc/patchbay/LICENSE-LiberationSans.txt", "share/applications/patchbay.desktop",
                         "share/metainfo/patchbay.metainfo.xml", "share/icons/hicolor/scalable/apps/patchbay.svg"],
            "python3-patchbay": [*(f"lib/python3/dist-packages/patchbay/{file.name}"
                                   for file in (SOURCE / "packaging/python/patchbay").glob("*.py")),
                                 "lib/python3/dist-packages/patchbay/py.typed", "share/doc/python3-patchbay/copyright"],
        }
        for name, paths in expected.items():
            for path in paths:
                self.assertIn(f"/usr/{path}", self.files[name])
            for path, entry in self.files[name].items():
                self.assertEqual(entry[1], "root/root", path)
                executable = path.endswith("/") or path.startswith("/usr/bin/")
                mode = "rwxrwxrwx" if entry[0][0] == "l" else "rwxr-xr-x" if executable else "rw-r--r--"
                self.assertEqual(entry[0][1:], mode, path)
                self.assertFalse(path.endswith((".cpp", ".h", ".txt")) and "LICENSE" not in path
                             and "/texts/" not in path, path)

    def test_no_file_is_in_two(self):
        files = [path for paths in self.files.values() for path in paths if not path.endswith("/")]
        self.assertEqual(len(files), len(set(files)))

    def test_the_unpacked_programs_run_on_the_unpacked_data(self):
        data = {"PATCHBAY_DATA_DIR": str(self.root["patchbay-cli"] / "usr/share/patchbay"), "QT_QPA_PLATFORM": "offscreen"}
        program = self.root["patchbay-cli"] / "usr/bin/patchbay-cli"
        baseline = output(program, "baseline", "--model", "demo", "--task", "ioi", "--prompts", "4", "--seed", "1", environment=data)
        self.assertIn("clean", baseline)
        self.assertIn(self.version, output(self.root["patchbay"] / "usr/bin/patchbay", "--version", environment=data))

    def test_the_desktop_file_is_valid(self):
        if not shutil.which("desktop-file-validate"):
            self.skipTest("no desktop-file-validate here")
        desktop = self.root["patchbay"] / "usr/share/applications/patchbay.desktop"
        self.assertEqual(output("desktop-file-validate", desktop), "")
        self.assertIn("Exec=patchbay\n", desktop.read_text(), "the program takes no files")


if __name__ == "__main__":
    unittest.main(verbosity=2 if "-v" in sys.argv else 1)
