// One answer from two witnesses: what the page itself could find out, and what a person pasted. Where
// they leave more than one cause, that is the answer. Pure: no network, no clock.

import type { CauseId, Diagnosis } from "@frontdesk/client";
import { readCode } from "./close-code.ts";
import { type Reading, readConsole } from "./console-lines.ts";
import type { Outcome } from "./walk.ts";

/** What the registry says of a cause. */
export interface Explained {
  title: string;
  sentence: string;
  fix: string;
}

export interface Verdict {
  /** The cause; null if nothing is wrong, or nothing is known. */
  id: CauseId | null;
  confidence: "certain" | "likely" | "unsure";
  /** One sentence. */
  sentence: string;
  /** The next step. */
  fix: string;
  /** What it rests on. */
  because: string[];
  /** Causes that would look the same. */
  alternatives: CauseId[];
}

type Explain = (id: string) => Explained | null;

/** Longest text that is read; more is no line of a console. */
const PASTED_MAX_CHARS = 20_000;

/** What a pasted text says, the most telling first. A close code is a symptom: it comes last. */
export function readPasted(text: string): Reading[] {
  const whole = text.slice(0, PASTED_MAX_CHARS);
  const lines = readConsole(whole);
  const code = readCode(whole);
  // Beside a cause that was read, 1006 says nothing more.
  return code && (lines.length === 0 || code.id !== "net.change") ? [...lines, code] : lines;
}

/** The answer; null as long as there is nothing to answer from. */
export function judge(outcome: Outcome | null, pasted: string, explain: Explain): Verdict | null {
  const [reading] = readPasted(pasted);
  const found = outcome?.how === "diagnosis" ? outcome.diagnosis : null;
  if (reading && outcome?.how === "connected") return thenAndNow(reading, explain);
  if (reading && found) return both(reading, found, explain);
  if (reading) return ofReading(reading, explain);
  if (found) return withEcho(ofDiagnosis(found), outcome, explain);
  if (pasted.trim() !== "" && outcome === null) return unread();
  return outcome ? withoutCause(outcome) : null;
}

function withoutCause(outcome: Outcome): Verdict {
  if (outcome.how === "connected") {
    return {
      id: null,
      confidence: "certain",
      sentence: `You can connect: the server welcomed ${outcome.name} after ${outcome.ms} ms.`,
      fix: "If your own page still fails, paste its token or the red line of its console here.",
      because: [],
      alternatives: [],
    };
  }
  return {
    id: null,
    confidence: "unsure",
    sentence: "Cannot tell: the client came to no conclusion within half a minute.",
    fix: "Paste the red line of the browser's console; it names what a page may not see.",
    because: [],
    alternatives: [],
  };
}

function unread(): Verdict {
  return {
    id: null,
    confidence: "unsure",
    sentence: "Cannot tell from this text: no line of it is one that is known.",
    fix: "Paste the red line that begins with “WebSocket connection to” or “Failed to load resource”, with its net::ERR_ word, or run the steps.",
    because: [],
    alternatives: [],
  };
}

function ofReading(reading: Reading, explain: Explain): Verdict {
  return narrowed(
    [reading.id, ...reading.alternatives],
    reading.confidence,
    [reading.because],
    explain,
  );
}

function ofDiagnosis({ id, confidence, sentence, fix, alternatives = [] }: Diagnosis): Verdict {
  return { id, confidence, sentence, fix, because: [], alternatives };
}

/** Who is not signed in learns at least whether sockets get through. */
function withEcho(verdict: Verdict, outcome: Outcome | null, explain: Explain): Verdict {
  if (verdict.id !== "token.endpoint_unauth" || outcome?.how !== "diagnosis") return verdict;
  if (outcome.echo === true) {
    const because = "Sockets get through all the same: the one that needs no token opened.";
    return { ...verdict, because: [...verdict.because, because] };
  }
  if (outcome.echo === null) return verdict;
  const because = "The server answers requests, but the socket that needs no token did not open.";
  return cannotTell(
    ["proxy.no_upgrade", "proxy.no_ws_support", "net.middlebox"],
    [because],
    explain,
  );
}

/** It works now, so the line tells of something that has passed, or of another page. */
function thenAndNow(reading: Reading, explain: Explain): Verdict {
  const then = ofReading(reading, explain);
  return {
    ...then,
    confidence: then.confidence === "certain" ? "likely" : "unsure",
    sentence: `It works from this page now; the text tells of another moment or another page: ${then.sentence}`,
  };
}

function both(reading: Reading, found: Diagnosis, explain: Explain): Verdict {
  const because = [`The text: ${reading.because}`, `This page: ${found.sentence}`];
  const fromText = [reading.id, ...reading.alternatives];
  const fromPage = [found.id, ...(found.alternatives ?? [])];
  const common = fromText.filter((id) => fromPage.includes(id));
  const [first] = common;
  if (first === undefined) {
    // A missing sign-in on this page says nothing about another one.
    if (found.id === "token.endpoint_unauth" || reading.confidence === "certain")
      return { ...ofReading(reading, explain), because };
    // A close code such as 1006 goes with nearly everything.
    if (reading.confidence === "unsure" && found.confidence === "certain")
      return { ...ofDiagnosis(found), because };
    return cannotTell([reading.id, found.id], because, explain);
  }
  if (common.length === 1) {
    // Two witnesses that leave one cause: the page's own sentence has the values of this very case.
    const own = first === found.id ? found : null;
    const known = explain(first);
    return {
      id: first,
      confidence:
        reading.confidence === "certain" || found.confidence === "certain" ? "certain" : "likely",
      sentence: own?.sentence ?? known?.sentence ?? reading.because,
      fix: own?.fix ?? known?.fix ?? found.fix,
      because,
      alternatives: [],
    };
  }
  return narrowed(
    common,
    reading.confidence === "certain" ? "certain" : "unsure",
    because,
    explain,
  );
}

/** A cause if one is plainly meant, otherwise the admission that several are left. */
function narrowed(
  ids: CauseId[],
  confidence: Verdict["confidence"],
  because: string[],
  explain: Explain,
): Verdict {
  const [first = null, ...others] = ids;
  if (confidence === "unsure" && others.length > 0) return cannotTell(ids, because, explain);
  const known = first && explain(first);
  return {
    id: first,
    confidence,
    sentence: known?.sentence ?? because[0] ?? "",
    fix: known?.fix ?? "",
    because,
    alternatives: others,
  };
}

function cannotTell(ids: CauseId[], because: string[], explain: Explain): Verdict {
  const titles = ids.map((id) => `“${explain(id)?.title ?? id}”`);
  const last = titles.pop() ?? "";
  return {
    id: null,
    confidence: "unsure",
    sentence: `Cannot tell ${titles.join(", ")} from ${last}: they look the same from here.`,
    fix: "Open each below: its page names the one question that decides.",
    because,
    alternatives: ids,
  };
}
