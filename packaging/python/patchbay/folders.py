"""Folders of results: a recipe's, and a series over revisions of a model. Results are read when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

import numpy as np

from .arrays import LabelledArray
from .errors import PatchbayError
from .files import PathLike, read_json
from .result import Result


@dataclass(frozen=True)
class Step:
    """One step of a recipe: what came of it ("done", "nothing", "failed" …) and the file of its result, if any."""

    id: str
    title: str
    state: str
    message: str
    caption: str
    file: Optional[Path]
    summary: Any = None

    @property
    def result(self) -> Result:
        """Throws PatchbayError where the step has none."""
        if self.file is None:
            raise PatchbayError(f"step {self.id!r} has no result: {self.message or self.state}")
        return Result(self.file)


class Recipe:
    """The folder that `patchbay-cli recipe` wrote: recipe["name-movers"] is a step."""

    def __init__(self, folder: PathLike) -> None:
        self.path = Path(folder)
        index = _index(self.path / "recipe.json", "patchbay-recipe-run", "the outcome of a recipe")
        self.name, self.title = (str(index["recipe"].get(key, "")) for key in ("name", "title"))
        self.model: Dict[str, Any] = index["model"]
        self.task: Dict[str, Any] = index["task"]
        self.steps: Dict[str, Step] = {}
        for entry in index["steps"]:
            file = self.path / Path(entry["file"]).name if entry.get("file") else None
            texts = {key: str(entry.get(key) or "") for key in ("id", "title", "state", "message", "caption")}
            self.steps[texts["id"]] = Step(**texts, file=file, summary=entry.get("summary"))

    def __getitem__(self, step: str) -> Step:
        if step not in self.steps:
            raise PatchbayError(f"{self.path}: the recipe has no step {step!r}; it has {', '.join(self.steps)}")
        return self.steps[step]

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps.values())


class Series:
    """The folder that `patchbay-cli series` wrote: one result, or one recipe's results, for each revision."""

    def __init__(self, folder: PathLike) -> None:
        self.path = Path(folder)
        index = _index(self.path / "series.json", "patchbay-series", "the index of a series")
        self.is_recipe = "recipe" in index
        self.names: List[str] = [str(entry["name"]) for entry in index["steps"]]
        self.states: Dict[str, str] = {str(entry["name"]): str(entry["state"]) for entry in index["steps"]}
        self._files = {str(entry["name"]): str(entry.get("file") or "") for entry in index["steps"]}
        self._reasons = {str(entry["name"]): str(entry.get("reason") or "") for entry in index["steps"]}

    @property
    def done(self) -> List[str]:
        """The names of the revisions that have results."""
        return [name for name in self.names if self.states[name] == "done"]

    def result(self, revision: str, step: Optional[str] = None) -> Result:
        """One revision's; of a recipe, that of one of its steps. Throws PatchbayError saying why there is none."""
        if revision not in self._files:
            raise PatchbayError(f"{self.path}: has no revision {revision!r}; it has {', '.join(self.names)}")
        if self.states[revision] != "done":
            why = self._reasons[revision] or self.states[revision]
            raise PatchbayError(f"{self.path}: revision {revision} has no result: {why}")
        path = self.path / Path(self._files[revision]).name
        if self.is_recipe != (step is not None):
            raise PatchbayError(f"{self.path}: is of a {'recipe: name a step' if self.is_recipe else 'single run'}")
        return Recipe(path)[str(step)].result if self.is_recipe else Result(path)

    def effect(self, grid: str, step: Optional[str] = None) -> LabelledArray:
        """The effects of a sweep at every revision that has them, [revision, its axes]."""
        parts = [self.result(name, step).effect(grid) for name in self.done]
        if not parts:
            raise PatchbayError(f"{self.path}: no revision has a result")
        return LabelledArray(grid, np.stack([part.values for part in parts]), ("revision", *parts[0].dims),
                             {**parts[0].coords, "revision": list(self.done)}, parts[0].unit)


def _index(file: Path, format_: str, what: str) -> Dict[str, Any]:
    content = read_json(file)
    if not isinstance(content, dict) or content.get("format") != format_ or not isinstance(content.get("steps"), list):
        raise PatchbayError(f"{file}: is not {what}")
    if content.get("version") != 1:
        raise PatchbayError(f"{file}: is of version {content.get('version')}, which this package does not read")
    return content


def read(path: PathLike) -> Any:
    """Whatever it is: a Result, a Recipe or Series (folders), an EdgeGraph (EAP-IG's JSON), a table of edges (CSV).
    Throws PatchbayError naming the file and the cause."""
    from .edges import read_edge_table, read_graph
    place = Path(path)
    if place.is_dir():
        for index, kind in (("recipe.json", Recipe), ("series.json", Series)):
            if (place / index).exists():
                return kind(place)
        raise PatchbayError(f"{place}: holds neither recipe.json nor series.json")
    if place.name in ("recipe.json", "series.json"):
        return read(place.parent)
    if place.suffix == ".csv":
        return read_edge_table(place)
    if place.suffix == ".json":
        content = read_json(place)
        if isinstance(content, dict) and "cfg" in content and "edges" in content:
            return read_graph(place)
    return Result(place)
