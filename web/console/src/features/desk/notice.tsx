// What did not work, said where it was tried: what the server answered, and how it is now.

import type { ReactElement } from "react";
import { asSentence, troubleOf } from "../../session/trouble.ts";
import { TroubleNotice } from "../../ui/states.tsx";

export interface Told {
  readonly sentence: string;
  readonly fix: string;
}

/** `what` did not happen; `now` says how it is, after it was put right. */
export function toldOf(what: string, problem: unknown, now = ""): Told {
  const { code, sentence, fix } = troubleOf(problem);
  // Versions are the program's affair; to people it matters that somebody was faster.
  const isOver = code === "stale_version" || code === "invalid_transition";
  const why = code === "stale_version" ? "Somebody else changed it meanwhile." : sentence;
  return {
    sentence: `${asSentence(what)} ${why}`,
    fix: now === "" ? fix : `${now} ${isOver ? "" : fix}`,
  };
}

export function Notice({
  told,
  onClose,
}: {
  told: Told | null;
  onClose: () => void;
}): ReactElement | null {
  return told === null ? null : <TroubleNotice {...told} onClose={onClose} />;
}

/** Something could not be read. */
export function ReadTrouble({
  error,
  onRetry,
}: {
  error: Error;
  onRetry: () => void;
}): ReactElement {
  const { sentence, fix } = troubleOf(error);
  return <TroubleNotice sentence={sentence} fix={fix} onRetry={onRetry} />;
}
