"""What packaging/run and packaging/test install on a bare machine: an apt-get on PATH writes down what it is asked."""

import sys
import unittest

from bare_machine import SOURCE, BareMachine


def listed(*sections):
    lines = (SOURCE / "packaging" / "debian-packages").read_text().splitlines()
    return [line.split()[1] for line in lines if line.split() and line.split()[0] in sections]


class Packages(BareMachine):
    def install(self, *sections, expect=0):
        """Sources common.sh as the scripts do and installs these sections; what followed must have been reached."""
        done = self.shell("-c", f'set -eu -o pipefail; source "{SOURCE}/packaging/common.sh"; install_packages {" ".join(sections)}; '
                                'echo "went on"')
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        self.assertEqual("went on" in done.stdout, expect == 0, done.stdout + done.stderr)
        return done

    def asked(self):
        """The calls of apt-get: the words of each, without its options."""
        calls = self.calls.read_text().splitlines() if self.calls.exists() else []
        return [[word for word in call.split() if not word.startswith(("-", "Dpkg::"))] for call in calls]

    def test_every_package_is_installed(self):
        self.install("build", "test")
        self.assertEqual(self.asked(), [["install", *listed("build", "test")]])
        self.assertIn("--no-install-recommends", self.calls.read_text())
        self.assertIn("cmake", listed("build"))

    def test_only_what_is_missing_is_installed(self):
        self.database(cmake="install ok installed", git="deinstall ok config-files", python3="install ok unpacked")
        self.install("build", "test")
        self.assertEqual(self.asked(), [["install", *(name for name in listed("build", "test") if name != "cmake")]])

    def test_nothing_is_asked_where_all_is_installed(self):
        self.database(**{name: "install ok installed" for name in listed("build")})
        self.install("build")
        self.assertEqual(self.asked(), [])

    def test_the_lists_are_fetched_once_when_apt_knows_no_package(self):
        self.program("apt-get", 'echo "$*" >>"$CALLS"; [ -f "$HOME/fetched" ] || case "$*" in *update*) echo >"$HOME/fetched" ;; *) exit 100 ;; esac')
        self.install("build")
        self.assertEqual([call[0] for call in self.asked()], ["install", "update", "install"])
        self.assertEqual(self.asked()[0], self.asked()[2])

    def test_apt_fails(self):
        self.program("apt-get", 'echo "$*" >>"$CALLS"; case "$*" in *install*) echo "E: no space left"; exit 100 ;; esac')
        done = self.install("build", expect=1)
        self.assertIn("E: no space left", done.stderr)
        self.assertIn("could not install", done.stderr)

    def test_a_package_that_the_archive_lacks_is_named(self):
        self.program("apt-get", 'case "$*" in *install*) exit 100 ;; esac')
        self.program("apt-cache", '[ "$2" != libtorch-dev ]')
        done = self.install("build", expect=1)
        self.assertIn("this system's package archive has no libtorch-dev\n", done.stderr)

    def test_no_network(self):
        self.program("apt-get", 'echo "E: Temporary failure resolving"; exit 100')
        self.assertIn("apt-get update failed", self.install("build", expect=1).stderr)

    def test_a_user_without_sudo_is_told_what_to_install(self):
        self.user(1000)
        done = self.install("build", expect=1)
        self.assertIn(f"apt-get install --no-install-recommends {' '.join(listed('build'))}\n", done.stderr)
        self.assertIn("no sudo", done.stderr)
        self.assertEqual(self.asked(), [])

    def test_a_user_with_sudo(self):
        self.user(1000)
        self.program("sudo", 'echo "sudo" >>"$CALLS"; exec "$@"')
        self.install("build")
        self.assertEqual(self.asked(), [["sudo"], ["install", *listed("build")]])

    def test_another_system_is_told_what_the_build_needs(self):
        (self.path / "apt-get").unlink()
        done = self.install("build", expect=1)
        self.assertIn("not a Debian system", done.stdout)
        for name in ("cmake", "ninja", "a C++20 compiler"):
            self.assertIn(f"Missing here: {name}\n", done.stderr)

    def test_an_unknown_section_is_an_error(self):
        self.assertIn("lists nothing for: bild", self.install("bild", expect=1).stderr)

    def test_the_scripts_ask_for_their_sections(self):
        # An apt-get that fails ends them before they build.
        self.program("apt-get", 'echo "$*" >>"$CALLS"; exit 100')
        for script, sections in ((["run"], ["build"]), (["test"], ["build", "test"]), (["test", "--fuzz=1"], ["build", "test", "fuzz"]),
                                 (["deb"], ["build", "deb"])):
            self.calls.unlink(missing_ok=True)
            done = self.shell(str(SOURCE / "packaging" / script[0]), *script[1:])
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
            self.assertIn("apt-get update failed", done.stderr)
            self.assertEqual(self.asked()[0], ["install", *listed(*sections)], script)


if __name__ == "__main__":
    unittest.main(verbosity=2 if "-v" in sys.argv else 1)
