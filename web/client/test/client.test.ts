import { type Server, type Session, startServer, until } from "@frontdesk/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { FrontdeskError, type Message } from "../src/index.ts";
import { closeAll, path, titles, tokensAsked, watch } from "./support/client.ts";

let server: Server;
let ana: Session;
let ben: Session;

beforeAll(async () => {
  server = await startServer();
  [ana, ben] = await Promise.all([server.customer(), server.staff()]);
});
afterEach(closeAll);
afterAll(() => server.stop());

const connected = (watched: ReturnType<typeof watch>) =>
  until("connected", () => watched.client.state.status === "connected");

describe("events", () => {
  it("connects, says who one is, and hands events to each kind of handler", async () => {
    const seen: string[] = [];
    const { client, ...watched } = watch(ana, { url: server.base });
    client.on("notification.created", ({ data }) => seen.push(`name ${data.notification.title}`));
    client.onTopic("notifications", ({ event }) => seen.push(`topic ${event}`));
    client.channel(`user:${ana.user.id}`).on("event", ({ event }) => seen.push(`channel ${event}`));
    await until("connected", () => client.state.status === "connected");
    expect(client.state).toMatchObject({ user: { id: ana.user.id, role: "customer" } });
    expect(path({ client, ...watched })).toEqual(["connecting", "connected"]);
    await ben.notify(ana.user.id, "hello");
    await until("all three", () => seen.length === 3);
    expect(seen.sort()).toEqual([
      "channel notification.created",
      "name hello",
      "topic notification.created",
    ]);
  });

  it("hands an event that comes on two channels on once, and on each channel to its own handlers", async () => {
    const watched = watch(ben, { url: server.base });
    const seen = { mine: 0, staff: 0, all: 0 };
    // An order of Ben's own is told on his channel and on that of the staff.
    watched.client.channel(`user:${ben.user.id}`).on("order.created", () => {
      seen.mine += 1;
    });
    watched.client.channel("staff").on("order.created", () => {
      seen.staff += 1;
    });
    watched.client.on("order.created", () => {
      seen.all += 1;
    });
    await connected(watched);
    await ben.orderFor(ben.user.id);
    await until("both channels", () => seen.mine === 1 && seen.staff === 1);
    await watched.client.ping();
    expect(seen).toEqual({ mine: 1, staff: 1, all: 1 });
  });

  it("stops handing on when the handler is taken away, and survives one that throws", async () => {
    const told = vi.spyOn(console, "error").mockImplementation(() => {});
    const watched = watch(ana, { url: server.base });
    const off = watched.client.on("notification.created", () => {
      throw new Error("the application's own fault");
    });
    watched.client.on("notification.created", async () => {
      throw new Error("later");
    });
    await connected(watched);
    await ben.notify(ana.user.id, "one");
    await until(
      "the event, and both faults",
      () => titles(watched).includes("one") && told.mock.calls.length === 2,
    );
    off();
    await ben.notify(ana.user.id, "two");
    await until("the next event", () => titles(watched).includes("two"));
    expect(watched.client.state.status).toBe("connected");
    expect(told.mock.calls.length).toBe(3);
    told.mockRestore();
  });

  it("keeps its state object until it changes, and tells when nothing was missed", async () => {
    const caughtUp: string[][] = [];
    const watched = watch(ana, { url: server.base });
    watched.client.on("caughtUp", ({ channels }) => caughtUp.push(channels));
    await connected(watched);
    const before = watched.client.state;
    await ben.notify(ana.user.id, "x");
    await until("the event", () => watched.events.length === 1);
    expect(watched.client.state).toBe(before);
    expect(caughtUp).toEqual([[`user:${ana.user.id}`]]);
  });
});

