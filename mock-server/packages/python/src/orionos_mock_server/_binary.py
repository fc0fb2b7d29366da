"""Finds the program that this package installs."""

from __future__ import annotations

import os
import pathlib
import shutil
import sys
import sysconfig
from collections.abc import Iterator

from ._errors import MockServerError

NAME = "orionos-mock-server.exe" if sys.platform == "win32" else "orionos-mock-server"


def find_binary() -> str:
    """Returns the path of the program. The environment variable `ORIONOS_MOCK_SERVER` selects another one.

    Raises:
        MockServerError: there is no such program.
    """
    if chosen := os.environ.get("ORIONOS_MOCK_SERVER"):
        return chosen
    for folder in _folders():
        if (program := folder / NAME).is_file():
            return str(program)
    if found := shutil.which(NAME):
        return found
    raise MockServerError(
        f"cannot find {NAME}; there may be no wheel for this platform: build the program with Rust and "
        "set ORIONOS_MOCK_SERVER to its path"
    )


def _folders() -> Iterator[pathlib.Path]:
    yield pathlib.Path(sysconfig.get_path("scripts"))
    yield pathlib.Path(sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user")))
    # `pip install --target FOLDER` puts programs beside the modules.
    yield pathlib.Path(__file__).parents[1] / "bin"
