"""An agent's whole life with the Python client that openapi-generator makes."""

import json

from orionos_generated import AgentsApi, ApiClient, Configuration, MessagesApi
from orionos_generated.exceptions import NotFoundException
from orionos_generated.models import CreateAgent, SendMessage, UpdateAgent
from orionos_mock_server import MockServer

with MockServer() as mock:
    configuration = Configuration(host=mock.url, access_token=mock.api_key)
    with ApiClient(configuration) as client:
        agents, messages = AgentsApi(client), MessagesApi(client)
        created = agents.create_agent(CreateAgent(name="Harbour Pilot", bio=["calm"])).data
        assert agents.get_agent(created.id).data.bio == ["calm"]
        assert agents.list_agents(limit=5).data.pagination.total_items == 1
        assert agents.update_agent(created.id, UpdateAgent(bio=["exact"])).data.changes == ["bio"]
        hello = SendMessage(text="My ship is the Mira.", userId="user_77")
        assert "Mira" in messages.send_message(created.id, hello).data.response
        stream = messages.stream_message(created.id, hello)
        events = [json.loads(line.removeprefix("data: ")) for line in stream.splitlines() if line.startswith("data: ")]
        assert events[-1]["type"] == "done"
        assert agents.delete_agent(created.id).data.id == created.id
        try:
            agents.get_agent(created.id)
            raise SystemExit("the agent is still there")
        except NotFoundException as gone:
            assert "AGENT_NOT_FOUND" in gone.body
    mock.verify("create", body={"name": "Harbour Pilot"}, count=1)
print("openapi-generator: an agent was created, used and deleted")
