// What went wrong, in words a person can use: one sentence and the next step.

import { FrontdeskError } from "@frontdesk/client";
import { FrontdeskProblem } from "@frontdesk/client/rest";

export interface Trouble {
  /** The stable word of the server; `unreachable` if nothing answered. */
  code: string;
  sentence: string;
  fix: string;
  /** What is wrong with single fields, by the name of the field. */
  fields: Readonly<Record<string, string>>;
}

/** Makes words of whatever was thrown. */
export function troubleOf(error: unknown): Trouble {
  if (error instanceof TypeError || isWithoutAnswer(error)) {
    return {
      code: "unreachable",
      sentence: `${location.host} does not answer.`,
      fix: navigator.onLine
        ? "Check that the server runs; then try again."
        : "This device is offline. Check its network, then try again.",
      fields: {},
    };
  }
  if (error instanceof FrontdeskProblem || error instanceof FrontdeskError) {
    const { code, detail, fix } = error;
    return { code, sentence: asSentence(detail), fix: asSentence(fix), fields: fieldsOf(error) };
  }
  return {
    code: "unexpected",
    sentence: asSentence(error instanceof Error ? error.message : String(error)),
    fix: "Load the page again. If it stays, report what you did just before.",
    fields: {},
  };
}

/** Sentences of the server begin small and have no full stop, so that they fit into others. */
export function asSentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "") return "";
  const ended = /[.!?…]$/.test(trimmed) ? trimmed : `${trimmed}.`;
  // Addresses, paths and words of the configuration stay as they are written.
  if (/^\S*[.:/_\d]\S/.test(ended)) return ended;
  return ended.charAt(0).toUpperCase() + ended.slice(1);
}

/** The hooks say in their own words, with method and path, what `fetch` says as a TypeError. */
function isWithoutAnswer(error: unknown): boolean {
  return error instanceof FrontdeskError && "status" in error && error.status === 0;
}

function fieldsOf(error: FrontdeskProblem | FrontdeskError): Record<string, string> {
  const errors =
    "errors" in error
      ? error.errors
      : ((error as { problem?: { errors?: unknown } }).problem?.errors ?? []);
  if (!Array.isArray(errors)) return {};
  return Object.fromEntries(
    errors.map(({ pointer, message }: { pointer: string; message: string }) => [
      pointer.replace(/^\//, ""),
      asSentence(message),
    ]),
  );
}
