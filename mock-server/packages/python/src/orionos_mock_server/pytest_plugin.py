"""Fixtures for pytest. pytest loads them when this package is installed.

`orion_mock` is a mock per test. `orion_mock_server` is a mock per test run: with pytest-xdist, all workers
share one process, and each has a key, and so agents, limits, faults and a clock, of its own.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from ._errors import MockServerError
from ._server import MockServer

_RUNNING = pytest.StashKey[MockServer]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(
        "orion_mock_options",
        "Options of the program for orion_mock_server, such as: --tier standard --clock frozen",
        default="",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "orion_mock(**settings): settings of the fixture orion_mock, as those of MockServer"
    )


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """pytest-xdist is about to start a worker: tells it where the mock of this test run is."""
    try:
        node.workerinput["orion_mock_base_url"] = _server_of(node.config).base_url
    except MockServerError as error:
        # Only tests that use the mock fail.
        node.workerinput["orion_mock_error"] = str(error)


def pytest_unconfigure(config: pytest.Config) -> None:
    if _RUNNING in config.stash:
        config.stash[_RUNNING].stop()


def _server_of(config: pytest.Config) -> MockServer:
    """The mock of this test run, which starts when it is first needed."""
    if _RUNNING not in config.stash:
        options = shlex.split(config.getini("orion_mock_options"))
        config.stash[_RUNNING] = MockServer(isolate_keys=True, arguments=options).start()
    return config.stash[_RUNNING]


@pytest.fixture
def orion_mock(request: pytest.FixtureRequest) -> Iterator[MockServer]:
    """A mock for this test. `@pytest.mark.orion_mock(tier="standard")` sets it up."""
    settings: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers("orion_mock"))):
        settings.update(marker.kwargs)
    with MockServer(**settings) as mock:
        yield mock


@pytest.fixture(scope="session")
def orion_mock_server(pytestconfig: pytest.Config) -> MockServer:
    """The mock of this test run. Call `reset()` where a test must not see what others did."""
    worker: dict[str, Any] = getattr(pytestconfig, "workerinput", {})
    if error := worker.get("orion_mock_error"):
        raise MockServerError(error)
    base_url = worker.get("orion_mock_base_url") or _server_of(pytestconfig).base_url
    return MockServer.connect(base_url, api_key=f"test-key-{worker.get('workerid', 'main')}")
