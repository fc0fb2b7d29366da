// Compares what was expected with what arrived.

import { $, el, oneLine, openRequest } from "./dom.js";
import { control } from "./api.js";

const EXAMPLES = {
  "Choose…": null,
  "One agent with this name was created": { request: { operation: "create", body: { name: "Ledger" } }, count: 1 },
  "A message was sent at least once": { request: { operation: "send_message", body: { text: "Hello" } }, atLeast: 1 },
  "Nothing was deleted": { request: { operation: "delete" }, count: 0 },
  "At most two requests ran into the rate limit": { request: { status: 429 }, atMost: 2 },
  "A fault was applied": { request: { fault: "status" }, atLeast: 1 },
};
const text = expectation => JSON.stringify(expectation, null, 2);

$("example").append(...Object.keys(EXAMPLES).map(name => el("option", {}, name)));
$("example").addEventListener("change", event => {
  const example = EXAMPLES[event.target.value];
  if (example) $("expectation").value = text(example);
});
$("expectation").value = text(EXAMPLES["One agent with this name was created"]);

$("expectation-form").addEventListener("submit", event => {
  event.preventDefault();
  check();
});

/** Makes an expectation of a request, to change it and to check it. */
export function expect(request) {
  const { operation, agentId, status } = request;
  let body;
  try {
    body = JSON.parse(request.bodyText);
  } catch {
    body = undefined;
  }
  $("expectation").value = text({ request: { operation, agentId: agentId ?? undefined, body, status: status ?? undefined }, count: 1 });
  location.hash = "#verify";
  $("expectation").focus();
}

async function check() {
  const verdict = $("verdict");
  let result;
  try {
    const { count } = await control("POST", "requests/verify", read($("expectation").value));
    result = [el("h2", { class: "good" }, "As expected"), el("p", {}, `${count} ${count === 1 ? "request matches" : "requests match"}.`)];
  } catch (error) {
    result = error.status === 409 ? explain(error.body) : [el("h2", { class: "failed" }, "This is not an expectation"), el("p", {}, oneLine(error.message))];
  }
  verdict.replaceChildren(...result);
  verdict.scrollIntoView({ block: "nearest" });
}

function explain({ error, nearest }) {
  const summary = error.split("\n")[0];
  return [
    el("h2", { class: "failed" }, "Something else arrived"),
    el("p", {}, oneLine(summary)),
    ...nearest.map(({ sequence, differences }, index) => el("section", { class: "nearest" },
      el("h3", {}, index === 0 ? "Nearest: " : "", el("button", { type: "button", class: "link", onclick: () => openRequest(sequence) }, `request #${sequence}`)),
      differences.length === 0
        ? el("p", { class: "quiet" }, "It matches.")
        : el("table", { class: "differences" },
          el("thead", {}, el("tr", {}, ...["Field", "Expected", "Found"].map(name => el("th", { scope: "col" }, name)))),
          el("tbody", {}, ...differences.map(({ field, expected, found }) => el("tr", {},
            el("th", { scope: "row" }, oneLine(field)),
            el("td", {}, el("ins", {}, oneLine(expected.slice(0, 2000)))),
            el("td", {}, el("mark", {}, oneLine(found.slice(0, 2000)))))))))),
  ];
}

const COUNT = /expected (?:(?<exact>\d+)|at least (?<least>\d+)|at most (?<most>\d+)|(?<from>\d+) to (?<to>\d+)) of: (?<pattern>.*?); found/s;
const OPERATION = /^(create|list|get|update|delete|send_message|stream_message|health|unknown)$/;

/** Reads a body of a verification, or the message of an assertion that failed. */
export function read(text) {
  const match = COUNT.exec(text);
  if (!match) return text;
  const { exact, least, most, from, to, pattern } = match.groups;
  const request = {};
  const body = / ?body=(\{.*\}|\[.*\]|"(?:[^"\\]|\\.)*"|[^ ]+)/s.exec(pattern);
  if (body) request.body = JSON.parse(body[1]);
  const rest = body ? pattern.replace(body[0], "") : pattern;
  if (rest.trim() !== "any request") {
    for (const [, name, value] of rest.matchAll(/header ([^ =]+)=(\S*)/g)) (request.headers ??= {})[name] = value;
    for (const word of rest.replace(/header [^ =]+=\S*/g, "").split(" ").filter(Boolean)) {
      const [name, value] = [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)];
      if (OPERATION.test(word)) request.operation = word;
      else if (/^[A-Z]+$/.test(word)) request.method = word;
      else if (word.startsWith("/")) request.path = word;
      else if (name === "agent") request.agentId = value;
      else if (name === "status") request.status = Number(value);
      else if (name === "fault") request.fault = value;
      else if (name.startsWith("query.")) (request.query ??= {})[name.slice(6)] = value;
    }
  }
  const number = digits => (digits === undefined ? undefined : Number(digits));
  return JSON.stringify({ request, count: number(exact), atLeast: number(least ?? from), atMost: number(most ?? to) });
}
