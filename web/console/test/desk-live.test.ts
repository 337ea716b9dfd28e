// The live rows of the desk against the real server: what comes, what is refused, what was missed.

import { createClient, type FrontdeskClient, type Order } from "@frontdesk/client";
import { createRestClient, type RestClient } from "@frontdesk/client/rest";
import { type Server, type Session, startServer, until } from "@frontdesk/testing";
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from "vitest";
import WebSocket from "ws";
import { LiveTable } from "../src/features/desk/live-table.ts";
import { changeOrder, ordersPlan } from "../src/features/desk/orders/queries.ts";

let server: Server;
let staff: Session;
let ana: Session;
let rest: RestClient;

beforeAll(async () => {
  server = await startServer();
  [staff, ana] = await Promise.all([server.staff(), server.customer()]);
  rest = createRestClient({ url: server.base, fetch: staff.fetch });
}, 60_000);

afterAll(() => server?.stop());

let client: FrontdeskClient;
let table: LiveTable<Order>;
let shows = 0;

beforeEach(async () => {
  shows = 0;
  client = createClient({ url: server.base, fetch: staff.fetch, WebSocket });
  client.connect();
  table = new LiveTable(client, ordersPlan(rest));
  const leave = table.subscribe(() => {
    shows += 1;
  });
  onTestFinished(() => {
    leave();
    client.close();
  });
  await until(
    "the rows are read and live",
    () => client.state.status === "connected" && !table.snapshot().loading,
  );
});

const place = async (): Promise<string> => (await staff.orderFor(ana.user.id)).id;
const statusOf = (id: string): string | undefined => table.snapshot().rows.get(id)?.status;
const moveElsewhere = (id: string, status: string, version: number): Promise<unknown> =>
  staff.ask("PATCH", `/api/v1/orders/${id}`, { status, version });

it("shows what comes, and marks it as new", async () => {
  const id = await place();
  await until("the new order is shown", () => statusOf(id) === "placed");
  expect(table.snapshot().touched.has(id)).toBe(true);
  await moveElsewhere(id, "accepted", 1);
  await until("the change is shown", () => statusOf(id) === "accepted");
});

it("shows a change of its own at once, before the server has answered", async () => {
  const id = await place();
  await until("the new order is shown", () => statusOf(id) === "placed");
  const change = table.change(id, { status: "accepted" }, (held) =>
    changeOrder(rest, held, { status: "accepted" }),
  );
  expect(statusOf(id)).toBe("accepted");
  expect(table.get(id)?.version).toBe(1);
  expect((await change).version).toBe(2);
  expect(table.get(id)?.version).toBe(2);
});

it("puts right what was refused because somebody was faster", async () => {
  const id = await place();
  await until("the new order is shown", () => statusOf(id) === "placed");
  const change = table.change(id, { status: "accepted" }, async (held) => {
    await moveElsewhere(id, "rejected", held.version);
    return changeOrder(rest, held, { status: "accepted" });
  });
  await expect(change).rejects.toMatchObject({ code: "stale_version" });
  expect(statusOf(id)).toBe("rejected");
});

it("has what happened while it was away", async () => {
  client.close();
  const id = await place();
  client.connect();
  await until("the missed order is shown", () => statusOf(id) === "placed");
});

it("draws many events a few times", async () => {
  const before = shows;
  const ids = await Promise.all(Array.from({ length: 20 }, place));
  await until("all of them are shown", () => ids.every((id) => statusOf(id) === "placed"));
  // Without frames, as here, what comes is collected for a second.
  expect(shows - before).toBeLessThan(10);
});

it("says that the rows cannot be read, and reads them once it can", async () => {
  let broken = true;
  const plan = ordersPlan(rest);
  const other = new LiveTable(client, {
    ...plan,
    load: (signal) => (broken ? Promise.reject(new Error("out of order")) : plan.load(signal)),
  });
  onTestFinished(other.subscribe(() => {}));
  await until("the error is told", () => other.snapshot().error?.message === "out of order");
  expect(other.snapshot().loading).toBe(false);
  broken = false;
  await other.reload();
  expect(other.snapshot().error).toBeNull();
});
