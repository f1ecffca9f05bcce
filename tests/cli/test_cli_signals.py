"""Being interrupted, stopped and short of memory: the exit code says so, and finished cells are on disk.

PATCHBAY_INTERRUPTS=200 interrupts that many runs instead of a few; PATCHBAY_BUSY=3 does so beside as many busy loops."""

import json
import os
import pty
import random
import re
import resource
import signal
import subprocess
import sys
import unittest

from cli import PROGRAM, CliTest, main, np, read_safetensors, run, write_safetensors

INTERRUPTS = int(os.environ.get("PATCHBAY_INTERRUPTS", 6))
BUSY = int(os.environ.get("PATCHBAY_BUSY", 0))


def write_llama(folder, layers=2, vocabulary=300):
    """Random weights at the shapes of a 30-layer Llama with 135 million parameters, where oneDNN's kernels keep the
    stack pointer in the heap."""
    heads, kv_heads, d_head, d_model, d_mlp = 9, 3, 64, 576, 1536
    (folder / "config.json").write_text(json.dumps({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": d_model,
        "intermediate_size": d_mlp, "num_attention_heads": heads, "num_key_value_heads": kv_heads,
        "num_hidden_layers": layers, "vocab_size": vocabulary, "max_position_embeddings": 64, "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0, "hidden_act": "silu", "tie_word_embeddings": True}))
    numbers = np.random.default_rng(1)

    def normal(*shape):
        return (numbers.standard_normal(shape, dtype=np.float32) / np.float32(np.sqrt(shape[-1])))

    tensors = {"model.embed_tokens.weight": normal(vocabulary, d_model),
               "model.norm.weight": np.ones(d_model, np.float32)}
    for layer in range(layers):
        prefix = f"model.layers.{layer}."
        for name, shape in [("self_attn.q_proj", (heads * d_head, d_model)),
                            ("self_attn.k_proj", (kv_heads * d_head, d_model)),
                            ("self_attn.v_proj", (kv_heads * d_head, d_model)),
                            ("self_attn.o_proj", (d_model, heads * d_head)), ("mlp.gate_proj", (d_mlp, d_model)),
                            ("mlp.up_proj", (d_mlp, d_model)), ("mlp.down_proj", (d_model, d_mlp))]:
            tensors[f"{prefix}{name}.weight"] = normal(*shape)
        for name in "input_layernorm", "post_attention_layernorm":
            tensors[f"{prefix}{name}.weight"] = np.ones(d_model, np.float32)
    write_safetensors(folder / "model.safetensors", tensors)


def write_batch(path, prompts=20, width=18, vocabulary=300):
    numbers = np.random.default_rng(2)
    clean = numbers.integers(0, vocabulary, (prompts, width))
    flipped = clean.copy()
    flipped[:, 4] = (flipped[:, 4] + 1) % vocabulary
    where = np.arange(prompts)
    write_safetensors(path, {"clean": clean, "flipped": flipped, "end": np.full(prompts, width - 1),
                             "io": where % vocabulary, "s": (where + 1) % vocabulary})


class Signals(CliTest):
    def setUp(self):
        super().setUp()
        self.model, self.batch = self.folder / "llama", self.folder / "batch.safetensors"
        self.model.mkdir()
        write_llama(self.model)
        write_batch(self.batch)
        self.sweep = ["act-patch", "--model", self.model, "--batch", self.batch, "--threads", 2, "--sites", "z,q,k,v",
                      "--memory-budget", "80MB"]
        for _ in range(BUSY):
            loop = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            self.addCleanup(loop.wait)
            self.addCleanup(loop.kill)

    def start(self, *arguments):
        """The program with its progress on a terminal: the process and the terminal's other end."""
        terminal, end = pty.openpty()
        self.addCleanup(os.close, terminal)
        # In a process group of its own, as a shell starts it: in one that no shell looks after (a job of a build server)
        # the kernel drops SIGTSTP.
        program = subprocess.Popen([PROGRAM, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=end,
                                   preexec_fn=os.setpgrp)
        os.close(end)
        self.addCleanup(program.wait)
        self.addCleanup(program.kill)
        return program, terminal

    def read(self, terminal, enough=None):
        """What the program says until enough(text) or its end."""
        text = ""
        while not (enough and enough(text)):
            try:
                block = os.read(terminal, 4096)
            except OSError:  # how Linux says that the other end is closed
                break
            if not block:
                break
            text += block.decode("utf-8", "replace")
        return text

    @staticmethod
    def cells(text):
        return [int(done) for done in re.findall(r"(\d+) of \d+ cells", text)]

    def test_interrupts_at_random_moments(self):
        whole = self.folder / "whole.safetensors"
        run(*self.sweep, "--quiet", "--out", whole)
        expected = read_safetensors(whole)[0]
        chance, counts = random.Random(7), {"with cells": 0, "before the first": 0, "too late": 0}
        for i in range(INTERRUPTS):
            out = self.folder / f"part{i}.safetensors"
            program, terminal = self.start(*self.sweep, "--out", out)
            # A number of characters on the terminal: anywhere from reading the weights to the last cells.
            wanted = chance.randrange(0, 1200)
            text = self.read(terminal, lambda said: len(said) >= wanted)
            program.send_signal(chance.choice([signal.SIGINT, signal.SIGTERM]))
            text += self.read(terminal)
            code = program.wait(timeout=600)
            if code == 0:
                counts["too late"] += 1
            elif not self.cells(text) and not out.exists():
                # Nothing was there to be written. Before the program has begun, a signal ends it as any other.
                codes = (130,) if text else (130, -signal.SIGINT, -signal.SIGTERM)
                self.assertIn(code, codes, f"run {i}: {text[-2000:]}")
                counts["before the first"] += 1
                continue
            else:
                self.assertEqual(code, 130, f"run {i}: {text[-2000:]}")
                counts["with cells"] += 1
            got = read_safetensors(out)[0]
            for name in set(got) & set(expected):
                if got[name].dtype != np.float32 or name.endswith(".normalised"):
                    continue
                finished = ~np.isnan(got[name])
                np.testing.assert_array_equal(got[name][finished], expected[name][finished], err_msg=f"run {i}: {name}")
        print(counts, file=sys.stderr)
        self.assertGreater(counts["with cells"], 0, counts)

    def signalled_in_time(self, number):
        """The program after its first cells, sent this signal, with what has become of it: tried again where it was over before that."""
        for _ in range(20):
            program, terminal = self.start(*self.sweep, "--positions", "each")
            self.read(terminal, self.cells)
            program.send_signal(number)
            _, status = os.waitpid(program.pid, os.WUNTRACED)
            if not (os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0):
                return program, terminal, status
            program.returncode = 0  # reaped here
        self.fail("the program was over before each of twenty signals")

    def test_stopped_and_continued(self):
        program, terminal, status = self.signalled_in_time(signal.SIGTSTP)  # Ctrl+Z
        self.assertTrue(os.WIFSTOPPED(status), status)
        self.assertEqual(os.WSTOPSIG(status), signal.SIGTSTP)
        program.send_signal(signal.SIGCONT)
        self.read(terminal)
        self.assertEqual(program.wait(timeout=600), 0)

    def test_an_ended_session_ends_it(self):
        program, _, status = self.signalled_in_time(signal.SIGHUP)
        program.returncode = -signal.SIGHUP  # reaped
        self.assertTrue(os.WIFSIGNALED(status), status)
        self.assertEqual(os.WTERMSIG(status), signal.SIGHUP)

    def test_what_waits_for_input_ends_at_once(self):
        with subprocess.Popen([PROGRAM, "tokenize"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
            program.stdin.write(b'{"text": "a"}\n')
            program.stdin.flush()
            self.assertIn(b"ids", program.stdout.readline())
            program.send_signal(signal.SIGINT)
            self.assertIn(program.wait(timeout=600), (130, -signal.SIGINT))

    def test_a_reader_that_leaves_ends_it(self):
        # As `| head` does. The pipe is closed before the program can have written anything.
        arguments = [PROGRAM, "baseline", "--prompts", "4", "--json"]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
            program.stdout.close()
            message = program.stderr.read()
            self.assertEqual(program.wait(timeout=600), -signal.SIGPIPE, message)


class Memory(CliTest):
    # MB of address space: from what the libraries alone take to enough.
    LIMITS = [580, 620, 660, 700, 740, 780, 820, 860, 900, 1000, 1200]
    # Where libraries start threads and generate their kernels.
    CLOSELY = range(700, 1040, 10)

    def limited(self, megabytes, *arguments):
        limit = megabytes * 1000 * 1024
        return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, encoding="utf-8", timeout=300,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))

    def setUp(self):
        super().setUp()
        if self.limited(8000, "--version").returncode != 0:
            self.skipTest("the program does not start within 8 GB of address space: it is built with a sanitizer")

    def check(self, *arguments, limits=LIMITS):
        outcomes = []
        for limit in limits:
            done = self.limited(limit, *arguments)
            what = f"{arguments} within {limit} MB: exit code {done.returncode}\n{done.stderr[-2000:]}"
            if done.returncode == 127 and "error while loading shared libraries" in done.stderr:
                outcomes.append("loader")  # no line of the program has run
            elif done.returncode == 0:
                outcomes.append("done")
            else:
                self.assertEqual(done.returncode, 1, what)
                self.assertIn("not enough memory", done.stderr, what)
                self.assertEqual(done.stderr.count("\n"), 1, what)
                outcomes.append("told")
        self.assertIn("told", outcomes)
        return outcomes

    def test_every_command_says_so(self):
        out = self.folder / "x.safetensors"
        large = ["--prompts", 400, "--threads", 2]
        for arguments in [("--version",), ("info",), ("baseline", *large), ("logits", *large, "--out", out),
                          ("cache", "--hooks", "*", *large, "--out", out),
                          ("act-patch", *large, "--sites", "z,q,k,v,pattern", "--estimates"),
                          ("path-patch", *large, "--receivers", "q:3.0"),
                          ("attribution", *large), ("analyse", "dla", *large), ("analyse", "copy-scores", *large),
                          ("bench", "--work", "W1", "--geometry", "pythia-70m", "--prompts", 2, "--threads", 2)]:
            with self.subTest(arguments[0]):
                self.check(*arguments)

    def test_wherever_it_runs_out(self):
        self.check("info", limits=self.CLOSELY)


if __name__ == "__main__":
    main()
