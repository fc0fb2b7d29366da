// Requests to the mock. The control token and the key are kept in memory only.

import { ask } from "./dom.js";

/** What every request needs. */
export const session = { token: null, account: null, key: "test-key", isolated: false };

const root = new URL("..", import.meta.url);

/** The URL of a path of the API, such as `/v1/agents`. */
export const apiUrl = path => new URL(`..${path}`, root).href;

let asking = null;
function askForToken() {
  asking ??= ask({
    title: "Control token",
    text: "The mock was started with --control-token. The token is kept in memory until this page is closed.",
    label: "Token",
    ok: "Use",
  }).then(token => {
    asking = null;
    session.token = token;
    return token !== null;
  });
  return asking;
}

/** Sends a control request and returns the response. Asks for the token if it is missing or wrong. */
async function request(path, options = {}) {
  const headers = { ...options.headers };
  if (session.token !== null) headers["X-Mock-Token"] = session.token;
  if (session.account !== null) headers["X-Mock-Account"] = session.account;
  const sent = session.token;
  const response = await fetch(new URL(path, root), { ...options, headers, cache: "no-store" });
  const canRetry = response.status === 401 && !options.signal?.aborted;
  if (canRetry && (session.token !== sent || await askForToken())) return request(path, options);
  return response;
}

/** An error of the control API, with its body. */
export class Refused extends Error {
  constructor(status, body) {
    super(body?.error ?? `The mock responded with status ${status}.`);
    this.status = status;
    this.body = body;
  }
}

/** Sends a control request and returns its JSON. */
export const control = async (method, path, json) => JSON.parse(await controlText(method, path, json));

/** Sends a control request and returns its JSON as text, in which numbers keep all of their digits. */
export async function controlText(method, path, json) {
  const options = { method };
  if (json !== undefined) {
    options.body = typeof json === "string" ? json : JSON.stringify(json);
    options.headers = { "Content-Type": "application/json" };
  }
  const response = await request(path, options);
  if (!response.ok) throw new Refused(response.status, await response.json().catch(() => null));
  return response.text();
}

/** Sends a request to the API itself, as a client would. */
export const api = (method, path, json, signal) =>
  fetch(apiUrl(path), {
    method,
    signal,
    headers: { Authorization: `Bearer ${session.key}`, "Content-Type": "application/json" },
    body: JSON.stringify(json),
  });

/** Yields the events of a stream as `[name, data]`. */
export async function* events(response) {
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text = (text + decoder.decode(value, { stream: true })).replaceAll("\r\n", "\n");
    const blocks = text.split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const lines = block.split("\n");
      const field = name => lines.filter(line => line.startsWith(`${name}:`))
        .map(line => line.slice(name.length + 1).replace(/^ /, "")).join("\n");
      const data = field("data");
      if (data) yield [field("event") || "message", data];
    }
  }
}

let watching = new AbortController();

/** Starts to watch anew, for example another account. */
export const watchAgain = () => watching.abort();

/** Watches what happens, forever. `say` hears about the connection, `hear` gets each event. */
export async function watch(say, hear) {
  for (let pause = 250; ; pause = Math.min(pause * 2, 5000)) {
    watching = new AbortController();
    try {
      const response = await request("events", { signal: watching.signal });
      if (!response.ok) {
        const body = await response.json().catch(() => null);
        throw new Refused(response.status, body);
      }
      hear("connected", null);
      say("live");
      for await (const [name, data] of events(response)) {
        hear(name, JSON.parse(data));
        pause = 250;
      }
    } catch (error) {
      if (watching.signal.aborted) {
        pause = 125;
        continue;
      }
      say(error instanceof Refused ? "refused" : "lost", error.message);
    }
    await new Promise(resolve => setTimeout(resolve, pause));
  }
}
