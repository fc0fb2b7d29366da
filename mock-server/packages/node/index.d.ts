import type {
  Fault,
  FaultState,
  JournalEntry,
  KeyState,
  Limits,
  Operation,
  RequestPattern,
  Replies,
  Snapshot,
  StatusFault,
  Tier,
} from "./control.js";

export type * from "./control.js";

type OneOrMore<T> = T | readonly T[];

/** Omits keys from each member of a union. */
type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** A fault: what happens, and to which requests. Without `kind`, it is an error with a status. */
export type FaultInput = Without<
  Fault | (Omit<StatusFault, "kind"> & { kind?: undefined }),
  "on" | "agents"
> & {
  /** The operations to which the fault applies. Defaults to all. */
  on?: OneOrMore<Operation>;
  /** The agents to which the fault applies. Defaults to all. */
  agents?: OneOrMore<string>;
};

/** The body of a create, which may also have `id` and `status`. */
export interface AgentSeed {
  name: string;
  id?: string;
  status?: string;
  [field: string]: unknown;
}

export interface StartOptions {
  /** The key with all permissions. Defaults to `test-key`. */
  apiKey?: string;
  /** Keys that may only get and list. */
  readOnlyKeys?: readonly string[];
  /** Accepts any key, with separate agents, limits, journal, faults and clock per key. */
  isolateKeys?: boolean;
  /** The rate limits. Defaults to `enterprise`, which has none. */
  tier?: Tier;
  /** The initial agents: names, or bodies of a create. */
  agents?: ReadonlyArray<string | AgentSeed>;
  /** The initial faults. */
  faults?: readonly FaultInput[];
  /** The reply of agents, a template with {text} {turn} {agent} {user} {room} {earlier}. */
  reply?: string;
  /** The delay of each response in milliseconds, such as `200` or `"100-300"`. */
  latency?: number | string;
  /** The time between two tokens of a stream, in milliseconds. */
  tokenPace?: number;
  /** The clock: real time (the default), or frozen at 2026-01-01T00:00:00Z. */
  clock?: "real" | "frozen";
  /** The initial time of the clock. */
  startTime?: Date | string;
  /** The random seed for ids, latencies and probabilities. */
  seed?: number;
  /** A file that keeps the agents over a restart. */
  state?: string;
  /** The JSON field that has the items of a list. Defaults to `agents`. */
  listKey?: "agents" | "items";
  /** The effect of an update on `settings`. Defaults to `merge`, by platform. */
  settings?: "merge" | "replace";
  /** Model providers besides those of the API. */
  providers?: readonly string[];
  /** Origins whose web pages may call the API, such as that of jsdom: `http://localhost:3000`. */
  corsOrigins?: readonly string[];
  /** The port. Defaults to 0, which picks a free one. */
  port?: number;
  /** Further options of the program, as in `npx orionos-mock-server --help`. */
  arguments?: readonly string[];
  /** How long the start may take, in milliseconds. Defaults to 10,000. */
  startTimeout?: number;
}

export interface RequestFilter {
  operation?: Operation;
  agentId?: string;
  status?: number;
  /** The name of the fault that was applied. */
  fault?: string;
  /** Only requests with a larger sequence number. */
  after?: number;
}

export interface Expected extends RequestPattern {
  /** The exact number of requests. Without a number, there must be one or more. */
  count?: number;
  /** The smallest allowed number. */
  atLeast?: number;
  /** The largest allowed number. */
  atMost?: number;
}

export interface Awaited extends RequestPattern {
  /** How many requests must have arrived. Defaults to 1. */
  count?: number;
  /** How long to wait at most, in milliseconds. Defaults to 5,000. */
  timeout?: number;
}

export interface NewReplies extends Omit<Replies, "patterns"> {
  /** Templates for texts that match a pattern: `{ "(?i)tide": "At 14:10." }`, or a list. */
  patterns?: Replies["patterns"] | Record<string, string>;
}

