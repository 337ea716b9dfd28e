// A chat between a customer and the desk, and what a bad moment does to it: nothing.

import type { Chat } from "@frontdesk/client";
import { type Session, until } from "@frontdesk/testing";
import { useEffect } from "react";
import { describe, expect, it, onTestFinished } from "vitest";
import { type ChatMessage, useChat } from "../src/index.ts";
import { calm, clientFor, deskOf, looking, show } from "./support/desk.tsx";
import { type Frame, type Middleman, middleman } from "./support/middleman.ts";

const desk = deskOf();

/** What the server holds, the oldest first. */
async function stored(
  session: Session,
  chat: string,
): Promise<{ id: string; body: string; client_id: string | null }[]> {
  const { items } = await session.ask<{ items: [] }>(
    "GET",
    `/api/v1/chats/${chat}/messages?limit=200`,
  );
  return items.reverse();
}

describe("a chat", () => {
  it("of `me` begins with the first message and not before, and staff take part live", async () => {
    const { server } = desk;
    const [ana, ben] = await Promise.all([server.customer("Ana"), server.staff("Ben")]);
    const hers = looking(() => useChat("me"));
    show(clientFor(ana, server.base), hers.element);
    await until("it is looked for", () => !hers.now().loading);
    expect(hers.now()).toMatchObject({ chat: null, handler: null, messages: [] });
    expect((await ana.ask<{ items: [] }>("GET", "/api/v1/chats")).items).toEqual([]);

    hers.now().send("Is my order ready?");
    hers.now().send("It is the one with oat milk.");
    expect(hers.now().messages.length).toBeLessThanOrEqual(2);
    await until(
      "both are sent",
      () =>
        hers.now().messages.length === 2 &&
        hers.now().messages.every(({ delivery }) => delivery === "sent"),
    );
    const chat = hers.now().chat?.id as string;
    const his = looking(() => useChat(chat));
    show(clientFor(ben, server.base), his.element);
    await until("he reads them", () => his.now().messages.length === 2);
    expect(his.now().messages.map(({ body }) => body)).toEqual([
      "Is my order ready?",
      "It is the one with oat milk.",
    ]);
    await until("he has not read them", () => his.now().unread === 2);

    his.now().markRead();
    await until("she sees that he read them", () => hers.now().messages.every(hers.now().seen));
    await until("nothing is unread", () => his.now().unread === 0);
    his.now().setTyping();
    await until("she sees him write", () => hers.now().typing[0]?.name === "Ben");
    expect(his.now().typing).toEqual([]);
    hers.now().setTyping();
    await until("he sees her write", () => his.now().typing[0]?.name === "Ana");
    his.now().send("Nearly!");
    await until("she has his answer", () => hers.now().messages.at(-1)?.body === "Nearly!");
    await until("he writes no more", () => hers.now().typing.length === 0);
    expect(hers.now().seen(hers.now().messages.at(-1) as never)).toBe(false);

    const { version } = await ben.ask<{ version: number }>("GET", `/api/v1/chats/${chat}`);
    await ben.ask("PATCH", `/api/v1/chats/${chat}`, {
      version,
      handler: { kind: "staff", user_id: ben.user.id },
    });
    await until("she sees who took over", () => hers.now().handler?.user?.name === "Ben");
  });

  it("tells that one writes at most every three seconds, however fast one types", async () => {
    const { server } = desk;
    const ana = await server.customer();
    await ana.chat();
    const man = await middleman(server.base);
    onTestFinished(() => man.close());
    const client = clientFor(ana, man.base);
    const hers = looking(() => useChat("me"));
    show(client, hers.element);
    await until(
      "the chat is there",
      () => client.state.status === "connected" && hers.now().chat !== null,
    );
    for (let key = 0; key < 40; key += 1) {
      hers.now().setTyping();
      await new Promise((later) => setTimeout(later, 10));
    }
    hers.now().setTyping(false);
    const typing = () =>
      man.said.filter(({ type }) => type === "typing").map(({ active }) => active);
    await until("both are said", () => typing().length >= 2);
    expect(typing()).toEqual([true, false]);
  });

  it("tells by itself that messages have arrived, once a second at most, and never of one's own", async () => {
    const { server } = desk;
    const [ana, ben] = await Promise.all([server.customer("Ana"), server.staff("Ben")]);
    const { id } = await ana.chat();
    const man = await middleman(server.base);
    onTestFinished(() => man.close());
    const client = clientFor(ana, man.base);
    const hers = looking(() => useChat(id));
    show(client, hers.element);
    const his = looking(() => useChat(id));
    show(clientFor(ben, server.base), his.element);
    await calm(client);
    await until("his page is there", () => his.now().chat !== null && !his.now().loading);
    const told = () => man.said.filter(({ type }) => type === "mark_delivered");
    const began = Date.now();
    for (let count = 0; count < 25; count += 1) {
      his.now().send(`message ${count}`);
      await new Promise((later) => setTimeout(later, 100));
    }
    const own = () => his.now().messages;
    await until("he sees that all have arrived", () => own().every(his.now().delivered));
    const seconds = (Date.now() - began) / 1_000;
    expect(own().length).toBe(25);
    expect(own().some(his.now().seen)).toBe(false);
    expect(his.now().chat?.delivered).toEqual([
      { user_id: ana.user.id, message_id: own()[24]?.id },
    ]);
    expect(told().length).toBeLessThanOrEqual(Math.ceil(seconds) + 1);
    expect(told().at(-1)).toMatchObject({ chat_id: id, message_id: own()[24]?.id });

    const before = told().length;
    man.fromClient = (frame) => (frame.type === "send_message" ? null : frame);
    hers.now().send("Thank you!");
    const thanks = () => hers.now().messages.at(-1) as ChatMessage;
    await until("hers is on its way", () => thanks().delivery === "sending");
    expect(hers.now().delivered(thanks())).toBe(false);
    man.fromClient = (frame) => frame;
    man.cut();
    await until("she sees that hers has arrived", () => hers.now().delivered(thanks()));
    expect(hers.now().seen(thanks())).toBe(false);
    await new Promise((later) => setTimeout(later, 1_500));
    expect(told().length).toBe(before);
  });

  it("that is read at once is not told to have arrived as well", async () => {
    const { server } = desk;
    const [ana, ben] = await Promise.all([server.customer("Ana"), server.staff("Ben")]);
    const { id } = await ana.chat();
    const man = await middleman(server.base);
    onTestFinished(() => man.close());
    const client = clientFor(ana, man.base);
    const hers = looking(() => {
      const chat = useChat(id);
      useEffect(() => {
        if (chat.unread > 0) chat.markRead();
      });
      return chat;
    });
    show(client, hers.element);
    await calm(client);
    const said = (wanted: string) => man.said.filter(({ type }) => type === wanted).length;
    await ben.ask("POST", `/api/v1/chats/${id}/messages`, { body: "Hello" });
    await until("she has read it", () => said("mark_read") === 1 && hers.now().unread === 0);
    await new Promise((later) => setTimeout(later, 1_500));
    expect(said("mark_delivered")).toBe(0);
    const chat = await ben.ask<Chat>("GET", `/api/v1/chats/${id}`);
    expect(chat.delivered).toEqual(chat.read);
  });

  it("of two devices has arrived when one of them has it, and a late one tells nothing", async () => {
    const { server } = desk;
    const [ana, ben] = await Promise.all([server.customer("Ana"), server.staff("Ben")]);
    const again = await server.signIn(ana.user.email);
    const { id } = await ana.chat();
    const [near, far] = await Promise.all([middleman(server.base), middleman(server.base)]);
    onTestFinished(() => Promise.all([near.close(), far.close()]).then(() => undefined));
    const phone = clientFor(ana, near.base);
    show(phone, looking(() => useChat(id)).element);
    await calm(phone);
    const his = looking(() => useChat(id));
    show(clientFor(ben, server.base), his.element);
    await until("his page is there", () => his.now().chat !== null && !his.now().loading);
    his.now().send("Your order is ready.");
    const arrived = () =>
      his.now().messages.length === 1 && his.now().messages.every(his.now().delivered);
    await until("it has arrived on the phone", arrived);
    const laptop = clientFor(again, far.base);
    const hers = looking(() => useChat(id));
    show(laptop, hers.element);
    await calm(laptop);
    await until("it is on the laptop, too", () => hers.now().messages.length === 1);
    await new Promise((later) => setTimeout(later, 1_500));
    const told = ({ said }: Middleman) =>
      said.filter(({ type }) => type === "mark_delivered").length;
    expect([told(near), told(far)]).toEqual([1, 0]);
  });

  it("on a server that knows of no deliveries tells nothing of them", async () => {
    const { server } = desk;
    const [ana, ben] = await Promise.all([server.customer("Ana"), server.staff("Ben")]);
    const { id } = await ana.chat();
    const man = await middleman(server.base);
    onTestFinished(() => man.close());
    const older = ({ delivered: _, ...chat }: Frame): Frame => chat;
    man.fromServer = (frame) =>
      frame.data?.chat === undefined ? frame : { ...frame, data: { chat: older(frame.data.chat) } };
    const client = clientFor(ana, man.base, {
      fetch: async (input, init) => {
        const { pathname, search } = new URL(String(input));
        const response = await ana.fetch(pathname + search, init);
        if (pathname !== `/api/v1/chats/${id}`) return response;
        return Response.json(older(await response.json()), { status: response.status });
      },
    });
    const hers = looking(() => useChat(id));
    show(client, hers.element);
    await until(
      "she is there",
      () => client.state.status === "connected" && hers.now().chat !== null,
    );
    await ben.ask("POST", `/api/v1/chats/${id}/messages`, { body: "Hello" });
    await until("she has it", () => hers.now().messages.length === 1);
    await new Promise((later) => setTimeout(later, 1_500));
    expect(hers.now().chat).not.toHaveProperty("delivered");
    expect(man.said.filter(({ type }) => type === "mark_delivered")).toEqual([]);
  });

  it("brings older messages page by page, without a hole and without a repeat", async () => {
    const { server } = desk;
    const ana = await server.customer();
    const { id } = await ana.chat();
    for (let count = 0; count < 120; count += 1)
      await ana.ask("POST", `/api/v1/chats/${id}/messages`, { body: `message ${count}` });
    const hers = looking(() => useChat(id));
    show(clientFor(ana, server.base), hers.element);
    await until("the newest are there", () => hers.now().messages.length === 50);
    expect(hers.now()).toMatchObject({ hasMore: true });
    hers.now().send("message 120");
    await until("it is sent", () => hers.now().messages.at(-1)?.delivery === "sent");
    await hers.now().loadMore();
    await hers.now().loadMore();
    await until("all are there", () => hers.now().messages.length === 121);
    expect(hers.now().hasMore).toBe(false);
    expect(hers.now().messages.map(({ body }) => body)).toEqual(
      [...Array(121).keys()].map((count) => `message ${count}`),
    );
  });

  it("that is not one's own says so", async () => {
    const { server } = desk;
    const [ana, eva] = await Promise.all([server.customer(), server.customer()]);
    const { id } = await ana.chat();
    const hers = looking(() => useChat(id));
    show(clientFor(eva, server.base), hers.element);
    await until("the error is there", () => hers.now().error !== null);
    expect(hers.now()).toMatchObject({
      loading: false,
      chat: null,
      error: { code: "not_found", status: 404 },
    });
  });
});

