"""The calls that the API's documentation shows, as plain HTTP: each as curl, as fetch of a browser or Node.js, and
as requests of Python would send it.

    documented_calls.py URL     of a mock with --isolate-keys --tier standard
"""

import http.client
import itertools
import json
import re
import sys
import urllib.parse

address = urllib.parse.urlsplit(sys.argv[1]).netloc

# What each program adds to a request.
PROGRAMS = {
    "curl": {"User-Agent": "curl/8.5.0", "Accept": "*/*"},
    "fetch": {
        "accept": "*/*",
        "accept-language": "*",
        "sec-fetch-mode": "cors",
        "user-agent": "node",
        "accept-encoding": "gzip, deflate",
        "connection": "keep-alive",
    },
    "requests": {
        "User-Agent": "python-requests/2.32.3",
        "Accept-Encoding": "gzip, deflate",
        "Accept": "*/*",
        "Connection": "keep-alive",
    },
}
PILOT = {
    "name": "Harbour Pilot",
    "bio": ["Guides newcomers through the harbour", "Answers in plain sentences"],
    "personality": {"traits": ["calm"], "style": "plain", "tone": "warm", "adjectives": ["reliable"], "voice": "low"},
    "knowledge": ["Tide tables"],
    "goals": ["Shorten the wait for a berth"],
    "clients": ["discord", "telegram"],
    "settings": {"discord": {"channels": ["arrivals"], "respondToMentions": True}},
    "modelProvider": "anthropic",
    "model": "claude-3-opus",
    "plugins": [{"name": "@orionos/plugin-evm", "enabled": True, "config": {"chain": "base"}}],
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


class Response:
    def __init__(self, response):
        self.status, self.headers, self.text = response.status, response.headers, response.read().decode()

    def json(self):
        return json.loads(self.text)

    def data(self, status=200):
        envelope = self.json()
        assert (self.status, envelope["success"]) == (status, True), (self.status, self.text)
        assert "error" not in envelope, self.text
        for name in ("Limit", "Remaining", "Reset"):
            assert self.headers[f"X-RateLimit-{name}"].isdigit(), name
        return envelope["data"]

    def error(self, status, code):
        envelope = self.json()
        assert (self.status, envelope["success"]) == (status, False), (self.status, self.text)
        assert envelope["error"]["code"] == code and envelope["error"]["message"], self.text
        return envelope["error"].get("details")


class Api:
    """The API as a program with a key of its own sees it."""

    def __init__(self, program, key):
        self.program, self.key = program, key

    def send(self, method, path, body=None, headers=None):
        headers = {"Authorization": f"Bearer {self.key}", **PROGRAMS[self.program], **(headers or {})}
        if body is not None and not isinstance(body, str):
            headers.setdefault("Content-Type", "application/json")
            body = json.dumps(body)
        connection = http.client.HTTPConnection(address, timeout=30)
        connection.request(method, path, body and body.encode(), headers)
        response = Response(connection.getresponse())
        connection.close()
        return response

    def call(self, method, path, body=None, headers=None):
        return self.send(method, "/v1" + path, body, headers)

    def create(self, **fields):
        return self.call("POST", "/agents", {**PILOT, **fields}).data(201)

    def control(self, method, path, body=None):
        response = self.send(method, "/__mock" + path, body)
        assert response.status < 300, response.text


CALLS = []


def documented(call):
    CALLS.append(call)
    return call


def events(text):
    """Reads a stream as the documentation does: line by line."""
    lines = [line for line in text.split("\n") if line.startswith("data: ")]
    return [json.loads(line[len("data: ") :]) for line in lines]


@documented
def health_without_a_key(api):
    response = api.send("GET", "/health", headers={"Authorization": ""})
    assert response.status == 200 and response.json() == {"status": "ok", "version": "1.0.0"}, response.text


@documented
def create_with_a_name_only(api):
    data = api.call("POST", "/agents", {"name": "Harbour Pilot"}).data(201)
    assert re.fullmatch(r"agent_[a-z0-9]{12}", data["id"]), data
    assert (data["name"], data["status"]) == ("Harbour Pilot", "active") and TIME.fullmatch(data["createdAt"]), data
    assert data["apiEndpoint"].endswith(f"/v1/agents/{data['id']}"), data


@documented
def create_with_everything(api):
    id = api.create()["id"]
    data = api.call("GET", f"/agents/{id}").data()
    assert {name: data[name] for name in PILOT} == PILOT, data


@documented
def create_from_a_character_file(api):
    more = {
        "actions": [{"name": "berth", "description": "Finds a berth", "examples": ["Where can I moor?"]}],
        "modelSettings": {"temperature": 0.7, "maxTokens": 500, "topP": 0.9},
        "messageTemplates": {"greeting": "Ahoy"},
        "memory": {"enabled": True},
    }
    id = api.create(**more)["id"]
    data = api.call("GET", f"/agents/{id}").data()
    assert {name: data[name] for name in more} == more, data


@documented
def create_without_a_name(api):
    assert api.call("POST", "/agents", {"bio": []}).error(400, "INVALID_REQUEST")["field"] == "name"


@documented
def create_with_an_unknown_provider(api):
    body = {"name": "Pilot", "modelProvider": "acme"}
    details = api.call("POST", "/agents", body).error(400, "INVALID_REQUEST")
    assert details["field"] == "modelProvider" and "anthropic" in details["reason"], details


@documented
def create_with_a_content_type_that_names_a_charset(api):
    headers = {"Content-Type": "application/json; charset=utf-8"}
    api.call("POST", "/agents", {"name": "Lotsin Ærø 🌊"}, headers).data(201)


@documented
def create_beyond_the_quota(api):
    api.control("PUT", "/tier", {"tier": "enterprise"})
    for number in range(100):
        api.create(name=f"Agent {number}")
    details = api.call("POST", "/agents", PILOT).error(403, "INSUFFICIENT_QUOTA")
    assert details == {"quota": 100, "used": 100}, details


@documented
def call_without_a_key(api):
    api.call("GET", "/agents", headers={"Authorization": ""}).error(401, "UNAUTHORIZED")


@documented
def call_with_a_revoked_key(api):
    api.control("PUT", "/keys", {"key": api.key, "state": "revoked"})
    api.call("GET", "/agents").error(401, "UNAUTHORIZED")


@documented
def create_with_a_read_only_key(api):
    api.control("PUT", "/keys", {"key": api.key, "state": "read_only"})
    api.call("GET", "/agents").data()
    api.call("POST", "/agents", PILOT).error(403, "FORBIDDEN")


@documented
def get_an_agent(api):
    id = api.create()["id"]
    data = api.call("GET", f"/agents/{id}").data()
    assert data["id"] == id and TIME.fullmatch(data["createdAt"]) and TIME.fullmatch(data["updatedAt"]), data
    metrics = data["metrics"]
    assert (metrics["totalMessages"], metrics["totalConversations"]) == (0, 0) and metrics["uptime"], metrics


@documented
def get_an_agent_that_does_not_exist(api):
    api.call("GET", "/agents/agent_000000000000").error(404, "AGENT_NOT_FOUND")


@documented
def list_without_parameters(api):
    first, second = api.create(name="First")["id"], api.create(name="Second", clients=[])["id"]
    data = api.call("GET", "/agents").data()
    assert {agent["id"] for agent in data["agents"]} == {first, second}, data
    for agent in data["agents"]:
        assert isinstance(agent["clients"], list) and TIME.fullmatch(agent["updatedAt"]), agent
    page = {"currentPage": 1, "totalPages": 1, "totalItems": 2, "itemsPerPage": 20}
    assert data["pagination"] == page, data


@documented
def list_all_pages(api):
    expected = [api.create(name=f"Agent {number}")["id"] for number in range(7)]
    found = []
    for page in itertools.count(1):
        query = urllib.parse.urlencode({"page": page, "limit": 3, "sortBy": "name", "order": "asc"})
        data = api.call("GET", f"/agents?{query}").data()
        found += [agent["id"] for agent in data["agents"]]
        if page >= data["pagination"]["totalPages"]:
            break
    assert (page, found) == (3, expected), (page, found)


@documented
def list_and_filter(api):
    inactive = api.create(name="Resting")["id"]
    api.create(name="Working")
    api.call("PATCH", f"/agents/{inactive}", {"status": "inactive"}).data()
    data = api.call("GET", "/agents?status=inactive&sortBy=createdAt&order=desc&limit=50").data()
    assert [agent["id"] for agent in data["agents"]] == [inactive], data


@documented
def list_out_of_range(api):
    for query, field in [("page=0", "page"), ("limit=0", "limit"), ("limit=101", "limit"), ("status=lost", "status"),
                         ("sortBy=size", "sortBy"), ("order=up", "order"), ("page=x", "page")]:
        assert api.call("GET", f"/agents?{query}").error(400, "INVALID_REQUEST")["field"] == field, query


@documented
def list_past_the_end(api):
    api.create()
    data = api.call("GET", "/agents?page=9").data()
    assert data["agents"] == [] and data["pagination"]["totalItems"] == 1, data


@documented
def update_some_fields(api):
    id = api.create()["id"]
    body = {"personality": {"traits": ["calm", "curious"]}, "clients": ["slack"], "status": "inactive"}
    data = api.call("PATCH", f"/agents/{id}", body).data()
    assert (data["id"], data["status"], data["changes"]) == (id, "inactive", list(body)), data
    now = api.call("GET", f"/agents/{id}").data()
    assert now["personality"] == body["personality"] and now["knowledge"] == PILOT["knowledge"], now


@documented
def update_one_platform_after_another(api):
    id = api.create(settings={})["id"]
    discord, twitter = {"channels": ["help"], "commandPrefix": "!"}, {"enableReplies": True, "postFrequency": "4h"}
    api.call("PATCH", f"/agents/{id}", {"settings": {"discord": discord}}).data()
    api.call("PATCH", f"/agents/{id}", {"settings": {"twitter": twitter}}).data()
    assert api.call("GET", f"/agents/{id}").data()["settings"] == {"discord": discord, "twitter": twitter}
    api.call("PATCH", f"/agents/{id}", {"settings": {"discord": None}}).data()
    assert api.call("GET", f"/agents/{id}").data()["settings"] == {"twitter": twitter}


@documented
def update_many(api):
    ids = [api.create(name=f"Agent {number}")["id"] for number in range(3)]
    for id in ids:
        api.call("PATCH", f"/agents/{id}", {"model": "claude-3-haiku"}).data()
    models = [agent["model"] for agent in api.call("GET", "/agents").data()["agents"]]
    assert models == ["claude-3-haiku"] * 3, models


@documented
def update_with_an_unknown_provider(api):
    id = api.create()["id"]
    details = api.call("PATCH", f"/agents/{id}", {"modelProvider": "acme"}).error(400, "INVALID_REQUEST")
    assert details["field"] == "modelProvider", details


@documented
def update_an_agent_that_does_not_exist(api):
    api.call("PATCH", "/agents/agent_000000000000", {"name": "Nobody"}).error(404, "AGENT_NOT_FOUND")


@documented
def back_up_and_delete(api):
    id = api.create()["id"]
    backup = api.call("GET", f"/agents/{id}").data()
    data = api.call("DELETE", f"/agents/{id}").data()
    assert data["id"] == id and TIME.fullmatch(data["deletedAt"]) and data["message"], data
    api.call("GET", f"/agents/{id}").error(404, "AGENT_NOT_FOUND")
    api.call("DELETE", f"/agents/{id}").error(404, "AGENT_NOT_FOUND")
    api.call("POST", "/agents", {name: backup[name] for name in PILOT}).data(201)


@documented
def delete_all_that_are_inactive(api):
    for number in range(3):
        id = api.create(name=f"Agent {number}")["id"]
        api.call("PATCH", f"/agents/{id}", {"status": "inactive" if number else "active"}).data()
    for agent in api.call("GET", "/agents?status=inactive").data()["agents"]:
        api.call("DELETE", f"/agents/{agent['id']}").data()
    assert api.call("GET", "/agents").data()["pagination"]["totalItems"] == 1


@documented
def delete_a_protected_agent(api):
    id = api.create()["id"]
    api.control("PATCH", f"/agents/{id}", {"protected": "Agent has active subscriptions"})
    details = api.call("DELETE", f"/agents/{id}").error(403, "DELETE_PROTECTED")
    assert details == {"protection": "enabled", "reason": "Agent has active subscriptions"}, details


@documented
def send_a_message(api):
    id = api.create()["id"]
    body = {"text": "When does the tide turn?", "userId": "u", "roomId": "r", "context": {"platform": "telegram"}}
    data = api.call("POST", f"/agents/{id}/messages", body).data()
    assert data["messageId"].startswith("msg_") and "tide turn" in data["response"], data
    assert (data["agentId"], data["userId"], data["roomId"]) == (id, "u", "r"), data
    metadata = data["metadata"]
    assert metadata["tokensUsed"] > 0 and metadata["responseTime"] >= 0 and metadata["model"] == PILOT["model"], data


@documented
def send_messages_of_one_conversation(api):
    id = api.create()["id"]
    say = lambda text, room: api.call(
        "POST", f"/agents/{id}/messages", {"text": text, "userId": "u", "roomId": room}
    ).data()["response"]
    say("My ship is the Mira.", "quay")
    assert "Mira" in say("Which ship is mine?", "quay")
    assert "Mira" not in say("Which ship is mine?", "pier")
    metrics = api.call("GET", f"/agents/{id}").data()["metrics"]
    assert (metrics["totalMessages"], metrics["totalConversations"]) == (3, 2), metrics


@documented
def send_an_empty_message(api):
    id = api.create()["id"]
    for body in ({}, {"text": ""}):
        assert api.call("POST", f"/agents/{id}/messages", body).error(400, "INVALID_MESSAGE")["field"] == "text"


@documented
def send_a_message_to_an_agent_that_rests(api):
    id = api.create()["id"]
    api.call("PATCH", f"/agents/{id}", {"status": "inactive"}).data()
    details = api.call("POST", f"/agents/{id}/messages", {"text": "Hello"}).error(503, "AGENT_UNAVAILABLE")
    assert details["status"] == "inactive" and details["reason"], details


@documented
def send_a_message_while_the_model_fails(api):
    id = api.create()["id"]
    api.control("POST", "/faults", {"kind": "status", "status": 500, "code": "MODEL_ERROR", "times": 1})
    api.call("POST", f"/agents/{id}/messages", {"text": "Hello"}).error(500, "MODEL_ERROR")
    api.call("POST", f"/agents/{id}/messages", {"text": "Hello"}).data()


@documented
def stream_a_message(api):
    id = api.create()["id"]
    for path, body in [("/messages/stream", {"text": "Hello"}), ("/messages", {"text": "Hello", "stream": True})]:
        response = api.call("POST", f"/agents/{id}{path}", body, {"Accept": "text/event-stream"})
        assert (response.status, response.headers["Content-Type"]) == (200, "text/event-stream"), response.text
        *tokens, done = events(response.text)
        assert done["type"] == "done" and {token["type"] for token in tokens} == {"token"}, response.text
        assert "Hello" in "".join(token["content"] for token in tokens), response.text


@documented
def stream_an_empty_message(api):
    id = api.create()["id"]
    api.call("POST", f"/agents/{id}/messages/stream", {"text": ""}).error(400, "INVALID_MESSAGE")


@documented
def wait_as_a_429_says(api):
    api.control("POST", "/clock", {"frozen": True})
    for number in range(10):
        response = api.call("POST", "/agents", {"name": f"Agent {number}"})
        response.data(201)
        limits = (response.headers["X-RateLimit-Limit"], response.headers["X-RateLimit-Remaining"])
        assert limits == ("10", str(9 - number)), limits
    response = api.call("POST", "/agents", {"name": "One more"})
    wait = response.error(429, "RATE_LIMIT_EXCEEDED")["retryAfter"]
    assert 0 < wait <= 60 and 0 <= int(response.headers["Retry-After"]) - wait < 1, response.text
    assert response.headers["X-RateLimit-Remaining"] == "0"
    api.control("POST", "/clock", {"advanceMs": round(wait * 1000)})
    api.call("POST", "/agents", {"name": "One more"}).data(201)


@documented
def call_what_is_announced(api):
    for path in ("/characters", "/conversations", "/plugins", "/webhooks"):
        api.call("GET", path).error(404, "NOT_FOUND")


failed = 0
for call in CALLS:
    for program in PROGRAMS:
        try:
            call(Api(program, f"{program}-{call.__name__}"))
        except Exception as error:
            failed += 1
            print(f"{call.__name__} as {program}: {error!r}")
print(f"{len(CALLS)} documented calls as {', '.join(PROGRAMS)}: {failed} failures")
sys.exit(failed > 0)
