"""Results of Patchbay as labelled arrays, and runs of patchbay-cli. numpy is all that is needed."""

from .arrays import LabelledArray, head_label, parse_head
from .edges import EdgeGraph, read_edge_table, read_graph
from .errors import Cancelled, PatchbayError
from .files import read_arrays
from .folders import Recipe, Series, Step, read
from .program import Run, find_program, run, spec
from .result import ESTIMATED, EXACT, MISSING, Baseline, Result

__all__ = ["Baseline", "Cancelled", "ESTIMATED", "EXACT", "EdgeGraph", "LabelledArray", "MISSING", "PatchbayError",
           "Recipe", "Result", "Run", "Series", "Step", "find_program", "head_label", "parse_head", "read",
           "read_arrays", "read_edge_table", "read_graph", "run", "spec"]
