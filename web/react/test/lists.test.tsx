// Lists are right at once and stay right: live, after a gap, and whatever comes late.

import { until } from "@frontdesk/testing";
import { render } from "@testing-library/react";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  FrontdeskProvider,
  useBookings,
  useNotifications,
  useOrders,
  usePresence,
} from "../src/index.ts";
import { clientFor, deskOf, looking, show } from "./support/desk.tsx";
import { middleman } from "./support/middleman.ts";

const desk = deskOf({ "log.keep_events": 5 });

describe("orders", () => {
  it("appear and change live, for the customer and for staff", async () => {
    const { server } = desk;
    const [ana, ben] = await Promise.all([server.customer(), server.staff()]);
    const [hers, his] = [
      looking(() => useOrders()),
      looking(() => useOrders({ customerId: ana.user.id })),
    ];
    show(clientFor(ana, server.base), hers.element);
    show(clientFor(ben, server.base), his.element);
    await until("both lists are there", () => !hers.now().loading && !his.now().loading);
    expect(hers.now().items).toEqual([]);

    const { id } = await ben.orderFor(ana.user.id);
    await until(
      "both see it",
      () => hers.now().items[0]?.id === id && his.now().items[0]?.id === id,
    );
    await his.now().update(id, { status: "accepted" });
    await until("she sees that it is accepted", () => hers.now().items[0]?.status === "accepted");
    await hers.now().cancel(id);
    await until("he sees that it is cancelled", () => his.now().items[0]?.status === "cancelled");
    await expect(hers.now().update(id, { status: "accepted" })).rejects.toMatchObject({
      code: "invalid_transition",
      status: 409,
    });
  });

  it("are placed from the list, and are in it at once and once", async () => {
    const { server } = desk;
    const [ana, ada] = await Promise.all([server.customer(), server.admin()]);
    const item = await ada.ask<{ id: string }>("POST", "/api/v1/items", {
      name: "Espresso",
      unit_price: 240,
      currency: "EUR",
    });
    const orders = looking(() => useOrders());
    show(clientFor(ana, server.base), orders.element);
    const placed = await orders.now().place({ lines: [{ item_id: item.id, quantity: 2 }] });
    await until("it is in the list", () => orders.now().items.length > 0);
    expect(orders.now().items.map(({ id, total }) => [id, total])).toEqual([[placed.id, 480]]);
  });

  it("are asked for anew after a gap, and nothing is missing", async () => {
    const { server } = desk;
    const [ana, ben] = await Promise.all([server.customer(), server.staff()]);
    const man = await middleman(server.base);
    onTestFinished(() => man.close());
    const orders = looking(() => useOrders({ limit: 10 }));
    const client = clientFor(ana, man.base, {
      minReconnectDelay: 2_000,
      maxReconnectDelay: 2_000,
      random: () => 0.9,
    });
    const gaps: unknown[] = [];
    client.on("gap", (gap) => gaps.push(gap));
    show(client, orders.element);
    await ben.orderFor(ana.user.id);
    await until(
      "the first order is there",
      () => client.state.status === "connected" && orders.now().items.length === 1,
    );

    man.cut();
    await until("the connection is lost", () => client.state.status === "waiting");
    // More than the log keeps, so that some can only be had by the snapshot.
    for (let count = 0; count < 9; count += 1) await ben.orderFor(ana.user.id, `missed ${count}`);
    expect(orders.now().items).toHaveLength(1);
    await until("all ten are there", () => orders.now().items.length === 10);
    expect(gaps).toHaveLength(1);
    expect(orders.now().items.map(({ note }) => note)).toEqual(
      [...Array(9).keys()]
        .reverse()
        .map((count) => `missed ${count}`)
        .concat(""),
    );
  });

  it("do not go back when a snapshot comes later than a newer event", async () => {
    const { server } = desk;
    const [ana, ben] = await Promise.all([server.customer(), server.staff()]);
    const { id, version } = await ben.orderFor(ana.user.id);
    // Every list is answered at once by the server, and arrives here when the test lets it.
    let arrive = (): void => {};
    const late = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    let asked = 0;
    const client = clientFor(ana, server.base, {
      fetch: async (input, init) => {
        const { pathname, search } = new URL(String(input));
        const answer = await ana.fetch(pathname + search, init);
        if (pathname === "/api/v1/orders") {
          asked += 1;
          await late;
        }
        return answer;
      },
    });
    const orders = looking(() => useOrders());
    show(client, orders.element);
    await until(
      "it is connected and the snapshots are under way",
      () => client.state.status === "connected" && asked >= 2,
    );
    await ben.ask("PATCH", `/api/v1/orders/${id}`, { version, status: "accepted" });
    await until("the event is there", () => orders.now().items[0]?.status === "accepted");
    expect(orders.now().loading).toBe(true);
    arrive();
    await until("the snapshot is there", () => !orders.now().loading);
    expect(orders.now().items.map(({ status }) => status)).toEqual(["accepted"]);
  });

  it("leave a filtered list when they no longer match, and come page by page", async () => {
    const { server } = desk;
    const [ana, ben] = await Promise.all([server.customer(), server.staff()]);
    const made = [];
    for (let count = 0; count < 7; count += 1) made.push(await ben.orderFor(ana.user.id));
    const [placed, paged] = [
      looking(() => useOrders({ status: "placed", customerId: ana.user.id })),
      looking(() => useOrders({ customerId: ana.user.id, limit: 3 })),
    ];
    const client = clientFor(ben, server.base);
    show(client, [
      <div key="placed">{placed.element}</div>,
      <div key="paged">{paged.element}</div>,
    ]);
    await until(
      "both are there",
      () =>
        client.state.status === "connected" &&
        placed.now().items.length === 7 &&
        paged.now().items.length === 3,
    );
    const ids = made.map(({ id }) => id).reverse();
    expect(paged.now().hasMore).toBe(true);

    // An order of a page that is not read yet stays there: shown alone it would hide a hole.
    await paged.now().update(ids[6] as string, { status: "accepted" });
    await until("it leaves the filtered list", () => placed.now().items.length === 6);
    expect(paged.now().items.map(({ id }) => id)).toEqual(ids.slice(0, 3));
    await paged.now().loadMore();
    await paged.now().loadMore();
    await until("all pages are there", () => paged.now().items.length === 7);
    expect(paged.now().items.map(({ id }) => id)).toEqual(ids);
    expect(paged.now().items[6]?.status).toBe("accepted");
    expect(paged.now().hasMore).toBe(false);
  });

  it("of one account are gone when another one signs in on the same client", async () => {
    const { server } = desk;
    const [ana, eva, ben] = await Promise.all([
      server.customer(),
      server.customer(),
      server.staff(),
    ]);
    await ben.orderFor(ana.user.id, "of Ana");
    await ben.orderFor(eva.user.id, "of Eva");
    let signedIn = ana;
    const client = clientFor(ana, server.base, {
      fetch: (input, init) => {
        const { pathname, search } = new URL(String(input));
        return signedIn.fetch(pathname + search, init);
      },
    });
    const orders = looking(() => useOrders());
    show(client, orders.element);
    await until(
      "Ana sees hers",
      () => client.state.status === "connected" && orders.now().items[0]?.note === "of Ana",
    );
    client.close();
    signedIn = eva;
    client.connect();
    await until("Eva sees hers", () => orders.now().items[0]?.note === "of Eva");
    expect(orders.now().items).toHaveLength(1);
  });
});

