"""An array that knows what its axes are."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass, field
from typing import Any, Dict, Sequence, Tuple, Union

import numpy as np
from numpy.typing import NDArray

from .errors import PatchbayError

Label = Union[int, str]
_HEAD = re.compile(r"[La]?\(?(\d+)[.,hH]+(\d+)\)?")


def head_label(layer: int, head: int) -> str:
    """ "L9H6", as the program writes it."""
    return f"L{layer}H{head}"


def parse_head(text: str) -> Tuple[int, int]:
    """Layer and head of "L9H6", "9.6", "(9,6)" or "a9.h6"."""
    found = _HEAD.fullmatch(text.replace(" ", ""))
    if not found:
        raise PatchbayError(f"{text!r} is not a head; write L9H6 or 9.6")
    return int(found.group(1)), int(found.group(2))


@dataclass(frozen=True)
class LabelledArray:
    """values with one name in dims for each axis; coords says what stands along an axis, and numbers from 0 do where it
    says nothing."""

    name: str
    values: NDArray[Any]
    dims: Tuple[str, ...]
    coords: Dict[str, Sequence[Label]] = field(default_factory=dict)
    unit: str = ""

    def __post_init__(self) -> None:
        if len(self.dims) != self.values.ndim:
            raise PatchbayError(f"{self.name}: {self.values.ndim} axes have {len(self.dims)} names")
        for dim, labels in self.coords.items():
            if len(labels) != self.values.shape[self.axis(dim)]:
                raise PatchbayError(f"{self.name}: axis {dim} has {len(labels)} labels for "
                                    f"{self.values.shape[self.axis(dim)]} entries")

    @property
    def shape(self) -> Tuple[int, ...]:
        return tuple(self.values.shape)

    def __array__(self, dtype: Any = None, copy: Any = None) -> NDArray[Any]:
        return np.array(self.values, dtype=dtype) if copy else np.asarray(self.values, dtype=dtype)

    def axis(self, dim: str) -> int:
        """The number of an axis. Throws PatchbayError naming those that there are."""
        if dim not in self.dims:
            raise PatchbayError(f"{self.name} has no axis {dim!r}; it has {', '.join(self.dims) or 'none'}")
        return self.dims.index(dim)

    def labels(self, dim: str) -> Sequence[Label]:
        """What stands along an axis."""
        return self.coords.get(dim, range(self.values.shape[self.axis(dim)]))

    def sel(self, **where: Label) -> "LabelledArray":
        """One place along each named axis: sel(layer=9, head=6), or sel(head="L9H6") for both."""
        places = dict(where)
        if isinstance(places.get("head"), str) and "layer" in self.dims:
            layer, head = parse_head(str(places["head"]))
            places.update(layer=layer, head=head)
        index: list[Any] = [slice(None)] * self.values.ndim
        for dim, label in places.items():
            labels = list(self.labels(dim))
            if label not in labels:
                raise PatchbayError(f"{self.name}: {label!r} is not along axis {dim}")
            index[self.axis(dim)] = labels.index(label)
        dims = tuple(dim for dim in self.dims if dim not in places)
        return LabelledArray(self.name, np.asarray(self.values[tuple(index)]), dims,
                             {dim: labels for dim, labels in self.coords.items() if dim in dims}, self.unit)

    def mean(self, dim: str = "prompt") -> "LabelledArray":
        """The mean over an axis, in double precision."""
        dims = tuple(one for one in self.dims if one != dim)
        return LabelledArray(self.name, self.values.mean(self.axis(dim), dtype=np.float64), dims,
                             {one: labels for one, labels in self.coords.items() if one != dim}, self.unit)

    def top(self, count: int = 10) -> list[Tuple[Tuple[Label, ...], float]]:
        """The entries furthest from 0, with their labels; missing ones (NaN) are left out."""
        flat = self.values.astype(np.float64).ravel()
        order = [int(i) for i in np.argsort(-np.abs(flat), kind="stable") if not np.isnan(flat[i])][:count]
        labels = [list(self.labels(dim)) for dim in self.dims]
        places = [np.unravel_index(i, self.values.shape) for i in order]
        return [(tuple(axis[int(at)] for axis, at in zip(labels, place)), float(flat[i]))
                for i, place in zip(order, places)]

    def to_xarray(self) -> Any:
        """The same as an xarray.DataArray. Throws PatchbayError where xarray is not installed."""
        try:
            xarray = importlib.import_module("xarray")
        except ImportError as error:
            raise PatchbayError("xarray is not installed: pip install xarray") from error
        coords = {dim: list(self.labels(dim)) for dim in self.dims}
        return xarray.DataArray(self.values, dims=self.dims, coords=coords, name=self.name, attrs={"unit": self.unit})
