// What the browser tells a page, or a worker, about its own life. Elsewhere nothing happens.

export interface PageEvents {
  /** The page is put aside, or goes away: a socket would be lost without a word (`pagehide`, `freeze`). */
  asleep(): void;
  /** It goes on (`pageshow` from the back/forward cache, `resume`). */
  awake(): void;
  /** Something may have changed that no socket tells of: the page is seen again, or the network is back. */
  doubt(why: "visible" | "online"): void;
  /** The page's own policy blocked a request. */
  blocked(directive: string, uri: string): void;
}

/** Listens until the answer is called. */
export function listenToPage(events: PageEvents): () => void {
  const scope: Partial<EventTarget> = globalThis as Partial<EventTarget>;
  if (!scope.addEventListener) return () => {};
  const end = new AbortController();
  const on = (target: Partial<EventTarget>, type: string, listen: (event: Event) => void): void =>
    target.addEventListener?.(type, listen, { signal: end.signal });
  const page: Document | undefined = globalThis.document;

  on(scope, "online", () => events.doubt("online"));
  on(scope, "pagehide", () => events.asleep());
  on(scope, "pageshow", (event) => (event as PageTransitionEvent).persisted && events.awake());
  on(page ?? scope, "securitypolicyviolation", (event) => {
    const { disposition, effectiveDirective, blockedURI } = event as SecurityPolicyViolationEvent;
    if (disposition === "enforce") events.blocked(effectiveDirective, blockedURI);
  });
  if (page) {
    on(page, "freeze", () => events.asleep());
    on(page, "resume", () => events.awake());
    on(page, "visibilitychange", () => isHidden() || events.doubt("visible"));
  }
  return () => end.abort();
}

/** Whether nobody sees the page, so that the browser slows its timers. */
export function isHidden(): boolean {
  return globalThis.document?.visibilityState === "hidden";
}
