// The page at /__mock/: what people do on it, and what attackers try.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { openBrowser, startMock, until } from "./harness.mjs";

const require = createRequire(`${process.env.NODE_FOLDER}/`);
const run = promisify(execFile);

let browser;
before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());

/** Sends a request to the mock as a client does. */
async function send(mock, method, path, json, headers = {}) {
  const body = typeof json === "string" || json === undefined ? json : JSON.stringify(json);
  const sent = { authorization: "Bearer test-key", "content-type": "application/json", ...headers };
  const response = await fetch(mock.url + path, { method, headers: sent, body });
  const text = await response.text();
  return { status: response.status, json: () => JSON.parse(text) };
}

const createAgent = async (mock, name) => (await send(mock, "POST", "/v1/agents", { name })).json().data.id;

/** Opens the page. The test fails if a script fails, or a request goes to another host. */
async function open(t, mock, { view = "", expected = "Failed to load resource", ...options } = {}) {
  const context = await browser.newContext({ permissions: ["clipboard-read", "clipboard-write"], ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const problems = [];
  const urls = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    const isProblem = message.type() === "error" && !message.text().startsWith("Failed to load resource");
    if (isProblem && !message.text().includes(expected)) problems.push(message.text());
  });
  page.on("dialog", (dialog) => problems.push(`a script ran: ${dialog.message()}`) && dialog.dismiss());
  page.on("request", (request) => urls.push(request.url()));
  t.after(async () => {
    await context.close();
    assert.deepEqual(problems, []);
    assert.deepEqual(urls.filter((url) => !url.startsWith(mock.url) && !url.startsWith("blob:")), []);
    assert.deepEqual(urls.filter((url) => /s3cret|test-key/.test(url)), []);
  });
  await page.goto(`${mock.url}/__mock/${view && `#${view}`}`);
  return page;
}

const rows = (page) => page.locator("#list [role=option]");
const statusOf = (page, sequence) => page.locator(`#row-${sequence} .status`).textContent();
const copied = (page) => page.evaluate(() => navigator.clipboard.readText());
const shows = (page, selector, text) => page.locator(selector).filter({ hasText: text }).first().waitFor();

async function download(page, selector) {
  const [file] = await Promise.all([page.waitForEvent("download"), page.click(selector)]);
  return readFile(await file.path(), "utf8");
}

test("the requests of the quickstart appear, and the one that ran into a rate limit is found", async (t) => {
  const mock = await startMock(t, "--fault", "rate_limit=0.05,on=send_message,times=1");
  const page = await open(t, mock);
  await shows(page, "#empty", "No request yet");
  const environment = { ...process.env, ORION_API_KEY: "test-key", ORION_BASE_URL: `${mock.url}/v1` };
  await run(process.env.QUICKSTART, [], { env: environment });
  await page.locator(".operation", { hasText: "delete" }).first().waitFor();
  for (const operation of ["create", "get", "update"]) {
    assert.ok(await page.locator(".operation", { hasText: operation }).count(), operation);
  }
  const all = await rows(page).count();
  await page.selectOption("#filter-status", "429");
  await until(async () => (await rows(page).count()) === 1);
  assert.equal(await rows(page).count(), 1);
  assert.ok(all > 4);
  await rows(page).first().click();
  await shows(page, "#details .chip", "rate_limit");
  await shows(page, "#details th", "user-agent");
  await shows(page, "#details td", "[redacted]");
  await shows(page, "#details th", "x-ratelimit-reset");
  await shows(page, "#details dd", "2026-01-01 00:00:00");
  await shows(page, "#details pre", "RATE_LIMIT_EXCEEDED");
});

test("a request is shown while it waits, and completed when it ends", async (t) => {
  const mock = await startMock(t, "--fault", "latency=60000,on=create,times=1");
  const page = await open(t, mock);
  const created = createAgent(mock, "Pilot");
  await page.locator("#row-1").waitFor();
  assert.equal(await statusOf(page, 1), "…");
  await send(mock, "POST", "/__mock/clock", { advanceMs: 60_000 });
  await created;
  assert.ok(await until(async () => (await statusOf(page, 1)) === "201"));
  await shows(page, "#row-1 .duration", "60.00 s");
  assert.equal(await page.textContent("#row-1 .time"), "00:00:00.000");
  assert.equal(await page.textContent("#count"), "1 request");
});

test("filters select by operation, status, agent and text, and a pause keeps the list", async (t) => {
  const mock = await startMock(t);
  const ledger = await createAgent(mock, "Ledger");
  const pilot = await createAgent(mock, "Harbour Pilot");
  await send(mock, "GET", `/v1/agents/${ledger}`);
  await send(mock, "GET", `/v1/agents/${pilot}`);
  await send(mock, "GET", "/v1/agents/agent_gone");
  const page = await open(t, mock);
  await page.locator("#row-5").waitFor();
  const listed = async (expected) => {
    const found = async () => (await rows(page).evaluateAll((all) => all.map((row) => row.id))).join(" ");
    await until(async () => (await found()) === expected);
    assert.equal(await found(), expected);
  };
  await listed("row-5 row-4 row-3 row-2 row-1");
  await page.selectOption("#filter-operation", "get");
  await listed("row-5 row-4 row-3");
  await page.selectOption("#filter-status", "4");
  await listed("row-5");
  await page.selectOption("#filter-status", "");
  await page.fill("#filter-agent", pilot);
  await listed("row-4");
  await page.fill("#filter-agent", "");
  await page.selectOption("#filter-operation", "");
  await page.fill("#filter-text", "hARBOUR");
  await page.press("#filter-text", "Enter");
  await listed("row-4 row-2");
  await page.fill("#filter-text", "");
  await page.click("#pause");
  await send(mock, "GET", "/v1/agents");
  await shows(page, "#count", "1 new while paused");
  await listed("row-5 row-4 row-3 row-2 row-1");
  await page.click("#pause");
  await listed("row-6 row-5 row-4 row-3 row-2 row-1");
  await page.click("#clear");
  await shows(page, "#empty", "No request");
});

test("10,000 requests do not make the page slow", async (t) => {
  const mock = await startMock(t);
  const page = await open(t, mock);
  await page.evaluate(() => {
    globalThis.longest = 0;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) globalThis.longest = Math.max(globalThis.longest, duration);
    }).observe({ type: "longtask" });
  });
  // One connection with many requests is much quicker than many requests with fetch.
  const socket = connect(mock.port, "127.0.0.1").resume();
  for (let sent = 0; sent < 10_500; sent += 1) {
    socket.write(`GET /v1/agents?page=${(sent % 500) + 1} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer test-key\r\n\r\n`);
  }
  await page.locator("#row-10500").waitFor({ timeout: 60_000 });
  socket.destroy();
  assert.ok(await until(async () => (await page.textContent("#count")).startsWith("10000 requests")));
  assert.ok((await rows(page).count()) < 100, "only what is seen is in the page");
  await page.focus("#list");
  await page.keyboard.press("End");
  await page.locator("#row-501[aria-selected=true]").waitFor();
  await page.fill("#filter-text", "page=77");
  await shows(page, "#count", "of 10000 requests");
  const longest = await page.evaluate(() => globalThis.longest);
  t.diagnostic(`longest task: ${Math.round(longest)} ms`);
  assert.ok(longest < 500, `a task took ${longest} ms`);
});

