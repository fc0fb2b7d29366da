// What tests in a browser need: a mock, a web site, a relay that shows what reached the mock, and Chromium.
// All of them end with the test. `.ci/checks/browser` sets the variables that this file reads.

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import http from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const { chromium } = createRequire(`${process.env.NODE_FOLDER}/`)("playwright-core");

/** A name that Chromium resolves to this machine, like one whose owner points it here. */
export const REBOUND = "rebound.example";

/** Starts a mock with a frozen clock. */
export async function startMock(t, ...options) {
  const folder = await mkdtemp(join(tmpdir(), "mock-"));
  const ready = join(folder, "url");
  const all = ["--port", "0", "--clock", "frozen", "--ready-file", ready, ...options];
  const child = spawn(process.env.MOCK_PROGRAM, all, { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  t.after(async () => {
    child.kill();
    await ended;
    await rm(folder, { recursive: true });
  });
  let log = "";
  for (const output of [child.stdout, child.stderr]) {
    output.setEncoding("utf8").on("data", (text) => (log += text));
  }
  let base = "";
  while (!base) {
    if (child.exitCode !== null) throw new Error(`the mock did not start: ${log}`);
    base = await readFile(ready, "utf8").catch(() => "");
    await sleep(20);
  }
  const url = base.trim().replace(/\/v1$/, "");
  return { url, port: Number(new URL(url).port), log: () => log };
}

/** Starts a server on a free port of this machine. */
async function listen(t, handler) {
  const server = http.createServer(handler);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { server, port: server.address().port };
}

/**
 * Starts a web site. Every path is an empty page, except those in `redirects`, which map a path to a URL,
 * and those in `files`, which map a path to a script.
 */
export async function startSite(t, { redirects = {}, files = {} } = {}) {
  const { port } = await listen(t, (request, response) => {
    if (redirects[request.url]) {
      response.writeHead(307, { location: redirects[request.url] }).end();
    } else if (files[request.url]) {
      response.writeHead(200, { "content-type": "text/javascript" }).end(files[request.url]);
    } else {
      response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>site</title>");
    }
  });
  return { port };
}

/**
 * Starts a relay in front of the mock. It keeps what passed in `exchanges`, and serves an empty page at
 * `/page`, so that a page can have the same origin as the mock.
 */
export async function startRelay(t, mock) {
  const exchanges = [];
  const forward = (request, answer) => {
    const { method, url: path, rawHeaders: headers } = request;
    const sent = http.request({ host: "127.0.0.1", port: mock.port, method, path, headers, agent: false });
    const done = (status) => exchanges.push({ method, path, status, headers: request.headers });
    sent.on("response", (response) => {
      done(response.statusCode);
      answer(response);
    });
    sent.on("upgrade", (response, socket) => {
      done(response.statusCode);
      socket.destroy();
    });
    sent.on("error", () => request.socket.destroy());
    request.pipe(sent);
  };
  const { server, port } = await listen(t, (request, response) => {
    if (request.url === "/page") {
      response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>page</title>");
      return;
    }
    forward(request, (received) => {
      response.writeHead(received.statusCode, received.rawHeaders);
      received.pipe(response);
    });
  });
  server.on("upgrade", (request, socket) => {
    socket.on("error", () => {});
    forward(request, (received) => {
      socket.end(`HTTP/1.1 ${received.statusCode} ${received.statusMessage}\r\ncontent-length: 0\r\n\r\n`);
    });
  });
  return { port, exchanges };
}

/** Opens a headless Chromium. Names of `.example` lead to this machine. */
export function openBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: ["--host-resolver-rules=MAP *.example 127.0.0.1"],
  });
}

/** Waits until a condition is met, at most 10 seconds. Returns what it returned last. */
export async function until(condition) {
  const end = Date.now() + 10_000;
  let met = await condition();
  while (!met && Date.now() < end) {
    await sleep(20);
    met = await condition();
  }
  return met;
}