describe("commands", () => {
  it("writes in a chat, and the same client id again gives the same message", async () => {
    const chat = await ana.chat();
    const { client, ...watched } = watch(ana, { url: server.base });
    const events: Message[] = [];
    client.on("message.created", ({ data }) => events.push(data.message));
    // Asked before there is a connection: it waits for one.
    const message = await client.sendMessage({
      chatId: chat.id,
      body: "Is it ready?",
      clientId: "one",
    });
    expect(message).toMatchObject({
      body: "Is it ready?",
      client_id: "one",
      sender: { id: ana.user.id },
    });
    expect(
      (await client.sendMessage({ chatId: chat.id, body: "Is it ready?", clientId: "one" })).id,
    ).toBe(message.id);
    await client.markDelivered(chat.id, message.id);
    await client.markRead(chat.id, message.id);
    await until("the event", () => events.length === 1);
    expect(events[0]?.id).toBe(message.id);
    expect(watched.sockets.length).toBe(1);
  });

  it("listens to a chat for as long as somebody wants to, and hears typing there", async () => {
    const chat = await ana.chat();
    const [customer, staff] = [watch(ana, { url: server.base }), watch(ben, { url: server.base })];
    const typing: string[] = [];
    staff.client.on("typing.started", ({ data }) => typing.push(data.user.name));
    const channel = staff.client.channel(`chat:${chat.id}`);
    const bodies: string[] = [];
    channel.on("message.created", ({ data }) => bodies.push(data.message.body));
    const [one, two] = [channel.subscribe(), channel.subscribe()];
    await until("the subscription", () => channel.position !== null);
    await connected(customer);
    customer.client.typing(chat.id, true);
    await until("typing", () => typing.length === 1);
    one();
    one();
    await customer.client.sendMessage({ chatId: chat.id, body: "still heard" });
    await until("the message on the chat", () => bodies.length === 1);
    two();
    await staff.client.ping();
    customer.client.typing(chat.id, false);
    customer.client.typing(chat.id, true);
    await customer.client.ping();
    await staff.client.ping();
    expect(typing.length).toBe(1);
    expect(channel.position).toBeNull();
  });

  it("tells of a channel that is not for one", async () => {
    const { client } = watch(ana, { url: server.base });
    const refused: string[] = [];
    client.on("unsubscribed", ({ channel, code }) => refused.push(`${channel} ${code}`));
    client.channel("staff").subscribe();
    await until("the refusal", () => refused.length === 1);
    expect(refused).toEqual(["staff forbidden"]);
    expect(client.state.status).toBe("connected");
  });

  it("rejects with the server's code, sentence and next step", async () => {
    const { client } = watch(ana, { url: server.base });
    const refused = client.sendMessage({
      chatId: "0190a000-0000-7000-8000-0000000000c1",
      body: "x",
    });
    await expect(refused).rejects.toBeInstanceOf(FrontdeskError);
    await expect(refused).rejects.toMatchObject({
      code: "not_found",
      detail: expect.any(String),
      fix: expect.any(String),
    });
  });

  it("gets through more commands than the server takes at once", async () => {
    const { client } = watch(ana, { url: server.base, random: () => 0 });
    const answers = await Promise.all(Array.from({ length: 80 }, () => client.ping()));
    expect(answers.length).toBe(80);
    expect(client.state.status).toBe("connected");
  });

  it("rejects what waits when the client is closed, and everything after", async () => {
    const { client } = watch(ana, { url: server.base });
    const waiting = client.ping();
    client.close();
    await expect(waiting).rejects.toMatchObject({ code: "closed" });
    await expect(client.ping()).rejects.toMatchObject({ code: "closed" });
  });
});

describe("the report", () => {
  it("tells what happened and never a token", async () => {
    const tokens: string[] = [];
    const watched = watch(ana, {
      url: server.base,
      getToken: async () => {
        const { token } = await ana.token();
        tokens.push(token);
        return token;
      },
    });
    await connected(watched);
    for (const socket of watched.sockets) socket.terminate();
    await until(
      "connected again",
      () => watched.sockets.length === 2 && watched.client.state.status === "connected",
    );
    const text = `${watched.client.report()} ${JSON.stringify(watched.client.report())}`;
    expect(text).toContain("state connected");
    expect(tokens.length).toBeGreaterThan(0);
    for (const token of tokens)
      for (const part of token.split(".")) expect(text).not.toContain(part);
  });

  it("holds the newest 200 entries", async () => {
    const watched = watch(ana, { url: server.base });
    await connected(watched);
    for (let count = 0; count < 120; count += 1) {
      watched.client.close();
      watched.client.connect();
    }
    await connected(watched);
    const { entries } = watched.client.report();
    expect(entries.length).toBe(200);
    expect(entries.at(-1)?.at).toBeGreaterThanOrEqual(entries[0]?.at ?? Number.NaN);
  });
});

it("asks the same server over HTTP, as the person who is signed in", async () => {
  const { client } = watch(ana, { url: `${server.base.replace("http", "ws")}/api/v1/ws` });
  const answer = await client.fetch("/api/v1/auth/me");
  expect(await answer.json()).toMatchObject({ id: ana.user.id });
});

it("uses a token again while it lives", async () => {
  const watched = watch(ana, { url: server.base });
  await connected(watched);
  for (let count = 1; count <= 3; count += 1) {
    watched.sockets.at(-1)?.terminate();
    await until(
      "connected again",
      () => watched.sockets.length === count + 1 && watched.client.state.status === "connected",
    );
  }
  expect(tokensAsked(watched)).toBe(1);
});
