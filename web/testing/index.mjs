// How to use it is in index.d.ts.

export { chaosProxy } from "./chaos-proxy.mjs";
export { startServer } from "./server.mjs";
export { until } from "./until.mjs";
