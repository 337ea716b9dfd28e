// A small word in a colour that says how something stands. The word alone says it too.

import type { ReactElement } from "react";
import classes from "./status-badge.module.css";

export type Tone = "neutral" | "accent" | "good" | "warn" | "bad";

export function StatusBadge({
  tone = "neutral",
  children,
}: {
  tone?: Tone;
  children: string;
}): ReactElement {
  return (
    <span className={classes["badge"]} data-tone={tone}>
      {children}
    </span>
  );
}

/** The tone of an order's or a booking's status. */
export function toneOf(status: string): Tone {
  switch (status) {
    case "placed":
    case "requested":
    case "arrived":
      return "accent";
    case "accepted":
    case "preparing":
      return "warn";
    case "ready":
    case "confirmed":
      return "good";
    case "rejected":
    case "declined":
    case "no_show":
      return "bad";
    default:
      return "neutral";
  }
}

/** A status as it is read: `no_show` is "No show". */
export function statusWords(status: string): string {
  const words = status.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