test("a failed verification shows the nearest request with the differing field marked", async (t) => {
  const mock = await startMock(t);
  await createAgent(mock, "Ledgre");
  await send(mock, "GET", "/v1/agents");
  const page = await open(t, mock, { view: "verify" });
  const check = async (text) => {
    await page.fill("#expectation", text);
    await page.click("text=Check");
  };
  await page.selectOption("#example", { index: 1 });
  await page.click("text=Check");
  await shows(page, "#verdict h2", "Something else arrived");
  const nearest = page.locator(".nearest").first();
  assert.equal(await nearest.locator("tbody tr").count(), 1);
  assert.equal(await nearest.locator("tbody th").textContent(), "body.name");
  assert.equal(await nearest.locator("mark").textContent(), '"Ledgre"');
  assert.equal(await nearest.locator("ins").textContent(), '"Ledger"');
  await check('assertion failed: expected 1 of: create body={"name":"Ledgers"}; found 0; nearest first, these arrived:');
  await shows(page, "ins", '"Ledgers"');
  await check('{"request":{"operation":"create"}}');
  await shows(page, "#verdict", "1 request matches.");
  await check('{"nonsense":1}');
  await shows(page, "#verdict", "unknown field");
  await page.click("nav >> text=Requests");
  await page.click("#row-1");
  await page.click("text=Expect this");
  await page.click("text=Check");
  await shows(page, "#verdict", "As expected");
});

