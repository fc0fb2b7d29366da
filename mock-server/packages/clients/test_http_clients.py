"""An agent's whole life with the HTTP clients that Python programs use."""

import contextlib
import json

import httpx
import httpx_sse
import pytest
import requests

HELLO = {"text": "My ship is the Mira.", "userId": "user_77", "roomId": "general"}


@contextlib.contextmanager
def requests_client(mock):
    """Returns a function that sends a request, and one that reads a stream."""
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {mock.api_key}"
        session.trust_env = False

        def send(method, path, body=None, **query):
            response = session.request(method, mock.base_url + path, json=body, params=query, timeout=30)
            return response.status_code, response.json()

        def stream(path, body):
            with session.post(mock.base_url + path, json=body, stream=True, timeout=30) as response:
                response.raise_for_status()
                for line in response.iter_lines(decode_unicode=True):
                    if line.startswith("data: "):
                        yield json.loads(line.removeprefix("data: "))

        yield send, stream


@contextlib.contextmanager
def httpx_client(mock):
    headers = {"Authorization": f"Bearer {mock.api_key}"}
    with httpx.Client(base_url=mock.base_url, headers=headers, timeout=30, trust_env=False) as client:

        def send(method, path, body=None, **query):
            response = client.request(method, path, json=body, params=query)
            return response.status_code, response.json()

        def stream(path, body):
            with httpx_sse.connect_sse(client, "POST", path, json=body) as source:
                for event in source.iter_sse():
                    yield event.json()

        yield send, stream


@pytest.mark.parametrize("client", [requests_client, httpx_client])
def test_an_agents_whole_life(orion_mock, client):
    with client(orion_mock) as (send, stream):
        status, created = send(
            "POST", "/agents", {"name": "Harbour Pilot", "bio": ["calm"], "modelProvider": "anthropic"}
        )
        assert status == 201 and created["success"]
        agent = f"/agents/{created['data']['id']}"
        assert send("GET", agent)[1]["data"]["bio"] == ["calm"]
        listed = send("GET", "/agents", limit=5, sortBy="name", order="asc")[1]["data"]
        assert [entry["name"] for entry in listed["agents"]] == ["Harbour Pilot"]
        assert listed["pagination"]["totalItems"] == 1
        assert send("PATCH", agent, {"bio": ["calm", "exact"], "goals": None})[1]["data"]["changes"] == ["bio", "goals"]
        assert "Mira" in send("POST", f"{agent}/messages", HELLO)[1]["data"]["response"]
        events = list(stream(f"{agent}/messages/stream", {**HELLO, "text": "Which ship is mine?"}))
        assert events[-1]["type"] == "done"
        assert "Mira" in "".join(event.get("content", "") for event in events)

        orion_mock.fault("rate_limit", retry_after=2, on="get", times=1)
        status, limited = send("GET", agent)
        assert status == 429 and limited["error"]["details"]["retryAfter"] == 2
        assert send("DELETE", agent)[0] == 200
        status, gone = send("GET", agent)
        assert status == 404 and gone["error"]["code"] == "AGENT_NOT_FOUND"
    orion_mock.verify(agent_id=created["data"]["id"], count=7)
    orion_mock.verify("send_message", body={"userId": "user_77"}, count=1)