describe("a message", () => {
  it("that is the first in two tabs at once begins one chat, and both tabs have both", async () => {
    const { server } = desk;
    const ana = await server.customer();
    const again = await server.signIn(ana.user.email);
    const [one, other] = [looking(() => useChat("me")), looking(() => useChat("me"))];
    const clients = [clientFor(ana, server.base), clientFor(again, server.base)] as const;
    show(clients[0], one.element);
    show(clients[1], other.element);
    await Promise.all(clients.map(calm));
    one.now().send("From one tab");
    other.now().send("From the other");
    const bodies = ({ now }: typeof one) =>
      now()
        .messages.map(({ body }) => body)
        .sort();
    const both = ["From one tab", "From the other"];
    await until("both tabs have both", () =>
      [one, other].every((tab) => bodies(tab).join() === both.join()),
    );
    await until("both are sent", () =>
      [one, other].every(({ now }) => now().messages.every(({ delivery }) => delivery === "sent")),
    );
    expect((await ana.ask<{ items: [] }>("GET", "/api/v1/chats")).items).toHaveLength(1);
    expect(one.now().chat?.id).toBe(other.now().chat?.id);
  });

  it("that failed is sent again as the same message, and appears once", async () => {
    const { server } = desk;
    const ana = await server.customer();
    const { id } = await ana.chat();
    const man = await middleman(server.base);
    onTestFinished(() => man.close());
    // The server stores it, and the client is told that it failed; its event is lost as well.
    let failing = true;
    man.fromServer = (frame) => {
      if (failing && frame["type"] === "reply" && frame["data"]["message"]) {
        return {
          type: "error",
          id: frame["id"],
          code: "unavailable",
          detail: "the database does not answer",
          fix: "Try again.",
        };
      }
      return failing && frame["event"] === "message.created" ? null : frame;
    };
    const hers = looking(() => useChat("me"));
    const client = clientFor(ana, man.base);
    show(client, hers.element);
    await calm(client);
    const clientId = hers.now().send("Only once, please");
    await until("it is shown as being sent", () => hers.now().messages.length === 1);
    const { key } = hers.now().messages[0] as { key: string };
    await until("it failed", () => hers.now().messages[0]?.delivery === "failed");
    expect(hers.now().messages[0]?.error).toMatchObject({ code: "unavailable", fix: "Try again." });
    expect(await stored(ana, id)).toHaveLength(1);

    failing = false;
    hers.now().retry(clientId);
    await until("it is sent", () => hers.now().messages[0]?.delivery === "sent");
    expect(hers.now().messages.map(({ body, key, client_id }) => [body, key, client_id])).toEqual([
      ["Only once, please", key, clientId],
    ]);
    const tries = man.said
      .filter(({ type }) => type === "send_message")
      .map(({ client_id }) => client_id);
    expect(tries).toEqual([clientId, clientId]);
    expect((await stored(ana, id)).map(({ client_id }) => client_id)).toEqual([clientId]);
  });

  it("whose answer is lost with the connection is confirmed by the next one, once", async () => {
    const { server } = desk;
    const ana = await server.customer();
    const { id } = await ana.chat();
    const man = await middleman(server.base);
    onTestFinished(() => man.close());
    let lose = true;
    man.fromServer = (frame) => {
      if (lose && frame["type"] === "reply" && frame["data"]["message"]) {
        lose = false;
        man.cut();
        return null;
      }
      return lose && frame["event"] === "message.created" ? null : frame;
    };
    const client = clientFor(ana, man.base);
    const hers = looking(() => useChat(id));
    show(client, hers.element);
    await calm(client);
    hers.now().send("Through a bad network");
    await until("it is sent", () => hers.now().messages[0]?.delivery === "sent");
    expect(hers.now().messages).toHaveLength(1);
    expect(await stored(ana, id)).toHaveLength(1);
    expect(man.upgrades).toBe(2);
  });

  it("that was refused can be discarded, or sent once the chat is open again", async () => {
    const { server } = desk;
    const [ana, ben] = await Promise.all([server.customer(), server.staff()]);
    const { id } = await ana.chat();
    const change = async (status: string) => {
      const { version } = await ben.ask<{ version: number }>("GET", `/api/v1/chats/${id}`);
      await ben.ask("PATCH", `/api/v1/chats/${id}`, { version, status });
    };
    const hers = looking(() => useChat(id));
    show(clientFor(ana, server.base), hers.element);
    await change("closed");
    await until("she sees that it is closed", () => hers.now().chat?.status === "closed");
    const [first, second] = [hers.now().send("Hello?"), hers.now().send("Anyone?")];
    // Beside them may stand what the server itself notes, such as who closed the chat.
    const own = () => hers.now().messages.filter(({ sender }) => sender.kind === "customer");
    const deliveries = () => own().map(({ delivery }) => delivery);
    await until("both failed", () => deliveries().join() === "failed,failed");
    expect(own()[0]?.error).toMatchObject({ code: "chat_closed" });
    hers.now().discard(second);
    await change("open");
    await until("she sees that it is open", () => hers.now().chat?.status === "open");
    hers.now().retry(first);
    await until("it is sent", () => deliveries().join() === "sent");
    const bodies = (await stored(ana, id)).map(({ body }) => body);
    expect(bodies.filter((body) => ["Hello?", "Anyone?"].includes(body))).toEqual(["Hello?"]);
  });

  it("of `me` after the desk closed the chat begins the next one", async () => {
    const { server } = desk;
    const [ana, ben] = await Promise.all([server.customer(), server.staff()]);
    const { id } = await ana.chat();
    const hers = looking(() => useChat("me"));
    show(clientFor(ana, server.base), hers.element);
    await until("the chat is there", () => hers.now().chat?.id === id);
    const { version } = await ben.ask<{ version: number }>("GET", `/api/v1/chats/${id}`);
    await ben.ask("PATCH", `/api/v1/chats/${id}`, { version, status: "closed" });
    await until("it is closed", () => hers.now().chat?.status === "closed");
    hers.now().send("One more thing");
    await until(
      "it is sent in another chat",
      () => hers.now().chat?.id !== id && hers.now().messages[0]?.delivery === "sent",
    );
    expect(hers.now().messages.map(({ body }) => body)).toEqual(["One more thing"]);
  });
});

