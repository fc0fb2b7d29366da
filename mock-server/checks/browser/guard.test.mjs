// Which web pages can use the control API, and which can call the API, in a real browser.

import assert from "node:assert/strict";
import http from "node:http";
import { after, before, test } from "node:test";

import { openBrowser, REBOUND, startMock, startRelay, startSite, until } from "./harness.mjs";

let browser;
before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());

/** Sends a request as a program does, without the headers of a browser. Returns status and body. */
function program(port, method, path, { headers = {}, body } = {}) {
  if (body) headers = { ...headers, "content-type": "application/json" };
  return new Promise((resolve, reject) => {
    const request = http.request({ host: "127.0.0.1", port, method, path, headers, agent: false });
    request.on("error", reject).on("response", async (response) => {
      let text = "";
      for await (const part of response.setEncoding("utf8")) text += part;
      resolve({ status: response.statusCode, body: text && JSON.parse(text) });
    });
    request.end(body);
  });
}

/**
 * What a page can do to a URL that it may not use. Each is a function that runs in the page with the URL of
 * the mock; `path` is what must reach the mock, `status` how the mock rejects it if
 * not with 403, and `leaves` says that the page is left.
 */
const ATTACKS = {
  "a POST with fetch, without CORS": {
    path: "/__mock/reset",
    run: (url) => fetch(`${url}/__mock/reset`, { method: "POST", mode: "no-cors" }),
  },
  "a POST with fetch that outlives the page": {
    path: "/__mock/faults",
    run: (url) =>
      fetch(`${url}/__mock/faults`, {
        method: "POST",
        mode: "no-cors",
        keepalive: true,
        body: '{"kind":"close"}',
      }),
  },
  "a GET with fetch, with cookies": {
    path: "/__mock/requests",
    run: (url) => fetch(`${url}/__mock/requests`, { credentials: "include" }),
  },
  "a PUT with fetch, which a preflight comes before": {
    path: "/__mock/keys",
    run: (url) =>
      fetch(`${url}/__mock/keys`, {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: '{"key":"mine","state":"full"}',
      }),
  },
  "a request with a guessed token": {
    path: "/__mock/state",
    run: (url) => fetch(`${url}/__mock/state`, { headers: { "x-mock-token": "guess" } }),
  },
  "a path in a spelling that the mock does not know": {
    path: "/%5f%5fmock/%72eset",
    status: 404,
    run: (url) => fetch(`${url}/%5f%5fmock/%72eset`, { method: "POST", mode: "no-cors" }),
  },
  "an XMLHttpRequest": {
    path: "/__mock/reset",
    run: (url) => {
      const request = new XMLHttpRequest();
      request.open("POST", `${url}/__mock/reset`);
      request.send();
    },
  },
  "a beacon": {
    path: "/__mock/clock",
    run: (url) => navigator.sendBeacon(`${url}/__mock/clock`, '{"advanceMs":60000}'),
  },
  "a form": {
    path: "/__mock/reset",
    run: (url) => {
      const frame = document.createElement("iframe");
      frame.name = "target";
      const form = document.createElement("form");
      form.method = "POST";
      form.action = `${url}/__mock/reset`;
      form.target = "target";
      document.body.append(frame, form);
      form.submit();
    },
  },
  "a form that sends JSON as text": {
    path: "/__mock/faults",
    leaves: true,
    run: (url) => {
      const form = document.createElement("form");
      form.method = "POST";
      form.enctype = "text/plain";
      form.action = `${url}/__mock/faults`;
      const field = document.createElement("input");
      field.name = '{"kind":"close","message":"';
      field.value = '"}';
      form.append(field);
      document.body.append(form);
      form.submit();
    },
  },
  "the ping of a link": {
    path: "/__mock/reset",
    run: (url) => {
      const link = document.createElement("a");
      link.href = "#";
      link.ping = `${url}/__mock/reset`;
      document.body.append(link);
      link.click();
    },
  },
  "an image": {
    path: "/__mock/requests",
    run: (url) => (new Image().src = `${url}/__mock/requests`),
  },
  "a script": {
    path: "/__mock/requests",
    run: (url) => {
      const script = document.createElement("script");
      script.src = `${url}/__mock/requests`;
      document.head.append(script);
    },
  },
  "a module": {
    path: "/__mock/state",
    run: (url) => void import(`${url}/__mock/state`).catch(() => {}),
  },
  "a style sheet": {
    path: "/__mock/state",
    run: (url) => {
      const link = document.createElement("link");
      link.rel = "stylesheet";
      link.href = `${url}/__mock/state`;
      document.head.append(link);
    },
  },
  "a frame": {
    path: "/__mock/requests",
    run: (url) => {
      const frame = document.createElement("iframe");
      frame.src = `${url}/__mock/requests`;
      document.body.append(frame);
    },
  },
  "a frame without an origin": {
    path: "/__mock/reset",
    run: (url) => {
      const frame = document.createElement("iframe");
      frame.sandbox = "allow-scripts";
      frame.srcdoc = `<script>fetch("${url}/__mock/reset", { method: "POST", mode: "no-cors" })</script>`;
      document.body.append(frame);
    },
  },
  "a worker": {
    path: "/__mock/reset",
    run: (url) => {
      const text = `fetch("${url}/__mock/reset", { method: "POST", mode: "no-cors" })`;
      new Worker(URL.createObjectURL(new Blob([text])));
    },
  },
  "an event source": {
    path: "/__mock/events",
    run: (url) => void new EventSource(`${url}/__mock/events`),
  },
  "a WebSocket": {
    path: "/__mock/events",
    run: (url) => void new WebSocket(`${url.replace("http", "ws")}/__mock/events`),
  },
  "a new window": {
    path: "/__mock/state",
    leaves: true,
    run: (url) => void window.open(`${url}/__mock/state`),
  },
  "a navigation": {
    path: "/__mock/state",
    leaves: true,
    run: (url) => void (location.href = `${url}/__mock/state`),
  },
};

