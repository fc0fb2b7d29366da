// The list of requests. Only the rows that can be seen are in the document.

import { $, counted, duration, el, notify, oneLine, save, statusClass, timeOfDay } from "./dom.js";
import { control } from "./api.js";
import { har } from "./export.js";
import * as details from "./details.js";

const OPERATIONS = ["create", "list", "get", "update", "delete", "send_message", "stream_message", "health", "unknown"];
$("filter-operation").append(...OPERATIONS.map(name => el("option", {}, name)));

/** The requests of the journal, oldest first, without gaps in their sequence. */
let journal = [];
let restarts = 0;
let missed = 0;
/** What the list shows, newest first. While it is paused, the journal goes on without it. */
let shown = [];
let isPaused = false;
let selected = null;
let drawing = false;
/** The sequences that contain the text, and up to which one the mock was asked. */
let found = { text: "", sequences: new Set(), upTo: 0 };

const list = $("list");
const rows = $("rows");
const rowHeight = () => (matchMedia("(max-width: 40rem)").matches ? 52 : 30);

/** Forgets everything, because the events start anew. */
export function restart() {
  journal = [];
  missed = 0;
  found.upTo = 0;
  found.sequences.clear();
  refresh();
}

export function hear(news) {
  if (news.restarts !== restarts) {
    restarts = news.restarts;
    restart();
    selected = null;
    details.clear();
  }
  missed += news.missed;
  const gone = journal.findIndex(row => row.sequence >= news.first);
  journal.splice(0, gone < 0 ? journal.length : gone);
  for (const row of news.requests) {
    if (row.sequence < news.first) continue;
    const index = journal.length ? row.sequence - journal[0].sequence : 0;
    journal[index] = row;
    if (row.sequence === selected && !isPaused) details.show(row);
  }
  refresh();
}

function refresh() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    if (!isPaused) {
      filter();
      search();
    }
    count();
    draw();
  });
}

function filter() {
  const operation = $("filter-operation").value;
  const status = $("filter-status").value;
  const agent = $("filter-agent").value.trim();
  const text = $("filter-text").value;
  const first = shown[0]?.sequence ?? 0;
  shown = journal.filter(row =>
    (!operation || row.operation === operation) &&
    (!status || (status === "none" ? row.status === null : String(row.status ?? "").startsWith(status))) &&
    (!agent || row.agentId?.includes(agent)) &&
    (!text || (found.text === text && found.sequences.has(row.sequence)))).reverse();
  // Whoever has scrolled down keeps looking at the same requests.
  if (list.scrollTop > 0) {
    const added = shown.findIndex(row => row.sequence <= first);
    if (added > 0) {
      rows.style.height = `${shown.length * rowHeight()}px`;
      list.scrollTop += added * rowHeight();
    }
  }
}

let searching = false;
/** Asks the mock which requests contain the text, because the list has no bodies. */
async function search() {
  const text = $("filter-text").value;
  if (text !== found.text) found = { text, sequences: new Set(), upTo: 0 };
  const complete = journal.findLast(row => row.durationMs !== null)?.sequence ?? 0;
  if (!text || searching || found.upTo >= complete) return;
  searching = true;
  try {
    const { sequences } = await control("GET", `requests/search?text=${encodeURIComponent(text)}&after=${found.upTo}`);
    if (found.text === text) {
      sequences.forEach(sequence => found.sequences.add(sequence));
      // A response that is still open may get the text later.
      const open = journal.find(row => row.durationMs === null && row.sequence > found.upTo)?.sequence ?? Infinity;
      found.upTo = Math.min(complete, open - 1);
    }
  } catch (error) {
    notify(error.message);
    found.upTo = complete;
  }
  searching = false;
  setTimeout(refresh, found.text === $("filter-text").value ? 250 : 0);
}

function count() {
  const newer = journal.length ? journal.at(-1).sequence : 0;
  const waiting = isPaused ? journal.filter(row => row.sequence > (pausedAt ?? 0)).length : 0;
  const parts = [shown.length === journal.length
    ? counted(shown.length, "request") : `${shown.length} of ${counted(journal.length, "request")}`];
  if (waiting) parts.push(`${waiting} new while paused`);
  if (missed) parts.push(`${missed} older ones are no longer in the journal`);
  $("count").textContent = parts.join(" · ");
  $("empty").hidden = shown.length > 0;
  $("empty").textContent = newer === 0
    ? "No request yet. Send one to the mock, and it appears here." : "No request matches the filters.";
}

