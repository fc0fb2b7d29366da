"""Creates, changes and deletes an agent with a client that was generated from the OpenAPI document."""

import json
import sys

from orionos_api import AuthenticatedClient
from orionos_api.api.agents import create_agent, delete_agent, get_agent, list_agents, update_agent
from orionos_api.api.messages import send_message, stream_message
from orionos_api.api.server import health
from orionos_api.models import (
    CreateAgent,
    Failure,
    ModelProvider,
    Personality,
    Plugin,
    SendMessage,
    UpdateAgent,
    UpdateAgentStatus,
)

client = AuthenticatedClient(base_url=sys.argv[1], token="test-key")

assert health.sync(client=client).status == "ok"

created = create_agent.sync(
    client=client,
    body=CreateAgent(
        name="Harbour Pilot",
        bio=["Brings ships to their berths"],
        personality=Personality(traits=["calm"]),
        model_provider=ModelProvider.ANTHROPIC,
        plugins=[Plugin(name="tide-tables", enabled=True)],
    ),
).data
print("created", created.id, created.created_at)

agent = get_agent.sync(created.id, client=client).data
assert agent.personality.traits == ["calm"]
assert agent.model_provider is ModelProvider.ANTHROPIC
assert agent.plugins[0].name == "tide-tables"
assert agent.created_at == created.created_at

page = list_agents.sync(client=client, limit=5).data
assert [entry.id for entry in page.agents] == [created.id]
assert page.pagination.total_items == 1

first = send_message.sync(created.id, client=client, body=SendMessage(text="My ship is the Mira.", user_id="u"))
again = send_message.sync(created.id, client=client, body=SendMessage(text="Which ship is mine?", user_id="u"))
assert "Mira" in again.data.response, again
print("it said:", again.data.response)

# A stream is returned as text.
stream = stream_message.sync(created.id, client=client, body=SendMessage(text="Once more, please.", user_id="u"))
events = [json.loads(line.removeprefix("data: ")) for line in stream.splitlines() if line.startswith("data: ")]
assert [event["type"] for event in events[-2:]] == ["token", "done"], events
assert "Mira" in "".join(event.get("content", "") for event in events), events

updated = update_agent.sync(
    created.id, client=client, body=UpdateAgent(status=UpdateAgentStatus.INACTIVE, bio=None)
).data
assert sorted(updated.changes) == ["bio", "status"]
refused = send_message.sync(created.id, client=client, body=SendMessage(text="Hello?"))
assert isinstance(refused, Failure) and refused.error.code == "AGENT_UNAVAILABLE", refused
refused = stream_message.sync(created.id, client=client, body=SendMessage(text="Hello?"))
assert isinstance(refused, Failure) and refused.error.code == "AGENT_UNAVAILABLE", refused

wrong = create_agent.sync(client=client, body=CreateAgent(name=""))
assert isinstance(wrong, Failure) and wrong.error.details["field"] == "name", wrong

assert delete_agent.sync(created.id, client=client).data.id == created.id
gone = delete_agent.sync(created.id, client=client)
assert isinstance(gone, Failure) and gone.error.code == "AGENT_NOT_FOUND", gone
print("deleted, and gone")
