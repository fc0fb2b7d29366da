// Requests in other forms: as a cURL command, as a Rust test, and all of them as HAR.

import { apiUrl } from "./api.js";

/** Whether clients must trust the mock's own certificate authority. */
const isHttps = location.protocol === "https:";

const target = request => request.path + (request.query === null ? "" : `?${request.query}`);

// ---- cURL ----

/** A word of a shell command. */
const quote = text => `'${text.replaceAll("'", "'\\''")}'`;

/** Headers that cURL writes itself, or whose values the journal does not have. */
const OWN = new Set(["host", "content-length", "connection", "transfer-encoding", "expect", "authorization", "proxy-authorization", "cookie", "x-api-key", "x-mock-token"]);

/** Arguments of a command cannot be longer than this (Linux: 128 KiB). */
const LONGEST = 100_000;

/**
 * A command for a POSIX shell. Control characters are written as escapes, because a terminal would
 * obey them when the command is pasted.
 */
export function curl(request) {
  const words = ["curl --globoff --path-as-is --silent --show-error --include --no-buffer"];
  if (request.method === "HEAD") words.push("--head");
  else words.push(`--request ${quote(request.method)}`);
  words.push(quote(apiUrl(target(request))));
  if (isHttps) words.push('--cacert "${ORION_MOCK_CA:?set it to the file of --ca-file}"');
  const names = request.headers.map(([name]) => name);
  if (names.includes("authorization")) words.push('--header "Authorization: Bearer ${ORION_API_KEY:-test-key}"');
  for (const [name, value] of request.headers) {
    if (!OWN.has(name) && !/[\u0000-\u001f\u007f-\u009f\ufffd]/.test(value)) words.push(`--header ${quote(value === "" ? `${name};` : `${name}: ${value}`)}`);
  }
  if (!names.includes("content-type") && request.bodyText) words.push("--header 'Content-Type:'");
  if (!names.includes("user-agent")) words.push("--header 'User-Agent:'");
  if (!names.includes("accept")) words.push("--header 'Accept:'");
  let before = "";
  if (request.bodyText) {
    const isPlain = !request.bodyHex && request.bodyText.length < LONGEST && !/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/.test(request.bodyText);
    if (isPlain) words.push(`--data-raw ${quote(request.bodyText)}`);
    else {
      before = `printf ${quote(octal(bytes(request)))} | `;
      words.push("--data-binary @-");
    }
  }
  return `${before}${words.join(" \\\n  ")}\n`;
}

const bytes = request => (request.bodyHex
  ? Uint8Array.from(request.bodyHex.match(/../g), byte => parseInt(byte, 16))
  : new TextEncoder().encode(request.bodyText));

/** A format of `printf`. */
const octal = bytes => Array.from(bytes, byte =>
  (byte >= 0x20 && byte < 0x7f && byte !== 0x25 && byte !== 0x5c
    ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, "0")}`)).join("");

// ---- Rust ----

/** A string literal. Only ASCII characters are written as they are. */
const literal = text => `"${Array.from(text, character =>
  (character === "\\" || character === '"' ? `\\${character}`
    : character >= " " && character <= "~" ? character
      : `\\u{${character.codePointAt(0).toString(16)}}`)).join("")}"`;

