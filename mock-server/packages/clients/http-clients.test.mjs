// An agent's whole life with the HTTP clients that JavaScript programs use.
import { test } from "node:test";
import axios from "axios";
import { EventSource } from "eventsource";
import { start } from "orionos-mock-server";
import { eventsOf, wholeLife } from "./life.mjs";

function withFetch(mock) {
  const headers = { Authorization: `Bearer ${mock.apiKey}`, "Content-Type": "application/json" };
  const request = (method, path, body) =>
    fetch(mock.baseUrl + path, { method, headers, body: body && JSON.stringify(body) });
  return {
    send: async (method, path, body) => {
      const response = await request(method, path, body);
      return { status: response.status, body: await response.json() };
    },
    stream: async (path, body) => eventsOf((await request("POST", path, body)).body),
  };
}

function withAxios(mock) {
  const orion = axios.create({
    baseURL: mock.baseUrl,
    headers: { Authorization: `Bearer ${mock.apiKey}` },
    validateStatus: () => true,
    proxy: false,
  });
  return {
    send: async (method, path, data) => {
      const response = await orion.request({ method, url: path, data });
      return { status: response.status, body: response.data };
    },
    stream: async (path, data) => eventsOf((await orion.post(path, data, { responseType: "stream" })).data),
  };
}

/** EventSource sends GET requests without a body, unless its fetch is replaced. */
function withEventSource(mock) {
  const stream = (path, body) =>
    new Promise((resolve, reject) => {
      const events = [];
      const source = new EventSource(mock.baseUrl + path, {
        fetch: (url, init) =>
          fetch(url, {
            ...init,
            method: "POST",
            headers: { ...init.headers, Authorization: `Bearer ${mock.apiKey}`, "Content-Type": "application/json" },
            body: JSON.stringify(body),
          }),
      });
      source.addEventListener("error", (error) => {
        source.close();
        reject(error);
      });
      source.addEventListener("message", ({ data }) => {
        events.push(JSON.parse(data));
        if (events.at(-1).type !== "done") return;
        // It would send the message again.
        source.close();
        resolve(events);
      });
    });
  return { ...withFetch(mock), stream };
}

for (const client of [withFetch, withAxios, withEventSource]) {
  test(`an agent's whole life, ${client.name}`, async () => {
    const mock = await start();
    try {
      await wholeLife(mock, client(mock));
    } finally {
      await mock.stop();
    }
  });
}
