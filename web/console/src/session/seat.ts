// Two sessions in one browser, for the demo's split view: a seat names the cookie that a request uses.

/** `fetch` for a seat. The server knows the header in its demo alone, and refuses it elsewhere. */
export function seatFetch(seat: string | null): typeof globalThis.fetch {
  if (seat === null) return (input, init) => globalThis.fetch(input, init);
  return (input, init) => {
    const request = new Request(input, init);
    // Strangers need not know of it; for them it would cost a preflight besides.
    if (new URL(request.url).origin === location.origin)
      request.headers.set("Frontdesk-Seat", seat);
    return globalThis.fetch(request);
  };
}
