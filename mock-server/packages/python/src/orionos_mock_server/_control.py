"""Requests to the control API of a mock."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from ._errors import MockServerError

#: How long a control request may take, in seconds, besides the time that it waits on purpose.
TIMEOUT = 30.0


class Control:
    """The control API at one address.

    It uses `http.client`, which obeys no proxy variables and is patched by no library that fakes responses
    for `requests` or `httpx`.
    """

    def __init__(self, base_url: str, api_key: str, token: str | None = None, verify: bool = True) -> None:
        url = urlsplit(base_url)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise MockServerError(f"invalid base URL: expected one such as http://127.0.0.1:3000/v1, got {base_url!r}")
        self._host, self._port = url.hostname, url.port or (443 if url.scheme == "https" else 80)
        self._tls: ssl.SSLContext | None = None
        if url.scheme == "https":
            self._tls = ssl.create_default_context()
            if not verify:
                self._tls.check_hostname = False
                self._tls.verify_mode = ssl.CERT_NONE
        # With isolated keys, the key selects the account.
        self._headers = {"authorization": f"Bearer {api_key}"}
        if token is not None:
            self._headers["x-mock-token"] = token

    def send(
        self, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None, timeout: float = 0
    ) -> Any:
        """Sends a request and returns the JSON of its response."""
        status, answer = self.exchange(method, path, body, query, timeout)
        if status >= 400:
            raise MockServerError(f"{method} /__mock/{path}: {error_of(answer)}")
        return answer

    def exchange(
        self, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None, timeout: float = 0
    ) -> tuple[int, Any]:
        """Sends a request and returns the status and the JSON of its response."""
        target = f"/__mock/{path}" + (f"?{urlencode(query)}" if query else "")
        headers = dict(self._headers)
        content = None
        if body is not None:
            content = json.dumps(body).encode()
            headers["content-type"] = "application/json"
        timeout += TIMEOUT
        if self._tls is None:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=timeout)
        else:
            connection = http.client.HTTPSConnection(self._host, self._port, timeout=timeout, context=self._tls)
        try:
            connection.request(method, target, content, headers)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        try:
            return response.status, json.loads(text)
        except ValueError:
            raise MockServerError(
                f"{method} {target}: expected JSON from a mock's control API, got status {response.status}"
            ) from None


def error_of(answer: Any) -> str:
    """The text of an error response."""
    return str(answer.get("error", answer)) if isinstance(answer, dict) else str(answer)


def segment(text: str) -> str:
    """One segment of a path."""
    return quote(text, safe="")
