// An agent's whole life with the client that Hey API makes.
import { expect, test } from "vitest";
import { start } from "orionos-mock-server";
import { createClient } from "./hey-api/client";
import {
  createAgent,
  deleteAgent,
  getAgent,
  health,
  listAgents,
  sendMessage,
  streamMessage,
  updateAgent,
} from "./hey-api";

test("an agent's whole life, Hey API", async () => {
  await using mock = await start();
  const client = createClient({ baseUrl: mock.url, auth: mock.apiKey });
  expect((await health({ client })).data?.status).toBe("ok");
  const { data: created } = await createAgent({ client, body: { name: "Harbour Pilot", bio: ["calm"] } });
  const path = { agentId: created!.data.id };
  expect((await getAgent({ client, path })).data?.data.bio).toEqual(["calm"]);
  expect((await listAgents({ client, query: { limit: 5 } })).data?.data.pagination.totalItems).toBe(1);
  expect((await updateAgent({ client, path, body: { bio: ["exact"] } })).data?.data.changes).toEqual(["bio"]);
  const body = { text: "My ship is the Mira.", userId: "user_77" };
  expect((await sendMessage({ client, path, body })).data?.data.response).toContain("Mira");
  const { stream } = await streamMessage({ client, path, body });
  const events: unknown[] = [];
  for await (const event of stream) events.push(event);
  expect(events.at(-1)).toMatchObject({ type: "done" });
  await deleteAgent({ client, path });
  const { error } = await getAgent({ client, path });
  expect(error?.error.code).toBe("AGENT_NOT_FOUND");
  await mock.verify({ operation: "create", body: { name: "Harbour Pilot" }, count: 1 });
});
