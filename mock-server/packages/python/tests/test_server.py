"""What a test can do with a mock."""

import asyncio
import datetime
import inspect
import json
import pathlib
import re

import pytest
from orionos_mock_server import MockServer, MockServerError, control_types


@pytest.fixture
def mock():
    with MockServer(agents=["Harbour Pilot"], clock="frozen") as mock:
        yield mock


def test_settings_change_what_the_mock_does(api):
    agents = ["Pilot", {"name": "Ledger", "status": "inactive"}]
    faults = [{"kind": "status", "status": 502, "times": 1}]
    start = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.timezone.utc)
    with MockServer(
        api_key="secret", read_only_keys=["viewer"], tier="standard", agents=agents, faults=faults, clock="frozen",
        start_time=start, seed=7, list_key="items", providers=["acme"], reply="{text}!", settings="replace",
        cors_origins=["http://localhost:3000"], latency=0, token_pace=1, arguments=["--allow-host=mock"],
    ) as mock:  # fmt: skip
        call = api(mock)
        assert call("GET", "/agents")[0] == 502
        assert {agent["name"] for agent in call("GET", "/agents")[1]["data"]["items"]} == {"Pilot", "Ledger"}
        assert call("POST", "/agents", {"name": "A", "modelProvider": "acme"})[0] == 201
        assert mock.now() == start
        assert mock.limits()["create"] == 10
        call.api_key = "viewer"
        assert call("POST", "/agents", {"name": "B"})[0] == 403


def test_faults_are_injected_listed_and_removed(mock, api):
    call = api(mock)
    first = mock.fault(status=503, on="create", times=1)
    mock.fault("rate_limit", retry_after=2.5, on=["list", "get"])
    assert call("POST", "/agents", {"name": "A"})[0] == 503
    assert call("POST", "/agents", {"name": "A"})[0] == 201
    assert call("GET", "/agents")[1]["error"]["details"]["retryAfter"] == 2.5
    assert [fault["applied"] for fault in mock.faults()] == [1, 1]
    mock.remove_fault(first)
    assert [fault["fault"]["kind"] for fault in mock.faults()] == ["rate_limit"]
    mock.clear_faults()
    assert mock.faults() == []
    with pytest.raises(MockServerError, match="unknown variant"):
        mock.fault("nonsense")


def test_every_field_of_a_fault_is_a_parameter():
    variants = [kind for kind in control_types.Fault.__args__]
    fields = {field for variant in variants for field in variant.__annotations__} | set(
        control_types.FaultOptions.__annotations__
    )
    snake = {re.sub("([A-Z])", lambda found: "_" + found[1].lower(), field) for field in fields}
    assert snake == set(inspect.signature(MockServer.fault).parameters) - {"self"}


def test_every_field_of_a_pattern_is_a_parameter():
    fields = set(control_types.RequestPattern.__annotations__)
    for method in (MockServer.verify, MockServer.wait_for):
        parameters = set(inspect.signature(method).parameters)
        assert {field.replace("agentId", "agent_id") for field in fields} <= parameters


def test_the_clock_moves_only_when_it_is_told_to(mock):
    start = mock.now()
    mock.advance(60)
    mock.advance(datetime.timedelta(milliseconds=1500))
    assert mock.now() - start == datetime.timedelta(seconds=61.5)
    mock.set_time("2026-03-01T12:00:00Z")
    assert mock.now().month == 3
    mock.resume()
    mock.freeze()
    with pytest.raises(ValueError, match="time zone"):
        mock.set_time(datetime.datetime(2026, 1, 1))


def test_requests_and_their_responses_are_recorded(mock, api):
    call = api(mock)
    call("POST", "/agents", {"name": "Ledger"})
    call("GET", "/agents?limit=5")
    [create] = mock.requests("create", status=201)
    assert create["body"] == {"name": "Ledger"}
    assert create["response"]["body"]["data"]["name"] == "Ledger"
    assert [request["query"] for request in mock.requests(after=create["sequence"])] == ["limit=5"]
    mock.clear_requests()
    assert mock.requests() == []


