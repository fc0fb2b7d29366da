"use strict";

const { AssertionError } = require("node:assert");
const { Control, errorOf } = require("./control.js");
const { MockServerError } = require("./error.js");
const { Process } = require("./process.js");

/** Starts a mock in a process of its own and waits until it is ready. */
async function start(options = {}) {
  const { apiKey = "test-key", agents = [], faults = [], startTimeout = 10_000 } = options;
  const child = new Process(flags(options), agents);
  const mock = new MockServer(await child.ready(startTimeout), { apiKey, faults, process: child });
  try {
    if (faults.length > 0) await mock.fault(...faults);
  } catch (error) {
    await mock.stop();
    throw error;
  }
  return mock;
}

/** Returns a mock that already runs, for example in a container. `stop` does not end it. */
function connect(baseUrl, { apiKey = "test-key", controlToken } = {}) {
  return new MockServer(baseUrl, { apiKey, controlToken });
}

class MockServer {
  #control;
  #process;
  #faults;

  constructor(baseUrl, { apiKey, controlToken, faults = [], process } = {}) {
    this.baseUrl = baseUrl;
    this.apiKey = apiKey;
    // A mock that this process started makes a certificate authority of its own, which nobody knows.
    this.#control = new Control(baseUrl, apiKey, controlToken, process === undefined);
    this.#faults = faults;
    this.#process = process;
  }

  get url() {
    return new URL(this.baseUrl).origin;
  }

  get environment() {
    return { ORION_BASE_URL: this.baseUrl, ORION_API_KEY: this.apiKey };
  }

  async stop() {
    await this.#process?.stop();
  }

  async [Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]() {
    await this.stop();
  }

  // Faults

  async fault(...faults) {
    const all = faults.map(({ on, agents, ...fault }) => ({
      kind: "status",
      ...fault,
      ...(on === undefined ? {} : { on: [on].flat() }),
      ...(agents === undefined ? {} : { agents: [agents].flat() }),
    }));
    return (await this.#send("POST", "faults", all)).faults.at(-1).id;
  }

  async faults() {
    return (await this.#send("GET", "faults")).faults;
  }

  async removeFault(id) {
    await this.#send("DELETE", `faults/${id}`);
  }

  async clearFaults() {
    await this.#send("DELETE", "faults");
  }

  // Time

  async advance(milliseconds) {
    await this.#send("POST", "clock", { advanceMs: milliseconds });
  }

  async setTime(time) {
    await this.#send("POST", "clock", { now: text(time) });
  }

  async freeze() {
    await this.#send("POST", "clock", { frozen: true });
  }

  async resume() {
    await this.#send("POST", "clock", { frozen: false });
  }

  async now() {
    return new Date((await this.#send("GET", "clock")).now);
  }

  // What arrived

  async requests(filter = {}) {
    const given = Object.entries(filter).filter(([, value]) => value !== undefined);
    const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
    return (await this.#send("GET", given.length > 0 ? `requests?${query}` : "requests")).requests;
  }

  async clearRequests() {
    await this.#send("DELETE", "requests");
  }

  async verify({ count, atLeast, atMost, ...request } = {}) {
    return this.#check(409, "requests/verify", { request, count, atLeast, atMost });
  }

  async waitFor({ count = 1, timeout = 5000, ...request } = {}) {
    return this.#check(408, "requests/wait", { request, count, timeoutMs: timeout });
  }

  // State

  async reset() {
    await this.#send("POST", "reset");
    if (this.#faults.length > 0) await this.fault(...this.#faults);
  }

  async snapshot() {
    return this.#send("GET", "state");
  }

  async restore(snapshot) {
    await this.#send("PUT", "state", snapshot);
  }

  async protect(agentId, reason = "protected by a test") {
    await this.#send("PATCH", `agents/${encodeURIComponent(agentId)}`, { protected: reason });
  }

  async makeUnavailable(agentId, reason = "unavailable in a test") {
    await this.#send("PATCH", `agents/${encodeURIComponent(agentId)}`, { unavailable: reason });
  }

  async setKey(key, state) {
    await this.#send("PUT", "keys", { key, state });
  }

  async setTier(tier) {
    await this.#send("PUT", "tier", { tier });
  }

  async limits() {
    return this.#send("GET", "limits");
  }

  async setLimits(limits) {
    await this.#send("PUT", "limits", limits);
  }

  async replies({ script = [], patterns = [], template = null } = {}) {
    const list = Array.isArray(patterns)
      ? patterns
      : Object.entries(patterns).map(([pattern, reply]) => ({ pattern, template: reply }));
    await this.#send("PUT", "replies", { script, patterns: list, template });
  }

  async tokenPace(milliseconds) {
    await this.#send("PUT", "pace", { tokenPaceMs: milliseconds });
  }

  // How it is asked

  async #send(method, path, body) {
    try {
      return await this.#control.send(method, path, body);
    } catch (error) {
      throw await this.#explain(error);
    }
  }

  /** Sends a check. The status `failure` means that it failed. */
  async #check(failure, path, body) {
    let result;
    try {
      result = await this.#control.exchange("POST", path, body);
    } catch (error) {
      throw await this.#explain(error);
    }
    const { status, answer } = result;
    if (status === failure) throw new AssertionError({ message: errorOf(answer), operator: "verify" });
    if (status >= 400) throw new MockServerError(`POST /__mock/${path}: ${errorOf(answer)}`);
    return answer.count;
  }

  async #explain(error) {
    if (error instanceof MockServerError) return error;
    const ended = await this.#process?.end();
    return new MockServerError(ended ?? `cannot reach the mock at ${this.baseUrl}: ${error.message}`, { cause: error });
  }
}

/** The command-line options of settings. A list repeats its option. */
function flags(options) {
  const given = {
    // With isolated keys, every key is accepted and none is listed.
    "api-key": options.isolateKeys ? undefined : (options.apiKey ?? "test-key"),
    "read-only-key": options.readOnlyKeys,
    "isolate-keys": options.isolateKeys,
    tier: options.tier,
    reply: options.reply,
    latency: options.latency,
    "token-pace": options.tokenPace,
    clock: options.clock,
    "start-time": options.startTime === undefined ? undefined : text(options.startTime),
    seed: options.seed,
    state: options.state,
    "list-key": options.listKey,
    settings: options.settings,
    provider: options.providers,
    "cors-origin": options.corsOrigins,
    port: options.port ?? 0,
  };
  const all = Object.entries(given).flatMap(([name, value]) => {
    if (value === undefined || value === false) return [];
    return value === true ? [`--${name}`] : [value].flat().map((one) => `--${name}=${one}`);
  });
  return [...all, ...(options.arguments ?? [])];
}

function text(time) {
  return time instanceof Date ? time.toISOString() : time;
}

module.exports = { MockServer, MockServerError, start, connect };
