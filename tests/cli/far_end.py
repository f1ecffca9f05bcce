"""patchbay-cli serve as a program at the other end sees it: frames, with the Python standard library and numpy only."""

import json
import os
import select
import struct
import subprocess
import time

from cli import PROGRAM, np

HELLO, REQUEST, CANCEL, WANT, PING, PONG, BEAT, EVENT, DROPPED, TROUBLE = 1, 2, 3, 4, 5, 16, 17, 18, 19, 20
MAGIC, VERSION = b"PATCHBAY", 1


def frame(kind, number=0, value=None, arrays=()):
    text = b"" if value is None else json.dumps(value).encode()
    return (struct.pack("<IIQQ", kind, len(arrays), number, len(text)) + b"".join(struct.pack("<Q", len(a)) for a in arrays)
            + text + b"".join(arrays))


class Frame:
    def __init__(self, kind, number, text, arrays):
        self.kind, self.number, self.arrays = kind, number, arrays
        self.value = json.loads(text) if text else None

    def array(self, reference, dtype):
        return np.frombuffer(self.arrays[reference["raw"]], dtype)


class FarEnd:
    """A server, and what it says. hello: what it says of itself. through: a command that starts it."""

    def __init__(self, *options, greet=True, through=()):
        self.process = subprocess.Popen([*through, PROGRAM, "serve", "--stdio", *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, bufsize=0)
        self._bytes = b""
        if greet:
            self.send(MAGIC + struct.pack("<I", VERSION) + frame(HELLO, value={"program": "test", "cores": 0, "memory": 0,
                      "device": "", "cache": {"folder": "", "models": []}}))
            assert self._take(12) == MAGIC + struct.pack("<I", VERSION)
            self.hello = self.read().value

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()

    def send(self, data):
        self.process.stdin.write(data)

    def _take(self, count, timeout=120):
        end = time.monotonic() + timeout
        while len(self._bytes) < count:
            if not select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError("the server says nothing")
            piece = os.read(self.process.stdout.fileno(), 1 << 16)
            if not piece:
                raise EOFError("the server has ended")
            self._bytes += piece
        taken, self._bytes = self._bytes[:count], self._bytes[count:]
        return taken

    def read(self):
        """The next frame that is no beat."""
        while True:
            kind, arrays, number, length = struct.unpack("<IIQQ", self._take(24))
            lengths = struct.unpack(f"<{arrays}Q", self._take(8 * arrays))
            text = self._take(length)
            got = Frame(kind, number, text, [self._take(n) for n in lengths])
            if kind != BEAT:
                return got

    def ask(self, number, kind, value, arrays=(), tag="", interrupts=False):
        self.send(frame(REQUEST, number, {"kind": kind, "value": value, "tag": tag, "interrupts": interrupts, "files": []}, arrays))

    def set_up(self, number=1, **task):
        """Its reply: what is known of the model and the task."""
        self.ask(number, "set_up", {"model": {"path": "demo", "processing": ["fold_ln", "center_writing", "center_unembed",
                                                                            "fold_value_biases"]},
                                    "task": {"kind": "ioi", **task}})
        while True:
            got = self.read()
            if got.value["kind"] == "failed":
                raise AssertionError(got.value["value"])
            if got.value["kind"] == "done":
                return got.value["value"]["reply"]["value"]


def frames_in(data):
    """The whole frames of what a server has sent, and behind which byte each of them ends."""
    at, found = len(MAGIC) + 4, []
    while at + 24 <= len(data):
        kind, arrays, number, length = struct.unpack_from("<IIQQ", data, at)
        begin = at + 24 + 8 * arrays
        if begin > len(data):
            break
        lengths = struct.unpack_from(f"<{arrays}Q", data, at + 24)
        end = begin + length + sum(lengths)
        if end > len(data):
            break
        blobs, blob = [], begin + length
        for size in lengths:
            blobs.append(data[blob:blob + size])
            blob += size
        found.append((Frame(kind, number, data[begin:begin + length], blobs), end))
        at = end
    return found


def computed_in(data):
    """The cells that a server told of as computed by itself, each as often as it did."""
    cells = []
    for got, _ in frames_in(data):
        if got.kind == EVENT and got.value["kind"] == "cells":
            value = got.value["value"]
            if value["state"] == 2 and value["seconds"] >= 0:
                cells += [(value["grid"], cell) for cell in got.array(value["cells"], np.int32).tolist()]
    return cells


def z_sweep(setup, positions="all"):
    return {"version": 1, "method": "act_patch", "model": setup["model_ref"], "task": setup["task_ref"], "direction": "denoise",
            "metric": "logit_diff", "sites": ["z"], "positions": positions}


class Sweep:
    """A run of one grid as its events arrive. values [cells, prompts]; computed: its cells that were computed, each time."""

    def __init__(self):
        self.values, self.exact, self.computed, self.ended, self.end = None, set(), [], False, None
        self.start = None

    def take(self, got):
        if got.kind == DROPPED:
            self.ended = True
            return
        kind, value = got.value["kind"], got.value["value"]
        if kind == "started":
            self.start = got
            grid = value["result"]["grids"][0]
            shape = got.array(grid["shape"], np.int32)
            self.shape = tuple(int(n) for n in shape)
            self.values = np.full((int(np.prod(shape)), grid["prompts"]), np.nan, np.float32)
        elif kind == "cells" and value["state"] == 2:
            cells = got.array(value["cells"], np.int32)
            self.values[cells] = got.array(value["per_prompt"], np.float32).reshape(len(cells), -1)
            self.exact.update(cells.tolist())
            if value["seconds"] >= 0:
                self.computed.extend(cells.tolist())
        elif kind in ("done", "failed"):
            self.ended, self.end = True, got.value

    def to_resume(self):
        """The value and the arrays of a run to go on from: what had arrived."""
        arrays, value = list(self.start.arrays), json.loads(json.dumps(self.start.value["value"]["result"]))

        def add(array):
            arrays.append(array.tobytes())
            return {"raw": len(arrays) - 1}

        cells = np.array(sorted(self.exact), np.int32)
        states = np.zeros(len(self.values), np.uint8)
        states[cells] = 2
        value["grids"][0]["state"] = add(states)
        value["grids"][0]["known"] = {"cells": add(cells), "per_prompt": add(self.values[cells])}
        return value, arrays
