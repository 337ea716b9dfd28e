// @vitest-environment node
// On a server the hooks show that nothing is there yet, open nothing and leave nothing behind.

import { renderToString } from "react-dom/server";
import { expect, it } from "vitest";
import {
  FrontdeskProvider,
  useBookings,
  useChat,
  useConnection,
  useConnectionDiagnosis,
  useEvents,
  useNotifications,
  useOrders,
  usePresence,
  useWebSocketSingleton,
} from "../src/index.ts";

function Page(): string {
  useEvents("orders", () => {
    throw new Error("no event can come on a server");
  });
  const lists = [useOrders(), useBookings(), useNotifications(), usePresence(), useChat("me")];
  const { state, lastEvent } = useWebSocketSingleton();
  return JSON.stringify({
    status: useConnection().status,
    same: state === useConnection(),
    diagnosis: useConnectionDiagnosis(),
    lastEvent,
    loading: lists.map(({ loading }) => loading),
  });
}

it("renders on a server without a socket, a timer or a request", () => {
  expect(typeof window).toBe("undefined");
  const before = process.getActiveResourcesInfo().sort();
  const refuse = () => {
    throw new Error("nothing may be asked for on a server");
  };
  const html = renderToString(
    <FrontdeskProvider
      options={{
        url: "https://desk.example.com",
        fetch: refuse as never,
        WebSocket: refuse as never,
      }}
    >
      <Page />
    </FrontdeskProvider>,
  );
  expect(JSON.parse(html.replaceAll("&quot;", '"'))).toEqual({
    status: "closed",
    same: true,
    diagnosis: null,
    lastEvent: null,
    loading: [true, true, true, true, true],
  });
  expect(process.getActiveResourcesInfo().sort()).toEqual(before);
});
