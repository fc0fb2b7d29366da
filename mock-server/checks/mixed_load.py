"""Loads the program with calls of all kinds, faults, control calls and restarts. A model knows what the mock must
have, and the memory of the program must not grow.

    mixed_load.py PROGRAM LIVES ROUNDS CALLS

LIVES: how often the program is started; every life but the last ends with a kill or with SIGTERM, under load.
ROUNDS: rounds of a life. After each round, the state is compared with the model, and the memory is measured.
CALLS: calls of a round.
"""

import atexit
import collections
import http.client
import json
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time

WORKERS = 4
AGENTS = 20  # of a worker; the quota of the account is 100
SETTLED = 12_500  # calls of a life after which the journal is full, and the memory must not grow
KEY = {"authorization": "Bearer test-key", "content-type": "application/json"}
FAULTS = [
    {"kind": "status", "status": 503, "every": 7},
    {"kind": "rate_limit", "retryAfter": 1, "every": 9},
    {"kind": "latency", "minMs": 0, "maxMs": 3, "every": 3},
    {"kind": "close", "every": 11},
    {"kind": "close", "every": 13, "acts": True},
    {"kind": "reset", "every": 17},
    {"kind": "reset", "every": 19, "acts": True},
    {"kind": "cut_body", "every": 23},
    {"kind": "truncated_json", "every": 29},
    {"kind": "malformed_json", "every": 31},
    {"kind": "html_page", "status": 502, "every": 37},
    {"kind": "wrong_content_type", "every": 41},
    {"kind": "empty_body", "every": 43},
    {"kind": "slow_request_body", "pauseMs": 1, "every": 47},
    {"kind": "stream_end", "afterEvents": 1, "every": 3},
    {"kind": "stream_error", "afterEvents": 1, "every": 4},
    {"kind": "stream_cut", "afterEvents": 1, "every": 5},
    {"kind": "stream_cut_inside_event", "afterEvents": 1, "every": 6},
    {"kind": "stream_drip", "every": 7},
    {"kind": "stream_comments", "probability": 0.2},
]

counts = collections.Counter()
problems = []


class Unknown(Exception):
    """The client cannot know whether the mock acted."""


