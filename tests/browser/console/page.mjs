// A page of the console as a person has it: signed in, with a banner that tells how the connection is,
// and a browser's console that must stay free of complaints.

import assert from "node:assert/strict";
import { local, until } from "../harness.mjs";

const DESKTOP = { width: 1440, height: 900 };

/**
 * Opens a page of a server's console. `complaints` are the errors of the browser's console, but for the
 * question who is signed in, which is answered 401 as long as nobody is.
 */
export async function open(stage, server, path, { session, context, ...options } = {}) {
  const { page, context: held } = await stage.page({ session, context, viewport: DESKTOP, ...options });
  const complaints = [];
  page.on("console", (message) => {
    const expected = message.location().url.endsWith("/api/v1/auth/me") && message.text().includes("401");
    if (message.type() === "error" && !expected) complaints.push(`${message.text()} ${message.location().url}`);
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  // By the clock that all pages of a machine share.
  await page.addInitScript(() => {
    for (const type of ["click", "keydown"]) {
      addEventListener(
        type,
        () => {
          globalThis.lastInput = Date.now();
        },
        { capture: true },
      );
    }
  });
  await page.goto(`${local(server.base)}${path}`);
  return { page, context: held, complaints };
}

/** The line that says how the connection is. */
export const banner = (within) => within.getByRole("status", { name: "Connection" });

/** What of it is to be seen; the rest is read out. */
export const bannerText = (within) =>
  banner(within).evaluate((line) => (line.querySelector("[aria-hidden]") ?? line).textContent);

export const live = (within) => bannerSays(within, /^Live$/);

export async function bannerSays(within, words, milliseconds = 10_000) {
  let text;
  await until(`the banner says ${words}`, async () => words.test((text = await bannerText(within))), milliseconds).catch(
    (error) => {
      throw new Error(`${error.message}; it said ${text}`);
    },
  );
  return text;
}

/** Resolves with the time at which a text stands in an element. To be asked before the text can be there. */
export const timeOf = (locator, text) =>
  locator.evaluate(
    (element, wanted) =>
      new Promise((seen) => {
        const observer = new MutationObserver(look);
        function look() {
          if (!element.textContent.includes(wanted)) return;
          observer.disconnect();
          seen(Date.now());
        }
        observer.observe(element, { subtree: true, childList: true, characterData: true });
        look();
      }),
    text,
  );

/** Clicks something, or does else what is given. Gives how soon after that a text stood elsewhere. */
export async function timed(watched, text, target, act = () => target.click()) {
  await watched.waitFor({ state: "attached" });
  const seen = timeOf(watched, text);
  await act();
  return (await seen) - (await target.page().evaluate(() => globalThis.lastInput));
}

/** Plays until it took at most that long, or too often: a machine that is busy slows down most of it. */
export async function within(milliseconds, play, triesMax = 4) {
  const took = [];
  for (let tries = 1; tries <= triesMax; tries += 1) {
    took.push(await play(tries));
    if (took.at(-1) <= milliseconds) return;
  }
  assert.fail(`it took ${took.join(", ")} ms, and never at most ${milliseconds}`);
}

/** Signs in by the form. */
export async function signIn(page, email, password) {
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** Presses Tab until an element has the focus; each stop on the way must show that it has it. */
export async function tabTo(page, locator, stopsMax = 60) {
  for (let stops = 0; stops < stopsMax; stops += 1) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(() => {
      const held = document.activeElement;
      // What shows the focus may be a frame around the element, or a label beside it.
      const around = [...(held.parentElement?.children ?? [])];
      for (let outer = held; outer && around.length < 40; outer = outer.parentElement) around.push(outer);
      const looks = () => {
        for (const animation of document.getAnimations()) if (animation instanceof CSSTransition) animation.finish();
        return around
          .map((element) => getComputedStyle(element))
          .map(({ outline, boxShadow, borderColor, backgroundColor }) => [outline, boxShadow, borderColor, backgroundColor])
          .join();
      };
      const focused = looks();
      held.blur();
      const shown = looks() !== focused;
      held.focus({ focusVisible: true, preventScroll: true });
      const words = held.getAttribute("aria-label") ?? held.textContent ?? "";
      return { shown, what: `${held.tagName.toLowerCase()} “${words.slice(0, 40)}”` };
    });
    assert.ok(stop.shown, `the keyboard stops at ${stop.what}, and nothing shows it`);
    if (await locator.evaluate((element) => element === document.activeElement)) return;
  }
  assert.fail(`Tab did not come to ${locator} within ${stopsMax} stops`);
}