/** Requests with everything that a shell or Rust could misread. */
const ODD = `{"name":"It's $HOME \`id\` \\"q\\" %s \\\\ 🌊","bio":["-d @/etc/passwd"],"score":1.50}`;

test("a request as cURL runs as it stands and sends the same again", async (t) => {
  const mock = await startMock(t);
  await send(mock, "POST", "/v1/agents", ODD, { "x-odd": "it's; $(id)" });
  await send(mock, "POST", "/v1/agents", "\u001b[31m@\u0007 %d \\", { "content-type": "text/plain" });
  const page = await open(t, mock);
  for (const sequence of [1, 2]) {
    await page.click(`#row-${sequence}`);
    await shows(page, "#details h2", `#${sequence} `);
    await page.click("text=Copy as cURL");
    await shows(page, "#notice", "Copied the cURL command");
    const command = await copied(page);
    assert.ok(!/[\u0000-\u0009\u000b-\u001f\u007f]/.test(command), "a terminal obeys nothing in it");
    await run("sh", ["-c", command]);
    await page.locator(`#row-${sequence + 2}`).waitFor();
    const [before, again] = await Promise.all([sequence, sequence + 2].map((number) => send(mock, "GET", `/__mock/requests/${number}`)));
    for (const field of ["method", "path", "query", "bodyText", "status"]) {
      assert.deepEqual(again.json()[field], before.json()[field], field);
    }
    const header = (request, name) => request.json().headers.find(([found]) => found === name)?.[1];
    for (const name of ["x-odd", "content-type", "user-agent"]) assert.equal(header(again, name), header(before, name), name);
    await page.evaluate(() => (document.getElementById("notice").textContent = ""));
  }
});

/** Copies the selected request as a Rust test. */
async function copyTest(page) {
  await page.evaluate(() => navigator.clipboard.writeText(""));
  await page.click("text=Copy as Rust test");
  assert.ok(await until(() => copied(page)));
  return copied(page);
}

/** Compares exported tests with those that are compiled and run. `UPDATE=1` writes them. */
async function compareTests(path, modules) {
  const file = new URL(`../../../tests/${path}`, import.meta.url);
  const text = `//! Requests that the page of the mock exported as tests. \`UPDATE=1 .ci/checks/browser page\` writes them.\n\n${modules.join("\n")}`;
  if (process.env.UPDATE) {
    await writeFile(file, text);
    await run("rustfmt", ["--edition", "2024", file.pathname]);
  }
  const bare = (code) => code.replace(/[\s,]/g, "");
  assert.equal(bare(text), bare(await readFile(file, "utf8")), "run UPDATE=1 .ci/checks/browser page");
}

test("requests as Rust tests are those that the client's tests compile and run", async (t) => {
  const mock = await startMock(t, "--fault", "rate_limit=2.5,on=list,times=1", "--fault", "close,on=delete,times=1");
  await send(mock, "POST", "/v1/agents", ODD);
  const id = await createAgent(mock, "Pilot");
  await send(mock, "GET", "/v1/agents");
  await send(mock, "GET", "/v1/agents?page=2&limit=5");
  await send(mock, "GET", `/v1/agents/${id}`);
  await send(mock, "PATCH", `/v1/agents/${id}`, '{"name":"Ledger \\u202e", "bio":["a"]}');
  await send(mock, "POST", `/v1/agents/${id}/messages`, { text: 'Say "hi"', userId: "user_77", roomId: "pier" });
  await send(mock, "POST", `/v1/agents/${id}/messages/stream`, { text: "When does the tide turn?" });
  await send(mock, "DELETE", `/v1/agents/${id}`).catch(() => {});
  await send(mock, "GET", "/v1/agents/agent_gone");
  await send(mock, "GET", "/v1/nothing/here");
  const page = await open(t, mock);
  const modules = [];
  for (let sequence = 1; sequence <= 11; sequence += 1) {
    await page.click(`#row-${sequence}`);
    await shows(page, "#details h2", `#${sequence} `);
    modules.push(`mod request_${sequence} {\n${(await copyTest(page)).replace(/^\/\/.*\n/, "")}}\n`);
  }
  await compareTests("client/from_the_page.rs", modules);
});

