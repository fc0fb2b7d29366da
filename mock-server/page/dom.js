// Small helpers for the document. Whatever comes from a request is only ever set as text.

export const $ = id => document.getElementById(id);

/** Makes an element. Children are elements or texts; a property `on…` is a listener. */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter(child => child !== null && child !== undefined));
  return element;
}

const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** Escapes characters that control a terminal or change the order of text. */
export const printable = text =>
  String(text).replace(CONTROLS, character => `\\u{${character.codePointAt(0).toString(16)}}`);

/** Like `printable`, on one line. */
export const oneLine = text => printable(text).replaceAll("\n", "\\n").replaceAll("\t", "\\t");

const SHOWN = 64 * 1024;

/** A body as text. Of a very long one, the beginning. */
export function body(text, length = text.length) {
  const json = text.length <= SHOWN && indented(text);
  const shown = json || text.slice(0, SHOWN);
  const pre = el("pre", { tabindex: "0" }, printable(shown));
  const isCut = text.length > SHOWN || length > text.length && length > SHOWN;
  return isCut
    ? [pre, el("p", { class: "notice" }, `The first ${size(shown.length)} of ${size(Math.max(length, text.length))} are shown.`)]
    : [pre];
}

/** Indents JSON without reading it, so that its numbers and their digits remain the same. */
function indented(text) {
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s[\]{},:"]+/g) ?? [];
  let depth = 0;
  let line = "";
  const end = () => `\n${"  ".repeat(Math.min(depth, 40))}`;
  tokens.forEach((token, index) => {
    const isEmpty = "]}".includes(tokens[index + 1]);
    if (token === "{" || token === "[") {
      depth += 1;
      line += isEmpty ? token : token + end();
    } else if (token === "}" || token === "]") {
      depth -= 1;
      line += "[{".includes(tokens[index - 1]) ? token : end() + token;
    } else if (token === ",") line += token + end();
    else if (token === ":") line += ": ";
    else line += token;
  });
  return line;
}

export const size = bytes =>
  bytes < 1024 ? `${bytes} bytes`
    : bytes < 1 << 20 ? `${Math.round(bytes / 1024)} KiB` : `${(bytes / (1 << 20)).toFixed(1)} MiB`;

export const duration = ms =>
  ms === null ? "…" : ms < 1 ? "<1 ms" : ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`;

export function timeOfDay(time) {
  const [seconds, fraction = ""] = time.slice(11).replace("Z", "").split(".");
  return `${seconds}.${fraction.slice(0, 3).padEnd(3, "0")}`;
}

/** A number with its noun. */
export const counted = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

/** The class of a status, for its color. */
export const statusClass = row =>
  row.status === null ? (row.durationMs === null ? "open" : "failed")
    : row.status >= 500 ? "failed" : row.status >= 400 ? "rejected" : "good";

/** Shows a request in the list, from any view. */
export const openRequest = sequence => dispatchEvent(new CustomEvent("open-request", { detail: sequence }));

/** Saves a file. */
export function save(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  el("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

let noticeTimer;
/** Tells the user something. */
export function notify(text) {
  const notice = $("notice");
  notice.textContent = printable(text);
  notice.hidden = false;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => (notice.hidden = true), 6000);
}

/** Asks a question. Returns the value, or null if the user cancels. */
export function ask({ title, text, label, ok, danger }) {
  $("ask-title").textContent = title;
  $("ask-text").textContent = text;
  $("ask-label").textContent = label ?? "";
  $("ask-field").hidden = !label;
  $("ask-ok").textContent = ok;
  $("ask-ok").className = danger ? "danger" : "primary";
  const value = $("ask-value");
  value.value = "";
  const dialog = $("ask");
  dialog.returnValue = "";
  // Enter presses the first button, which is not the one that cancels.
  value.onkeydown = event => {
    if (event.key === "Enter") {
      event.preventDefault();
      dialog.close("ok");
    }
  };
  dialog.showModal();
  (label ? value : $("ask-cancel")).focus();
  return new Promise(resolve => {
    dialog.addEventListener("close", () => {
      const answer = dialog.returnValue === "ok" ? value.value : null;
      value.value = "";
      resolve(answer);
    }, { once: true });
  });
}
