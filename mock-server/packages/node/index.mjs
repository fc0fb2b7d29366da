import mock from "./index.js";

export const { MockServer, MockServerError, start, connect, findBinary } = mock;
