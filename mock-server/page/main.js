// Starts the page: views, the connection, the clock in the header and the choice of the account.

import { $, counted, el, notify, oneLine } from "./dom.js";
import { control, session, watch, watchAgain } from "./api.js";
import * as requests from "./requests.js";
import * as verify from "./verify.js";
import * as talk from "./talk.js";
import * as steer from "./steer.js";

const VIEWS = { requests, verify, talk, steer };
let current = null;

function show(name) {
  const view = name in VIEWS ? name : "requests";
  for (const other of Object.keys(VIEWS)) $(other).hidden = other !== view;
  for (const link of document.querySelectorAll("nav a")) {
    const isCurrent = link.hash === `#${view}`;
    if (isCurrent) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  current = view;
  document.title = `${view[0].toUpperCase()}${view.slice(1)} · OrionOS mock`;
  VIEWS[view].shown?.();
}

addEventListener("hashchange", () => {
  // The link that skips to the content is not a view.
  if (location.hash === "#main") $("main").focus();
  else show(location.hash.slice(1));
});

let pending = new Set();
/** Tells the visible view what changed, at most twice per second. */
function changed(names) {
  if (pending.size === 0) {
    setTimeout(() => {
      const all = pending;
      pending = new Set();
      if (all.has("clock")) steer.loadClock().catch(tell);
      VIEWS[current].changed?.(all);
    }, 300);
  }
  names.forEach(name => pending.add(name));
}

const tell = error => notify(error.message);

function hear(name, data) {
  if (name === "connected") {
    requests.restart();
    changed(["clock", "faults", "limits", "agents"]);
    if (session.isolated) loadAccounts().catch(tell);
  } else if (name === "requests") {
    requests.hear(data);
    if (data.requests.length > 0) changed(["requests"]);
  } else if (name === "changed") changed(data.changed);
}

function say(state, reason) {
  const texts = { live: "Live", lost: "Not connected", refused: oneLine(reason ?? "") };
  $("connection").textContent = texts[state];
  $("connection").dataset.state = state;
}

async function loadAccounts() {
  const { accounts } = await control("GET", "accounts");
  $("account-choice").replaceChildren(
    ...(accounts.length ? [] : [el("option", { value: "" }, "None yet")]),
    ...accounts.map(account => el("option", { value: account.account },
      `${account.account}: ${oneLine(account.key)} · ${counted(account.requests, "request")}`)),
  );
  if (session.account !== null) $("account-choice").value = session.account;
  return accounts;
}

$("account-choice").addEventListener("change", event => {
  session.account = event.target.value;
  watchAgain();
});
$("account-choice").addEventListener("focus", () => loadAccounts().catch(tell));

async function start() {
  const ready = await control("GET", "ready");
  session.isolated = ready.isolatedKeys;
  $("account").hidden = !session.isolated;
  // Without an account there is nothing to see, so wait for the first one.
  while (session.isolated && session.account === null) {
    const accounts = await loadAccounts();
    if (accounts.length > 0) session.account = String(accounts[0].account);
    else {
      $("connection").textContent = "Waiting for the first key";
      requests.restart();
      await new Promise(resolve => setTimeout(resolve, 1000));
    }
  }
  if (session.isolated) await loadAccounts();
  watch(say, hear);
}

addEventListener("unhandledrejection", event => {
  tell(event.reason);
  event.preventDefault();
});

show(location.hash.slice(1));
start().catch(error => say("refused", error.status === 401 ? "Reload the page to enter the token" : error.message));
