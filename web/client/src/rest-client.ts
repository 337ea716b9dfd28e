// The HTTP interface with its types, for those who want it: `openapi-fetch` must be installed.

import createFetchClient, { type Client } from "openapi-fetch";
import type { Problem } from "./diagnosis-types.ts";
import type { components, paths } from "./rest.ts";

export type { components, operations, paths } from "./rest.ts";

/** `rest.GET("/api/v1/orders", …)`: what the server answers is in `data`; a refusal rejects. */
export type RestClient = Client<paths, `${string}/${string}`>;

/** A refusal over HTTP: a stable code, one sentence and the next step. */
export class FrontdeskProblem extends Error {
  override readonly name: string = "FrontdeskProblem";
  readonly status: number;
  /** The stable word; `unexpected_answer` if it was not this server that answered. */
  readonly code: string;
  readonly detail: string;
  readonly fix: string;
  /** Which fields, as JSON pointers. */
  readonly errors: readonly components["schemas"]["FieldError"][];

  constructor(
    status: number,
    problem: Problem & { errors?: components["schemas"]["FieldError"][] },
  ) {
    const {
      code = "unexpected_answer",
      detail = `the answer has status ${status} and no problem`,
      fix = "Check that the URL leads to Frontdesk.",
    } = problem;
    super(`${code}: ${detail}`);
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.fix = fix;
    this.errors = problem.errors ?? [];
  }
}

export interface RestOptions {
  /** Where the server is, such as `https://desk.example.com`; the page's own server by default. */
  url?: string;
  fetch?: typeof globalThis.fetch;
}

/** Makes a client that sends the page's cookie and rejects with a `FrontdeskProblem`. */
export function createRestClient({ url = "", fetch }: RestOptions = {}): RestClient {
  const client: RestClient = createFetchClient<paths>({
    baseUrl: url.replace(/\/+$/, ""),
    credentials: "include",
    // Looked up late: at import, and on a server, there may be none.
    fetch: (request) => (fetch ?? globalThis.fetch)(request),
  });
  client.use({
    async onResponse({ response }) {
      if (response.ok) return undefined;
      const isProblem = response.headers
        .get("Content-Type")
        ?.startsWith("application/problem+json");
      throw new FrontdeskProblem(response.status, isProblem ? await response.json() : {});
    },
  });
  return client;
}
