// How long a page works for each frame, as Chromium traces it: the time on a processor, and by the clock.

/** What a page leaves in the trace with each frame. */
const MARK = "console-frame";

/** Begins to trace. `stop` gives the frames of the page, the one with the most work first. */
export async function traceFrames(browser, page) {
  const devtools = await browser.newBrowserCDPSession();
  const events = [];
  devtools.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  const includedCategories = ["toplevel", "blink.user_timing"];
  await devtools.send("Tracing.start", { transferMode: "ReportEvents", traceConfig: { includedCategories } });
  await page.evaluate((name) => {
    const frame = () => {
      performance.mark(name);
      performance.clearMarks(name);
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }, MARK);
  return {
    async stop() {
      const complete = new Promise((done) => devtools.once("Tracing.tracingComplete", done));
      await devtools.send("Tracing.end");
      await complete;
      return framesOf(events);
    },
  };
}

/** The tasks of the page's main thread, summed from each frame to the next. */
function framesOf(events) {
  const marks = events.filter(({ name }) => name === MARK).sort(byTime);
  const [{ pid, tid }] = marks;
  const tasks = events
    .filter((event) => event.pid === pid && event.tid === tid && event.name.endsWith("RunTask") && event.tdur !== undefined)
    .sort(byTime);
  const frames = [];
  let next = 0;
  for (const [index, mark] of marks.slice(1).entries()) {
    const began = marks[index].ts;
    let busy = 0;
    for (; next < tasks.length && tasks[next].ts < mark.ts; next += 1) if (tasks[next].ts >= began) busy += tasks[next].tdur;
    frames.push({ busyMs: busy / 1000, wallMs: (mark.ts - began) / 1000 });
  }
  return frames.sort((one, other) => other.busyMs - one.busyMs);
}

function byTime(one, other) {
  return one.ts - other.ts;
}
