"""Starts and stops the program, so that it never outlives the process that started it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Any

from ._binary import find_binary
from ._errors import MockServerError


class Process:
    """A running mock.

    The mock ends when its standard input is closed. The system closes it if this process dies, in whatever
    way. Ctrl-C does not reach the mock, so that tests can still use it while they end.
    """

    def __init__(self, arguments: Sequence[str], agents: Sequence[Any], timeout: float) -> None:
        command = [find_binary(), "--log-format=json", "--quiet", "--exit-on-stdin-close", "--agents=-", *arguments]
        creation_flags = 0
        if sys.platform == "win32":
            creation_flags = subprocess.CREATE_NEW_PROCESS_GROUP
        try:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=sys.platform != "win32",
                creationflags=creation_flags,
            )
        except OSError as error:
            raise MockServerError(f"cannot start {command[0]}: {error}") from error
        # A mock that hangs is killed, which ends the wait for its output.
        self._has_hung = False
        timer = threading.Timer(timeout, self._give_up)
        timer.daemon = True
        timer.start()
        try:
            self.base_url = self._wait_until_ready(agents, timeout)
        except BaseException:
            self.stop()
            raise
        finally:
            timer.cancel()

    def _give_up(self) -> None:
        self._has_hung = True
        self._child.kill()

    def _wait_until_ready(self, agents: Sequence[Any], timeout: float) -> str:
        assert self._child.stdin and self._child.stdout
        # The agents go through the pipe, so no file can be left behind.
        line = json.dumps(list(agents)).encode() + b"\n"
        try:
            self._child.stdin.write(line)
            self._child.stdin.flush()
        except OSError:
            pass  # The mock has ended. Its output says why.
        words = ""
        for raw in self._child.stdout:
            text = raw.decode(errors="replace")
            if text.startswith('{"'):
                url: str = json.loads(text)["baseUrl"]
                return url
            words += text
        code = self._child.wait()
        if self._has_hung:
            raise MockServerError(f"the mock was not ready within {timeout:g} seconds{_said(words)}")
        raise MockServerError(f"the mock did not start (exit code {code}){_said(words)}")

    def explain_end(self) -> str | None:
        """Returns why the mock has ended, or None while it runs."""
        if self._child.poll() is None:
            return None
        words = ""
        if self._child.stdout and not self._child.stdout.closed:
            words = self._child.stdout.read().decode(errors="replace")
        return f"the mock has ended (exit code {self._child.returncode}){_said(words)}"

    def stop(self) -> None:
        """Stops the mock and waits for its end. A second call does nothing."""
        for pipe in (self._child.stdin, self._child.stdout):
            try:
                if pipe:
                    pipe.close()
            except OSError:
                pass  # The mock has ended before.
        if sys.platform != "win32":
            # The closed input is not enough if a fork of this process has inherited it.
            self._child.terminate()
        try:
            # The mock waits a moment for requests in progress.
            self._child.wait(timeout=5)
        except BaseException as error:
            # It hangs, or the wait was interrupted by another Ctrl-C.
            self._child.kill()
            self._child.wait()
            if not isinstance(error, subprocess.TimeoutExpired):
                raise


def _said(words: str) -> str:
    return f"; it said:\n{words.rstrip()}" if words.strip() else ""
