"""A result file: the spec, the numbers per prompt, what each cell is, the baselines."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np
from numpy.typing import NDArray

from .arrays import Label, LabelledArray
from .errors import PatchbayError
from .files import Arrays, PathLike, read_arrays

MISSING, ESTIMATED, EXACT = 0, 1, 2
_STATES = {"m": MISSING, "e": ESTIMATED, "x": EXACT}
_AXES = {"pos": "position"}


@dataclass(frozen=True)
class Baseline:
    """The metric of the two unpatched runs: per prompt [prompts], and means."""

    clean: LabelledArray
    flipped: LabelledArray
    clean_mean: float
    flipped_mean: float
    accuracy_clean: float
    accuracy_flipped: float

    @property
    def gap(self) -> float:
        return self.clean_mean - self.flipped_mean


@dataclass(frozen=True)
class _Grid:
    axes: Tuple[str, ...]
    shape: Tuple[int, ...]
    states: NDArray[np.int8]


class Result:
    """What a run computed. result["denoise.z"] is the metric of each patched run [layer, head, prompt];
    result.effect("denoise.z") the share of the gap (or the change, where shares make no sense) [layer, head]."""

    def __init__(self, path: PathLike) -> None:
        self.path = Path(path)
        self._arrays, metadata = read_arrays(path)
        if "patchbay" not in metadata or "spec" not in metadata:
            raise PatchbayError(f"{self.path}: is not a Patchbay result: it does not say what was computed")
        try:
            self.spec: Dict[str, Any] = json.loads(metadata["spec"])
            self._about: Dict[str, Any] = json.loads(metadata["patchbay"])
            if self._about["file_version"] != 1:
                raise PatchbayError(f"{self.path}: is of file version {self._about['file_version']}, which this "
                                    "package does not read; a newer one does")
            self._grids = {str(entry["name"]): _grid(entry) for entry in self._about["grids"]}
            self.complete = bool(self._about["complete"])
            self.effect_unit = str(self._about.get("effect_unit", ""))
            self.baseline = self._baseline(self._about["baseline"])
        except (ValueError, KeyError, TypeError) as error:
            raise PatchbayError(f"{self.path}: its description cannot be read: {error}") from error
        self.title = metadata.get("title", "")
        self.version = metadata.get("version", "")
        self.model_sha256 = metadata.get("model_sha256", "")
        self.summary: Any = self._about.get("summary")
        self._edges: Dict[str, List[str]] = {axis: json.loads(metadata[axis]) for axis in ("forward", "backward")
                                             if axis in metadata}

    def __repr__(self) -> str:
        return f"<patchbay.Result {self.title!r}: {', '.join(self.names)}>"

    @property
    def grids(self) -> List[str]:
        """The names of its sweeps."""
        return list(self._grids)

    @property
    def names(self) -> List[str]:
        """The names of its arrays: those of the sweeps first, then what else is in the file."""
        return self.grids + [name for name in self._arrays if name not in self._grids]

    @property
    def arrays(self) -> Arrays:
        """All arrays as they are in the file."""
        return dict(self._arrays)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self._arrays

    def __getitem__(self, name: str) -> LabelledArray:
        values = self._need(name)
        dims = self._dims(name, values.shape)
        return LabelledArray(name, values, dims, self._coords(dims))

    def effect(self, name: str) -> LabelledArray:
        """Of a sweep, [its axes]: (patched - base) / (clean - flipped) of the means over prompts, or patched - base
        where `effect_unit` is no share; estimates where only those are there, NaN where nothing is."""
        grid = self._need_grid(name)
        return LabelledArray(name, self._need(name + ".normalised"), grid.axes, self._coords(grid.axes),
                             self.effect_unit)

    def state(self, name: str) -> LabelledArray:
        """What each cell of a sweep is: MISSING, ESTIMATED or EXACT."""
        grid = self._need_grid(name)
        return LabelledArray(name + ".state", grid.states, grid.axes, self._coords(grid.axes))

    def exact(self, name: str) -> NDArray[np.bool_]:
        """Which cells were computed exactly."""
        return np.equal(self._need_grid(name).states, EXACT)

    def estimated(self, name: str) -> NDArray[np.bool_]:
        """Which cells are first-order estimates only."""
        return np.equal(self._need_grid(name).states, ESTIMATED)

    def estimate(self, name: str) -> Optional[LabelledArray]:
        """The estimates beside exact cells, in the unit of effect(); None where there are none."""
        grid = self._need_grid(name)
        values = self._arrays.get(name + ".estimate")
        return None if values is None else LabelledArray(name + ".estimate", values, grid.axes,
                                                         self._coords(grid.axes), self.effect_unit)

    def to_xarray(self) -> Any:
        """All of it as an xarray.Dataset, the spec among its attributes. Throws PatchbayError without xarray."""
        try:
            xarray = importlib.import_module("xarray")
        except ImportError as error:
            raise PatchbayError("xarray is not installed: pip install xarray") from error
        # Axes that have no name of their own would meet under one name with different lengths.
        arrays = {}
        for name in self.names:
            one = self[name]
            arrays[name] = one.to_xarray().rename({dim: f"{name}.{dim}" for dim in one.dims if dim.startswith("axis")})
        return xarray.Dataset(arrays, attrs={"title": self.title, "spec": json.dumps(self.spec)})

    def _baseline(self, means: Dict[str, Any]) -> Baseline:
        clean, flipped = (LabelledArray(name, self._arrays.get(name, np.empty(0, np.float32)), ("prompt",))
                          for name in ("clean", "flipped"))
        return Baseline(clean, flipped, float(means["clean_mean"]), float(means["flipped_mean"]),
                        float(means["accuracy_clean"]), float(means["accuracy_flipped"]))

    def _need(self, name: str) -> NDArray[Any]:
        if name not in self._arrays:
            raise PatchbayError(f"{self.path}: has no array {name!r}; it has {', '.join(self.names)}")
        return self._arrays[name]

    def _need_grid(self, name: str) -> _Grid:
        if name not in self._grids:
            raise PatchbayError(f"{self.path}: has no sweep {name!r}; it has {', '.join(self.grids) or 'none'}")
        return self._grids[name]

    def _dims(self, name: str, shape: Sequence[int]) -> Tuple[str, ...]:
        for ending in ("", ".normalised", ".estimate", ".per_prompt"):
            grid = self._grids.get(name[:len(name) - len(ending)]) if name.endswith(ending) else None
            if grid is not None:
                return grid.axes if tuple(shape) == grid.shape else (*grid.axes, "prompt")
        prompts = self.baseline.clean.shape[0]
        said = self._about.get("axes", {}).get(name)
        if said is not None and len(said) == len(shape):
            return tuple(_AXES.get(axis, axis) for axis in said)
        if self._edges and tuple(shape[:2]) == (len(self._edges["forward"]), len(self._edges["backward"])):
            return ("writer", "reader", "prompt")[:len(shape)]
        if tuple(shape) == (prompts,):
            return ("prompt",)
        return tuple(f"axis{i}" for i in range(len(shape)))

    def _coords(self, dims: Sequence[str]) -> Dict[str, Sequence[Label]]:
        names = {"writer": "forward", "reader": "backward"}
        return {dim: self._edges[names[dim]] for dim in dims if names.get(dim, "") in self._edges}


def _grid(entry: Dict[str, Any]) -> _Grid:
    axes = tuple(_AXES.get(str(axis), str(axis)) for axis in entry["axes"])
    shape = tuple(int(extent) for extent in entry["shape"])
    letters = str(entry["states"])
    states = np.array([_STATES[letter] for letter in letters], np.int8)
    cells = int(np.prod(shape, dtype=np.int64))
    if len(letters) != 1 and len(letters) != cells:
        raise ValueError(f"{len(letters)} cell states for {cells} cells")
    return _Grid(axes, shape, np.full(shape, states[0] if cells else 0, np.int8) if len(letters) == 1
                 else states.reshape(shape))
