// Everything on one sheet, for a bug report. Tokens are masked once more, whoever let them in.

import { maskTokens } from "../../session/token-mask.ts";
import type { Verdict } from "./verdict.ts";
import type { Outcome, Step } from "./walk.ts";

export interface ReportInput {
  at: Date;
  page: string;
  agent: string;
  address: string;
  steps: readonly Step[];
  outcome: Outcome | null;
  pasted: string;
  verdict: Verdict | null;
}

/** Longest pasted text that goes along. */
const PASTED_MAX_CHARS = 4_000;

export function report(input: ReportInput): string {
  const { at, page, agent, address, steps, outcome, pasted, verdict } = input;
  const asked = steps.filter(({ state }) => state !== "waiting" && state !== "skipped");
  const evidence = outcome?.how === "diagnosis" ? JSON.stringify(outcome.diagnosis.evidence) : "";
  const lines = [
    "Frontdesk: why can't I connect?",
    `at ${at.toISOString()}, page ${page}, server ${address}`,
    `browser ${agent}`,
    "",
    ...(verdict
      ? [
          `${verdict.id ?? "no cause"} (${verdict.confidence}): ${verdict.sentence}`,
          `next step: ${verdict.fix}`,
          ...verdict.because.map((each) => `because: ${each}`),
          ...(verdict.alternatives.length > 0
            ? [`looks the same: ${verdict.alternatives.join(", ")}`]
            : []),
        ]
      : ["no answer yet"]),
    ...(asked.length > 0 ? ["", "steps:"] : []),
    ...asked.map(
      ({ title, state, says, ms }) =>
        `  ${state} ${title}: ${says}${ms === null ? "" : ` (${ms} ms)`}`,
    ),
    ...(evidence === "" ? [] : ["", `evidence: ${evidence}`]),
    ...(pasted.trim() === "" ? [] : ["", "pasted:", pasted.trim().slice(0, PASTED_MAX_CHARS)]),
    "",
  ];
  return maskTokens(lines.join("\n"));
}
