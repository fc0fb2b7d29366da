#!/usr/bin/env python3
"""Puts a program that is already built, and the Python module, into a wheel.

    build_wheel.py PROGRAM TARGET FOLDER     TARGET is a Rust target, such as x86_64-unknown-linux-musl

A release ships one and the same program in wheels, npm packages, archives and the image, so it is built once,
and not again by maturin. A static program for Linux runs on every distribution, so one wheel serves glibc and
musl. The same input makes the same bytes.
"""

import base64
import hashlib
import pathlib
import sys
import tomllib
import zipfile

PYTHON = pathlib.Path(__file__).resolve().parents[1] / "python"
LICENSES = [PYTHON.parents[1] / f"LICENSE-{name}" for name in ("APACHE", "MIT")]
TAGS = {
    "x86_64-unknown-linux-musl": "manylinux_2_17_x86_64.musllinux_1_1_x86_64",
    "aarch64-unknown-linux-musl": "manylinux_2_17_aarch64.musllinux_1_1_aarch64",
    "x86_64-apple-darwin": "macosx_10_12_x86_64",
    "aarch64-apple-darwin": "macosx_11_0_arm64",
    "x86_64-pc-windows-msvc": "win_amd64",
    "aarch64-pc-windows-msvc": "win_arm64",
    # For tests on the machine that built the program.
    "x86_64-unknown-linux-gnu": "linux_x86_64",
    "aarch64-unknown-linux-gnu": "linux_aarch64",
}


def metadata(project):
    lines = [
        "Metadata-Version: 2.4",
        f"Name: {project['name']}",
        f"Version: {project['version']}",
        f"Summary: {project['description']}",
        f"License-Expression: {project['license']}",
        *(f"License-File: {path.name}" for path in LICENSES),
        f"Keywords: {','.join(project['keywords'])}",
        f"Requires-Python: {project['requires-python']}",
        *(f"Classifier: {classifier}" for classifier in project["classifiers"]),
        *(f"Project-URL: {name}, {url}" for name, url in project["urls"].items()),
        "Description-Content-Type: text/markdown",
    ]
    return "\n".join(lines) + "\n\n" + (PYTHON / project["readme"]).read_text()


def entry_points(project):
    text = ""
    for group, points in project["entry-points"].items():
        text += f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in points.items())
    return text


def content(project, program, tag):
    """The files of the wheel: path, bytes, and whether the file is a program."""
    stem = f"{project['name'].replace('-', '_')}-{project['version']}"
    for path in sorted((PYTHON / "src").rglob("*")):
        if path.suffix == ".py" or path.name == "py.typed":
            yield str(path.relative_to(PYTHON / "src").as_posix()), path.read_bytes(), False
    yield f"{stem}.data/scripts/{program.name}", program.read_bytes(), True
    for path in LICENSES:
        yield f"{stem}.dist-info/licenses/{path.name}", path.read_bytes(), False
    yield f"{stem}.dist-info/METADATA", metadata(project).encode(), False
    yield f"{stem}.dist-info/entry_points.txt", entry_points(project).encode(), False
    tags = "".join(f"Tag: py3-none-{platform}\n" for platform in tag.split("."))
    wheel = f"Wheel-Version: 1.0\nGenerator: build_wheel.py\nRoot-Is-Purelib: false\n{tags}"
    yield f"{stem}.dist-info/WHEEL", wheel.encode(), False


def main():
    program, target, folder = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
    if target not in TAGS:
        sys.exit(f"unknown target {target!r}; expected one of {', '.join(TAGS)}")
    project = tomllib.loads((PYTHON / "pyproject.toml").read_text())["project"]
    name = f"{project['name'].replace('-', '_')}-{project['version']}"
    wheel = folder / f"{name}-py3-none-{TAGS[target]}.whl"
    record = ""
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:

        def add(path, data, is_program=False):
            entry = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if is_program else 0o100644) << 16
            archive.writestr(entry, data)

        for path, data, is_program in content(project, program, TAGS[target]):
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record += f"{path},sha256={digest},{len(data)}\n"
            add(path, data, is_program)
        path = f"{name}.dist-info/RECORD"
        add(path, (record + f"{path},,\n").encode())
    print(wheel)


main()
