// Each event reaches the newest handler, once.

import { until } from "@frontdesk/testing";
import { render } from "@testing-library/react";
import { StrictMode } from "react";
import { expect, it, onTestFinished, vi } from "vitest";
import {
  FrontdeskProvider,
  useConnection,
  useConnectionDiagnosis,
  useEvents,
  useWebSocketSingleton,
} from "../src/index.ts";
import { calm, clientFor, deskOf, looking, show } from "./support/desk.tsx";

const desk = deskOf();

function Listener({ as, heard }: { as: string; heard: string[] }): null {
  useEvents(["orders", "order.created"], ({ data }) => heard.push(`${as}: ${data.order.note}`));
  return null;
}

it("the newest handler hears an event, once, whatever it is heard by and on", async () => {
  const { server } = desk;
  const ben = await server.staff();
  const client = clientFor(ben, server.base);
  onTestFinished(() => client.close());
  const heard: string[] = [];
  const page = (as: string) => (
    <StrictMode>
      <FrontdeskProvider client={client}>
        <Listener as={as} heard={heard} />
      </FrontdeskProvider>
    </StrictMode>
  );
  const { rerender } = render(page("first"));
  await calm(client);
  // His own order is told on `user:` and on `staff`.
  await ben.orderFor(ben.user.id, "one");
  await until("it is heard", () => heard.length > 0);
  rerender(page("second"));
  await ben.orderFor(ben.user.id, "two");
  await until("the other is heard", () => heard.length > 1);
  expect(heard).toEqual(["first: one", "second: two"]);
});

it("a connection that ends says why: once signed out for good, with the server gone until it is back", async () => {
  const { server } = desk;
  const [ana, eva] = await Promise.all([server.customer(), server.customer()]);
  const look = () =>
    looking(() => ({ state: useConnection(), diagnosis: useConnectionDiagnosis() }));
  const [hers, others] = [look(), look()];
  show(clientFor(ana, server.base), hers.element);
  show(clientFor(eva, server.base), others.element);
  await until("both are connected", () =>
    [hers, others].every(({ now }) => now().state.status === "connected"),
  );
  expect(hers.now().diagnosis).toBeNull();

  await ana.signOut();
  await until("she is told why", () => hers.now().diagnosis !== null);
  expect(hers.now().state).toMatchObject({
    status: "closed",
    reason: "terminal",
    close: { code: 4505 },
  });
  expect(hers.now().diagnosis?.sentence).toMatch(/session|signed out/i);

  await server.kill();
  await until(
    "the other is told why",
    () => others.now().state.status === "waiting" && others.now().diagnosis !== null,
  );
  await server.start();
  await until("the other is back", () => others.now().state.status === "connected");
  expect(others.now().diagnosis).toBeNull();
});

it("a handler that throws harms neither the others nor the page", async () => {
  const { server } = desk;
  const [ana, ben] = await Promise.all([server.customer(), server.staff()]);
  const reported = vi.spyOn(console, "error").mockReturnValue();
  const broken = looking(() =>
    useEvents("notifications", () => {
      throw new Error("the application's own mistake");
    }),
  );
  const well = looking(() => useWebSocketSingleton());
  const client = clientFor(ana, server.base);
  show(client, [<div key="broken">{broken.element}</div>, <div key="well">{well.element}</div>]);
  await calm(client);
  await ben.notify(ana.user.id, "Your order is ready");
  await until(
    "the other hook has it",
    () => well.now().lastEvent?.event === "notification.created",
  );
  await until("the mistake is reported", () =>
    String(reported.mock.calls[0]?.[0]).includes("the application's own mistake"),
  );
  const { server_time } = await well.now().send<{ server_time: string }>({ type: "ping" });
  expect(Date.parse(server_time)).toBeGreaterThan(0);
});
