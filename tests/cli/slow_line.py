"""A relay between a program's standard input and output and a command's, as slow as a line: bits per second and latency.

    python3 slow_line.py BITS_PER_SECOND LATENCY_SECONDS COMMAND…

Both ways have the rate of their own; 0 bits are as many as there are. The end of either side is the other's."""

import collections
import os
import subprocess
import sys
import threading
import time

PIECE = 1024


def relay(source, target, bits, latency):
    waiting, arrived = collections.deque(), threading.Condition()

    def read():
        free = 0.0  # when the line has sent what came before
        while True:
            piece = os.read(source, PIECE)
            now = time.monotonic()
            free = max(now, free) + (8 * len(piece) / bits if bits else 0)
            with arrived:
                waiting.append((free + latency, piece))
                arrived.notify()
            if not piece:
                return
            if bits and free > now:
                time.sleep(free - now)  # the sender feels it, as on a real line

    threading.Thread(target=read, daemon=True).start()
    while True:
        with arrived:
            while not waiting:
                arrived.wait()
            due, piece = waiting.popleft()
        time.sleep(max(0.0, due - time.monotonic()))
        if not piece:
            return
        try:
            while piece:
                piece = piece[os.write(target, piece):]
        except BrokenPipeError:
            return


def main():
    bits, latency = float(sys.argv[1]), float(sys.argv[2])
    process = subprocess.Popen(sys.argv[3:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)

    def up():
        relay(0, process.stdin.fileno(), bits, latency)
        process.stdin.close()

    threading.Thread(target=up, daemon=True).start()
    relay(process.stdout.fileno(), 1, bits, latency)
    process.kill()
    os._exit(0)


if __name__ == "__main__":
    main()
