// The clock, rate limits, faults, agents, keys and the state of the mock.

import { $, ask, counted, el, notify, oneLine, save } from "./dom.js";
import { control, controlText, session } from "./api.js";

export function shown() {
  loadFaultForm();
  loadClock();
  loadWindows();
  loadFaults();
  loadAgents();
  $("key").value = session.key;
}

export function changed(names) {
  if (names.has("faults") || names.has("requests")) loadFaults();
  if (names.has("limits") || names.has("clock") || names.has("requests")) loadWindows();
  if (names.has("agents")) loadAgents();
}

// ---- Clock ----

let clock = null;
const now = () => (clock.frozen ? clock.at : clock.at + performance.now() - clock.read);

export async function loadClock() {
  const { now, frozen } = await control("GET", "clock");
  clock = { at: Date.parse(now), frozen, read: performance.now() };
  $("freeze").textContent = frozen ? "Let it run" : "Stop";
  $("freeze").setAttribute("aria-pressed", frozen);
  tick();
}

function tick() {
  if (!clock) return;
  const time = new Date(now());
  const text = Number.isNaN(time.getTime()) ? "—" : time.toISOString().slice(0, 19).replace("T", " ");
  $("time").textContent = clock.frozen ? `${text} · stopped` : text;
  $("clock-now").textContent = `${text} UTC`;
  drawReset();
}
setInterval(tick, 500);

const changeClock = async change => {
  await control("POST", "clock", change);
  await loadClock();
  await loadWindows();
};
$("freeze").addEventListener("click", () => changeClock({ frozen: !clock.frozen }));
for (const button of document.querySelectorAll("[data-advance]")) {
  button.addEventListener("click", () => changeClock({ advanceMs: Number(button.dataset.advance) }));
}
$("set-clock").addEventListener("submit", event => {
  event.preventDefault();
  changeClock({ now: $("clock-time").value.trim() });
});

// ---- Rate limits ----

let resetsAt = null;

async function loadWindows() {
  const { windows, resetsAt: reset } = await control("GET", "windows");
  resetsAt = windows.length ? Date.parse(reset) : null;
  $("windows-reset").textContent = "";
  $("windows").replaceChildren(...windows.map(({ name, agentId, limit, used }) => {
    const left = Math.max(0, limit - used);
    const label = agentId === null ? name : `${name}: ${oneLine(agentId)}`;
    return el("li", {}, el("span", {}, label),
      el("meter", { min: 0, max: limit, low: limit * 0.25, optimum: limit, value: left, "aria-label": `${label}: ${left} of ${limit} left` }),
      el("span", { class: left ? "quiet" : "failed" }, left ? `${left} of ${limit} left` : "used up"));
  }));
  if (windows.length === 0) $("windows").append(el("li", { class: "empty" }, "There is no rate limit."));
  drawReset();
}

function drawReset() {
  if (!clock || resetsAt === null) return;
  const seconds = Math.ceil((resetsAt - now()) / 1000);
  if (seconds <= 0 && !$("steer").hidden) {
    resetsAt = null;
    loadWindows();
  }
  $("windows-reset").textContent = `All windows reset in ${Math.max(0, seconds)} s.`;
}

$("set-tier").addEventListener("click", async () => {
  await control("PUT", "tier", { tier: $("tier").value });
  loadWindows();
});

// ---- Faults ----

const often = times => (times === 1 ? "once" : `${times} times`);

async function loadFaults() {
  const { faults } = await control("GET", "faults");
  $("faults").replaceChildren(...faults.map(({ id, fault, applied }) => {
    const { kind, times, ...rest } = fault;
    const isUsedUp = times !== undefined && applied >= times;
    const facts = Object.entries(rest).filter(([, value]) => value !== 0 && value !== false)
      .map(([name, value]) => `${name} ${typeof value === "object" ? [value].flat().map(item => (typeof item === "string" ? item : JSON.stringify(item))).join(", ") : value}`);
    return el("li", { class: isUsedUp ? "used" : "" },
      el("span", {}, el("span", { class: "chip" }, kind), " ", oneLine(facts.join(" · ").slice(0, 300))),
      el("span", { class: "quiet" }, isUsedUp ? `used up: applied ${often(applied)}` : times === undefined ? `applied ${often(applied)}` : `applied ${applied} of ${times} times`),
      el("button", { type: "button", "aria-label": `Remove the fault ${kind} (${id})`, onclick: () => control("DELETE", `faults/${id}`).then(loadFaults) }, "Remove"));
  }));
  if (faults.length === 0) $("faults").append(el("li", { class: "empty" }, "No fault. Requests succeed unless they are wrong."));
}

/** The kinds of faults and the fields of all kinds, as the mock describes them. */
let schema = null;
/** What a field has at first. */
const START = { status: 503, retryAfter: 5, minMs: 200, maxMs: 500, pauseMs: 50, afterEvents: 1, times: 1 };

async function loadFaultForm() {
  if (schema) return;
  const { components } = await control("GET", "openapi.json");
  const { oneOf, properties } = components.schemas.Fault;
  const operations = components.schemas.Operation;
  schema = {
    kinds: Object.fromEntries(oneOf.map(kind => [kind.properties.kind.const, kind])),
    modifiers: properties,
    operations: (operations.oneOf ?? operations.enum.map(name => ({ const: name }))).map(({ const: name }) => name),
  };
  $("fault-kind").replaceChildren(...Object.keys(schema.kinds).map(kind => el("option", { value: kind }, kind.replaceAll("_", " "))));
  $("fault-modifiers").replaceChildren(...Object.entries(schema.modifiers).filter(([name]) => name !== "times").map(([name, field]) => input(name, field, "")));
  drawFields();
}