it("a list that could not be had says so, and comes once the server is back", async () => {
  const { server } = desk;
  const ana = await server.customer();
  const orders = looking(() => useOrders());
  await server.kill();
  show(clientFor(ana, server.base), orders.element);
  await until("the error is there", () => orders.now().error !== null);
  expect(orders.now()).toMatchObject({
    loading: false,
    items: [],
    error: { code: "connection_lost", status: 0 },
  });
  await server.start();
  await until("the list is there", () => orders.now().error === null);
});

it("bookings appear, are confirmed and cancelled live", async () => {
  const { server } = desk;
  const [ana, ada] = await Promise.all([server.customer(), server.admin()]);
  const table = await ada.ask<{ id: string }>("POST", "/api/v1/resources", {
    name: "Table 4",
    kind: "table",
    capacity: 4,
  });
  const [hers, theirs] = [
    looking(() => useBookings()),
    looking(() => useBookings({ resourceId: table.id })),
  ];
  show(clientFor(ana, server.base), hers.element);
  show(clientFor(ada, server.base), theirs.element);
  await until("both lists are there", () => !hers.now().loading && !theirs.now().loading);
  const { id } = await hers.now().place({
    resource_id: table.id,
    starts_at: "2031-05-01T18:00:00.000Z",
    ends_at: "2031-05-01T20:00:00.000Z",
    party_size: 2,
  });
  await until("staff see it", () => theirs.now().items[0]?.id === id);
  await theirs.now().update(id, { status: "confirmed" });
  await until("she sees that it is confirmed", () => hers.now().items[0]?.status === "confirmed");
  await hers.now().cancel(id);
  await until(
    "staff see that it is cancelled",
    () => theirs.now().items[0]?.status === "cancelled",
  );
});

it("notifications are counted, and read on every device at once", async () => {
  const { server } = desk;
  const [ana, ben] = await Promise.all([server.customer(), server.staff()]);
  const [phone, laptop] = [
    looking(() => useNotifications()),
    looking(() => useNotifications({ unread: true })),
  ];
  const again = await server.signIn(ana.user.email);
  const clients = [clientFor(ana, server.base), clientFor(again, server.base)] as const;
  show(clients[0], phone.element);
  show(clients[1], laptop.element);
  await until("both are connected", () =>
    clients.every(({ state }) => state.status === "connected"),
  );
  await ben.notify(ana.user.id, "Your order is ready");
  await ben.notify(ana.user.id, "It gets cold");
  await until("both know", () => phone.now().unread === 2 && laptop.now().items.length === 2);
  expect(phone.now().items.map(({ title }) => title)).toEqual([
    "It gets cold",
    "Your order is ready",
  ]);
  await phone.now().markRead(phone.now().items[1]?.id as string);
  await until("the other device knows", () => laptop.now().items.length === 1);
  await laptop.now().markAllRead();
  await until(
    "nothing is unread anywhere",
    () => phone.now().unread === 0 && laptop.now().items.length === 0,
  );
});

it("staff see who comes and goes; a customer is told that they may not", async () => {
  const { server } = desk;
  const [ana, ben] = await Promise.all([server.customer("Ana"), server.staff("Ben")]);
  const [his, hers] = [looking(() => usePresence()), looking(() => usePresence())];
  show(clientFor(ben, server.base), his.element);
  const names = () => his.now().items.map(({ user }) => user.name);
  await until("he is there himself", () => names().includes("Ben"));
  const page = render(
    <FrontdeskProvider client={clientFor(ana, server.base)}>{hers.element}</FrontdeskProvider>,
  );
  await until("she comes", () => names().includes("Ana"));
  await until("she may not see it", () => hers.now().error !== null);
  expect(hers.now().error).toMatchObject({ code: "forbidden", status: 403 });
  page.unmount();
  await until("she goes", () => !names().includes("Ana"));
});
