// What can be said on a socket, read from the server's own description of it (`/asyncapi.json`): so the
// lab knows every command of the server it talks to, also those of a later version.

/** The part of JSON Schema that the description uses. */
export interface Schema {
  $ref?: string;
  allOf?: Schema[];
  anyOf?: Schema[];
  type?: string;
  const?: unknown;
  enum?: unknown[];
  default?: unknown;
  description?: string;
  format?: string;
  pattern?: string;
  minimum?: number;
  properties?: Record<string, Schema>;
  required?: string[];
}

/** One command, with the schema of its frame. */
export interface CommandShape {
  /** Its key in the description, which is unique. */
  name: string;
  /** The `type` of its frame. */
  type: string;
  summary: string;
  schema: Schema;
  /** A whole frame that the description gives as an example. */
  example: Record<string, unknown> | null;
}

export interface CloseCodeShape {
  code: number;
  slug: string;
  meaning: string;
  fix: string;
}

/** All that is known of how to speak. */
export interface Tongue {
  /** The commands of the event socket, and of the chat socket. */
  events: CommandShape[];
  chat: CommandShape[];
  closeCodes: CloseCodeShape[];
  /** What a `$ref` names. */
  definitions: Record<string, Schema>;
}

/** The few members of the description that are read. */
interface Description {
  channels?: Record<
    string,
    { messages?: Record<string, unknown>; "x-close-codes"?: CloseCodeShape[] }
  >;
  components?: {
    messages?: Record<
      string,
      { payload?: Schema; summary?: string; examples?: { payload?: Record<string, unknown> }[] }
    >;
    schemas?: Record<string, Schema>;
  };
  operations?: Record<string, { action?: string }>;
}

/** Throws if it is the description of something else. */
export function readTongue(description: Description): Tongue {
  const { channels, components, operations } = description;
  if (!channels?.["events"] || !components?.messages || !operations) {
    throw new TypeError("the answer is no description of a Frontdesk socket");
  }
  const commandsOf = (channel: string): CommandShape[] =>
    Object.keys(channels[channel]?.messages ?? {})
      // Seen from the server: what it receives is what a client may say.
      .filter((name) => operations[name]?.action === "receive")
      .flatMap((name) => {
        const message = components.messages?.[name];
        const schema = message?.payload;
        const type = schema?.properties?.["type"]?.const;
        if (!schema || typeof type !== "string") return [];
        const summary = message?.summary ?? schema.description ?? "";
        return [{ name, type, summary, schema, example: message?.examples?.[0]?.payload ?? null }];
      });
  return {
    events: commandsOf("events"),
    // Its own short commands first: they are why one opens it.
    chat: commandsOf("chat").sort((a, b) => Number(isOwn(b)) - Number(isOwn(a))),
    closeCodes: channels["events"]["x-close-codes"] ?? [],
    definitions: components.schemas ?? {},
  };
}

function isOwn({ name }: CommandShape): boolean {
  return name.startsWith("chat.command.");
}
