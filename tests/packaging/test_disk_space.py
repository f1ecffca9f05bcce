"""What packaging/ says where the disk is too full to build: before it begins, or when it filled up on the way."""

import shutil
import sys
import unittest

from bare_machine import SOURCE, BareMachine


class DiskSpace(BareMachine):
    def setUp(self):
        super().setUp()
        (self.folder / "packaging").mkdir()
        shutil.copy(SOURCE / "packaging" / "common.sh", self.folder / "packaging")
        self.program("nproc", "echo 2")
        self.program("cmake", 'echo "cmake" >>"$CALLS"; case "$*" in *--preset*) mkdir -p build/release; '
                              'echo >build/release/build.ninja; echo "PATCHBAY_UNITY:BOOL=ON" >build/release/CMakeCache.txt ;; esac')
        self.program("ninja", 'echo "ninja" >>"$CALLS"')

    def free(self, *megabytes):
        """A df that finds so much, the last for good, whatever the disk."""
        (self.path / "df").unlink()
        texts = "".join(f"{size}\n" for size in megabytes)
        (self.folder / "sizes").write_text(texts)
        self.program("df", 'mapfile -t sizes <"$HOME/sizes"; echo "Filesystem 1024-blocks Used Available Capacity Mounted on"; '
                           'echo "/dev/vda 1 1 $((sizes[0] * 1024)) 99% /"; '
                           'if [ ${#sizes[@]} -gt 1 ]; then printf "%s\\n" "${sizes[@]:1}" >"$HOME/sizes"; fi')

    def build(self, expect):
        done = self.shell("-c", f'set -eu -o pipefail; source "{self.folder}/packaging/common.sh"; build release')
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done

    def called(self):
        return self.calls.read_text().split() if self.calls.exists() else []

    def test_a_build_that_cannot_fit_is_not_begun(self):
        self.free(900)
        done = self.build(1)
        self.assertIn(f"the build in {self.folder}/build/release takes about ", done.stderr)
        self.assertIn("900 MB are free", done.stderr)
        self.assertEqual(self.called(), [])

    def test_one_that_is_there_goes_on_in_what_is_left(self):
        self.free(50000)
        self.build(0)
        self.free(900)
        self.build(0)
        self.assertEqual(self.called(), ["cmake", "ninja", "ninja"])

    def test_a_disk_that_filled_up_is_the_reason_that_is_told(self):
        self.program("ninja", 'echo "ninja" >>"$CALLS"; exit 1')
        self.free(50000, 3)
        done = self.build(1)
        self.assertIn(f"the disk is full (3 MB are free in {self.folder})", done.stderr)
        self.assertEqual(self.called(), ["cmake", "ninja"])

    def test_another_failure_is_tried_with_every_source_on_its_own(self):
        self.program("ninja", 'echo "ninja" >>"$CALLS"; exit 1')
        self.free(50000)
        done = self.build(1)
        self.assertIn("the build failed (see above)", done.stderr)
        self.assertEqual(self.called(), ["cmake", "ninja", "cmake", "ninja"])


if __name__ == "__main__":
    unittest.main(verbosity=2 if "-v" in sys.argv else 1)
