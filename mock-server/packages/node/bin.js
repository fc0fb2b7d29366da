#!/usr/bin/env node
// Runs the program with the same options. It ends with this process, in whatever way this process ends.
"use strict";

const { spawn } = require("node:child_process");
const { findBinary } = require("./lib/binary.js");

const args = process.argv.slice(2);
// The program watches a pipe of this process, which passes on what it reads itself.
const watches = args.includes("--exit-on-stdin-close");
const reads = watches || /(^|\0)--agents(=|\0)-(\0|$)/.test(args.join("\0"));

let program;
try {
  program = findBinary();
} catch (error) {
  console.error(`orionos-mock-server: ${error.message}`);
  process.exit(2);
}
const child = spawn(program, watches ? args : [...args, "--exit-on-stdin-close"], {
  stdio: ["pipe", "inherit", "inherit"],
});
child.stdin.on("error", () => {});
if (reads) process.stdin.pipe(child.stdin, { end: watches });
// The program warns if its input is at its end from the start, and reads past an empty line.
else child.stdin.write("\n");
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  console.error(`orionos-mock-server: cannot start ${program}: ${error.message}`);
  process.exit(2);
});
child.on("exit", (code, signal) => {
  // A signal that this process also has a handler for ends it as it ended the program.
  if (signal) process.removeAllListeners(signal);
  if (signal) process.kill(process.pid, signal);
  else process.exit(code ?? 1);
});
