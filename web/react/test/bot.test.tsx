// The real bot answers in a chat through a model that speaks slowly: its answer grows on the page, and
// can be stopped. The model is the outside world, so a small server plays it.

import { createServer, type Server as HttpServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Session, until } from "@frontdesk/testing";
import { afterAll, expect, it } from "vitest";
import { type UseChat, useChat } from "../src/index.ts";
import { calm, clientFor, deskOf, looking, show } from "./support/desk.tsx";

const WORDS = ["We ", "are ", "open ", "from ", "eight ", "to ", "six."];

let model: HttpServer;
/** Whether the model speaks on after its third word. */
let speaksOn = true;

const desk = deskOf(async () => {
  model = createServer((request, response) => {
    request.resume();
    if (request.method === "POST") void speak(response);
    else response.setHeader("Content-Type", "application/json").end('{"data":[{"id":"slow"}]}');
  });
  await new Promise<void>((listening) => model.listen(0, "127.0.0.1", listening));
  const { port } = model.address() as AddressInfo;
  return {
    "bot.kind": "openai",
    "bot.base_url": `http://127.0.0.1:${port}/v1`,
    "bot.model": "slow",
  };
});
afterAll(() => model.closeAllConnections());
afterAll(() => model.close());

async function speak(response: ServerResponse): Promise<void> {
  const chunk = (delta: object, finish_reason: string | null = null): string =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
  response.setHeader("Content-Type", "text/event-stream");
  for (const [place, content] of WORDS.entries()) {
    if (place === 3 && !speaksOn) return;
    response.write(chunk({ content }));
    await new Promise((later) => setTimeout(later, 150));
  }
  response.end(`${chunk({}, "stop")}data: [DONE]\n\n`);
}

/** Asks the bot; `grown` is what the page showed of the answer, in order. */
async function ask(ana: Session): Promise<{ now: () => UseChat; grown: string[] }> {
  const grown: string[] = [];
  const hers = looking(() => {
    const chat = useChat("me");
    const answer = chat.messages.find(({ sender }) => sender.kind === "bot");
    const shown = `${answer?.state}: ${answer?.body}`;
    if (answer && grown.at(-1) !== shown) grown.push(shown);
    return chat;
  });
  const client = clientFor(ana, desk.server.base);
  show(client, hers.element);
  await calm(client);
  hers.now().send("When are you open?");
  await until("the answer begins", () => grown.length > 0);
  return { now: hers.now, grown };
}

it("an answer grows on the page until it is complete", async () => {
  const { now, grown } = await ask(await desk.server.customer());
  await until("it is complete", () => grown.at(-1)?.startsWith("complete: "));
  expect(grown.at(-1)).toBe(`complete: ${WORDS.join("")}`);
  const pieces = grown.slice(0, -1).map((text) => text.replace("streaming: ", ""));
  expect(pieces.length).toBeGreaterThan(2);
  for (const [place, piece] of pieces.entries()) {
    expect(WORDS.join("").startsWith(piece)).toBe(true);
    expect(piece.length).toBeGreaterThanOrEqual(pieces[place - 1]?.length ?? 0);
  }
  expect(now().handler?.kind).toBe("bot");
});

it("an answer that goes on for too long is stopped, and stays as far as it came", async () => {
  speaksOn = false;
  const { now, grown } = await ask(await desk.server.customer());
  await until("it says something", () => grown.at(-1)?.includes("We are open"));
  await now().stop();
  await until("it is stopped", () => grown.at(-1)?.startsWith("cancelled: We are open"));
});
