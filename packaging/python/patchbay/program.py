"""Runs of patchbay-cli: a spec given as keyword arguments, progress while it computes, a result at the end."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Union

from .errors import Cancelled, PatchbayError
from .files import PathLike
from .result import Result

Progress = Callable[[float, str], None]
_INTERRUPTED = 130


def find_program(program: Optional[PathLike] = None) -> str:
    """patchbay-cli as named, or of the variable PATCHBAY_CLI, or of the path. Throws PatchbayError."""
    named = os.fspath(program) if program is not None else os.environ.get("PATCHBAY_CLI", "patchbay-cli")
    found = shutil.which(named)
    if not found:
        raise PatchbayError(f"{named}: no such program; install patchbay-cli, or name it by program= or PATCHBAY_CLI")
    return found


def spec(method: str, *, model: Union[str, Mapping[str, Any]] = "demo",
         task: Union[str, Mapping[str, Any], None] = None, **fields: Any) -> Dict[str, Any]:
    """A run spec as the program reads it. method: "act_patch", "path_patch", "attribution", or the name of an analysis
    ("dla", "edges" …), whose parameters are then the fields. model: a folder, "demo" or a name in the cache; task: a
    kind of task, or its fields ({"kind": "ioi", "prompts": 20}). Other fields are the method's: sites, direction,
    metric, positions, heads, senders, receivers …"""
    out: Dict[str, Any] = {"version": 1, "method": method}
    out["model"] = {"path": model} if isinstance(model, str) else dict(model)
    if task is not None:
        out["task"] = {"kind": task} if isinstance(task, str) else dict(task)
    if method not in ("act_patch", "path_patch", "attribution", "analysis"):
        for key in ("metric", "heads"):
            if key in fields:
                out[key] = fields.pop(key)
        out.update(method="analysis", analysis=method, options=fields)
    else:
        out.update(fields)
    return out


class Run:
    """A run on its way. result() waits for it; cancel() stops it, and finished cells are kept. Both may be called from
    any thread."""

    def __init__(self, of: Mapping[str, Any], *, out: Optional[PathLike] = None, threads: Optional[int] = None,
                 progress: Optional[Progress] = None, program: Optional[PathLike] = None,
                 options: Optional[List[str]] = None) -> None:
        self.spec = dict(of)
        self._folder = tempfile.TemporaryDirectory(prefix="patchbay-")
        place = Path(self._folder.name)
        (place / "spec.json").write_text(json.dumps(self.spec), encoding="utf-8")
        self.out = Path(out) if out is not None else place / "result.safetensors"
        try:
            found = find_program(program)
        except PatchbayError:
            self._folder.cleanup()
            raise
        command = [found, "run", str(place / "spec.json"), "--out", str(self.out), "--progress", "lines",
                   *(options or [])]
        if threads is not None:
            command += ["--threads", str(threads)]
        self.notes: List[str] = []  # what the program says of the prompts, such as which were left out
        self._progress = progress
        self._cancelled = False
        self._done: Optional[Result] = None
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                         stderr=subprocess.PIPE, encoding="utf-8", errors="replace")

    def cancel(self) -> None:
        """Asks the program to stop at the next cell; result() then throws Cancelled, which has the finished ones."""
        self._cancelled = True
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)

    def result(self) -> Result:
        """Waits. Throws PatchbayError with what the program said, Cancelled after cancel()."""
        if self._done is not None:
            return self._done
        try:
            return self._outcome()
        finally:
            self._folder.cleanup()  # a result is in memory

    def _outcome(self) -> Result:
        try:
            said = self._listen()
        except BaseException:  # an interrupted notebook cell, or an error in progress(): the program stops, too
            self.cancel()
            self._process.communicate()
            raise
        written = self.out.exists()
        if self._process.returncode == _INTERRUPTED:
            raise Cancelled("the run was stopped", Result(self.out) if written else None)
        if self._process.returncode != 0 or not written:
            raise PatchbayError("\n".join(said).replace("patchbay-cli: ", "", 1)
                                or f"patchbay-cli ended with exit code {self._process.returncode}")
        self._done = Result(self.out)
        return self._done

    def _listen(self) -> List[str]:
        said: List[str] = []
        assert self._process.stderr is not None
        for line in self._process.stderr:
            try:
                step = json.loads(line) if line.startswith("{") else None
            except ValueError:
                step = None
            if isinstance(step, dict) and "share" in step:
                if self._progress and not self._cancelled:
                    self._progress(float(step["share"]), str(step.get("what", "")))
            elif line.startswith("note: "):
                self.notes.append(line[len("note: "):].rstrip("\n"))
            else:
                said.append(line.rstrip("\n"))
        self._process.stderr.close()
        self._process.wait()
        return said


def run(method: str, *, model: Union[str, Mapping[str, Any]] = "demo",
        task: Union[str, Mapping[str, Any], None] = None, out: Optional[PathLike] = None,
        threads: Optional[int] = None, progress: Union[bool, Progress] = True, program: Optional[PathLike] = None,
        **fields: Any) -> Result:
    """Computes a spec (see spec()) and returns the result. progress: True shows a bar where tqdm is installed, or a
    function gets (share done, what is being done). An interrupt (Ctrl+C) stops the program as well."""
    of = spec(method, model=model, task=task, **fields)
    if callable(progress):
        return Run(of, out=out, threads=threads, progress=progress, program=program).result()
    bar = _bar() if progress else None
    if bar is None:
        return Run(of, out=out, threads=threads, program=program).result()

    def show(share: float, what: str) -> None:
        bar.set_description_str(what)
        bar.update(max(0, round(100 * share) - bar.n) if round(100 * share) >= bar.n else -bar.n)
    try:
        return Run(of, out=out, threads=threads, progress=show, program=program).result()
    finally:
        bar.close()


def _bar() -> Any:
    try:
        return importlib.import_module("tqdm.auto").tqdm(total=100, unit="%")
    except ImportError:
        return None
