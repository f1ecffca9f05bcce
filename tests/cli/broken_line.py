"""What starts a server for a test: it passes on what the server sends, keeps it, and ends it where the test says.

    python3 broken_line.py FOLDER COMMAND…

FOLDER gets a file 0, 1, … for each connection. Where it holds a file cut.0, cut.1, …, the server of that connection is killed once
so many bytes of it have been passed on."""

import os
import pathlib
import subprocess
import sys

folder = pathlib.Path(sys.argv[1])
number = len([one for one in folder.iterdir() if one.name.isdigit()])
cut = folder / f"cut.{number}"
left = int(cut.read_text()) if cut.exists() else None
process = subprocess.Popen(sys.argv[2:], stdout=subprocess.PIPE, bufsize=0)  # its input is ours
with open(folder / str(number), "wb", buffering=0) as log:
    while left is None or left > 0:
        piece = os.read(process.stdout.fileno(), min(1 << 16, left or 1 << 16))
        if not piece:
            break
        log.write(piece)
        try:
            os.write(1, piece)
        except BrokenPipeError:
            break
        left = left and left - len(piece)
process.kill()
process.wait()
