"use strict";

const { spawn } = require("node:child_process");
const { findBinary } = require("./binary.js");
const { MockServerError } = require("./error.js");

/** How long the end may take, in milliseconds. */
const STOP_TIMEOUT = 5000;
/** How much of the mock's output is kept. */
const MAX_OUTPUT = 64 * 1024;

/**
 * Starts the program. It ends when its standard input is closed. The system closes it if this process dies, in
 * whatever way. Ctrl-C does not reach the mock, so that tests can still use it while they end. A running mock
 * does not keep this process alive.
 */
class Process {
  #child;
  #output = "";
  #exited;

  constructor(args, agents) {
    const options = ["--log-format=json", "--quiet", "--exit-on-stdin-close", "--agents=-", ...args];
    this.#child = spawn(findBinary(), options, {
      stdio: ["pipe", "pipe", "pipe"],
      detached: process.platform !== "win32",
      windowsHide: true,
    });
    this.#exited = new Promise((resolve) => {
      // "close" comes after the last output, and "error" if the program cannot be started at all.
      this.#child.once("close", (code, signal) => resolve(signal ?? `exit code ${code}`));
      this.#child.once("error", (error) => resolve(error.message));
    });
    // The agents go through the pipe, so no file can be left behind. If the mock has ended, its output says why.
    this.#child.stdin.on("error", () => {});
    this.#child.stdin.write(JSON.stringify(agents) + "\n");
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (text) => {
        this.#output = (this.#output + text).slice(-MAX_OUTPUT);
      });
    }
  }

  /** Resolves to the base URL. */
  async ready(timeout) {
    let timer;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, timeout, `the mock was not ready within ${timeout} ms`);
    });
    const announced = new Promise((resolve) => {
      this.#child.stdout.on("data", () => {
        const line = /^\{.*"baseUrl".*\}$/m.exec(this.#output);
        if (line) resolve({ baseUrl: JSON.parse(line[0]).baseUrl });
      });
    });
    const ended = this.#exited.then((how) => `the mock did not start (${how})`);
    const outcome = await Promise.race([announced, ended, late]);
    clearTimeout(timer);
    if (typeof outcome === "string") {
      await this.stop("SIGKILL");
      throw new MockServerError(outcome + this.#said());
    }
    this.#output = "";
    this.#keepAlive(false);
    return outcome.baseUrl;
  }

  /** Why the mock has ended, or undefined while it runs. */
  async end() {
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) return undefined;
    return `the mock has ended (${await this.#exited})${this.#said()}`;
  }

  /** Stops the mock and waits for its end. */
  async stop(signal = "SIGTERM") {
    this.#keepAlive(true);
    this.#child.stdin.destroy();
    // On Windows, this would end the mock in the middle of its work.
    if (process.platform !== "win32" || signal === "SIGKILL") this.#child.kill(signal);
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_TIMEOUT);
    await this.#exited;
    clearTimeout(timer);
  }

  #keepAlive(yes) {
    for (const part of [this.#child, ...this.#child.stdio]) yes ? part.ref() : part.unref();
  }

  #said() {
    const words = this.#output.trim();
    return words ? `; it said:\n${words}` : "";
  }
}

module.exports = { Process };
