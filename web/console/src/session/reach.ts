// Why the server of this page cannot be asked. One question to /healthz tells most causes apart.

import type { Trouble } from "./trouble.ts";

/** Names the reason why a request to this page's own server got no proper answer. */
export async function whyUnreachable(
  fetch: typeof globalThis.fetch,
  { online = navigator.onLine, host = location.host }: { online?: boolean; host?: string } = {},
): Promise<Trouble> {
  const because = (sentence: string, fix: string): Trouble => ({
    code: "unreachable",
    sentence,
    fix,
    fields: {},
  });
  if (!online) {
    return because("This device is offline.", "Check its network. This page goes on by itself.");
  }
  let answer: Response;
  try {
    answer = await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(5_000) });
  } catch (error) {
    if (error instanceof DOMException && error.name === "TimeoutError") {
      return because(
        `${host} takes connections and does not answer: nothing came in 5 seconds.`,
        "Look at the server: it may be stopped in a debugger, overloaded, or behind a network that swallows packets.",
      );
    }
    return because(
      `Nothing answers at ${host}: the server is not running, or the network does not lead to it.`,
      "Start the server (in the sources: cargo xtask run). This page goes on by itself.",
    );
  }
  const body: unknown = await answer.json().catch(() => null);
  const isOurs =
    typeof body === "object" && body !== null && "service" in body && body.service === "frontdesk";
  if (isOurs) {
    return answer.ok
      ? because(
          "The server runs, and did not answer this question.",
          "This page asks again by itself.",
        )
      : because(
          `The server answers ${answer.status}: it is starting, or shutting down.`,
          "Wait a moment. This page goes on by itself.",
        );
  }
  if (answer.status >= 500) {
    return because(
      `A proxy at ${host} answers ${answer.status}: the server behind it is not running.`,
      "Start the server behind the proxy (in the sources: cargo xtask run). This page goes on by itself.",
    );
  }
  return because(
    `Another program answers at ${host}: /healthz has status ${answer.status} and is not Frontdesk's.`,
    "Check the address of this page, and what stands between it and the server.",
  );
}