/** A raw string with JSON. Other characters than ASCII are only in its strings, which have escapes. */
function raw(json) {
  const ascii = json.replaceAll("\r", " ")
    .replace(/[\u007f-\uffff]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const longest = Math.max(0, ...(ascii.match(/"#*/g) ?? [""]).map(hashes => hashes.length));
  const hashes = "#".repeat(longest);
  return `r${hashes}"${ascii}"${hashes}`;
}

const FAULTS = { close: "close()", reset: "reset()" };

/**
 * A test that sends the request with the client to a mock that responds with the same status. Returns
 * null if the client cannot send the request.
 */
export function rustTest(request) {
  let json = null;
  if (request.bodyText) {
    try {
      json = JSON.parse(request.bodyText);
    } catch {
      return null;
    }
  }
  const call = rustCall(request, json);
  const { sequence, status, agentId, operation } = request;
  const variant = operation.replace(/(^|_)(.)/g, (_, __, letter) => letter.toUpperCase());
  const fails = status === null || status >= 400;
  const uses = ["Fault", "MockServer", "Operation", "RequestPattern"].filter(name => name !== "Fault" || fails);
  const retryAfter = json => json?.error?.details?.retryAfter;
  const fault = status === null ? FAULTS[request.fault] ?? "close()"
    : status === 429 && typeof retryAfter(request.response?.body) === "number"
      ? `rate_limit(${Number(retryAfter(request.response.body)).toFixed(3)})`
      : `status(${status})`;
  const agent = agentId && !/[\u0000-\u001f]/.test(agentId) && agentId !== "." && agentId !== ".."
    ? `\n        .agents([serde_json::json!({"id": ${literal(agentId)}, "name": "Agent"})])` : "";
  const pattern = json !== null && request.bodyText.length < 1 << 16
    ? `\n        .body(serde_json::from_str(${raw(request.bodyText)})?)` : "";
  return `// Needs the crates orionos, orionos-mock-server${isHttps ? " with its feature tls" : ""}, serde_json and tokio.
use orionos::{${call.uses.concat("OrionOS", "RetryPolicy").sort().join(", ")}};
use orionos_mock_server::{${uses.join(", ")}};

#[tokio::test]
async fn request_${sequence}_${operation}() -> Result<(), Box<dyn std::error::Error>> {
    let mock = MockServer::builder()${isHttps ? "\n        .https()" : ""}${agent}
        .start()
        .await?;
${fails ? `    mock.fault(Fault::${fault});\n` : ""}    let orion = OrionOS::builder()
        .api_key(mock.api_key())
        .base_url(mock.base_url())${isHttps ? "\n        .ca_certificate_pem(mock.ca_pem())" : ""}
        .retry(RetryPolicy::none())
        .build()?;

${call.code}
${fails
    ? `    let error = result.expect_err("the mock responds with a failure");
    assert_eq!(error.status().map(|status| status.as_u16()), ${status === null ? "None" : `Some(${status})`});`
    : "    result?;"}
    let expected = RequestPattern::of(Operation::${variant})${pattern};
    mock.assert_received(&expected, 1);
    Ok(())
}
`;
}

/** The call, whose outcome is in \`result\`, and the names that it uses. */
function rustCall(request, json) {
  const { operation, agentId } = request;
  const has = (...names) => json !== null && typeof json === "object" && !Array.isArray(json) &&
    Object.keys(json).every(name => names.includes(name)) && Object.values(json).every(value => typeof value === "string");
  const simple = code => ({ uses: [], code: `    let result = orion\n${code.map(line => `        ${line}`).join("\n")};` });
  if (operation === "list" && request.query === null) return simple([".agents()", ".list()", ".send()", ".await"]);
  if (operation === "get") return simple([".agents()", `.get(${literal(agentId)})`, ".send()", ".await"]);
  if (operation === "delete") return simple([".agents()", `.delete(${literal(agentId)})`, ".send()", ".await"]);
  if (operation.endsWith("_message") && has("text", "userId", "roomId") && json.text) {
    const chat = [".agents()", `.conversation(${literal(agentId)})`];
    if (json.userId !== undefined) chat.push(`.user_id(${literal(json.userId)})`);
    if (json.roomId !== undefined) chat.push(`.room_id(${literal(json.roomId)})`);
    if (operation === "send_message") return simple([...chat, `.say(${literal(json.text)})`, ".send()", ".await"]);
    return {
      uses: [],
      code: `    let result = async {
        let mut stream = orion
${[...chat, `.stream(${literal(json.text)})`, ".send()", ".await?"].map(line => `            ${line}`).join("\n")};
        while let Some(event) = stream.next().await {
            event?;
        }
        Ok::<(), orionos::OrionError>(())
    }
    .await;`,
    };
  }
  if (operation === "create" && json?.name && Object.values(json).every(value => value !== null)) {
    return {
      uses: ["AgentConfig"],
      code: `    let config: AgentConfig = serde_json::from_str(${raw(request.bodyText)})?;
    let result = orion.agents().create_from(config).send().await;`,
    };
  }
  const segments = request.path.replace(/^\/v1\/?/, "").split("/").map(segment => literal(decode(segment)));
  const query = [...new URLSearchParams(request.query ?? "")].map(([name, value]) => `(${literal(name)}, ${literal(value)})`);
  const lines = [`.request(Method::${METHODS.includes(request.method) ? request.method : "GET"}, [${segments.join(", ")}])`];
  if (query.length) lines.push(`.query([${query.join(", ")}])`);
  if (json !== null) lines.push(`.json(serde_json::from_str::<Value>(${raw(request.bodyText)})?)`);
  return { ...simple([...lines, ".send::<Value>()", ".await"]), uses: ["Method", "Value"] };
}

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT"];

function decode(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

// ---- HAR ----

/** Everything as HAR 1.2, which browsers and proxies read. */
export const har = requests => ({
  log: {
    version: "1.2",
    creator: { name: "orionos-mock-server", version: "1" },
    entries: requests.map(request => {
      const response = request.response;
      const type = headers => headers.find(([name]) => name === "content-type")?.[1] ?? "";
      const pairs = headers => headers.map(([name, value]) => ({ name, value }));
      const time = request.durationMs ?? 0;
      return {
        startedDateTime: request.time,
        time,
        request: {
          method: request.method,
          url: apiUrl(target(request)),
          httpVersion: "HTTP/1.1",
          cookies: [],
          headers: pairs(request.headers),
          queryString: [...new URLSearchParams(request.query ?? "")].map(([name, value]) => ({ name, value })),
          headersSize: -1,
          bodySize: bytes(request).length,
          ...(request.bodyText ? { postData: { mimeType: type(request.headers), text: request.bodyText } } : {}),
        },
        response: {
          status: request.status ?? 0,
          statusText: "",
          httpVersion: "HTTP/1.1",
          cookies: [],
          headers: pairs(response?.headers ?? []),
          content: { size: response?.bodyLength ?? 0, mimeType: type(response?.headers ?? []), text: response?.bodyText ?? "" },
          redirectURL: "",
          headersSize: -1,
          bodySize: response?.bodyLength ?? -1,
        },
        cache: {},
        timings: { send: 0, wait: time, receive: 0 },
        ...(request.fault ? { comment: `fault: ${request.fault}` } : {}),
      };
    }),
  },
});
