#!/usr/bin/env python3
"""Lays out the npm packages, ready for `npm pack` and `npm publish`.

    build_npm.py FOLDER                      the package with the JavaScript
    build_npm.py FOLDER PROGRAM TARGET       the package with the program of a platform, TARGET as Rust names it

npm installs one of the platforms' packages, by `os` and `cpu`. No package has a script that runs when it is
installed.
"""

import json
import pathlib
import shutil
import sys

NODE = pathlib.Path(__file__).resolve().parents[1] / "node"
LICENSES = [NODE.parents[1] / f"LICENSE-{name}" for name in ("APACHE", "MIT")]
SYSTEMS = {"linux": "linux", "apple": "darwin", "pc": "win32"}
PROCESSORS = {"x86_64": "x64", "aarch64": "arm64"}


def folder_for(name):
    folder = pathlib.Path(sys.argv[1]) / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for license in LICENSES:
        shutil.copy(license, folder)
    return folder


def main_package(package):
    folder = folder_for(package["name"])
    for name in ["package.json", "README.md", *package["files"]]:
        path = NODE / name
        if path.is_dir():
            shutil.copytree(path, folder / name)
        elif path.is_file():
            shutil.copy(path, folder)
    return folder


def platform_package(package, program, target):
    processor, *rest = target.split("-")
    system = next(SYSTEMS[word] for word in rest if word in SYSTEMS)
    name = f"{package['name']}-{system}-{PROCESSORS[processor]}"
    if name not in package["optionalDependencies"]:
        sys.exit(f"{name} is not among the optional dependencies of {package['name']}")
    folder = folder_for(name)
    description = {
        "name": name,
        "version": package["version"],
        "description": f"The program of {package['name']} for {system} on {PROCESSORS[processor]}",
        "license": package["license"],
        "repository": package["repository"],
        "os": [system],
        "cpu": [PROCESSORS[processor]],
        "files": ["bin", "LICENSE-*"],
        "preferUnplugged": True,
    }
    (folder / "package.json").write_text(json.dumps(description, indent=2) + "\n")
    (folder / "README.md").write_text(
        f"# {name}\n\n{description['description']}. Install `{package['name']}` instead.\n"
    )
    (folder / "bin").mkdir()
    shutil.copy(program, folder / "bin")
    (folder / "bin" / pathlib.Path(program).name).chmod(0o755)
    return folder


def main():
    package = json.loads((NODE / "package.json").read_text())
    if set(package["optionalDependencies"].values()) != {package["version"]}:
        sys.exit("the optional dependencies must have the version of the package")
    print(main_package(package) if len(sys.argv) == 2 else platform_package(package, *sys.argv[2:]))


main()
