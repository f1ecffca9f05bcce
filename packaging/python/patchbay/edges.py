"""Graphs of edges: the JSON of EAP-IG and MIB, and the program's table of edges."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Tuple

import numpy as np

from .arrays import LabelledArray
from .errors import PatchbayError
from .files import PathLike, read_json


@dataclass(frozen=True)
class EdgeGraph:
    """Edges by name ("a0.h1->m2", "m2->a3.h4<k>"), each with its score (NaN: none) and whether the circuit has it.
    Scores have the library's sign: the highest are of edges that keep the behaviour. In results and tables they are
    changes of the metric."""

    layers: int
    heads: int
    parallel: bool
    scores: Dict[str, float]
    in_graph: Dict[str, bool]
    nodes: Dict[str, bool]

    def circuit(self) -> List[str]:
        """The edges that the circuit has."""
        return [edge for edge, kept in self.in_graph.items() if kept]

    def top(self, count: int = 10) -> List[Tuple[str, float]]:
        """The edges with the largest scores, whichever their sign."""
        known = [(edge, score) for edge, score in self.scores.items() if not np.isnan(score)]
        return sorted(known, key=lambda one: -abs(one[1]))[:count]

    def matrix(self) -> LabelledArray:
        """Scores [writer, reader]; NaN where there is no edge."""
        pairs = [edge.split("->") for edge in self.scores]
        writers, readers = ({node: i for i, node in enumerate(dict.fromkeys(nodes))} for nodes in zip(*pairs))
        values = np.full((len(writers), len(readers)), np.nan, np.float32)
        for (writer, reader), score in zip(pairs, self.scores.values()):
            values[writers[writer], readers[reader]] = score
        return LabelledArray("scores", values, ("writer", "reader"), {"writer": list(writers), "reader": list(readers)})


def read_graph(path: PathLike) -> EdgeGraph:
    """Reads {"cfg", "nodes", "edges"}. Throws PatchbayError naming the file and what is lacking."""
    content = read_json(path)
    try:
        cfg, edges = content["cfg"], content["edges"]
        in_graph = {name: edge if isinstance(edge, bool) else bool(edge.get("in_graph", False))
                    for name, edge in edges.items()}
        scores = {name: float("nan") if isinstance(edge, bool) else float(edge.get("score", "nan"))
                  for name, edge in edges.items()}
        nodes = {name: node if isinstance(node, bool) else bool(node.get("in_graph", False))
                 for name, node in content.get("nodes", {}).items()}
        return EdgeGraph(int(cfg["n_layers"]), int(cfg["n_heads"]), bool(cfg.get("parallel_attn_mlp", False)), scores,
                         in_graph, nodes)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PatchbayError(f"{Path(path)}: is not a graph of EAP-IG: {error!r}") from error


def read_edge_table(path: PathLike) -> Dict[str, Dict[str, float]]:
    """A table of edges (CSV: edge, writer, reader, then numbers): for each column its numbers by edge, NaN where a field
    is empty. Throws PatchbayError naming the file and line."""
    file = Path(path)
    try:
        with file.open(newline="", encoding="utf-8") as text:
            lines = csv.reader(text)
            header = next(lines, [])
            if header[:3] != ["edge", "writer", "reader"]:
                raise PatchbayError(f"{file}: is not a table of edges: it does not begin with edge,writer,reader")
            columns: Dict[str, Dict[str, float]] = {name: {} for name in header[3:]}
            for fields in lines:
                if len(fields) != len(header):
                    raise PatchbayError(f"{file}: line {lines.line_num} has {len(fields)} fields, not {len(header)}")
                for name, value in zip(header[3:], fields[3:]):
                    columns[name][fields[0]] = float(value) if value else float("nan")
    except OSError as error:
        raise PatchbayError(f"{file}: {error.strerror or error}") from error
    except ValueError as error:
        raise PatchbayError(f"{file}: line {lines.line_num}: {error}") from error
    return columns
