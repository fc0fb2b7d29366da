import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

/** Calls the API as an application does. */
export async function call(mock, method, path, body) {
  const response = await fetch(mock.baseUrl + path, {
    method,
    headers: { authorization: `Bearer ${mock.apiKey}`, "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return { status: response.status, ...(await response.json()) };
}

/** A setting that identifies the mocks of one test in the list of processes. */
export function marker() {
  return `--reply=marker-${process.pid}-${process.hrtime.bigint()}`;
}

function mocksWith(mark) {
  try {
    const lines = execFileSync("pgrep", ["-fa", "--", mark], { encoding: "utf8" }).trim().split("\n");
    return lines.filter((line) => /^\d+ \S*\/orionos-mock-server /.test(line));
  } catch {
    return []; // pgrep fails if it finds nothing.
  }
}

export function pidOf(mark) {
  return Number.parseInt(mocksWith(mark)[0], 10);
}

export async function untilNoMockHas(mark) {
  const end = Date.now() + 10_000;
  for (let left = mocksWith(mark); left.length > 0; left = mocksWith(mark)) {
    if (Date.now() > end) throw new Error(`these mocks still run:\n${left.join("\n")}`);
    await sleep(10);
  }
}
