// One request: what arrived, what was sent, and what one can take along.

import { $, body, duration, el, notify, oneLine, statusClass } from "./dom.js";
import { control } from "./api.js";
import { curl, rustTest } from "./export.js";
import { expect } from "./verify.js";

let latest = 0;

export function clear() {
  latest += 1;
  $("details").replaceChildren(el("p", { class: "empty" }, "Choose a request to see its headers and bodies."));
}

/** Shows a request of the list. */
export async function show(row) {
  const mine = (latest += 1);
  let request;
  try {
    request = await control("GET", `requests/${row.sequence}`);
  } catch (error) {
    if (mine === latest) $("details").replaceChildren(el("p", { class: "empty" }, error.message));
    return;
  }
  if (mine !== latest) return;
  const response = request.response;
  $("details").replaceChildren(
    el("h2", {}, `#${request.sequence} `, el("span", { class: "method" }, request.method), " ",
      el("span", { class: "path" }, oneLine(row.path.slice(0, 2000)))),
    el("dl", { class: "facts" },
      ...fact("Status", el("span", { class: `status ${statusClass(row)}` }, request.status ?? (request.durationMs === null ? "not yet" : "no response"))),
      ...fact("Operation", request.operation),
      ...(request.agentId ? fact("Agent", oneLine(request.agentId)) : []),
      ...(request.fault ? fact("Fault", el("span", { class: "chip" }, request.fault)) : []),
      ...fact("Arrived", oneLine(request.time.replace("T", " ").replace(/(\.\d{3})\d*/, "$1"))),
      ...fact("Took", duration(request.durationMs)),
      ...(request.clientLeft ? fact("End", "the client left before the end of the response") : [])),
    el("p", { class: "actions" },
      el("button", { type: "button", onclick: () => copy("the cURL command", curl(request)) }, "Copy as cURL"),
      el("button", { type: "button", onclick: () => copyTest(request) }, "Copy as Rust test"),
      el("button", { type: "button", onclick: () => expect(request) }, "Expect this")),
    ...part("Request", request.headers, request.bodyText),
    ...(response ? part("Response", response.headers, response.bodyText, response.bodyLength) : []),
  );
}

const fact = (name, value) => [el("div", {}, el("dt", {}, name), el("dd", {}, value))];

function part(name, headers, text, length) {
  return [
    el("h3", {}, `${name} headers`),
    el("table", {}, el("tbody", {}, ...headers.map(([name, value]) =>
      el("tr", {}, el("th", { scope: "row" }, oneLine(name)), el("td", {}, oneLine(value)))))),
    el("h3", {}, `${name} body`),
    ...(text ? body(text, length) : [el("p", { class: "quiet" }, "Empty")]),
  ];
}

async function copy(what, text) {
  try {
    await navigator.clipboard.writeText(text);
    notify(`Copied ${what}.`);
  } catch {
    // Without a secure context there is no clipboard, so the text is shown to be copied by hand.
    const field = el("textarea", { class: "copy", rows: 10, readonly: true, "aria-label": what });
    field.value = text;
    $("details").querySelector(".copy")?.remove();
    $("details").querySelector(".actions").after(field);
    field.select();
  }
}

function copyTest(request) {
  const test = rustTest(request);
  if (test === null) notify("The client cannot send this request: its body is not JSON.");
  else copy("the Rust test", test);
}

clear();