/** An attack for a site, whose server sends the browser on. */
const REDIRECT = {
  "a form that a redirect sends on": {
    path: "/__mock/reset",
    leaves: true,
    run: () => {
      const form = document.createElement("form");
      form.method = "POST";
      form.action = "/redirect";
      document.body.append(form);
      form.submit();
    },
  },
};

const TOKEN = "s3cret";

/** Returns what the control API could have changed. The journal also has the icons that a browser asks for. */
async function everything(port) {
  const headers = { "x-mock-token": TOKEN };
  const parts = ["state", "faults", "requests?operation=create", "clock", "limits", "replies", "pace"];
  const answers = parts.map((part) => program(port, "GET", `/__mock/${part}`, { headers }));
  return (await Promise.all(answers)).map(({ status, body }) => {
    assert.equal(status, 200);
    return body;
  });
}

/** Starts a mock that has something to lose, and a relay in front of it. */
async function start(t, ...options) {
  const mock = await startMock(t, "--fault", "latency=0,on=create", ...options);
  const headers = { authorization: "Bearer test-key" };
  const created = await program(mock.port, "POST", "/v1/agents", { headers, body: '{"name":"Ledger"}' });
  assert.equal(created.status, 201);
  const relay = await startRelay(t, mock);
  return { mock, relay };
}

/** Runs each attack in a page. Returns those that the mock did not reject. */
async function run(attacks, page, url, relay) {
  const successful = [];
  let context, tab;
  for (const [name, { path, run, status = 403, leaves }] of Object.entries(attacks)) {
    if (!context) {
      context = await browser.newContext();
      tab = await context.newPage();
      await tab.goto(page);
    }
    relay.exchanges.length = 0;
    // Most attacks fail in the page too, and a navigation ends it.
    await tab.evaluate(run, url).catch(() => {});
    const arrived = await until(() => relay.exchanges.some((exchange) => exchange.path === path));
    assert.ok(arrived, `${name} did not reach the mock`);
    const accepted = relay.exchanges.filter((exchange) => exchange.path === path && exchange.status !== status);
    if (accepted.length) successful.push(`${name}: ${accepted[0].status}`);
    if (leaves) {
      await context.close();
      context = undefined;
    }
  }
  await context?.close();
  return successful;
}

