"use strict";

const { MockServer, MockServerError, start, connect } = require("./lib/server.js");
const { findBinary } = require("./lib/binary.js");

module.exports = { MockServer, MockServerError, start, connect, findBinary };
