"use strict";

const http = require("node:http");
const https = require("node:https");
const { MockServerError } = require("./error.js");

/**
 * The control API at one address. It uses node:http instead of fetch, which test environments replace.
 */
class Control {
  #url;
  #headers;
  #verify;

  constructor(baseUrl, apiKey, token, verify = true) {
    this.#verify = verify;
    try {
      this.#url = new URL(baseUrl);
    } catch {
      throw new MockServerError(`invalid base URL: expected one such as http://127.0.0.1:3000/v1, got ${baseUrl}`);
    }
    // With isolated keys, the key selects the account.
    this.#headers = { authorization: `Bearer ${apiKey}` };
    if (token !== undefined) this.#headers["x-mock-token"] = token;
  }

  /** Sends a request and resolves to the JSON of its response. */
  async send(method, path, body) {
    const { status, answer } = await this.exchange(method, path, body);
    if (status >= 400) throw new MockServerError(`${method} /__mock/${path}: ${errorOf(answer)}`);
    return answer;
  }

  /** Sends a request and resolves to the status and the JSON of its response. */
  exchange(method, path, body) {
    const content = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers = { ...this.#headers };
    if (content) {
      headers["content-type"] = "application/json";
      headers["content-length"] = content.length;
    }
    const target = new URL(`/__mock/${path}`, this.#url);
    return new Promise((resolve, reject) => {
      const { request: send } = target.protocol === "https:" ? https : http;
      const options = { method, headers, agent: false, rejectUnauthorized: this.#verify };
      const request = send(target, options, (response) => {
        const parts = [];
        response.on("data", (part) => parts.push(part));
        response.on("error", reject);
        response.on("end", () => {
          try {
            resolve({ status: response.statusCode, answer: JSON.parse(Buffer.concat(parts).toString()) });
          } catch {
            const got = `got status ${response.statusCode}`;
            reject(new MockServerError(`${method} ${target.pathname}: expected JSON from a mock's control API, ${got}`));
          }
        });
      });
      request.on("error", reject);
      request.end(content);
    });
  }
}

/** The text of an error response. */
function errorOf(answer) {
  return typeof answer?.error === "string" ? answer.error : JSON.stringify(answer);
}

module.exports = { Control, errorOf };