test("over https one watches, talks and takes requests along with the mock's certificate", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "page-"));
  t.after(() => rm(folder, { recursive: true }));
  const ca = join(folder, "ca.pem");
  const mock = await startMock(t, "--tls", "--ca-file", ca, "--reply", "At 14:10.");
  assert.match(mock.url, /^https:/);
  const page = await open(t, mock, { ignoreHTTPSErrors: true });
  await shows(page, "#connection", "Live");
  const words = ["--cacert", ca, "-fsS", "-H", "authorization: Bearer test-key", "-H", "content-type: application/json"];
  await run("curl", [...words, "-d", '{"name":"Pilot"}', `${mock.url}/v1/agents`]);
  await page.click("#row-1");
  await shows(page, "#details h2", "#1 ");
  await page.click("text=Copy as cURL");
  await shows(page, "#notice", "Copied the cURL command");
  const command = await copied(page);
  await assert.rejects(run("sh", ["-c", command]), /set it to the file of --ca-file/);
  await run("sh", ["-c", command], { env: { ...process.env, ORION_MOCK_CA: ca } });
  assert.ok(await until(async () => (await page.locator("#row-2").count()) && (await statusOf(page, 2)) === "201"));
  const exported = await copyTest(page);
  assert.match(exported, /^\/\/.* orionos-mock-server with its feature tls,/);
  await compareTests("extended/from_the_page.rs", [exported.replace(/^\/\/.*\n/, "")]);
  const har = JSON.parse(await download(page, "#har"));
  assert.equal(har.log.entries[0].request.url, `${mock.url}/v1/agents`);
  await page.click("nav >> text=Talk");
  await page.click("#agents .choice >> nth=0");
  await page.fill("#say", "When?");
  await page.keyboard.press("Enter");
  await shows(page, ".bubble.agent", "At 14:10.");
});

test("all requests as HAR follow its schema", async (t) => {
  const mock = await startMock(t, "--fault", "close,on=list,times=1");
  await send(mock, "POST", "/v1/agents", ODD);
  await send(mock, "GET", "/v1/agents?a=1").catch(() => {});
  const page = await open(t, mock);
  await page.locator("#row-2").waitFor();
  const har = JSON.parse(await download(page, "#har"));
  const validator = new (require("ajv"))({ allErrors: true, meta: false });
  validator.addMetaSchema(require("ajv/lib/refs/json-schema-draft-06.json"));
  for (const schema of Object.values(require("har-schema"))) validator.addSchema(schema);
  assert.ok(validator.validate("har.json#", har), JSON.stringify(validator.errors));
  assert.equal(har.log.entries.length, 2);
  assert.equal(har.log.entries[0].request.postData.text, ODD);
  assert.equal(har.log.entries[0].request.url, `${mock.url}/v1/agents`);
  assert.equal(har.log.entries[1].comment, "fault: close");
});

test("a snapshot is saved and restored, and a reset restores the start", async (t) => {
  const mock = await startMock(t);
  const id = await createAgent(mock, "Pilot");
  const page = await open(t, mock, { view: "steer" });
  const snapshot = await download(page, "#snapshot");
  await page.click("#reset");
  await page.click("#ask-cancel");
  assert.equal((await send(mock, "GET", `/v1/agents/${id}`)).status, 200);
  await page.click("#reset");
  await page.click("#ask-ok");
  await shows(page, "#notice", "as it was at the start");
  assert.equal((await send(mock, "GET", `/v1/agents/${id}`)).status, 404);
  await page.setInputFiles("#restore", { name: "state.json", mimeType: "application/json", buffer: Buffer.from(snapshot) });
  await shows(page, "#notice", "Restored 1 agent.");
  assert.equal((await send(mock, "GET", `/v1/agents/${id}`)).status, 200);
});

