"use strict";

/** The mock did not start, has ended, or rejected a control request. The message says why. */
class MockServerError extends Error {
  name = "MockServerError";
}

module.exports = { MockServerError };
