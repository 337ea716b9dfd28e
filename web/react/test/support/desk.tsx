// Pages of a customer or of staff, in front of the real server.

import { type ClientOptions, createClient, type FrontdeskClient } from "@frontdesk/client";
import { type Server, type Session, startServer, until } from "@frontdesk/testing";
import { render, type RenderResult } from "@testing-library/react";
import type { ReactElement, ReactNode } from "react";
import { afterAll, beforeAll, onTestFinished } from "vitest";
import WebSocket from "ws";
import { FrontdeskProvider } from "../../src/index.ts";

type Config = Record<string, string | number | boolean>;

/** Starts a server before the tests of a file and ends it after them. */
export function deskOf(config: Config | (() => Promise<Config>) = {}): { readonly server: Server } {
  const desk = { server: undefined as unknown as Server };
  beforeAll(async () => {
    const own = typeof config === "function" ? await config() : config;
    desk.server = await startServer({
      config: { "bot.kind": "off", "log.keep_events": 20, ...own },
    });
  });
  afterAll(() => desk.server?.stop());
  return desk;
}

/** A client with someone's sign-in. `base` is what stands before the server, if anything does. */
export function clientFor(
  session: Session,
  base: string,
  options: ClientOptions = {},
): FrontdeskClient {
  const requests = { open: 0 };
  const client = createClient({
    url: `${base.replace("http", "ws")}/api/v1/ws`,
    fetch: (input, init) => {
      const { pathname, search } = new URL(String(input));
      requests.open += 1;
      return session.fetch(pathname + search, init).finally(() => {
        requests.open -= 1;
      });
    },
    WebSocket,
    minReconnectDelay: 20,
    maxReconnectDelay: 100,
    ...options,
  });
  asked.set(client, requests);
  return client;
}

const asked = new WeakMap<FrontdeskClient, { open: number }>();

/** Waits until a client is connected and nothing is being read over HTTP any more. */
export async function calm(client: FrontdeskClient): Promise<void> {
  let quietSince = Number.POSITIVE_INFINITY;
  await until("the client is connected and calm", () => {
    const quiet = client.state.status === "connected" && asked.get(client)?.open === 0;
    quietSince = quiet ? Math.min(quietSince, Date.now()) : Number.POSITIVE_INFINITY;
    return Date.now() - quietSince > 50;
  });
}

/** Shows components below a provider, and ends the client after the test. */
export function show(client: FrontdeskClient, children: ReactNode): RenderResult {
  onTestFinished(() => client.close());
  return render(<FrontdeskProvider client={client}>{children}</FrontdeskProvider>);
}

/** Lets a test look at what a hook gave last, without a page around it: render `element`. */
export function looking<Value>(useIt: () => Value): { element: ReactElement; now: () => Value } {
  const seen: { value?: Value } = {};
  const see = (value: Value): void => {
    seen.value = value;
  };
  return {
    element: <Look useIt={useIt} see={see as (value: unknown) => void} />,
    now: () => {
      if (seen.value === undefined) throw new Error("nothing was rendered yet");
      return seen.value;
    },
  };
}

function Look({ useIt, see }: { useIt: () => unknown; see: (value: unknown) => void }): null {
  see(useIt());
  return null;
}
