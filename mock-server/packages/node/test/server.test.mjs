// What a test can do with a mock.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { connect, findBinary, MockServer, MockServerError, start } from "orionos-mock-server";
import { call } from "./support.mjs";

/** Runs a test with a mock of its own. */
const withMock = (name, options, body) =>
  test(name, async () => {
    const mock = await start(options);
    try {
      await body(mock);
    } finally {
      await mock.stop();
    }
  });

test("require and import return the same", () => {
  const required = createRequire(import.meta.url)("orionos-mock-server");
  assert.equal(required.start, start);
  assert.equal(required.MockServer, MockServer);
  assert.ok(findBinary().includes("orionos-mock-server"));
});

withMock(
  "settings change what the mock does",
  {
    apiKey: "secret",
    readOnlyKeys: ["viewer"],
    tier: "standard",
    agents: ["Pilot", { name: "Ledger", status: "inactive" }],
    faults: [{ status: 502, times: 1 }],
    clock: "frozen",
    startTime: new Date("2026-03-01T12:00:00Z"),
    seed: 7,
    listKey: "items",
    providers: ["acme"],
    reply: "{text}!",
    settings: "replace",
    corsOrigins: ["http://localhost:3000"],
    latency: 0,
    tokenPace: 1,
    arguments: ["--allow-host=mock"],
  },
  async (mock) => {
    assert.equal((await call(mock, "GET", "/agents")).status, 502);
    const names = (await call(mock, "GET", "/agents")).data.items.map((agent) => agent.name);
    assert.deepEqual(new Set(names), new Set(["Pilot", "Ledger"]));
    assert.equal((await call(mock, "POST", "/agents", { name: "A", modelProvider: "acme" })).status, 201);
    assert.equal((await mock.now()).toISOString(), "2026-03-01T12:00:00.000Z");
    assert.equal((await mock.limits()).create, 10);
    assert.equal((await call({ ...mock, apiKey: "viewer" }, "POST", "/agents", { name: "B" })).status, 403);
  },
);

withMock("faults are injected, listed and removed", {}, async (mock) => {
  const first = await mock.fault({ status: 503, on: "create", times: 1 });
  await mock.fault({ kind: "rate_limit", retryAfter: 2.5, on: ["list", "get"] }, { kind: "close", agents: "nobody" });
  assert.equal((await call(mock, "POST", "/agents", { name: "A" })).status, 503);
  assert.equal((await call(mock, "POST", "/agents", { name: "A" })).status, 201);
  assert.equal((await call(mock, "GET", "/agents")).error.details.retryAfter, 2.5);
  assert.deepEqual(
    (await mock.faults()).map((fault) => fault.applied),
    [1, 1, 0],
  );
  await mock.removeFault(first);
  assert.equal((await mock.faults()).length, 2);
  await mock.clearFaults();
  assert.deepEqual(await mock.faults(), []);
  await assert.rejects(mock.fault({ kind: "nonsense" }), { name: "MockServerError", message: /unknown variant/ });
});

withMock("the clock moves only when it is told to", { clock: "frozen" }, async (mock) => {
  const before = await mock.now();
  await mock.advance(61_500);
  assert.equal((await mock.now()) - before, 61_500);
  await mock.setTime("2026-03-01T12:00:00Z");
  assert.equal((await mock.now()).getUTCMonth(), 2);
  await mock.resume();
  await mock.freeze();
});

withMock("requests and their responses are recorded", {}, async (mock) => {
  await call(mock, "POST", "/agents", { name: "Ledger" });
  await call(mock, "GET", "/agents?limit=5");
  const [create] = await mock.requests({ operation: "create", status: 201 });
  assert.deepEqual(create.body, { name: "Ledger" });
  assert.equal(create.response.body.data.name, "Ledger");
  const later = await mock.requests({ after: create.sequence });
  assert.deepEqual(
    later.map((request) => request.query),
    ["limit=5"],
  );
  await mock.clearRequests();
  assert.deepEqual(await mock.requests(), []);
});