// A real bot is in bot.test.tsx; here the middleman speaks in its place, because a real one never
// repeats a piece and never leaves one out.
it("an answer grows piece by piece, a piece that comes twice changes nothing, and it can be stopped", async () => {
  const { server } = desk;
  const ana = await server.customer();
  const { id } = await ana.chat();
  const man = await middleman(server.base);
  onTestFinished(() => man.close());
  const answer = (body: string, state: string): Frame => ({
    id: "0190a000-0000-7000-8000-0000000000e1",
    chat_id: id,
    client_id: null,
    sender: { kind: "bot", name: "Bot" },
    body,
    state,
    created_at: "2031-01-01T00:00:00.000Z",
    edited_at: null,
    deleted_at: null,
  });
  const event = (name: string, data: Frame): Frame => ({
    type: "event",
    channel: `chat:${id}`,
    topic: "messages",
    event: name,
    at: "2031-01-01T00:00:00.000Z",
    data,
  });
  const delta = (start: number, text: string) =>
    man.say(event("message.delta", { message_id: answer("", "")["id"], start, text }));
  man.fromClient = (frame) => {
    if (frame["type"] !== "stop_message") return frame;
    man.say({
      type: "reply",
      id: frame["id"],
      data: { message: answer("Good morning", "cancelled") },
    });
    return null;
  };
  const client = clientFor(ana, man.base);
  const hers = looking(() => useChat(id));
  show(client, hers.element);
  await calm(client);
  const body = () => hers.now().messages[0]?.body;
  man.say(event("message.created", { message: answer("", "streaming") }));
  await until("it begins", () => body() === "");
  delta(0, "Good ");
  delta(5, "morn");
  delta(5, "morn");
  await until("it grows", () => body() === "Good morn");
  delta(0, "Good");
  await until("it is what the server says, also when that is less", () => body() === "Good");
  delta(4, " morn");
  delta(99, "a piece after a hole");
  delta(9, "ing");
  await until("it grows on", () => body() === "Good morning");
  await hers.now().stop();
  expect(man.said.at(-1)).toMatchObject({ type: "stop_message", message_id: answer("", "")["id"] });
  await until("it is stopped", () => hers.now().messages[0]?.state === "cancelled");
  delta(12, " to you");
  man.say(
    event("typing.started", {
      chat_id: id,
      user: { id: "0190a000-0000-7000-8000-0000000000f1", name: "Bot" },
    }),
  );
  await until("a later frame is there", () => hers.now().typing.length === 1);
  expect(body()).toBe("Good morning");
});
