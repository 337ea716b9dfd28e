// The adapter for TanStack Query: the same lists, kept live in its cache.

import { until } from "@frontdesk/testing";
import { QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import { expect, it, onTestFinished } from "vitest";
import { useFrontdesk } from "../src/index.ts";
import { notificationsQuery, ordersQuery, useLiveQueries } from "../src/query.ts";
import { clientFor, deskOf, looking, show } from "./support/desk.tsx";
import { middleman } from "./support/middleman.ts";

function Live(): null {
  useLiveQueries();
  return null;
}

const desk = deskOf({ "log.keep_events": 3 });

it("keeps queries right: live, by version, and after a gap", async () => {
  const { server } = desk;
  const [ana, ben] = await Promise.all([server.customer(), server.staff()]);
  const man = await middleman(server.base);
  onTestFinished(() => man.close());
  // Read in the component, because a query renders again only for what it has seen being read.
  const placed = looking(() => {
    const { data, isSuccess } = useQuery(ordersQuery(useFrontdesk(), { status: "placed" }));
    return { data, isSuccess };
  });
  const notes = looking(() => {
    const { data, isSuccess } = useQuery(notificationsQuery(useFrontdesk(), { unread: true }));
    return { data, isSuccess };
  });
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  onTestFinished(() => queries.clear());
  const client = clientFor(ana, man.base, {
    minReconnectDelay: 1_000,
    maxReconnectDelay: 1_000,
    random: () => 0.9,
  });
  const gaps: unknown[] = [];
  client.on("gap", (gap) => gaps.push(gap));
  show(
    client,
    <QueryClientProvider client={queries}>
      <Live />
      {placed.element}
      {notes.element}
    </QueryClientProvider>,
  );
  await until(
    "both are there",
    () => client.state.status === "connected" && placed.now().isSuccess && notes.now().isSuccess,
  );
  const first = await ben.orderFor(ana.user.id);
  await ben.notify(ana.user.id, "Thank you");
  await until(
    "both tell",
    () => placed.now().data?.[0]?.id === first.id && notes.now().data?.[0]?.title === "Thank you",
  );
  await ben.ask("PATCH", `/api/v1/orders/${first.id}`, {
    version: first.version,
    status: "accepted",
  });
  await until("it is not placed any more", () => placed.now().data?.length === 0);

  man.cut();
  await until("the connection is lost", () => client.state.status === "waiting");
  for (let count = 0; count < 6; count += 1) await ben.orderFor(ana.user.id);
  expect(placed.now().data).toHaveLength(0);
  await until("all six are there", () => placed.now().data?.length === 6);
  expect(gaps).toHaveLength(1);
});
