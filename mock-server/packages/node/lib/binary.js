"use strict";

const { MockServerError } = require("./error.js");

/** The path of the program. The environment variable ORIONOS_MOCK_SERVER selects another one. */
function findBinary() {
  if (process.env.ORIONOS_MOCK_SERVER) return process.env.ORIONOS_MOCK_SERVER;
  const name = `orionos-mock-server-${process.platform}-${process.arch}`;
  const program = process.platform === "win32" ? "orionos-mock-server.exe" : "orionos-mock-server";
  try {
    return require.resolve(`${name}/bin/${program}`);
  } catch {
    throw new MockServerError(
      `cannot find the package ${name}; either optional dependencies were not installed (npm install ` +
        "--include=optional), or there is no program for this platform: build it with Rust and set " +
        "ORIONOS_MOCK_SERVER to its path",
    );
  }
}

module.exports = { findBinary };