/** Pages that must not use the mock behind the relay, each with the URL at which it finds the mock. */
const ELSEWHERE = {
  "another port": (site, relay) => [`http://127.0.0.1:${site}/`, `http://127.0.0.1:${relay}`],
  "another name of this machine": (site, relay) => [`http://localhost:${site}/`, `http://127.0.0.1:${relay}`],
  "another site": (site, relay) => [`http://site.example:${site}/`, `http://127.0.0.1:${relay}`],
  "a name that was rebound": (_, relay) => [`http://${REBOUND}:${relay}/page`, `http://${REBOUND}:${relay}`],
};

for (const [options, places] of [
  [[], Object.keys(ELSEWHERE)],
  [["--control-token", TOKEN], ["another port", "a name that was rebound"]],
  [["--cors-origin", "*"], ["another port"]],
]) {
  for (const place of places) {
    const mocks = ["a mock", ...options.slice(0, 1)].join(" with ");
    test(`a page from ${place} can neither change nor read ${mocks}`, async (t) => {
      const { mock, relay } = await start(t, ...options);
      const redirects = { "/redirect": `http://127.0.0.1:${relay.port}/__mock/reset` };
      const site = await startSite(t, { redirects });
      const [page, url] = ELSEWHERE[place](site.port, relay.port);
      const attacks = url.includes(REBOUND) ? ATTACKS : { ...ATTACKS, ...REDIRECT };
      const before = await everything(mock.port);
      assert.deepEqual(await run(attacks, page, url, relay), []);
      assert.deepEqual(await everything(mock.port), before);
    });
  }
}

/** Sends a request from a page. Returns the status, or "blocked" if the browser hides the response. */
function ask([url, method, headers]) {
  return fetch(url, { method, headers }).then(
    (response) => response.status,
    () => "blocked",
  );
}

test("a page of the mock's own origin can use the control API", async (t) => {
  const { mock, relay } = await start(t, "--allow-host", REBOUND);
  for (const host of ["127.0.0.1", "localhost", REBOUND]) {
    const tab = await browser.newPage();
    const url = `http://${host}:${relay.port}`;
    await tab.goto(`${url}/page`);
    for (const [method, path] of [
      ["GET", "/__mock/state"],
      ["DELETE", "/__mock/faults"],
      ["POST", "/__mock/reset"],
    ]) {
      assert.ok((await tab.evaluate(ask, [url + path, method, {}])) < 300, `${method} ${path} at ${host}`);
    }
    const typed = await tab.goto(`${url}/__mock/requests`);
    assert.equal(typed.status(), 200, `the address bar at ${host}`);
    await tab.close();
  }
});

test("a page of the mock's own origin needs the control token", async (t) => {
  const { mock, relay } = await start(t, "--control-token", TOKEN);
  const tab = await browser.newPage();
  const url = `http://localhost:${relay.port}`;
  await tab.goto(`${url}/page`);
  for (const [headers, status] of [
    [{}, 401],
    [{ "x-mock-token": "wrong" }, 401],
    [{ "x-mock-token": TOKEN }, 200],
  ]) {
    assert.equal(await tab.evaluate(ask, [`${url}/__mock/state`, "GET", headers]), status);
  }
  await tab.close();
});

test("programs without the headers of a browser notice nothing", async (t) => {
  const { mock, relay } = await start(t);
  for (const [method, path, body] of [
    ["GET", "/__mock/state"],
    ["POST", "/__mock/faults", '{"kind":"close"}'],
    ["DELETE", "/__mock/faults"],
    ["POST", "/__mock/clock", '{"advanceMs":1}'],
    ["POST", "/__mock/reset"],
  ]) {
    const { status } = await program(mock.port, method, path, { body });
    assert.ok(status < 300, `${method} ${path}: ${status}`);
  }
});