function drawFields() {
  const { description, properties, required } = schema.kinds[$("fault-kind").value];
  $("fault-description").textContent = description.replaceAll("`", "").replaceAll("\n", " ");
  const fields = Object.entries(properties).filter(([name]) => name !== "kind")
    .sort(([a], [b]) => required.includes(b) - required.includes(a));
  $("fault-fields").replaceChildren(...fields.map(([name, field]) => input(name, field, START[name] ?? "", required.includes(name))),
    input("times", schema.modifiers.times, START.times));
}
$("fault-kind").addEventListener("change", drawFields);

function input(name, field, value, isRequired = false) {
  const types = [field.type].flat();
  const label = name.replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`).replace(/ ms$/, " (ms)");
  const title = field.description?.replaceAll("`", "").replaceAll("\n", " ");
  if (name === "on") {
    return el("label", { title }, "operations", el("select", { name, multiple: true, size: 4 }, ...schema.operations.map(operation => el("option", {}, operation))));
  }
  if (types.includes("boolean")) return el("label", { title, class: "check" }, el("input", { type: "checkbox", name }), label);
  const isNumber = types.includes("integer") || types.includes("number");
  const control = el("input", { name, autocomplete: "off", type: isNumber ? "number" : "text", min: field.minimum, max: field.maximum > 1e15 ? null : field.maximum, step: types.includes("number") ? "any" : null, required: isRequired });
  control.value = value;
  control.placeholder = { times: "no limit", agents: "ids with spaces between" }[name] ?? "";
  return el("label", { title }, name === "details" ? "details (JSON)" : label, control);
}

$("fault-form").addEventListener("submit", async event => {
  event.preventDefault();
  const fault = { kind: $("fault-kind").value };
  const isHidden = field => !field.closest("#fault-fields, #fault-modifiers");
  for (const field of event.target.elements) {
    if (!field.name || isHidden(field)) continue;
    if (field.type === "checkbox") {
      if (field.checked) fault[field.name] = true;
    } else if (field.name === "on") {
      const on = [...field.selectedOptions].map(option => option.value);
      if (on.length) fault.on = on;
    } else if (field.value.trim() === "") continue;
    else if (field.type === "number") fault[field.name] = Number(field.value);
    else if (field.name === "agents") fault.agents = field.value.trim().split(/\s+/);
    else if (field.name === "details") fault.details = JSON.parse(field.value);
    else fault[field.name] = field.value;
  }
  await control("POST", "faults", fault);
  loadFaults();
});

// ---- Agents and keys ----

async function loadAgents() {
  const { agents } = await control("GET", "agents");
  const chosen = $("agent-choice").value;
  $("agent-choice").replaceChildren(...agents.map(({ id, name, unavailable, protected: reason }) =>
    el("option", { value: id }, `${oneLine(name)} (${oneLine(id)})${unavailable === null ? "" : " · unavailable"}${reason === null ? "" : " · protected"}`)));
  if (agents.length === 0) $("agent-choice").append(el("option", { value: "" }, "None yet"));
  if (agents.some(({ id }) => id === chosen)) $("agent-choice").value = chosen;
}

$("agent-form").addEventListener("submit", async event => {
  event.preventDefault();
  const id = $("agent-choice").value;
  if (!id) return notify("There is no agent yet.");
  const reason = $("agent-reason").value || "no reason";
  const change = {
    unavailable: { unavailable: reason }, available: { unavailable: null }, protected: { protected: reason }, unprotected: { protected: null },
  }[event.submitter?.value ?? "unavailable"];
  const state = await control("PATCH", `agents/${encodeURIComponent(id)}`, change);
  $("agent-state").textContent = oneLine([
    state.unavailable === null ? "It is available" : `It is unavailable: ${state.unavailable}`,
    state.protected === null ? "it can be deleted." : `it is protected: ${state.protected}`,
  ].join("; "));
  loadAgents();
});

$("key-form").addEventListener("submit", async event => {
  event.preventDefault();
  const { state } = await control("PUT", "keys", { key: $("key").value, state: $("key-state").value });
  $("key-result").textContent = `The key is now ${state.replaceAll("_", " ")}.`;
});

// ---- Everything ----

$("snapshot").addEventListener("click", async () =>
  save("orionos-mock-state.json", "application/json", await controlText("GET", "state")));

$("restore").addEventListener("change", async event => {
  const [file] = event.target.files;
  if (!file) return;
  const text = await file.text();
  event.target.value = "";
  const { agents } = await control("PUT", "state", text);
  notify(`Restored ${counted(agents.length, "agent")}.`);
  loadAgents();
});

$("reset").addEventListener("click", async () => {
  const answer = await ask({ title: "Reset the mock?", text: "All agents, conversations and requests since the start are lost.", ok: "Reset", danger: true });
  if (answer === null) return;
  await control("POST", "reset");
  notify("The mock is as it was at the start.");
  shown();
});