test("one talks to an agent in a conversation, sees the reply stream in, and stops it", async (t) => {
  const mock = await startMock(t, "--token-pace", "1000", "--reply", "At 14:10, number {turn}, {user} in {room}.");
  const id = await createAgent(mock, "Harbour Pilot");
  await createAgent(mock, "Ledger");
  const page = await open(t, mock, { view: "talk" });
  await page.click("#agents >> text=Harbour Pilot");
  await shows(page, "#talk-title", "Harbour Pilot");
  await page.fill("#user", "user_77");
  await page.fill("#room", "pier_4");
  await page.click("text=Open");
  await shows(page, "#talk-title", "user_77 · pier_4");
  const say = async (text) => {
    await page.fill("#say", text);
    await page.keyboard.press("Shift+Enter");
    assert.equal(await page.inputValue("#say"), `${text}\n`);
    await page.keyboard.press("Backspace");
    await page.keyboard.press("Enter");
    await page.locator(".streaming").waitFor();
    assert.equal(await page.inputValue("#say"), "", "Enter only sends");
  };
  const reply = () => page.locator(".bubble.agent p").last().textContent();
  const advance = (ms) => send(mock, "POST", "/__mock/clock", { advanceMs: ms });
  await say("When?");
  // The clock is frozen, so the reply continues only when it is moved.
  assert.ok(await until(async () => (await reply()).startsWith("At ")));
  assert.notEqual(await reply(), "At 14:10, number 1, user_77 in pier_4.");
  assert.ok(await until(async () => {
    await advance(1000);
    return (await reply()) === "At 14:10, number 1, user_77 in pier_4." && (await page.locator(".streaming").count()) === 0;
  }));
  await shows(page, "#conversations", "1 turn");
  await say("And then?");
  assert.ok(await until(async () => (await reply()).startsWith("At ")));
  await page.click("#stop");
  await shows(page, ".who", "stopped");
  const journal = (await send(mock, "GET", `/__mock/requests?agentId=${id}`)).json().requests;
  assert.deepEqual(journal.map(({ body }) => [body.userId, body.roomId]), [["user_77", "pier_4"], ["user_77", "pier_4"]]);
  assert.ok(await until(async () => (await send(mock, "GET", `/__mock/requests?agentId=${id}`)).json().requests[1].clientLeft));
  await page.click("#agents >> text=Ledger");
  await shows(page, "#messages", "Nothing was said here yet.");
});

test("a fault is added from the form, used up, and another one is taken back", async (t) => {
  const mock = await startMock(t);
  const page = await open(t, mock, { view: "steer" });
  await shows(page, "#fault-description", "error envelope");
  await shows(page, "#windows", "There is no rate limit.");
  assert.equal(await page.textContent("#windows-reset"), "");
  const kinds = await page.locator("#fault-kind option").evaluateAll((all) => all.map(({ value }) => value));
  const { components } = (await send(mock, "GET", "/__mock/openapi.json")).json();
  assert.deepEqual(kinds, components.schemas.Fault.oneOf.map(({ properties }) => properties.kind.const));
  await page.fill("#fault-fields [name=status]", "502");
  await page.fill("#fault-fields [name=times]", "1");
  await page.click("#fault-form summary");
  await page.selectOption("#fault-form [name=on]", ["list"]);
  await page.click("#fault-form button");
  await shows(page, "#faults", "applied 0 of 1 times");
  assert.equal((await send(mock, "GET", "/v1/agents/agent_gone")).status, 404, "only lists fail");
  assert.equal((await send(mock, "GET", "/v1/agents")).status, 502);
  await shows(page, "#faults", "used up: applied once");
  assert.equal((await send(mock, "GET", "/v1/agents")).status, 200);
  await page.selectOption("#fault-kind", "rate_limit");
  await page.fill("#fault-fields [name=times]", "");
  await page.click("#fault-form button");
  await shows(page, "#faults", "retryAfter 5");
  assert.equal((await send(mock, "GET", "/v1/agents")).status, 429);
  await page.click("[aria-label^='Remove the fault rate_limit']");
  await page.locator("#faults .chip", { hasText: "rate_limit" }).waitFor({ state: "detached" });
  assert.equal((await send(mock, "GET", "/v1/agents")).status, 200);
});

