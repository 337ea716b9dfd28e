// The answers of the bot while they are being written: a list with keys that stay, and the text of the
// ways to ask, one on each line.

import type { BotSettings } from "./queries.ts";

export interface DraftEntry {
  /** For React alone. */
  readonly key: number;
  readonly asked: string;
  readonly answer: string;
}

export interface Draft {
  readonly hours: string;
  readonly timezone: string;
  readonly entries: readonly DraftEntry[];
}

export function draftOf({ faq }: BotSettings): Draft {
  return {
    hours: faq.hours,
    timezone: faq.timezone,
    entries: faq.entries.map(({ asked, answer }, key) => ({
      key,
      asked: asked.join("\n"),
      answer,
    })),
  };
}

/** What the server is asked to keep. */
export function requestOf({ hours, timezone, entries }: Draft): {
  hours: string;
  timezone: string;
  entries: { asked: string[]; answer: string }[];
} {
  return {
    hours: hours.trim(),
    timezone: timezone.trim(),
    entries: entries.map(({ asked, answer }) => ({ asked: waysOf(asked), answer: answer.trim() })),
  };
}

export function withEntry(draft: Draft): Draft {
  const key = Math.max(-1, ...draft.entries.map((entry) => entry.key)) + 1;
  return { ...draft, entries: [...draft.entries, { key, asked: "", answer: "" }] };
}

export function changeEntry(draft: Draft, key: number, part: Partial<DraftEntry>): Draft {
  return {
    ...draft,
    entries: draft.entries.map((entry) => (entry.key === key ? { ...entry, ...part } : entry)),
  };
}

export function withoutEntry(draft: Draft, key: number): Draft {
  return { ...draft, entries: draft.entries.filter((entry) => entry.key !== key) };
}

/** The message for a part of an entry, from fields such as `entries/0/answer` or `entries/0/asked/1`. */
export function wrongIn(
  fields: Readonly<Record<string, string>>,
  index: number,
  part: "asked" | "answer",
): string | undefined {
  const path = `entries/${index}/${part}`;
  return Object.entries(fields).find(
    ([field]) => field === path || field.startsWith(`${path}/`),
  )?.[1];
}

function waysOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
