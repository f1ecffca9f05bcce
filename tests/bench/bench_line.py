"""Computing behind a slow line: how soon and how often a sweep's cells come, and how soon a click is answered.

    PATCHBAY_CLI=build/release/bin/patchbay-cli python3 tests/bench/bench_line.py

A z sweep at each position of the demo model, 200 prompts, through a relay of 1 Mbit/s, one of 100 ms each way, and none."""

import pathlib
import statistics
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cli"))

from cli import PROGRAM  # noqa: E402
from far_end import FarEnd, Sweep, frame, PING, z_sweep  # noqa: E402

PROMPTS, CLICKS = 200, 10


def measure(name, bits, latency):
    line = [sys.executable, str(HERE.parent / "cli" / "slow_line.py"), str(bits), str(latency)] if bits or latency else []
    with FarEnd(through=line) as far:
        setup = far.set_up(prompts=PROMPTS)
        begin = time.monotonic()
        far.send(frame(PING, 9))
        while far.read().number != 9:
            pass
        trip = time.monotonic() - begin
        begin = time.monotonic()
        far.ask(2, "run", {"spec": z_sweep(setup, "each"), "resume": None, "soon": False, "estimates": True})
        heard, arrivals, answers, asked = Sweep(), [], [], None
        number = 100
        while not heard.ended:
            got = far.read()
            now = time.monotonic()
            if got.number == 2:
                heard.take(got)
                if got.value["kind"] in ("cells", "progress"):
                    arrivals.append(now)
            elif asked is not None and got.number == number and got.value["kind"] == "done":
                answers.append(now - asked)
                asked = None
            if heard.computed and asked is None and len(answers) < CLICKS:
                number, asked = number + 1, now
                far.ask(number, "attention", {"wanted": [{"head": [1, 1], "flipped": False, "kind": 0}]})
        whole = time.monotonic() - begin
        click = f"a click {1000 * statistics.median(answers):.0f} ms (worst {1000 * max(answers):.0f})" if answers else "no click"
        print(f"{name}: round trip {1000 * trip:.0f} ms, first update {1000 * (arrivals[0] - begin):.0f} ms, "
              f"{len(arrivals) / (arrivals[-1] - arrivals[0]):.0f} updates a second, {click}, whole sweep {whole:.1f} s")


if __name__ == "__main__":
    print(f"{PROGRAM}: z sweep at each position, {PROMPTS} prompts")
    measure("no line", 0, 0)
    measure("1 Mbit/s", 1e6, 0)
    measure("100 ms each way", 0, 0.1)
