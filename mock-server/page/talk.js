// Agents, their conversations, and a box to talk to them.

import { $, el, notify, oneLine, printable } from "./dom.js";
import { api, control, events, session } from "./api.js";

/** The agent and the conversation that are shown. `null` as user or room means none. */
let agent = null;
let place = { userId: null, roomId: null };
let conversations = [];
/** Stops the reply that streams in. */
let talking = null;

const isSame = (a, b) => (a.userId ?? null) === (b.userId ?? null) && (a.roomId ?? null) === (b.roomId ?? null);
const placeName = ({ userId, roomId }) => `${userId ?? "no user"} · ${roomId ?? "no room"}`;

$("talk-key").value = session.key;
$("talk-key").addEventListener("input", event => (session.key = event.target.value));

export function shown() {
  loadAgents();
  if (agent) loadConversations();
}

export function changed(names) {
  if (!names.has("agents") && !names.has("requests")) return;
  if (names.has("agents")) loadAgents();
  if (agent) loadConversations();
}

async function loadAgents() {
  const { agents, total } = await control("GET", `agents?text=${encodeURIComponent($("agent-search").value)}`);
  const items = agents.map(item => el("li", {}, el("button", {
    type: "button", class: "choice", "aria-pressed": String(item.id === agent?.id), onclick: () => choose(item),
  }, el("strong", {}, oneLine(item.name)), el("span", { class: "quiet" }, `${oneLine(item.id)} · ${state(item)}`))));
  if (agents.length < total && !$("agent-search").value) items.push(el("li", { class: "quiet" }, `${total - agents.length} more; search for them`));
  if (items.length === 0) items.push(el("li", { class: "empty" }, total ? "No agent matches." : "There is no agent yet."));
  replace($("agents"), items);
}

const state = item =>
  (item.unavailable !== null ? `unavailable: ${oneLine(item.unavailable)}` : item.status) + (item.protected !== null ? " · protected" : "");

/** Replaces the items of a list, and keeps the focus where it was. */
function replace(list, items) {
  const at = [...list.querySelectorAll("button")].indexOf(document.activeElement);
  list.replaceChildren(...items);
  if (at >= 0) list.querySelectorAll("button")[at]?.focus();
}

function choose(item) {
  if (agent?.id !== item.id) {
    talking?.abort();
    agent = item;
    place = { userId: null, roomId: null };
  }
  loadAgents();
  loadConversations(true);
}

async function loadConversations(isNew = false) {
  const of = agent;
  let memory;
  let requests;
  try {
    const query = `agentId=${encodeURIComponent(of.id)}&exact=true`;
    [memory, { requests }] = await Promise.all([control("GET", `agents/${encodeURIComponent(of.id)}`), control("GET", `requests?${query}`)]);
  } catch (error) {
    if (error.status !== 404) throw error;
    if (agent === of) {
      agent = null;
      $("talk-title").textContent = "The agent was deleted";
      replace($("conversations"), []);
    }
    return;
  }
  if (agent !== of) return;
  conversations = memory.conversations;
  const messages = requests.flatMap(message);
  for (const said of messages) {
    if (!conversations.some(other => isSame(other, said))) conversations.push({ userId: said.userId, roomId: said.roomId, turns: 0, earlier: [] });
  }
  if (isNew && conversations.length > 0) place = conversations.at(-1);
  const isListed = conversations.some(other => isSame(other, place));
  replace($("conversations"), [...conversations, ...(isListed ? [] : [{ ...place, turns: 0, earlier: [] }])].map(item => el("li", {}, el("button", {
    type: "button", class: "choice", "aria-pressed": String(isSame(item, place)), onclick: () => enter(item),
  }, el("strong", {}, oneLine(placeName(item))), el("span", { class: "quiet" }, `${item.turns} ${item.turns === 1 ? "turn" : "turns"}`)))));
  $("talk-title").textContent = `${oneLine(of.name)} — ${oneLine(placeName(place))}`;
  if (!talking) drawThread(messages.filter(said => isSame(said, place)));
}

function enter(item) {
  talking?.abort();
  place = item;
  loadConversations();
}

