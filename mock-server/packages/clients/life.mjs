// The life of an agent, for any client. `send(method, path, body)` resolves to { status, body }, and
// `stream(path, body)` to the events.
import assert from "node:assert/strict";

const hello = { text: "My ship is the Mira.", userId: "user_77", roomId: "general" };

export async function wholeLife(mock, { send, stream }) {
  const created = await send("POST", "/agents", { name: "Harbour Pilot", bio: ["calm"], modelProvider: "anthropic" });
  assert.equal(created.status, 201);
  const { id } = created.body.data;
  assert.deepEqual((await send("GET", `/agents/${id}`)).body.data.bio, ["calm"]);
  const listed = (await send("GET", "/agents?limit=5&sortBy=name&order=asc")).body.data;
  assert.deepEqual(
    listed.agents.map((agent) => agent.name),
    ["Harbour Pilot"],
  );
  const updated = await send("PATCH", `/agents/${id}`, { bio: ["calm", "exact"], goals: null });
  assert.deepEqual(updated.body.data.changes, ["bio", "goals"]);
  assert.match((await send("POST", `/agents/${id}/messages`, hello)).body.data.response, /Mira/);
  const events = await stream(`/agents/${id}/messages/stream`, { ...hello, text: "Which ship is mine?" });
  assert.equal(events.at(-1).type, "done");
  assert.match(events.map((event) => event.content ?? "").join(""), /Mira/);

  await mock.fault({ kind: "rate_limit", retryAfter: 2, on: "get", times: 1 });
  const limited = await send("GET", `/agents/${id}`);
  assert.equal(limited.status, 429);
  assert.equal(limited.body.error.details.retryAfter, 2);
  assert.equal((await send("DELETE", `/agents/${id}`)).status, 200);
  assert.equal((await send("GET", `/agents/${id}`)).body.error.code, "AGENT_NOT_FOUND");
  await mock.verify({ agentId: id, count: 7 });
  await mock.verify({ operation: "send_message", body: { userId: "user_77" }, count: 1 });
}

/** The events of a stream that arrives as text in pieces. */
export async function eventsOf(pieces) {
  let text = "";
  const decoder = new TextDecoder();
  for await (const piece of pieces) text += decoder.decode(piece, { stream: true });
  const lines = text.split(/\r?\n/).filter((line) => line.startsWith("data: "));
  return lines.map((line) => JSON.parse(line.slice("data: ".length)));
}
