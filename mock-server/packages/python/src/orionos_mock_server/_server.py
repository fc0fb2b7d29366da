"""A mock server: its life, and what a test does with it."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import urlsplit

from ._control import Control, error_of, segment
from ._errors import MockServerError
from ._process import Process

if TYPE_CHECKING:
    from typing import Self

    from .control_types import (
        Fault,
        FaultKind,
        FaultState,
        JournalEntry,
        KeyState,
        Limits,
        Operation,
        PatternReply,
        Replies,
        Snapshot,
        Tier,
    )


class MockServer:
    """A mock of the OrionOS API in a process of its own, on a free port of this machine.

    Use it in `with` or `async with`, or call `start()` and `stop()`. It also stops when this process ends, in
    whatever way. Methods send a short request to the mock and block until the response, which takes about a
    millisecond; only `wait_for` can take longer, and has the variant `wait_for_async`.

    All settings are optional:

    Args:
        api_key: the key with all permissions.
        read_only_keys: keys that may only get and list.
        isolate_keys: accept any key, with separate agents, limits, journal, faults and clock per key.
        tier: the rate limits; `enterprise`, the default, has none.
        agents: the initial agents: names, or bodies of a create, which may also have `id` and `status`.
        faults: the initial faults, as objects of the control API.
        reply: the reply of agents, a template with {text} {turn} {agent} {user} {room} {earlier}.
        latency: the delay of each response in milliseconds, such as `200` or `"100-300"`.
        token_pace: the time between two tokens of a stream, in milliseconds.
        clock: `real`, the default, or `frozen` at 2026-01-01T00:00:00Z.
        start_time: the initial time of the clock.
        seed: the random seed for ids, latencies and probabilities.
        state: a file that keeps the agents over a restart.
        list_key: the JSON field that has the items of a list; `agents` by default.
        settings: the effect of an update on `settings`: `merge` by platform, the default, or `replace`.
        providers: model providers besides those of the API.
        cors_origins: origins whose web pages may call the API.
        port: the port; 0 picks a free one.
        arguments: further options of the program, as in `orionos-mock-server --help`.
        start_timeout: how long the start may take, in seconds.

    Raises:
        MockServerError: by `start()` and `with`, if the mock does not start; the text has what it said.
    """

    def __init__(
        self,
        *,
        api_key: str = "test-key",
        read_only_keys: Sequence[str] = (),
        isolate_keys: bool = False,
        tier: Tier | None = None,
        agents: Sequence[str | Mapping[str, Any]] = (),
        faults: Sequence[Fault] = (),
        reply: str | None = None,
        latency: int | str | None = None,
        token_pace: int | None = None,
        clock: Literal["real", "frozen"] | None = None,
        start_time: datetime.datetime | str | None = None,
        seed: int | None = None,
        state: str | None = None,
        list_key: Literal["agents", "items"] | None = None,
        settings: Literal["merge", "replace"] | None = None,
        providers: Sequence[str] = (),
        cors_origins: Sequence[str] = (),
        port: int = 0,
        arguments: Sequence[str] = (),
        start_timeout: float = 10.0,
    ) -> None:
        self._api_key = api_key
        self._agents = agents
        self._faults = faults
        self._start_timeout = start_timeout
        self._process: Process | None = None
        self._base_url: str | None = None
        self._control: Control | None = None
        given: dict[str, Any] = {
            # With isolated keys, every key is accepted and none is listed.
            "api-key": None if isolate_keys else api_key,
            "read-only-key": read_only_keys,
            "isolate-keys": isolate_keys,
            "tier": tier,
            "reply": reply,
            "latency": latency,
            "token-pace": token_pace,
            "clock": clock,
            "start-time": _time(start_time) if start_time is not None else None,
            "seed": seed,
            "state": state,
            "list-key": list_key,
            "settings": settings,
            "provider": providers,
            "cors-origin": cors_origins,
            "port": port,
        }
        self._arguments = [*_flags(given), *arguments]

    @classmethod
    def connect(cls, base_url: str, api_key: str = "test-key", control_token: str | None = None) -> Self:
        """Returns a mock that already runs, for example in a container. `stop()` does not end it."""
        mock = cls(api_key=api_key)
        mock._base_url = base_url
        mock._control = Control(base_url, api_key, control_token)
        return mock

    # Life

    def start(self) -> Self:
        """Starts the mock and waits until it is ready, which takes a few milliseconds."""
        if self._control is None:
            self._process = Process(self._arguments, self._agents, self._start_timeout)
            self._base_url = self._process.base_url
            # The mock makes a certificate authority of its own, which nobody knows.
            self._control = Control(self._base_url, self._api_key, verify=False)
            if self._faults:
                try:
                    self._send("POST", "faults", list(self._faults))
                except BaseException:
                    self.stop()
                    raise
        return self

    def stop(self) -> None:
        """Stops the mock. Its port, process and connections are gone when this returns."""
        process, self._process = self._process, None
        if process is not None:
            self._base_url = self._control = None
            process.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        # A few milliseconds, which block the event loop. A thread could be canceled and leave a process.
        return self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"MockServer({self._base_url or 'stopped'})"

    # Where it is

    @property
    def base_url(self) -> str:
        """The base URL of the API, with `/v1`."""
        if self._base_url is None:
            raise MockServerError("the mock has not been started; use it in `with`, or call start()")
        return self._base_url

    @property
    def url(self) -> str:
        """The URL of the mock, without `/v1`."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def api_key(self) -> str:
        """The API key with all permissions."""
        return self._api_key

    @property
    def environment(self) -> dict[str, str]:
        """`ORION_BASE_URL` and `ORION_API_KEY`, for a program under test."""
        return {"ORION_BASE_URL": self.base_url, "ORION_API_KEY": self.api_key}

    # Faults

    def fault(
        self,
        kind: FaultKind = "status",
        *,
        status: int | None = None,
        code: str | None = None,
        message: str | None = None,
        details: Any = None,
        retry_after: float | None = None,
        min_ms: int | None = None,
        max_ms: int | None = None,
        pause_ms: int | None = None,
        after_events: int | None = None,
        on: Operation | Sequence[Operation] = (),
        agents: str | Sequence[str] = (),
        times: int | None = None,
        after: int | None = None,
        every: int | None = None,
        probability: float | None = None,
        acts: bool | None = None,
    ) -> int:
        """Injects a failure and returns its id: `mock.fault(status=503, on="send_message", times=2)`.

        `kind` says what happens. The README of the mock server lists all kinds and their fields. `on`, `agents`,
        `times`, `after`, `every` and `probability` limit the fault to some requests.
        """
        fault = {
            "kind": kind,
            "status": status,
            "code": code,
            "message": message,
            "details": details,
            "retryAfter": retry_after,
            "minMs": min_ms,
            "maxMs": max_ms,
            "pauseMs": pause_ms,
            "afterEvents": after_events,
            "on": _list(on) or None,
            "agents": _list(agents) or None,
            "times": times,
            "after": after,
            "every": every,
            "probability": probability,
            "acts": acts,
        }
        added = self._send("POST", "faults", _present(fault))
        return cast(int, added["faults"][-1]["id"])

    def faults(self) -> list[FaultState]:
        """Returns the faults, and how often each was applied."""
        return cast("list[FaultState]", self._send("GET", "faults")["faults"])

    def remove_fault(self, id: int) -> None:
        """Removes one fault."""
        self._send("DELETE", f"faults/{id}")

    def clear_faults(self) -> None:
        """Removes all faults."""
        self._send("DELETE", "faults")

    # Time

    def advance(self, by: float | datetime.timedelta) -> None:
        """Moves the mock's clock forward, by seconds or a timedelta. Rate-limit windows reset accordingly."""
        seconds = by.total_seconds() if isinstance(by, datetime.timedelta) else by
        self._send("POST", "clock", {"advanceMs": round(seconds * 1000)})

    def set_time(self, time: datetime.datetime | str) -> None:
        """Sets the mock's clock."""
        self._send("POST", "clock", {"now": _time(time)})

    def freeze(self) -> None:
        """Freezes the mock's clock."""
        self._send("POST", "clock", {"frozen": True})

    def resume(self) -> None:
        """Lets the mock's clock move again."""
        self._send("POST", "clock", {"frozen": False})

    def now(self) -> datetime.datetime:
        """Returns the time of the mock's clock."""
        text: str = self._send("GET", "clock")["now"]
        # Python 3.10 reads neither a Z nor nanoseconds.
        whole, _, fraction = text.removesuffix("Z").partition(".")
        microseconds = int(fraction[:6].ljust(6, "0")) if fraction else 0
        return datetime.datetime.fromisoformat(whole).replace(microsecond=microseconds, tzinfo=datetime.timezone.utc)

    # What arrived

    def requests(
        self,
        operation: Operation | None = None,
        *,
        agent_id: str | None = None,
        status: int | None = None,
        fault: str | None = None,
        after: int | None = None,
    ) -> list[JournalEntry]:
        """Returns the requests that arrived, oldest first, with their responses. Arguments select some of them."""
        query = {"operation": operation, "agentId": agent_id, "status": status, "fault": fault, "after": after}
        return cast("list[JournalEntry]", self._send("GET", "requests", query=_present(query))["requests"])

    def clear_requests(self) -> None:
        """Forgets the requests that arrived."""
        self._send("DELETE", "requests")

    def verify(
        self,
        operation: Operation | None = None,
        *,
        agent_id: str | None = None,
        method: str | None = None,
        path: str | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        status: int | None = None,
        fault: str | None = None,
        count: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
    ) -> int:
        """Checks that such requests arrived, and returns how many. Without a count, there must be one or more.

        `body` is JSON that the body includes: objects may have more fields.

        Raises:
            AssertionError: other requests arrived; the text shows the nearest one and the fields that differ.
        """
        __tracebackhide__ = True
        pattern = _pattern(operation, agent_id, method, path, query, headers, body, status, fault)
        expected = {"request": pattern, "count": count, "atLeast": at_least, "atMost": at_most}
        answer = self._check(409, "requests/verify", _present(expected))
        return cast(int, answer["count"])

    def wait_for(
        self,
        operation: Operation | None = None,
        *,
        agent_id: str | None = None,
        method: str | None = None,
        path: str | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        status: int | None = None,
        fault: str | None = None,
        count: int = 1,
        timeout: float = 5.0,
    ) -> int:
        """Waits until `count` such requests have arrived, for at most `timeout` seconds.

        Raises:
            AssertionError: too few arrived; the text shows the nearest one.
        """
        __tracebackhide__ = True
        pattern = _pattern(operation, agent_id, method, path, query, headers, body, status, fault)
        expected = {"request": pattern, "count": count, "timeoutMs": round(timeout * 1000)}
        answer = self._check(408, "requests/wait", expected, timeout=timeout)
        return cast(int, answer["count"])

    async def wait_for_async(self, operation: Operation | None = None, **pattern: Any) -> int:
        """Does the same as `wait_for` without blocking the event loop."""
        return await asyncio.to_thread(self.wait_for, operation, **pattern)

    # State

    def reset(self) -> None:
        """Restores the initial state: agents, keys, limits, replies, faults and clock. Clears the journal."""
        self._send("POST", "reset")
        if self._faults:
            self._send("POST", "faults", list(self._faults))

    def snapshot(self) -> Snapshot:
        """Returns the agents with their conversations, as JSON that `restore` accepts."""
        return cast("Snapshot", self._send("GET", "state"))

    def restore(self, snapshot: Snapshot) -> None:
        """Replaces the agents and conversations by those of a snapshot."""
        self._send("PUT", "state", snapshot)

    def protect(self, agent_id: str, reason: str | None = "protected by a test") -> None:
        """Makes deletes of an agent fail with `DELETE_PROTECTED`. `None` undoes it."""
        self._send("PATCH", f"agents/{segment(agent_id)}", {"protected": reason})

    def make_unavailable(self, agent_id: str, reason: str | None = "unavailable in a test") -> None:
        """Makes messages to an agent fail with `AGENT_UNAVAILABLE`. `None` undoes it."""
        self._send("PATCH", f"agents/{segment(agent_id)}", {"unavailable": reason})

    def set_key(self, key: str, state: KeyState) -> None:
        """Adds a key or changes what it may do: `full`, `read_only`, `revoked` or `over_quota`."""
        self._send("PUT", "keys", {"key": key, "state": state})

    def set_tier(self, tier: Tier) -> None:
        """Changes the limits to those of a tier."""
        self._send("PUT", "tier", {"tier": tier})

    def limits(self) -> Limits:
        """Returns the limits."""
        return cast("Limits", self._send("GET", "limits"))

    def set_limits(self, limits: Limits) -> None:
        """Replaces the limits. Limits that are absent are none."""
        self._send("PUT", "limits", limits)

    def replies(
        self,
        script: Iterable[str] = (),
        *,
        patterns: Iterable[PatternReply] | Mapping[str, str] = (),
        template: str | None = None,
    ) -> None:
        """Replaces the replies of agents: a script, templates per pattern of the text, and one for all others."""
        if isinstance(patterns, Mapping):
            patterns = [{"pattern": pattern, "template": reply} for pattern, reply in patterns.items()]
        replies: Replies = {"script": list(script), "patterns": list(patterns), "template": template}
        self._send("PUT", "replies", replies)

    def token_pace(self, milliseconds: int) -> None:
        """Sets the time between two tokens of streams that begin later."""
        self._send("PUT", "pace", {"tokenPaceMs": milliseconds})

    # How it is asked

    def _send(self, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None) -> Any:
        try:
            return self._running().send(method, path, body, query)
        except OSError as error:
            raise self._lost(error) from error

    def _check(self, failure: int, path: str, body: Any, timeout: float = 0) -> Any:
        """Sends a check. The status `failure` means that it failed."""
        __tracebackhide__ = True
        try:
            status, answer = self._running().exchange("POST", path, body, timeout=timeout)
        except OSError as error:
            raise self._lost(error) from error
        if status == failure:
            raise AssertionError(error_of(answer))
        if status >= 400:
            raise MockServerError(f"POST /__mock/{path}: {error_of(answer)}")
        return answer

    def _running(self) -> Control:
        if self._control is None:
            raise MockServerError("the mock does not run; use it in `with`, or call start()")
        return self._control

    def _lost(self, error: OSError) -> MockServerError:
        ended = self._process.explain_end() if self._process else None
        return MockServerError(ended or f"cannot reach the mock at {self._base_url}: {error}")


def _flags(given: Mapping[str, Any]) -> list[str]:
    """The command-line options of settings. `None` and `False` are left out, and a list repeats its option."""
    flags = []
    for name, value in given.items():
        if value is True:
            flags.append(f"--{name}")
        elif value is not None and value is not False:
            flags += [f"--{name}={one}" for one in _list(value)]
    return flags


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _present(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _pattern(
    operation: str | None,
    agent_id: str | None,
    method: str | None,
    path: str | None,
    query: Mapping[str, str] | None,
    headers: Mapping[str, str] | None,
    body: Any,
    status: int | None,
    fault: str | None,
) -> dict[str, Any]:
    return _present(
        {
            "operation": operation,
            "agentId": agent_id,
            "method": method,
            "path": path,
            "query": query,
            "headers": headers,
            "body": body,
            "status": status,
            "fault": fault,
        }
    )


def _time(time: datetime.datetime | str) -> str:
    if isinstance(time, str):
        return time
    if time.tzinfo is None:
        raise ValueError(f"the time {time} has no time zone; add tzinfo=datetime.timezone.utc")
    return time.astimezone(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