/** The mock did not start, has ended, or rejected a control request. The message says why. */
export class MockServerError extends Error {}

/** A mock of the OrionOS API. */
export class MockServer implements AsyncDisposable {
  private constructor();

  /** The base URL of the API, with `/v1`. */
  readonly baseUrl: string;
  /** The URL of the mock, without `/v1`. */
  get url(): string;
  /** The API key with all permissions. */
  readonly apiKey: string;
  /** `ORION_BASE_URL` and `ORION_API_KEY`, for a program under test. */
  get environment(): { ORION_BASE_URL: string; ORION_API_KEY: string };

  /** Stops the mock. Its port, process and connections are gone when the promise is resolved. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;

  /** Injects failures and resolves to the id of the last: `fault({ status: 503, on: "send_message", times: 2 })`. */
  fault(...faults: FaultInput[]): Promise<number>;
  /** Resolves to the faults, and how often each was applied. */
  faults(): Promise<FaultState[]>;
  /** Removes one fault. */
  removeFault(id: number): Promise<void>;
  /** Removes all faults. */
  clearFaults(): Promise<void>;

  /** Moves the mock's clock forward. Rate-limit windows reset accordingly. */
  advance(milliseconds: number): Promise<void>;
  /** Sets the mock's clock. */
  setTime(time: Date | string): Promise<void>;
  /** Freezes the mock's clock. */
  freeze(): Promise<void>;
  /** Lets the mock's clock move again. */
  resume(): Promise<void>;
  /** Resolves to the time of the mock's clock. */
  now(): Promise<Date>;

  /** Resolves to the requests that arrived, oldest first, with their responses. */
  requests(filter?: RequestFilter): Promise<JournalEntry[]>;
  /** Forgets the requests that arrived. */
  clearRequests(): Promise<void>;
  /**
   * Checks that such requests arrived, and resolves to their number. `body` is JSON that the body includes:
   * objects may have more fields. Rejects with an AssertionError that shows the nearest request and the fields
   * that differ.
   */
  verify(expected?: Expected): Promise<number>;
  /** Waits until such requests have arrived. Rejects with an AssertionError if too few did. */
  waitFor(awaited?: Awaited): Promise<number>;

  /** Restores the initial state: agents, keys, limits, replies, faults and clock. Clears the journal. */
  reset(): Promise<void>;
  /** Resolves to the agents with their conversations, as JSON that `restore` accepts. */
  snapshot(): Promise<Snapshot>;
  /** Replaces the agents and conversations by those of a snapshot. */
  restore(snapshot: Snapshot): Promise<void>;

  /** Makes deletes of an agent fail with `DELETE_PROTECTED`. `null` undoes it. */
  protect(agentId: string, reason?: string | null): Promise<void>;
  /** Makes messages to an agent fail with `AGENT_UNAVAILABLE`. `null` undoes it. */
  makeUnavailable(agentId: string, reason?: string | null): Promise<void>;
  /** Adds a key or changes what it may do. */
  setKey(key: string, state: KeyState): Promise<void>;
  /** Changes the limits to those of a tier. */
  setTier(tier: Tier): Promise<void>;
  /** Resolves to the limits. */
  limits(): Promise<Limits>;
  /** Replaces the limits. Limits that are absent are none. */
  setLimits(limits: Limits): Promise<void>;
  /** Replaces the replies of agents: a script, templates per pattern of the text, and one for all others. */
  replies(replies?: NewReplies): Promise<void>;
  /** Sets the time between two tokens of streams that begin later. */
  tokenPace(milliseconds: number): Promise<void>;
}

/** Starts a mock in a process of its own and waits until it is ready. It ends at the latest with this process. */
export function start(options?: StartOptions): Promise<MockServer>;

/** Returns a mock that already runs, for example in a container. `stop` does not end it. */
export function connect(baseUrl: string, options?: { apiKey?: string; controlToken?: string }): MockServer;

/** The path of the program. The environment variable ORIONOS_MOCK_SERVER selects another one. */
export function findBinary(): string;
