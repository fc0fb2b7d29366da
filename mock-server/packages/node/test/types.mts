// Compiled, not run: what the types allow, and what they reject.
import * as mock from "orionos-mock-server";

export async function uses(): Promise<void> {
  await using server = await mock.start({ tier: "standard", agents: ["Pilot", { name: "Ledger", bio: ["a"] }] });
  const id: number = await server.fault({ status: 503, on: "send_message", times: 2 }, { kind: "stream_cut", afterEvents: 1 });
  await server.removeFault(id);
  const name: string | undefined = (await server.snapshot()).agents[0]?.name;
  const status: number | null | undefined = (await server.requests({ operation: "create" }))[0]?.status;
  await server.verify({ operation: "create", body: { name }, count: status ?? 0 });
  // @ts-expect-error: there is no such tier
  await mock.start({ tier: "gold" });
  // @ts-expect-error: there is no such kind
  await server.fault({ kind: "nonsense" });
  // @ts-expect-error: the delay is missing
  await server.fault({ kind: "rate_limit" });
  // @ts-expect-error: there is no such operation
  await server.verify({ operation: "nonsense" });
}