withMock("a check that fails is an assertion error with the nearest request", {}, async (mock) => {
  await call(mock, "POST", "/agents", { name: "Ledger" });
  assert.equal(await mock.verify({ operation: "create", body: { name: "Ledger" }, count: 1 }), 1);
  assert.equal(await mock.verify({ operation: "delete", count: 0 }), 0);
  assert.equal(await mock.verify({ atLeast: 1, atMost: 1 }), 1);
  await assert.rejects(mock.verify({ operation: "create", body: { name: "Pilot" } }), (error) => {
    assert.ok(error instanceof assert.AssertionError);
    assert.match(error.message, /body\.name/);
    assert.match(error.message, /Ledger/);
    return true;
  });
  const waiting = mock.waitFor({ operation: "create", count: 2 });
  await call(mock, "POST", "/agents", { name: "Pilot" });
  assert.equal(await waiting, 2);
  await assert.rejects(mock.waitFor({ operation: "delete", timeout: 10 }), assert.AssertionError);
  await assert.rejects(mock.verify({ operation: "nonsense" }), MockServerError);
});

withMock("a snapshot restores agents", { agents: ["Pilot"], faults: [{ kind: "close", on: "delete" }] }, async (mock) => {
  const before = await mock.snapshot();
  await call(mock, "POST", "/agents", { name: "Ledger" });
  await mock.restore(JSON.parse(JSON.stringify(before)));
  assert.deepEqual(
    (await mock.snapshot()).agents.map((agent) => agent.name),
    ["Pilot"],
  );
  await mock.clearFaults();
  await mock.reset();
  assert.deepEqual((await mock.snapshot()).agents.length, 1);
  assert.equal((await mock.faults()).length, 1);
});

withMock("states of agents, keys, limits and replies can be changed", { agents: ["Pilot"] }, async (mock) => {
  const { id } = (await mock.snapshot()).agents[0];
  await mock.protect(id, "in use");
  assert.equal((await call(mock, "DELETE", `/agents/${id}`)).error.code, "DELETE_PROTECTED");
  await mock.makeUnavailable(id);
  assert.equal((await call(mock, "POST", `/agents/${id}/messages`, { text: "a" })).status, 503);
  await mock.makeUnavailable(id, null);
  await mock.replies({ script: ["first"], patterns: { "(?i)tide": "At 14:10." }, template: "else" });
  const said = [];
  for (const text of ["a", "Tide?", "b"]) {
    said.push((await call(mock, "POST", `/agents/${id}/messages`, { text })).data.response);
  }
  assert.deepEqual(said, ["first", "At 14:10.", "else"]);
  await mock.tokenPace(1);
  await mock.setLimits({ ...(await mock.limits()), list: 1 });
  assert.equal((await call(mock, "GET", "/agents")).status, 200);
  assert.equal((await call(mock, "GET", "/agents")).status, 429);
  await mock.setTier("pro");
  assert.equal((await mock.limits()).account, 300);
  await mock.setKey("test-key", "revoked");
  assert.equal((await call(mock, "GET", "/agents")).status, 401);
});

withMock("a mock that runs elsewhere can be used", { arguments: ["--control-token=token"] }, async (mock) => {
  await assert.rejects(mock.now(), /token/);
  const other = connect(mock.baseUrl, { controlToken: "token" });
  assert.ok(await other.now());
  await other.stop();
  assert.ok(await other.now());
  await mock.stop();
  await assert.rejects(other.now(), /cannot reach the mock/);
  assert.throws(() => connect("nonsense"), /invalid base URL/);
  assert.deepEqual(mock.environment, { ORION_BASE_URL: `${mock.url}/v1`, ORION_API_KEY: "test-key" });
});

withMock("a mock can serve https", { arguments: ["--tls"] }, async (mock) => {
  assert.match(mock.baseUrl, /^https:/);
  assert.ok(await mock.now());
  await assert.rejects(connect(mock.baseUrl).now(), /cannot reach the mock/);
});