test("windows run down, and open when the clock is moved or runs", async (t) => {
  const mock = await startMock(t, "--tier", "standard");
  const page = await open(t, mock, { view: "steer" });
  const create = () => send(mock, "POST", "/v1/agents", { name: "Pilot" });
  for (let count = 0; count < 10; count += 1) await create();
  await shows(page, "#windows", "used up");
  await shows(page, "#windows-reset", "in 60 s");
  assert.equal((await create()).status, 429);
  await page.click("[data-advance='60000']");
  await shows(page, "#windows li:nth-child(2)", "10 of 10 left");
  await shows(page, "#clock-now", "2026-01-01 00:01:00");
  assert.equal((await create()).status, 201);
  await shows(page, "#windows li:nth-child(2)", "9 of 10 left");
  await page.fill("#clock-time", "2026-03-01T12:00:00Z");
  await page.keyboard.press("Enter");
  await shows(page, "#time", "2026-03-01 12:00:00 · stopped");
  await page.click("#freeze");
  await shows(page, "#freeze", "Stop");
  assert.equal((await send(mock, "GET", "/__mock/clock")).json().frozen, false);
  await page.click("#freeze");
  await shows(page, "#freeze", "Let it run");
  assert.equal((await send(mock, "GET", "/__mock/clock")).json().frozen, true);
});

test("an agent is made unavailable, and a key is revoked", async (t) => {
  const mock = await startMock(t);
  const id = await createAgent(mock, "Pilot");
  const page = await open(t, mock, { view: "steer" });
  await page.locator("#agent-choice option").first().waitFor({ state: "attached" });
  const message = () => send(mock, "POST", `/v1/agents/${id}/messages`, { text: "Hi" });
  await page.click("text=Make unavailable");
  await shows(page, "#agent-state", "unavailable: asleep");
  assert.equal((await message()).status, 503);
  await page.click("text=Make available");
  await shows(page, "#agent-state", "It is available");
  assert.equal((await message()).status, 200);
  await page.click("text=Protect");
  await shows(page, "#agent-state", "protected: asleep");
  assert.equal((await send(mock, "DELETE", `/v1/agents/${id}`)).status, 403);
  await page.click("#key-form button");
  await shows(page, "#key-result", "The key is now revoked.");
  assert.equal((await message()).status, 401);
});

test("the keyboard alone is enough", async (t) => {
  const mock = await startMock(t);
  for (let sent = 0; sent < 3; sent += 1) await send(mock, "GET", "/v1/agents");
  const page = await open(t, mock);
  await page.locator("#row-3").waitFor();
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.hash || document.activeElement.textContent);
  const tab = async (target) => {
    for (let count = 0; (await focused()) !== target; count += 1) {
      assert.ok(count < 40, `Tab does not reach ${target}`);
      await page.keyboard.press("Tab");
    }
  };
  await tab("list");
  await page.keyboard.press("ArrowDown");
  await page.locator("#row-3[aria-selected=true]").waitFor();
  await page.keyboard.press("ArrowDown");
  await shows(page, "#details h2", "#2 ");
  // Keys that select a request do not scroll the list as well, and other keys do what they always do.
  await page.evaluate(() => addEventListener("keydown", (event) => (globalThis.isHandled = event.defaultPrevented)));
  for (const [key, row, isHandled] of [
    ["ArrowUp", 3, true], ["End", 1, true], ["Home", 3, true], ["PageDown", 1, true], ["PageUp", 3, true],
    ["ArrowDown", 2, true], ["Shift", 2, false], ["a", 2, false],
  ]) {
    await page.keyboard.press(key);
    await page.locator(`#row-${row}[aria-selected=true]`).waitFor();
    assert.equal(await page.evaluate(() => globalThis.isHandled), isHandled, key);
  }
  assert.equal(await page.getAttribute("#list", "aria-activedescendant"), "row-2");
  await page.keyboard.press("Enter");
  assert.equal(await focused(), "details");
  await tab("Copy as cURL");
  await page.keyboard.press("Enter");
  assert.match(await copied(page), /^curl /);
  await page.reload();
  await tab("#steer");
  await page.keyboard.press("Enter");
  await tab("freeze");
  await tab("reset");
  await page.keyboard.press("Enter");
  await page.locator("#ask[open]").waitFor();
  await page.keyboard.press("Escape");
  await page.locator("#ask[open]").waitFor({ state: "detached" });
  assert.equal(await focused(), "reset");
});

