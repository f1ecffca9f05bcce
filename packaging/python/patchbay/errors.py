"""What can go wrong, said with the file or option and the cause."""

from __future__ import annotations


class PatchbayError(Exception):
    """A file that cannot be read, a run that failed. The text names the file and the cause."""


class Cancelled(PatchbayError):
    """A run that was stopped before its end; `result` has its finished cells, or None where nothing was written."""

    def __init__(self, message: str, result: object = None) -> None:
        super().__init__(message)
        self.result = result