class Connection:
    """A connection to the mock, which is opened again after a failure."""

    def __init__(self, port):
        self.port, self.connection = port, None

    def open(self, method, path, body=None, headers=KEY):
        """Sends a request, and returns the response when its headers have arrived."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            self.connection.request(method, path, body and json.dumps(body), headers)
            return self.connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Unknown(repr(error)) from error

    def read(self, response):
        try:
            return response.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Unknown(repr(error)) from error

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def call(self, method, path, body=None):
        """Returns the data of a response, None if the mock did not act, or raises Unknown."""
        response = self.open(method, path, body)
        text = self.read(response)
        fault = response.headers.get("x-mock-fault")
        counts[f"status {response.status}"] += 1
        if fault:
            counts[f"fault {fault}"] += 1
        if response.status >= 500 and not fault:
            problems.append(f"{method} {path}: {response.status} {text[:200]}")
        try:
            envelope = json.loads(text)
        except ValueError as error:
            if not fault:
                problems.append(f"{method} {path}: {text[:200]} is not JSON")
            raise Unknown("no envelope") from error
        return envelope["data"] if envelope["success"] else None

    def control(self, method, path, body=None):
        counts["control calls"] += 1
        response = self.open(method, "/__mock" + path, body)
        text = self.read(response)
        assert response.status < 300, f"{method} {path}: {response.status} {text}"
        return json.loads(text) if text else None


class Agent:
    """What the mock must have of an agent, as far as the client can know."""

    def __init__(self, name, id):
        self.name, self.id = name, id
        self.numbers = {0}  # one of these is in its knowledge
        self.messages = [0, 0]  # at least and at most
        self.is_certain = True  # not deleted

    def check(self, data):
        """Compares the agent with what the mock has, which is then known."""
        number = int(data["knowledge"][0])
        messages = data["metrics"]["totalMessages"]
        if data["name"] != self.name or number not in self.numbers:
            problems.append(f"{self.name} is {data}, expected the number {self.numbers}")
        if not self.messages[0] <= messages <= self.messages[1]:
            problems.append(f"{self.name} has {messages} messages, expected {self.messages}")
        self.numbers, self.messages = {number}, [messages, messages]


class Worker(threading.Thread):
    """Calls the mock. It has agents of its own, so it knows what the mock must have of them."""

    def __init__(self, number, port, model, calls, stop):
        super().__init__()
        self.random = random.Random(f"{number} {len(model.agents)} {model.created}")
        self.number, self.model, self.calls, self.stop = number, model, calls, stop
        self.connection = Connection(port)

    def run(self):
        kinds = [self.create, self.update, self.get, self.list, self.message, self.stream, self.leave, self.delete]
        weights = [2, 4, 4, 1, 5, 2, 1, 1]
        for _ in range(self.calls):
            if self.stop.is_set():
                break
            (kind,) = self.random.choices(kinds, weights)
            agents = [agent for agent in self.model.agents.values() if agent.is_certain]
            if not agents:
                kind = self.create
            elif kind == self.create and len(self.model.agents) + len(self.model.lost) >= AGENTS:
                kind = self.update
            counts[kind.__name__] += 1
            try:
                kind(self.random.choice(agents) if agents else None)
            except Unknown:
                counts["unknown outcomes"] += 1
            except Exception as error:
                problems.append(f"{kind.__name__}: {error!r}")
        self.connection.close()

    def create(self, _):
        self.model.created += 1
        name = f"w{self.number}-{self.model.created}"
        body = {"name": name, "knowledge": ["0"], "bio": ["x" * self.random.randrange(200)]}
        self.model.lost.add(name)
        data = self.connection.call("POST", "/v1/agents", body)
        self.model.lost.discard(name)
        if data:
            self.model.agents[name] = Agent(name, data["id"])

    def update(self, agent):
        number = max(agent.numbers) + 1
        agent.numbers.add(number)
        data = self.connection.call("PATCH", f"/v1/agents/{agent.id}", {"knowledge": [str(number)]})
        agent.numbers = {number} if data else agent.numbers - {number}

    def get(self, agent):
        data = self.connection.call("GET", f"/v1/agents/{agent.id}")
        if data:
            agent.check(data)

    def list(self, _):
        data = self.connection.call("GET", "/v1/agents?limit=100")
        if data:
            names = {item["name"] for item in data["agents"]}
            for agent in self.model.agents.values():
                if agent.is_certain and agent.name not in names:
                    problems.append(f"the list misses {agent.name}")

    def message(self, agent):
        agent.messages[1] += 1
        body = {"text": self.text(), "userId": "u", "roomId": f"room {self.random.randrange(3)}"}
        data = self.connection.call("POST", f"/v1/agents/{agent.id}/messages", body)
        if data:
            agent.messages[0] += 1
        else:
            agent.messages[1] -= 1

    def stream(self, agent, leaves=False):
        agent.messages[1] += 1
        response = self.connection.open("POST", f"/v1/agents/{agent.id}/messages/stream", {"text": self.text()})
        if response.headers.get("content-type") == "text/event-stream" and response.status == 200:
            agent.messages[0] += 1
        elif response.headers.get("content-type") == "application/json" and response.status >= 400:
            agent.messages[1] -= 1
        if leaves:
            response.read(1)
            self.connection.close()
        else:
            self.connection.read(response)

    def leave(self, agent):
        """Leaves in the middle of a stream."""
        self.stream(agent, leaves=True)

    def delete(self, agent):
        agent.is_certain = False
        data = self.connection.call("DELETE", f"/v1/agents/{agent.id}")
        if data:
            del self.model.agents[agent.name]
        else:
            agent.is_certain = True

    def text(self):
        return "tide " * self.random.randrange(1, 20)


class Model:
    """What a worker knows of its agents."""

    def __init__(self):
        self.agents = {}
        self.lost = set()  # names of agents that may have been created
        self.created = 0

    def check(self, prefix, found):
        """Compares with the agents that the mock has. Afterwards, all of them are known."""
        found = {name: data for name, data in found.items() if name.startswith(prefix)}
        for name, agent in self.agents.items():
            if agent.is_certain and name not in found:
                problems.append(f"{name} is lost")
        for name in found.keys() - self.agents.keys() - self.lost:
            problems.append(f"{name} is back")
        known = {}
        for name, data in found.items():
            known[name] = self.agents.get(name) or Agent(name, data["id"])
            known[name].is_certain = True
            known[name].check(data)
        self.agents, self.lost = known, set()


class Mock:
    def __init__(self, program, folder):
        ready = folder / "url"
        ready.unlink(missing_ok=True)  # a mock that was killed leaves it
        arguments = ["--port", "0", "--quiet", "--state", folder / "state.json", "--ready-file", ready]
        self.process = subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL)
        atexit.register(self.process.kill)
        while not (ready.exists() and ready.read_text()):
            assert self.process.poll() is None, "the mock did not start"
            time.sleep(0.02)
        self.port = int(ready.read_text().strip().removesuffix("/v1").rsplit(":", 1)[1])
        self.connection = Connection(self.port)

    def memory(self):
        """Returns the resident memory in MiB."""
        lines = pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024

    def agents(self):
        items = self.connection.call("GET", "/v1/agents?limit=100")["agents"]
        return {item["name"]: self.connection.call("GET", f"/v1/agents/{item['id']}") for item in items}


def check(mock, models, when):
    counts["comparisons of the whole state"] += 1
    found = mock.agents()
    for number, model in enumerate(models):
        model.check(f"w{number}-", found)
    if problems:
        sys.exit(f"{when}:\n" + "\n".join(problems[:20]))


def disturb(mock, chance):
    """Makes control calls while the workers call the API."""
    control = mock.connection.control
    control("DELETE", "/faults")
    added = control("POST", "/faults", chance.sample(FAULTS, 3))
    time.sleep(0.2)
    control("POST", "/clock", {"advanceMs": chance.randrange(120_000)})
    control("PUT", "/tier", {"tier": chance.choice(["standard", "pro"])})
    control("DELETE", f"/faults/{added['faults'][0]['id']}")
    control("POST", "/replies", {"script": ["At 14:10."] * 3})
    control("PUT", "/pace", {"tokenPaceMs": chance.randrange(2)})
    control("GET", "/state")
    control("GET", "/requests?operation=create")
    control("PUT", "/pace", {"tokenPaceMs": 0})
    control("PUT", "/tier", {"tier": "enterprise"})


def run_round(mock, models, calls, chance, end=None):
    """Runs the workers. `end` is a signal that stops the mock in the middle."""
    stop = threading.Event()
    workers = [Worker(number, mock.port, model, calls // WORKERS, stop) for number, model in enumerate(models)]
    for worker in workers:
        worker.start()
    try:
        while any(worker.is_alive() for worker in workers):
            disturb(mock, chance)
            if end:
                time.sleep(chance.random() / 2)
                mock.process.send_signal(end)
                code = mock.process.wait(60)
                assert code == (0 if end == signal.SIGTERM else -end), f"{end}: exit code {code}"
                counts[f"stopped by {signal.Signals(end).name}"] += 1
                break
    finally:
        # The rest of the calls would find nobody.
        if end:
            stop.set()
        for worker in workers:
            worker.join()


def content(snapshot):
    """Returns what a snapshot has. The numbers say no more than the order, and are new after each restore."""
    return [{**agent, "number": None} for agent in snapshot["agents"]]


def undo(mock, models, start):
    """Restores a snapshot, and then the state of the start."""
    control = mock.connection.control
    snapshot = control("GET", "/state")
    assert mock.connection.call("POST", "/v1/agents", {"name": "to be undone"})
    assert content(control("GET", "/state")) != content(snapshot)
    control("PUT", "/state", snapshot)
    assert content(control("GET", "/state")) == content(snapshot), "the snapshot was not restored"
    check(mock, models, "after a snapshot was restored")
    control("POST", "/reset")
    assert content(control("GET", "/state")) == content(start), "a reset is not the state of the start"
    control("PUT", "/state", snapshot)
    check(mock, models, "after a reset was undone")


def main():
    program, lives, rounds, calls = sys.argv[1], *map(int, sys.argv[2:])
    chance = random.Random(7)
    models = [Model() for _ in range(WORKERS)]
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for life in range(lives):
            mock = Mock(program, pathlib.Path(folder))
            check(mock, models, f"after start {life + 1}")
            start = mock.connection.control("GET", "/state")
            memory = []
            for _ in range(rounds):
                run_round(mock, models, calls, chance)
                mock.connection.control("DELETE", "/faults")
                check(mock, models, "after a round")
                memory.append(mock.memory())
            undo(mock, models, start)
            print(f"life {life + 1}:", " ".join(f"{size:.1f}" for size in memory), "MiB after each round", flush=True)
            settled = max(memory[: -(-SETTLED // calls)])
            if memory[-1] > settled * 1.1 + 2:
                sys.exit(f"the memory grew from {settled:.1f} to {memory[-1]:.1f} MiB")
            if life + 1 < lives:
                run_round(mock, models, calls, chance, [signal.SIGKILL, signal.SIGTERM][life % 2])
            else:
                mock.process.terminate()
                assert mock.process.wait(60) == 0
    for name, count in sorted(counts.items()):
        print(f"{count:9} {name}")
    print(f"the state was whole after {lives} starts; {time.monotonic() - began:.0f} s")


main()
