"""Makes the wheel of the package: make_wheel.py VERSION DIR. A wheel is a zip file with a list of what is in it; the same
sources give the same bytes."""

import base64
import hashlib
import pathlib
import sys
import zipfile

SOURCE = pathlib.Path(__file__).resolve().parent
METADATA = """Metadata-Version: 2.1
Name: patchbay
Version: {version}
Summary: Results of Patchbay as labelled arrays, and runs of patchbay-cli
License: GPL-3.0-or-later
Requires-Python: >=3.9
Requires-Dist: numpy>=1.21
Provides-Extra: xarray
Requires-Dist: xarray; extra == "xarray"
Provides-Extra: progress
Requires-Dist: tqdm; extra == "progress"
Description-Content-Type: text/markdown

"""
WHEEL = "Wheel-Version: 1.0\nGenerator: make_wheel\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def entry(name):
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    return info


def make(version, folder):
    about = f"patchbay-{version}.dist-info"
    files = {f"patchbay/{path.name}": path.read_bytes() for path in sorted((SOURCE / "patchbay").iterdir())
             if path.suffix in (".py", ".typed")}
    files[f"{about}/METADATA"] = METADATA.format(version=version).encode() + (SOURCE / "README.md").read_bytes()
    files[f"{about}/WHEEL"] = WHEEL.encode()
    record = ""
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        record += f"{name},sha256={digest},{len(content)}\n"
    files[f"{about}/RECORD"] = (record + f"{about}/RECORD,,\n").encode()
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"patchbay-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in files.items():
            archive.writestr(entry(name), content)
    return wheel


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("Usage: make_wheel.py VERSION DIR")
    print(make(sys.argv[1], pathlib.Path(sys.argv[2])))
