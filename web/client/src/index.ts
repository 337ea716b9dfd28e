// The client of a Frontdesk server, and the types of what is said. Start at `createClient`.
// The types are generated from the server's own: those of the socket in protocol.ts, those of the
// HTTP interface in rest.ts.

export type { CloseInfo } from "./attempt.ts";
export type { CauseId } from "./causes.ts";
export {
  type Channel,
  type ClientEvents,
  createClient,
  type EventAbout,
  type EventNamed,
  type FrontdeskClient,
} from "./client.ts";
export type { AnyCommand } from "./commands.ts";
export type { ConnectionState } from "./connection.ts";
export { prepareDiagnosis } from "./diagnosis.ts";
export type { Diagnosis } from "./diagnosis-types.ts";
export type { EventHandler } from "./emitter.ts";
export { FrontdeskError, type FrontdeskErrorCode } from "./error.ts";
export type { ClientOptions, PositionStorage } from "./options.ts";
export type * from "./protocol.ts";
export type { Report, ReportEntry } from "./report.ts";
export type { components, operations, paths } from "./rest.ts";
export type { Gap } from "./subscription.ts";
export type { GetToken, GivenToken } from "./token.ts";
