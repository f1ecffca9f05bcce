"""Named arrays in files, as the program writes and reads them: .safetensors, .npz and .json; numpy alone is needed."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any, Dict, Mapping, Tuple, Union

import numpy as np
from numpy.typing import NDArray

from .errors import PatchbayError

Arrays = Dict[str, NDArray[Any]]
Metadata = Dict[str, str]
PathLike = Union[str, "os.PathLike[str]"]

# bfloat16 is the upper half of a float32; numpy has no type for it.
_TYPES: Mapping[str, str] = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1",
}
_NUMBERS: Mapping[str, float] = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}


def read_arrays(path: PathLike) -> Tuple[Arrays, Metadata]:
    """Arrays by name and the strings kept with them. Throws PatchbayError naming the file."""
    file = Path(path)
    readers = {".safetensors": _read_safetensors, ".npz": _read_npz, ".json": _read_json}
    if file.suffix not in readers:
        raise PatchbayError(f"{file}: is neither .safetensors nor .npz nor .json")
    try:
        return readers[file.suffix](file)
    except OSError as error:
        raise PatchbayError(f"{file}: {error.strerror or error}") from error


def read_json(path: PathLike) -> Any:
    """The value in a JSON file. Throws PatchbayError naming the file."""
    file = Path(path)
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise PatchbayError(f"{file}: {error.strerror or error}") from error
    except ValueError as error:
        raise PatchbayError(f"{file}: is not JSON: {error}") from error


def _read_safetensors(file: Path) -> Tuple[Arrays, Metadata]:
    data = file.read_bytes()
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > len(data) - 8:
        raise PatchbayError(f"{file}: is not a safetensors file, or was cut off")
    try:
        header = json.loads(data[8:8 + length])
        metadata = {str(key): str(value) for key, value in header.pop("__metadata__", {}).items()}
        arrays = {name: _tensor(data, 8 + length, entry, f"{file}: tensor {name}") for name, entry in header.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PatchbayError(f"{file}: has a header that cannot be read: {error}") from error
    return arrays, metadata


def _tensor(data: bytes, start: int, entry: Mapping[str, Any], what: str) -> NDArray[Any]:
    if entry["dtype"] not in _TYPES:
        raise PatchbayError(f"{what} has the unsupported type {entry['dtype']}")
    dtype = np.dtype(_TYPES[entry["dtype"]])
    shape = tuple(int(extent) for extent in entry["shape"])
    begin, end = (int(offset) for offset in entry["data_offsets"])
    count = 1
    for extent in shape:
        count *= extent
    if min(shape, default=0) < 0 or begin < 0 or end - begin != count * dtype.itemsize or start + end > len(data):
        raise PatchbayError(f"{what} does not lie inside the file, or its length does not fit its shape")
    values = np.frombuffer(data, dtype, count, start + begin).reshape(shape)
    if entry["dtype"] == "BF16":
        return (values.astype("<u4") << 16).view("<f4")
    return values.astype("<f4") if entry["dtype"] == "F16" else values.copy()


def _read_npz(file: Path) -> Tuple[Arrays, Metadata]:
    try:
        with zipfile.ZipFile(file) as archive:
            metadata: Metadata = {}
            if "metadata.json" in archive.namelist():
                metadata = _texts(json.loads(archive.read("metadata.json")))
        with np.load(file, allow_pickle=False) as content:
            return {name: content[name] for name in content.files if name != "metadata.json"}, metadata
    except (zipfile.BadZipFile, ValueError, EOFError) as error:
        raise PatchbayError(f"{file}: is not a file of arrays: {error}") from error


def _read_json(file: Path) -> Tuple[Arrays, Metadata]:
    content = read_json(file)
    if not isinstance(content, dict):
        raise PatchbayError(f"{file}: is not a JSON object of arrays")
    metadata = content.pop("metadata", {})
    arrays: Arrays = {}
    for name, value in content.items():
        try:
            array = np.asarray(_numbers(value))
        except (ValueError, KeyError, TypeError) as error:
            raise PatchbayError(f"{file}: {name} is not an array of numbers: {error}") from error
        arrays[name] = array if array.dtype.kind in "iu" else array.astype("<f4")
    return arrays, _texts(metadata)


def _texts(members: Any) -> Metadata:
    if not isinstance(members, dict):
        raise ValueError("its metadata is not a JSON object")
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in members.items()}


def _numbers(value: Any) -> Any:
    """Nested lists with "nan", "inf" and "-inf", which JSON has no numbers for, as numbers."""
    if isinstance(value, list):
        return [_numbers(element) for element in value]
    if isinstance(value, str):
        return _NUMBERS[value]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    raise TypeError(f"{value!r} is not a number")