def test_a_check_that_fails_is_an_assertion_error_with_the_nearest_request(mock, api):
    api(mock)("POST", "/agents", {"name": "Ledger", "bio": ["a"]})
    assert mock.verify("create", body={"name": "Ledger"}, count=1) == 1
    assert mock.verify("delete", count=0) == 0
    assert mock.verify(at_least=1, at_most=1) == 1
    with pytest.raises(AssertionError) as failed:
        mock.verify("create", body={"name": "Pilot"})
    assert "body.name" in str(failed.value) and "Ledger" in str(failed.value)
    with pytest.raises(AssertionError):
        mock.wait_for("delete", timeout=0.01)
    with pytest.raises(MockServerError):
        mock.verify("nonsense")


def test_waiting_does_not_block_the_event_loop(api):
    async def main():
        async with MockServer() as mock:
            call = api(mock)
            waits = asyncio.create_task(mock.wait_for_async("create", count=2))
            for _ in range(2):
                await asyncio.to_thread(call, "POST", "/agents", {"name": "A"})
            assert await waits == 2
        with pytest.raises(MockServerError):
            mock.now()

    asyncio.run(main())


def test_a_snapshot_restores_agents(mock, api):
    call = api(mock)
    before = mock.snapshot()
    call("POST", "/agents", {"name": "Ledger"})
    mock.restore(json.loads(json.dumps(before)))
    assert [agent["name"] for agent in mock.snapshot()["agents"]] == ["Harbour Pilot"]
    call("POST", "/agents", {"name": "Ledger"})
    mock.reset()
    assert mock.snapshot() == before


def test_initial_faults_are_there_again_after_a_reset():
    with MockServer(faults=[{"kind": "close"}]) as mock:
        mock.clear_faults()
        mock.reset()
        assert len(mock.faults()) == 1


def test_states_of_agents_keys_limits_and_replies_can_be_changed(mock, api):
    call = api(mock)
    agent = mock.snapshot()["agents"][0]["id"]
    mock.protect(agent, "in use")
    assert call("DELETE", f"/agents/{agent}")[1]["error"]["code"] == "DELETE_PROTECTED"
    mock.make_unavailable(agent)
    assert call("POST", f"/agents/{agent}/messages", {"text": "a"})[0] == 503
    mock.make_unavailable(agent, None)
    mock.replies(["first"], patterns={"(?i)tide": "At 14:10."}, template="else")
    answers = [call("POST", f"/agents/{agent}/messages", {"text": text})[1] for text in ("a", "Tide?", "b")]
    said = [answer["data"]["response"] for answer in answers]
    assert said == ["first", "At 14:10.", "else"]
    mock.token_pace(1)
    mock.set_limits({**mock.limits(), "list": 1})
    assert [call("GET", "/agents")[0] for _ in range(2)] == [200, 429]
    mock.set_tier("pro")
    assert mock.limits()["account"] == 300
    mock.set_key("test-key", "revoked")
    assert call("GET", "/agents")[0] == 401


def test_a_mock_that_runs_elsewhere_can_be_used():
    with MockServer(arguments=["--control-token=token"]) as mock:
        with pytest.raises(MockServerError, match="token"):
            mock.now()
        other = MockServer.connect(mock.base_url, control_token="token")
        assert other.now()
        other.stop()
        assert other.now()
    with pytest.raises(MockServerError, match="cannot reach the mock"):
        other.now()
    with pytest.raises(MockServerError, match="invalid base URL"):
        MockServer.connect("nonsense")


def test_a_mock_can_serve_https(tmp_path):
    with MockServer(arguments=["--tls", f"--ca-file={tmp_path / 'ca.pem'}"]) as mock:
        assert mock.base_url.startswith("https://") and mock.now()
        with pytest.raises(MockServerError, match="cannot reach the mock"):
            MockServer.connect(mock.base_url).now()


def test_the_environment_is_that_of_the_vendor(mock):
    assert mock.environment == {"ORION_BASE_URL": mock.base_url, "ORION_API_KEY": "test-key"}
    assert mock.base_url == mock.url + "/v1"


def test_there_is_one_version():
    import importlib.metadata

    import orionos_mock_server

    assert importlib.metadata.version("orionos-mock-server") == orionos_mock_server.__version__
    assert pathlib.Path(orionos_mock_server.__file__).with_name("py.typed").exists()