function draw() {
  const height = rowHeight();
  rows.style.height = `${shown.length * height}px`;
  const start = Math.max(0, Math.floor(list.scrollTop / height) - 5);
  const end = Math.min(shown.length, Math.ceil((list.scrollTop + list.clientHeight) / height) + 5);
  const present = new Map([...rows.children].map(element => [element.id, element]));
  const visible = [];
  for (let index = start; index < end; index += 1) {
    const row = shown[index];
    const id = `row-${row.sequence}`;
    let element = present.get(id);
    if (element?.row !== row) element = render(row, id);
    element.style.transform = `translateY(${index * height}px)`;
    element.setAttribute("aria-posinset", index + 1);
    element.setAttribute("aria-setsize", shown.length);
    element.setAttribute("aria-selected", row.sequence === selected);
    visible.push(element);
  }
  const isSame = visible.length === rows.children.length && visible.every((element, index) => rows.children[index] === element);
  if (!isSame) rows.replaceChildren(...visible);
  if ($(`row-${selected}`)) list.setAttribute("aria-activedescendant", `row-${selected}`);
  else list.removeAttribute("aria-activedescendant");
}

function render(row, id) {
  const element = el("div", { id, role: "option", class: "request", onclick: () => select(row) },
    el("span", { class: "sequence" }, `#${row.sequence}`),
    el("span", { class: `status ${statusClass(row)}` }, row.status ?? (row.durationMs === null ? "…" : "none")),
    el("span", { class: "method" }, row.method),
    el("span", { class: "what" },
      el("span", { class: "path" }, oneLine(row.path.slice(0, 400))),
      row.fault ? el("span", { class: "chip" }, row.fault) : null,
      row.clientLeft ? el("span", { class: "chip" }, "client left") : null),
    el("span", { class: "operation" }, row.operation),
    el("span", { class: "duration" }, duration(row.durationMs)),
    el("span", { class: "time" }, timeOfDay(row.time)));
  element.row = row;
  return element;
}

function select(row) {
  selected = row.sequence;
  const index = shown.indexOf(row);
  const height = rowHeight();
  if (index * height < list.scrollTop) list.scrollTop = index * height;
  else if ((index + 1) * height > list.scrollTop + list.clientHeight) list.scrollTop = (index + 1) * height - list.clientHeight;
  draw();
  details.show(row);
}

addEventListener("open-request", ({ detail: sequence }) => {
  for (const id of ["filter-operation", "filter-status", "filter-agent", "filter-text"]) $(id).value = "";
  location.hash = "#requests";
  setTimeout(() => {
    filter();
    const row = shown.find(row => row.sequence === sequence);
    if (row) select(row);
    else notify(`The journal no longer has request ${sequence}.`);
    list.focus();
  });
});

list.addEventListener("keydown", event => {
  const at = shown.findIndex(row => row.sequence === selected);
  const page = Math.max(1, Math.floor(list.clientHeight / rowHeight()) - 1);
  const target = {
    ArrowDown: at + 1, ArrowUp: Math.max(at - 1, 0), PageDown: at + page, PageUp: Math.max(at - page, 0), Home: 0, End: shown.length - 1,
  }[event.key];
  if (event.key === "Enter" && at >= 0) $("details").focus();
  if (target === undefined || shown.length === 0) return;
  event.preventDefault();
  select(shown[Math.min(target, shown.length - 1)]);
});
list.addEventListener("scroll", draw, { passive: true });
addEventListener("resize", draw);

let pausedAt = null;
$("pause").addEventListener("click", () => {
  isPaused = !isPaused;
  pausedAt = isPaused ? journal.at(-1)?.sequence ?? 0 : null;
  $("pause").setAttribute("aria-pressed", isPaused);
  $("pause").textContent = isPaused ? "Resume" : "Pause";
  refresh();
});
$("clear").addEventListener("click", () => control("DELETE", "requests").then(details.clear));
$("har").addEventListener("click", async () => {
  const { requests } = await control("GET", "requests?exact=true");
  save("orionos-mock.har", "application/json", JSON.stringify(har(requests), null, 2));
});
const form = document.querySelector("#requests form");
form.addEventListener("submit", event => event.preventDefault());
form.addEventListener("input", () => {
  found.upTo = 0;
  filter();
  list.scrollTop = 0;
  search();
  count();
  draw();
});

/** The view has become visible, so it has a height. */
export { draw as shown };
