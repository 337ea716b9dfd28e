// What a server rendered is taken over by the page without a complaint, and then goes live.

import { until } from "@frontdesk/testing";
import { render } from "@testing-library/react";
import { renderToString } from "react-dom/server";
import { expect, it, onTestFinished, vi } from "vitest";
import {
  FrontdeskProvider,
  useConnection,
  useOrders,
  useWebSocketSingleton,
} from "../src/index.ts";
import { clientFor, deskOf } from "./support/desk.tsx";

const desk = deskOf();

function Page(): string {
  const { items, loading } = useOrders();
  const { lastEvent } = useWebSocketSingleton();
  return `${useConnection().status}, ${loading ? "loading" : `${items.length} orders`}, ${lastEvent?.event ?? "no event"}`;
}

it("a page takes over what a server rendered", async () => {
  const { server } = desk;
  const [ana, ben] = await Promise.all([server.customer(), server.staff()]);
  const client = clientFor(ana, server.base);
  onTestFinished(() => client.close());
  const complaints = vi.spyOn(console, "error");
  const page = (
    <FrontdeskProvider client={client}>
      <Page />
    </FrontdeskProvider>
  );
  const container = document.body.appendChild(document.createElement("div"));
  container.innerHTML = renderToString(page);
  expect(container.textContent).toBe("closed, loading, no event");
  // The client may be further than the server was: the first render must be the server's all the same.
  client.connect();
  await until("the client is connected", () => client.state.status === "connected");
  render(page, { container, hydrate: true });
  await until("it is live", () => container.textContent === "connected, 0 orders, no event");
  await ben.orderFor(ana.user.id);
  await until(
    "the order is there",
    () => container.textContent === "connected, 1 orders, order.created",
  );
  expect(complaints).not.toHaveBeenCalled();
});