/** Calls every kind of operation from a page, and returns what its script can read. */
async function useTheApi(url) {
  const headers = { authorization: "Bearer test-key", "content-type": "application/json" };
  const call = async (method, path, body) => {
    const response = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
    const text = await response.text();
    return { status: response.status, text, headers: Object.fromEntries(response.headers) };
  };
  const created = await call("POST", "/v1/agents", { name: "Harbour Pilot" });
  const path = `/v1/agents/${JSON.parse(created.text).data.id}`;
  const results = {
    create: created,
    list: await call("GET", "/v1/agents?limit=1"),
    get: await call("GET", path),
    update: await call("PATCH", path, { bio: ["Brings ships in"] }),
    message: await call("POST", `${path}/messages`, { text: "Hello" }),
    delete: await call("DELETE", path),
    missing: await call("GET", path),
    description: await call("GET", "/openapi.json"),
  };
  headers.authorization = "Bearer wrong";
  results.unauthorized = await call("GET", "/v1/agents");
  return results;
}

/** Reads a stream in a page, event by event. */
async function stream([url, id]) {
  const response = await fetch(`${url}/v1/agents/${id}/messages/stream`, {
    method: "POST",
    headers: { authorization: "Bearer test-key", "content-type": "application/json" },
    body: JSON.stringify({ text: "When does the tide turn?" }),
  });
  let text = "";
  const decoder = new TextDecoder();
  for (const reader = response.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += decoder.decode(value, { stream: true });
  }
}

test("pages of an allowed origin can call the API and read its headers", async (t) => {
  const site = await startSite(t);
  const origin = `http://localhost:${site.port}`;
  const mock = await startMock(t, "--cors-origin", origin, "--tier", "pro");
  const tab = await browser.newPage();
  await tab.goto(origin);

  const results = await tab.evaluate(useTheApi, mock.url);
  const statuses = Object.fromEntries(Object.entries(results).map(([name, { status }]) => [name, status]));
  assert.deepEqual(statuses, {
    create: 201,
    list: 200,
    get: 200,
    update: 200,
    message: 200,
    delete: 200,
    missing: 404,
    description: 200,
    unauthorized: 401,
  });
  for (const [name, { headers }] of Object.entries(results)) {
    if (name === "description") continue;
    assert.ok(headers["x-request-id"], name);
    if (name === "unauthorized") continue;
    for (const header of ["limit", "remaining", "reset"]) {
      assert.ok(headers[`x-ratelimit-${header}`], `${name}: ${header}`);
    }
  }

  const headers = { authorization: "Bearer test-key" };
  const body = '{"name":"Ledger"}';
  const { body: ledger } = await program(mock.port, "POST", "/v1/agents", { headers, body });
  const events = await tab.evaluate(stream, [mock.url, ledger.data.id]);
  assert.match(events, /"type":"token".*"type":"done"/s);

  await program(mock.port, "POST", "/__mock/faults", { body: '{"kind":"rate_limit","retryAfter":7}' });
  const limited = await tab.evaluate(async (url) => {
    const response = await fetch(`${url}/v1/agents`, { headers: { authorization: "Bearer test-key" } });
    return [response.status, response.headers.get("retry-after"), response.headers.get("x-mock-fault")];
  }, mock.url);
  assert.deepEqual(limited, [429, "7", "rate_limit"]);
  await tab.close();
});

test("other pages cannot call the API, and no page of an allowed origin the control API", async (t) => {
  const site = await startSite(t);
  const allowed = `http://localhost:${site.port}`;
  const other = `http://127.0.0.1:${site.port}`;
  const key = { authorization: "Bearer test-key" };
  for (const [options, page, path, expected] of [
    [[], allowed, "/v1/agents", "blocked"],
    [["--cors-origin", allowed], allowed, "/v1/agents", 200],
    [["--cors-origin", allowed], other, "/v1/agents", "blocked"],
    [["--cors-origin", allowed], allowed, "/__mock/state", "blocked"],
    [["--cors-origin", "*"], other, "/v1/agents", 200],
    [["--cors-origin", "*"], other, "/__mock/state", "blocked"],
    [["--cors-origin", "*"], other, "/openapi.json", 200],
  ]) {
    const mock = await startMock(t, ...options);
    const tab = await browser.newPage();
    await tab.goto(page);
    const seen = await tab.evaluate(ask, [mock.url + path, "GET", key]);
    assert.equal(seen, expected, `${path} from ${page} with ${options}`);
    await tab.close();
  }
});
