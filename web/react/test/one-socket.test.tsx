// However many components and hooks there are, a page has one socket, and none once they are gone.

import type { ClientOptions } from "@frontdesk/client";
import { until } from "@frontdesk/testing";
import { render } from "@testing-library/react";
import { type ReactNode, StrictMode, useState } from "react";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import {
  FrontdeskProvider,
  useBookings,
  useChat,
  useConnection,
  useConnectionDiagnosis,
  useEvents,
  useFrontdesk,
  useNotifications,
  useOrders,
  usePresence,
  useWebSocketSingleton,
} from "../src/index.ts";
import { clientFor, deskOf, show } from "./support/desk.tsx";
import { middleman } from "./support/middleman.ts";

const desk = deskOf();

function TenHooks({ heard = () => {} }: { heard?: (event: string) => void }): string {
  useFrontdesk();
  useWebSocketSingleton();
  useConnectionDiagnosis();
  useEvents("orders", ({ event }) => heard(event));
  useNotifications();
  useOrders();
  useBookings();
  usePresence();
  useChat("me");
  return useConnection().status;
}

function Status(): string {
  return useConnection().status;
}

function TwoProviders({ options }: { options: ClientOptions }): ReactNode {
  const [second, setSecond] = useState(false);
  return (
    <>
      <FrontdeskProvider options={options}>
        <Status />
      </FrontdeskProvider>
      {second && (
        <FrontdeskProvider options={{ ...options }}>
          <Status />
        </FrontdeskProvider>
      )}
      <button type="button" onClick={() => setSecond(true)} />
    </>
  );
}

describe("one socket", () => {
  it("is all that two components with ten hooks each have", async () => {
    const { server } = desk;
    const [ana, ben] = await Promise.all([server.customer(), server.staff()]);
    const stats = () => ben.ask<{ connections: number }>("GET", "/api/v1/ws/stats");
    const client = clientFor(ana, server.base);
    const heard: string[] = [];
    const page = show(
      client,
      <StrictMode>
        <TenHooks heard={(event) => heard.push(`one ${event}`)} />
        <TenHooks heard={(event) => heard.push(`two ${event}`)} />
      </StrictMode>,
    );
    await until(
      "both say that they are connected",
      () => page.container.textContent === "connectedconnected",
    );
    expect((await stats()).connections).toBe(1);

    await ben.orderFor(ana.user.id);
    await until("both hear of the order", () => heard.length >= 2);
    expect(heard.sort()).toEqual(["one order.created", "two order.created"]);

    page.unmount();
    await until("the server has no socket any more", async () => (await stats()).connections === 0);
    expect(client.state).toMatchObject({ status: "closed", reason: "stopped" });
  });

  it("is opened once in StrictMode, and survives what unmounts and mounts again at once", async () => {
    const { server } = desk;
    const ana = await server.customer();
    const man = await middleman(server.base);
    onTestFinished(() => man.close());
    const client = clientFor(ana, man.base);
    const page = render(
      <StrictMode>
        <FrontdeskProvider key="one" client={client}>
          <TenHooks />
        </FrontdeskProvider>
      </StrictMode>,
    );
    await until("it is connected", () => page.container.textContent === "connected");
    for (const key of ["two", "three", "four"]) {
      page.rerender(
        <StrictMode>
          <FrontdeskProvider key={key} client={client}>
            <TenHooks />
          </FrontdeskProvider>
        </StrictMode>,
      );
      await new Promise((later) => setTimeout(later, 20));
    }
    expect(page.container.textContent).toBe("connected");
    expect([man.upgrades, man.open]).toEqual([1, 1]);
    page.unmount();
    await until("the socket is gone", () => man.open === 0);
    expect(man.upgrades).toBe(1);
  });

  it("is not closed while it is being opened", async () => {
    const { server } = desk;
    const ana = await server.customer();
    const closedWhile: number[] = [];
    const { WebSocket } = await import("ws");
    class Watched extends WebSocket {
      override close(code?: number): void {
        closedWhile.push(this.readyState);
        super.close(code);
      }
    }
    const client = clientFor(ana, server.base, { WebSocket: Watched });
    const page = show(client, <TenHooks />);
    await until("a socket is under way", () =>
      client.report().entries.some(({ what }) => what === "socket"),
    );
    page.unmount();
    await until("it is closed", () => client.state.status === "closed");
    expect(closedWhile[0]).toBe(WebSocket.OPEN);
    expect(closedWhile).not.toContain(WebSocket.CONNECTING);
  });

  it("is shared by providers of the same url that make the client themselves", async () => {
    const { server } = desk;
    const ana = await server.customer();
    const man = await middleman(server.base);
    onTestFinished(() => man.close());
    const { WebSocket } = await import("ws");
    const options = {
      url: `${man.base.replace("http", "ws")}/api/v1/ws`,
      WebSocket,
      getToken: async () => (await ana.token()).token,
    };
    const page = render(<TwoProviders options={options} />);
    await until("the first is connected", () => page.container.textContent === "connected");
    page.getByRole("button").click();
    await until("the second is too", () => page.container.textContent === "connectedconnected");
    expect(man.upgrades).toBe(1);
    page.unmount();
    await until("the socket is gone", () => man.open === 0);
  });
});

it("a hook without a provider says what is missing", () => {
  vi.spyOn(console, "error").mockReturnValue();
  expect(() => render(<TenHooks />)).toThrow("wrap the application in <FrontdeskProvider>");
});
