import os
import pathlib
import subprocess
import time

import pytest

pytest_plugins = ["pytester"]


class Api:
    """The API of a mock, as an application calls it."""

    def __init__(self, mock):
        self.base_url, self.api_key = mock.base_url, mock.api_key

    def __call__(self, method, path, body=None):
        """Returns the status and the JSON of the response."""
        import json
        import urllib.error
        import urllib.request

        request = urllib.request.Request(self.base_url + path, method=method)
        request.add_header("authorization", f"Bearer {self.api_key}")
        content = None if body is None else json.dumps(body).encode()
        request.add_header("content-type", "application/json")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, content, timeout=10) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


@pytest.fixture
def api():
    return Api


def mocks_with(marker: str) -> list[str]:
    """The running mocks whose command line has the marker."""
    found = subprocess.run(["pgrep", "-f", "--", marker], capture_output=True, text=True).stdout.split()
    alive = []
    for pid in found:
        try:
            command = pathlib.Path(f"/proc/{pid}/cmdline").read_text()
        except OSError:
            continue
        if command.split("\0")[0].endswith("/orionos-mock-server"):
            alive.append(pid)
    return alive


@pytest.fixture
def marker() -> str:
    """A setting that identifies the mocks of one test in the list of processes."""
    return f"--reply=marker-{os.getpid()}-{time.monotonic_ns()}"


@pytest.fixture
def wait_until_no_mock_has():
    def wait(marker: str) -> None:
        end = time.monotonic() + 10
        while left := mocks_with(marker):
            assert time.monotonic() < end, f"these mocks still run: {left}"
            time.sleep(0.01)

    return wait
