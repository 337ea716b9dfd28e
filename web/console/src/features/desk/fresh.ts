// The quiet highlight of what came by itself: what stands in `data-fresh`, for the animation to see.

/** How long something counts as new. */
const FRESH_MS = 4_000;

/** Two names for one animation, so that it runs once more with the next change of the same row. */
export function freshMark(touchedAt: number | undefined, version: number): string | undefined {
  if (touchedAt === undefined || Date.now() - touchedAt > FRESH_MS) return undefined;
  return version % 2 === 0 ? "even" : "odd";
}
