"""Running patchbay-cli and reading what it writes: the Python standard library and numpy only."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

try:
    import numpy as np
except ImportError:
    print("skipped: these tests read arrays with numpy, which is not installed")
    sys.exit(77)

PROGRAM = os.environ.get("PATCHBAY_CLI", "patchbay-cli")
SOURCE = pathlib.Path(os.environ.get("PATCHBAY_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
FIXTURES = SOURCE.parent / "shared" / "fixtures"


def run(*arguments, stdin=None, expect=0, timeout=600, environment=None):
    """Runs the program; the exit code must be as expected, where one is. Returns the finished process (text)."""
    done = subprocess.run([PROGRAM, *map(str, arguments)], input=stdin, capture_output=True, timeout=timeout, encoding="utf-8",
                          env=os.environ | (environment or {}))
    if expect is not None and done.returncode != expect:
        raise AssertionError(f"{' '.join(map(str, arguments))}\nexit code {done.returncode}, expected {expect}\n"
                             f"{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done


def read_safetensors(path):
    """Name -> array, and the file's metadata."""
    data = pathlib.Path(path).read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + length])
    metadata = header.pop("__metadata__", {})
    types = {"F32": np.float32, "F64": np.float64, "I64": np.int64, "I32": np.int32}
    arrays = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        arrays[name] = np.frombuffer(data[8 + length + begin:8 + length + end], types[entry["dtype"]]).reshape(entry["shape"])
    return arrays, metadata


def write_safetensors(path, arrays, metadata=None):
    header, blobs, at = {"__metadata__": metadata} if metadata else {}, [], 0
    for name, array in arrays.items():
        blob = np.ascontiguousarray(array).tobytes()
        header[name] = {"dtype": {"float32": "F32", "int64": "I64"}[str(array.dtype)], "shape": list(array.shape),
                        "data_offsets": [at, at + len(blob)]}
        blobs.append(blob)
        at += len(blob)
    text = json.dumps(header).encode()
    pathlib.Path(path).write_bytes(len(text).to_bytes(8, "little") + text + b"".join(blobs))


class CliTest(unittest.TestCase):
    """A temporary folder for each test, and comparisons that say what was furthest off."""

    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.folder = pathlib.Path(self._folder.name)

    def assert_close(self, got, expected, absolute, relative, name):
        self.assertEqual(got.shape, expected.shape, name)
        infinite = np.isinf(expected)
        np.testing.assert_array_equal(np.isinf(got), infinite, err_msg=name)
        finite = ~infinite
        self.assertFalse(np.isnan(got[finite]).any(), f"{name} holds NaN")
        excess = np.abs(got[finite] - expected[finite]) - (absolute + relative * np.abs(expected[finite]))
        if excess.size and excess.max() > 0:
            at = excess.argmax()
            self.fail(f"{name}: {got[finite].flat[at]} instead of {expected[finite].flat[at]}")


def main():
    # A shell without job control starts what runs in the background with SIGINT ignored, and programs inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    unittest.main(verbosity=2 if "-v" in sys.argv else 1)
