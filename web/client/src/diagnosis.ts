// Why a connection could not be opened, or ended. What is known of causes is long, so it is a file of
// its own that is fetched beside the first try: the server of the page has just answered then, and
// may be as dead as the other one when a diagnosis is needed.

import type { AttemptRecord, Diagnosis, DiagnosisEnvironment } from "./diagnosis-types.ts";
import { redact } from "./report.ts";

/** Fetches what a diagnosis needs, while somebody still answers. Each client does it with its first try; once more costs nothing. */
export function prepareDiagnosis(): void {
  import("./diagnosis-causes.ts").catch(() => {});
}

/** Finds out why a try ended as it did, in some seconds at most. No token is in what it gives. */
export async function diagnose(
  record: AttemptRecord,
  environment: DiagnosisEnvironment,
): Promise<Diagnosis> {
  const { conclude } = await import("./diagnosis-causes.ts");
  const found = JSON.stringify(await conclude(record, environment));
  // Addresses and reasons come from strangers, who may repeat what they were sent.
  return JSON.parse(found, (_, value) => (typeof value === "string" ? redact(value) : value));
}
