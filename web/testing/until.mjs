// Waiting for something that must happen soon.

/** @type {typeof import("./index.d.ts").until} */
export async function until(what, condition, milliseconds = 20_000) {
  const end = Date.now() + milliseconds;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within ${milliseconds / 1000} s: ${what}`);
    await new Promise((later) => setTimeout(later, 10));
  }
}
