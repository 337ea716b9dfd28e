// What the server says and understands. The types are generated from the server's own: those of the
// socket in protocol.ts, those of the HTTP interface in rest.ts.

export type * from "./protocol.ts";
export type { components, operations, paths } from "./rest.ts";
