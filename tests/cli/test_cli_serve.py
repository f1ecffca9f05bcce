"""patchbay-cli serve: the numbers of a run at the other end, cancelling, and the end of either side.

PATCHBAY_KILLS=50 kills as many servers in the middle of a sweep instead of a few."""

import os
import random
import signal
import struct
import time
import unittest

from cli import CliTest, main, np, read_safetensors, run
from far_end import CANCEL, MAGIC, PING, WANT, FarEnd, Sweep, frame, z_sweep

KILLS = int(os.environ.get("PATCHBAY_KILLS", 3))
FEW = 12  # prompts


class Served(CliTest):
    def sweep(self, far, number, value, arrays=()):
        far.ask(number, "run", value, arrays)
        heard = Sweep()
        while not heard.ended:
            got = far.read()
            self.assertEqual(got.number, number)
            heard.take(got)
        return heard

    def test_numbers_are_those_of_act_patch(self):
        out = self.folder / "z.safetensors"
        run("act-patch", "--sites", "z", "--prompts", 70, "--estimates", "--out", out)
        arrays, _ = read_safetensors(out)
        with FarEnd() as far:
            self.assertGreaterEqual(far.hello["cores"], 1)
            self.assertGreater(far.hello["memory"], 1 << 28)
            self.assertEqual(far.hello["device"], "cpu")
            self.assertIsInstance(far.hello["cache"]["models"], list)
            self.assertIn(far.hello["program"], run("--version").stdout)
            setup = far.set_up(prompts=70)
            heard = self.sweep(far, 2, {"spec": z_sweep(setup), "resume": None, "soon": False, "estimates": True})
            self.assertEqual(heard.end["kind"], "done", heard.end)
            self.assertTrue(heard.end["value"]["reply"]["value"]["complete"])
            expected = arrays["denoise.z"]
            self.assertEqual(heard.values.reshape(expected.shape).tobytes(), expected.tobytes())

    def test_what_is_asked_meanwhile_is_answered(self):
        with FarEnd() as far:
            setup = far.set_up(prompts=200)
            far.send(frame(WANT, value=[3, 1]))
            far.ask(2, "run", {"spec": z_sweep(setup, "each"), "resume": None, "soon": False, "estimates": True})
            far.ask(3, "attention", {"wanted": [{"head": [1, 1], "flipped": False, "kind": 0}]})
            far.send(frame(PING, 9))
            order, heard = [], Sweep()
            while not heard.ended:
                got = far.read()
                order.append(got.number)
                if got.number == 2:
                    heard.take(got)
            self.assertLess(order.index(3), len(order) - 2)
            self.assertLess(order.index(9), len(order) - 2)
            self.assertEqual(len(heard.exact), len(heard.values))

    def test_cancelling_takes_less_than_a_tenth_of_a_second(self):
        with FarEnd() as far:
            setup = far.set_up(prompts=200)
            spans = []
            for number in range(2, 9):
                far.ask(number, "run", {"spec": z_sweep(setup, "each"), "resume": None, "soon": False, "estimates": True})
                heard = Sweep()
                while not heard.computed:
                    heard.take(far.read())
                begin = time.monotonic()
                far.send(frame(CANCEL, number))
                while not heard.ended:
                    heard.take(far.read())
                spans.append(time.monotonic() - begin)
                self.assertFalse(heard.end["value"]["reply"]["value"]["complete"])
                self.assertLess(len(heard.exact), len(heard.values))
            # Beside other work on the machine one of them may take longer.
            self.assertLess(sorted(spans)[len(spans) // 2], 0.1, spans)

    def test_it_ends_with_its_input(self):
        for busy in (False, True):
            with FarEnd() as far:
                setup = far.set_up(prompts=FEW)
                if busy:
                    far.ask(2, "run", {"spec": z_sweep(setup, "each"), "resume": None, "soon": False, "estimates": True})
                    self.assertEqual(far.read().number, 2)
                far.process.stdin.close()
                self.assertEqual(far.process.wait(60), 0)
                self.assertEqual(far.process.stderr.read(), b"")

    def test_it_ends_on_a_signal_and_where_nobody_reads(self):
        with FarEnd() as far:
            far.set_up(prompts=FEW)
            far.process.send_signal(signal.SIGTERM)
            self.assertEqual(far.process.wait(60), 0)
        with FarEnd() as far:
            setup = far.set_up(prompts=FEW)
            far.ask(2, "run", {"spec": z_sweep(setup, "each"), "resume": None, "soon": False, "estimates": True})
            far.process.stdout.close()
            self.assertEqual(far.process.wait(60), 0)

    def test_other_programs_are_told_so(self):
        for said, reason in ((b"GET / HTTP/1.1\r\n\r\n", b"does not speak Patchbay's protocol"),
                             (MAGIC + struct.pack("<I", 7), b"speaks version 7 of the protocol"),
                             (MAGIC + struct.pack("<IIIQQ", 1, 1, 0, 0, 1 << 62), b"bytes of JSON, more than")):
            with FarEnd(greet=False) as far:
                far.send(said)
                self.assertEqual(far.process.wait(60), 1)
                self.assertIn(reason, far.process.stderr.read())
                self.assertIn(reason, far.process.stdout.read())
        done = run("serve", expect=2)
        self.assertIn("--stdio", done.stderr)

    def test_killed_and_asked_again_no_cell_is_computed_twice(self):
        numbers = random.Random(1)
        with FarEnd() as far:
            whole = self.sweep(far, 2, {"spec": z_sweep(far.set_up(prompts=FEW), "each"), "resume": None, "soon": False, "estimates": True})
        kept = 0
        for _ in range(KILLS):
            computed, value, arrays = [], None, ()
            for sitting in range(3):
                heard = Sweep()
                with FarEnd() as far:
                    spec = z_sweep(far.set_up(prompts=FEW), "each")
                    far.ask(2, "run", {"spec": spec, "resume": value, "soon": False, "estimates": True}, arrays)
                    try:
                        events = numbers.randrange(2, 8)
                        while not heard.ended:
                            heard.take(far.read())
                            events -= 1
                            if sitting < 2 and events == 0:
                                far.process.kill()
                    except EOFError:
                        pass
                computed += heard.computed
                if heard.ended:
                    break
                kept += len(heard.computed)
                if heard.start:
                    value, arrays = heard.to_resume()
            self.assertTrue(heard.ended)
            self.assertEqual(len(computed), len(set(computed)))
            self.assertEqual(heard.exact, whole.exact)
            self.assertEqual(heard.values.tobytes(), whole.values.tobytes())
        self.assertGreater(kept, 0)


if __name__ == "__main__":
    main()
