// The HTTP interface as the hooks use it: JSON with the page's cookie, and problems as errors.

import { FrontdeskError, type FrontdeskClient, type FrontdeskErrorCode } from "@frontdesk/client";
import { shared } from "./store.ts";

/** Values of a query; those without one are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>> & {
  readonly limit?: number | undefined;
};

/** A filter with its values taken apart. */
export type Loose<Filter> = { [Name in keyof Filter]?: Filter[Name] | undefined };

/** A problem of the server (RFC 9457), as an error. */
export class FrontdeskHttpError extends FrontdeskError {
  override readonly name: string = "FrontdeskHttpError";

  /** The HTTP status; 0 if there was no answer. */
  readonly status: number;
  /** All members of the problem, such as `errors`, `current` or `allowed`. */
  readonly problem: Readonly<Record<string, unknown>>;

  constructor(status: number, problem: Readonly<Record<string, unknown>>) {
    super(problem["code"] as FrontdeskErrorCode, String(problem["detail"]), String(problem["fix"]));
    this.status = status;
    this.problem = problem;
  }
}

export class Http {
  readonly #client: FrontdeskClient;

  constructor(client: FrontdeskClient) {
    this.#client = client;
  }

  get<Answer>(path: string, query: Query = {}, signal?: AbortSignal): Promise<Answer> {
    const values = Object.entries(query).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(values.map(([name, value]) => [name, String(value)]));
    return this.#ask<Answer>(
      "GET",
      values.length === 0 ? path : `${path}?${search}`,
      undefined,
      signal && { signal },
    );
  }

  /** `key` makes a repeated request harmless: the server answers as it did the first time. */
  post<Answer>(path: string, body?: unknown, key?: string): Promise<Answer> {
    return this.#ask<Answer>(
      "POST",
      path,
      body,
      key === undefined ? undefined : { headers: { "Idempotency-Key": key } },
    );
  }

  patch<Answer>(path: string, body: unknown): Promise<Answer> {
    return this.#ask<Answer>("PATCH", path, body);
  }

  async #ask<Answer>(
    method: string,
    path: string,
    body?: unknown,
    extra: RequestInit = {},
  ): Promise<Answer> {
    const headers = {
      ...extra.headers,
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
    };
    const init: RequestInit = { ...extra, method, headers };
    if (body !== undefined) init.body = JSON.stringify(body);
    let answer: Response;
    let text: string;
    try {
      answer = await this.#client.fetch(path, init);
      text = await answer.text();
    } catch (error) {
      if (extra.signal?.aborted) throw error;
      const detail = `${method} ${path} got no answer: ${String(error)}`;
      throw new FrontdeskHttpError(0, {
        code: "connection_lost",
        detail,
        fix: "Check that the server runs and that this page's origin is allowed, then try again.",
      });
    }
    const json = parsed(text);
    if (answer.ok && json !== undefined) return json as Answer;
    const problem = json as Record<string, unknown> | undefined;
    if (typeof problem?.["code"] === "string") throw new FrontdeskHttpError(answer.status, problem);
    throw new FrontdeskHttpError(answer.status, {
      code: "unexpected_answer",
      detail: `${method} ${path} was answered ${answer.status} with ${answer.headers.get("Content-Type") ?? "no type"}, which is not of a Frontdesk server`,
      fix: "Check the url of the client, and what stands between it and the server.",
    });
  }
}

/** The HTTP interface of a client's server. */
export function httpOf(client: FrontdeskClient): Http {
  return shared(client, "http", () => new Http(client));
}

/** A name that no other request has. `crypto.randomUUID` is missing on pages without https. */
export function randomName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
