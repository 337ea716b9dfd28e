// What happened to a connection lately, to copy into a bug report. Never a token.

/** Newest entries that are kept. */
const ENTRIES_MAX = 200;

/** Longest text of a value. */
const TEXT_MAX = 200;

/** One thing that happened. */
export interface ReportEntry {
  /** Milliseconds since 1970, by this machine's clock. */
  at: number;
  what: string;
  /** Its values, by name. */
  with: Record<string, unknown>;
}

/** All that is known of a client. `String(report)` is made for people. */
export interface Report {
  at: number;
  /** The values that describe it now, by name. */
  now: Record<string, unknown>;
  /** The last 200 things that happened, oldest first. */
  entries: ReportEntry[];
  toString(): string;
}

export class Recorder {
  /** Also prints each entry to the console. */
  debug: boolean;
  readonly #now: () => number;
  #entries: ReportEntry[] = [];

  constructor(now: () => number, debug: boolean) {
    this.#now = now;
    this.debug = debug;
  }

  add(what: string, values: object = {}): void {
    const entry: ReportEntry = { at: this.#now(), what, with: plain(values) };
    this.#entries.push(entry);
    if (this.#entries.length > ENTRIES_MAX) this.#entries.shift();
    if (this.debug) console.debug("frontdesk:", what, entry.with);
  }

  report(values: object): Report {
    const [at, now, entries] = [this.#now(), plain(values), [...this.#entries]];
    const lines = (): string[] => entries.map((entry) => line(entry.at, entry.what, entry.with));
    return {
      at,
      now,
      entries,
      toString: () => [line(at, "Frontdesk", now), ...lines()].join("\n"),
    };
  }
}

/** Takes out what is a token or looks like one. */
export function redact(value: string): string {
  return value
    .replace(/\beyJ[\w-]*(\.[\w-]*)*/g, "…")
    .replace(/((?:token|authorization)["']?\s*[=:]\s*["']?)[^\s"'&]+/gi, "$1…");
}

/** A copy without tokens, and with no long text. */
function plain(values: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(values), (_, value) =>
    typeof value === "string" ? redact(value).slice(0, TEXT_MAX) : value,
  );
}

function line(at: number, what: string, values: object): string {
  return `${new Date(at).toISOString()} ${what} ${JSON.stringify(values)}`;
}