/** A request as a message with its reply. */
function message({ operation, status, body, response, clientLeft, durationMs }) {
  if (!operation.endsWith("_message") || typeof body?.text !== "string") return [];
  const text = name => (typeof body[name] === "string" ? body[name] : null);
  const reply = status === 200 ? response.body?.data?.response ?? streamed(response.bodyText)
    : response?.body?.error?.message ?? (durationMs === null ? "" : "no response");
  const note = status !== 200 ? String(status ?? "no response") : clientLeft ? "stopped" : null;
  return [{ text: body.text, userId: text("userId"), roomId: text("roomId"), reply, note, isGood: status === 200 }];
}

/** The text of a streamed reply. */
const streamed = text => text.split("\n").filter(line => line.startsWith("data:")).map(line => {
  try {
    const event = JSON.parse(line.slice(5));
    return event.type === "token" ? event.content : "";
  } catch {
    return "";
  }
}).join("");

function drawThread(said) {
  const earlier = conversations.find(other => isSame(other, place))?.earlier ?? [];
  const accepted = said.filter(({ isGood }) => isGood).length;
  const forgotten = earlier.slice(0, Math.max(0, earlier.length - accepted));
  $("messages").replaceChildren(
    ...(forgotten.length ? [el("p", { class: "quiet" }, "The journal no longer has the replies to the first messages.")] : []),
    ...forgotten.map(text => bubble("user", text)),
    ...said.flatMap(({ text, reply, note, isGood }) => [bubble("user", text), bubble(isGood ? "agent" : "problem", reply, note)]));
  if (!$("messages").firstChild) $("messages").append(el("p", { class: "empty" }, "Nothing was said here yet."));
  $("messages").scrollTop = $("messages").scrollHeight;
}

function bubble(who, text, note) {
  const names = { user: "User", agent: "Agent", problem: "Problem" };
  return el("div", { class: `bubble ${who}` }, el("span", { class: "who" }, note ? `${names[who]} · ${note}` : names[who]), el("p", {}, printable(text.slice(0, 64 * 1024))));
}

$("agent-search").addEventListener("input", loadAgents);

$("new-conversation").addEventListener("submit", event => {
  event.preventDefault();
  if (!agent) return notify("Choose an agent first.");
  enter({ userId: $("user").value || null, roomId: $("room").value || null });
  $("say").focus();
});

$("say").addEventListener("keydown", event => {
  if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    $("composer").requestSubmit();
  }
});

$("stop").addEventListener("click", () => talking?.abort());

$("composer").addEventListener("submit", async event => {
  event.preventDefault();
  const text = $("say").value;
  if (!agent) return notify("Choose an agent first.");
  if (!text.trim() || talking) return;
  const mine = (talking = new AbortController());
  $("say").value = "";
  $("stop").disabled = false;
  $("send").disabled = true;
  const reply = bubble("agent", "");
  reply.classList.add("streaming");
  $("messages").querySelector(".empty")?.remove();
  $("messages").append(bubble("user", text), reply);
  try {
    await stream(text, mine.signal, token => {
      reply.querySelector("p").textContent += printable(token);
      $("messages").scrollTop = $("messages").scrollHeight;
    });
  } catch (error) {
    reply.querySelector(".who").textContent = mine.signal.aborted ? "Agent · stopped" : "Problem";
    if (!mine.signal.aborted) {
      reply.classList.replace("agent", "problem");
      reply.querySelector("p").textContent += printable(error.message);
    }
  }
  reply.classList.remove("streaming");
  talking = null;
  $("stop").disabled = true;
  $("send").disabled = false;
});

async function stream(text, signal, hear) {
  const json = { text };
  if (place.userId !== null && place.userId !== undefined) json.userId = place.userId;
  if (place.roomId !== null && place.roomId !== undefined) json.roomId = place.roomId;
  const response = await api("POST", `/v1/agents/${encodeURIComponent(agent.id)}/messages/stream`, json, signal);
  if (!response.ok) {
    const body = await response.json().catch(() => null);
    throw new Error(`${response.status} ${body?.error?.code ?? ""}: ${body?.error?.message ?? "no error message"}`);
  }
  for await (const [, data] of events(response)) {
    const event = JSON.parse(data);
    if (event.type === "token") hear(event.content);
    if (event.type === "error") throw new Error(event.error?.message ?? event.message ?? "The stream failed.");
  }
}
