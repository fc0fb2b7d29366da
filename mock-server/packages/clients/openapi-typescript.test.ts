// An agent's whole life with openapi-fetch and the types that openapi-typescript makes.
import createClient from "openapi-fetch";
import { expect, test } from "vitest";
import { start } from "orionos-mock-server";
import { eventsOf } from "./life.mjs";
import type { paths } from "./openapi-typescript";

test("an agent's whole life, openapi-typescript", async () => {
  await using mock = await start();
  const headers = { Authorization: `Bearer ${mock.apiKey}` };
  const client = createClient<paths>({ baseUrl: mock.url, headers });
  const { data: created } = await client.POST("/v1/agents", { body: { name: "Harbour Pilot", bio: ["calm"] } });
  const params = { path: { agentId: created!.data.id } };
  const { data: agent } = await client.GET("/v1/agents/{agentId}", { params });
  expect(agent?.data.bio).toEqual(["calm"]);
  const { data: page } = await client.GET("/v1/agents", { params: { query: { limit: 5 } } });
  expect(page?.data.pagination.totalItems).toBe(1);
  const { data: updated } = await client.PATCH("/v1/agents/{agentId}", { params, body: { bio: ["exact"] } });
  expect(updated?.data.changes).toEqual(["bio"]);
  const body = { text: "My ship is the Mira.", userId: "user_77", stream: false };
  const { data: reply } = await client.POST("/v1/agents/{agentId}/messages", { params, body });
  expect(reply).toMatchObject({ data: { response: expect.stringContaining("Mira") } });
  const { data: stream } = await client.POST("/v1/agents/{agentId}/messages/stream", { params, body, parseAs: "stream" });
  expect((await eventsOf(stream!)).at(-1).type).toBe("done");
  await client.DELETE("/v1/agents/{agentId}", { params });
  const { error } = await client.GET("/v1/agents/{agentId}", { params });
  expect(error?.error.code).toBe("AGENT_NOT_FOUND");
  await mock.verify({ operation: "create", body: { name: "Harbour Pilot" }, count: 1 });
});