test("axe finds nothing, and nothing is wider than the window, in any view, size or color scheme", async (t) => {
  const mock = await startMock(t, "--tier", "standard", "--fault", "status=503,on=list,times=1");
  const id = await createAgent(mock, "Harbour Pilot");
  await send(mock, "GET", `/v1/agents?status=${"x".repeat(300)}`);
  await send(mock, "POST", `/v1/agents/${id}/messages`, { text: "w".repeat(500), userId: "u".repeat(100) });
  const axe = await readFile(require.resolve("axe-core/axe.min.js"), "utf8");
  const sizes = [[360, 740], [1280, 800], [2560, 1300]];
  for (const colorScheme of ["light", "dark"]) {
    for (const [width, height] of sizes) {
      const page = await open(t, mock, { viewport: { width, height }, colorScheme, bypassCSP: true });
      await page.click("#row-2");
      await shows(page, "#details h2", "#2 ");
      for (const view of ["requests", "verify", "talk", "steer"]) {
        await page.click(`nav [href='#${view}']`);
        if (view === "verify") await page.click("text=Check");
        if (view === "verify") await page.locator("mark").first().waitFor();
        if (view === "talk") await page.click("#agents .choice");
        if (view === "talk") await page.locator(".bubble").first().waitFor();
        if (view === "steer") await shows(page, "#windows", "left");
        if (view === "steer") await shows(page, "#faults", "used up");
        // A view scrolls by itself, so the document alone would not show it.
        const wide = await page.evaluate(() => [...document.querySelectorAll("html, main > section, .card, #details")]
          .filter((element) => element.scrollWidth > element.clientWidth)
          .map((element) => `${element.id || element.className}: ${element.scrollWidth} in ${element.clientWidth} px`));
        assert.deepEqual(wide, [], `${view} at ${width}`);
        // The rules do not depend on the size otherwise, and take long.
        if (width === 2560 || (width === 360 && colorScheme === "dark")) continue;
        await page.evaluate(axe);
        const violations = await page.evaluate(async () => (await globalThis.axe.run()).violations
          .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" ")}`));
        assert.deepEqual(violations, [], `${view}, ${width}, ${colorScheme}`);
      }
      await page.context().close();
    }
  }
});

test("the page asks for the control token, and keeps it out of URLs and storage", async (t) => {
  const mock = await startMock(t, "--control-token", "s3cret");
  await send(mock, "GET", "/v1/agents");
  const page = await open(t, mock);
  await page.locator("#ask[open]").waitFor();
  assert.equal(await rows(page).count(), 0);
  await page.fill("#ask-value", "wrong");
  await page.keyboard.press("Enter");
  await page.locator("#ask[open]").waitFor();
  await page.fill("#ask-value", "s3cret");
  await page.keyboard.press("Enter");
  await page.locator("#row-1").waitFor();
  const kept = await page.evaluate(async () => JSON.stringify([
    { ...localStorage }, { ...sessionStorage }, document.cookie, location.href, history.state,
    document.documentElement.outerHTML, [...document.querySelectorAll("input")].map(({ value }) => value),
    (await indexedDB.databases()), await caches.keys(),
  ]));
  assert.ok(!kept.includes("s3cret"), kept);
  await page.reload();
  await page.locator("#ask[open]").waitFor();
});

test("with isolated keys the page shows whose account one sees", async (t) => {
  const mock = await startMock(t, "--isolate-keys");
  const page = await open(t, mock);
  await shows(page, "#connection", "Waiting for the first key");
  await shows(page, "#empty", "No request yet");
  await send(mock, "GET", "/v1/agents?of=one", undefined, { authorization: "Bearer suite-one-12345" });
  await shows(page, "#rows", "of=one");
  await send(mock, "GET", "/v1/agents?of=one", undefined, { authorization: "Bearer suite-one-12345" });
  await page.locator("#row-2").waitFor();
  await send(mock, "GET", "/v1/agents?of=two", undefined, { authorization: "Bearer other-two-12345" });
  await page.locator("#account-choice").focus();
  await page.locator("#account-choice option", { hasText: "2: other-t…" }).waitFor({ state: "attached" });
  assert.match(await page.locator("#account-choice option:checked").textContent(), /^1: suite-o…/);
  await page.selectOption("#account-choice", "2");
  await shows(page, "#rows", "of=two");
  assert.equal(await rows(page).count(), 1, "nothing of the other account is left");
  assert.equal(await page.locator("#rows", { hasText: "of=one" }).count(), 0);
  assert.ok(!(await page.content()).includes("two-12345"));
});

const MARKUP = `<img src=x onerror="alert(1)"><script>alert(2)</script><a href="javascript:alert(3)">x</a>`;

test("markup, javascript: and terminal escapes are only text, and giant bodies are cut", async (t) => {
  const mock = await startMock(t);
  const id = (await send(mock, "POST", "/v1/agents", { name: MARKUP, bio: ["\u202e\u001b[31m"] })).json().data.id;
  await send(mock, "GET", `/v1/agents/${encodeURIComponent(MARKUP)}?x=javascript:alert(4)`, undefined, { "x-evil": MARKUP });
  await send(mock, "POST", `/v1/agents/${id}/messages`, { text: MARKUP, userId: MARKUP, roomId: "javascript:alert(5)" });
  await send(mock, "POST", `/v1/agents/${id}/messages`, { text: `\u001b]0;x\u0007${"y".repeat(900_000)}` });
  await send(mock, "PATCH", `/__mock/agents/${id}`, { unavailable: MARKUP, protected: MARKUP });
  await send(mock, "POST", "/__mock/faults", { kind: "status", status: 500, message: MARKUP, times: 5, on: ["health"] });
  const page = await open(t, mock, { expected: "requires 'TrustedHTML' assignment" });
  const isClean = async () => {
    const found = await page.evaluate(() => document.querySelectorAll("main img, main script, a[href^='javascript'], iframe").length);
    assert.equal(found, 0);
    assert.ok(!/[\u0000-\u0008\u000b-\u001f\u007f\u202e]/.test(await page.evaluate(() => document.body.innerText)));
  };
  for (const sequence of [1, 2, 3]) {
    await page.click(`#row-${sequence}`);
    await shows(page, "#details h2", `#${sequence} `);
    await shows(page, "#details", sequence === 2 ? "javascript:alert(4)" : "<img src=x");
    await isClean();
  }
  await page.click("#row-4");
  await shows(page, "#details .notice", "The first 64 KiB of");
  assert.ok((await page.textContent("#details pre")).length < 80_000);
  await isClean();
  await page.click("nav >> text=Talk");
  await page.click("#agents .choice");
  await page.click("#conversations .choice >> nth=0");
  await shows(page, ".bubble", "<img src=x");
  await isClean();
  await page.click("nav >> text=Steer");
  await shows(page, "#faults", "<img src=x");
  await isClean();
  await page.click("nav >> text=Verify");
  await page.fill("#expectation", JSON.stringify({ request: { operation: "create", body: { name: `${MARKUP}!` } } }));
  await page.click("text=Check");
  await shows(page, "mark", "<img src=x");
  await isClean();
  // The browser itself refuses to turn text into markup, even if a script of the page tried to.
  const refused = await page.evaluate((markup) => {
    try {
      document.body.innerHTML = markup;
    } catch (error) {
      return error.name;
    }
    return null;
  }, MARKUP);
  assert.equal(refused, "TypeError");
});

test("a viewer reconnects when the connection was lost", async (t) => {
  const mock = await startMock(t);
  await send(mock, "GET", "/v1/agents");
  const page = await open(t, mock);
  await page.locator("#row-1").waitFor();
  await page.context().setOffline(true);
  await page.evaluate(async () => (await import("/__mock/page/api.js")).watchAgain());
  await shows(page, "#connection", "Not connected");
  await send(mock, "GET", "/v1/agents");
  await page.context().setOffline(false);
  await page.locator("#row-2").waitFor();
  await shows(page, "#connection", "Live");
  assert.equal(await rows(page).count(), 2);
});
