// What an address says by itself.

/** Whether a host is this very machine. */
export function isLoopback(hostname: string): boolean {
  return /^(.*\.)?localhost$|^127\.|^\[::1\]$/.test(hostname);
}

/** What shares cookies, roughly: the last two labels of a name, or an address. */
export function siteOf(url: string): string {
  const { hostname } = new URL(url);
  return /^[\d.]+$|:/.test(hostname) ? hostname : hostname.split(".").slice(-2).join(".");
}
