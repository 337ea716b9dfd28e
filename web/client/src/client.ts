// The client of an application: events in, commands out. It joins the parts and decides nothing of
// its own: connecting is connection.ts, positions are subscription.ts, answers are commands.ts.

import { randomId } from "./attempt.ts";
import { type AnyCommand, Commands } from "./commands.ts";
import { Connection, type ConnectionState } from "./connection.ts";
import type { Diagnosis } from "./diagnosis-types.ts";
import { Emitter, type EventHandler, guard, tell } from "./emitter.ts";
import { type ClientOptions, locate, type Settings, settings } from "./options.ts";
import type {
  ChannelName,
  ChatId,
  ControlFrame,
  ErrorCode,
  EventFrame,
  EventName,
  Message,
  MessageData,
  MessageId,
  PositionEntry,
  Pong,
  Position,
  Topic,
  Welcome,
} from "./protocol.ts";
import { Recorder, type Report } from "./report.ts";
import { type Gap, Subscriptions } from "./subscription.ts";

/** The event of one name. */
export type EventNamed<Name extends EventName> = Extract<EventFrame, { event: Name }>;

/** The event of one topic. */
export type EventAbout<About extends Topic> = Extract<EventFrame, { topic: About }>;

/** What `on` can listen to, with what the handler gets. */
export type ClientEvents = { [Name in EventName]: EventNamed<Name> } & {
  /** Every event, each once. */
  event: EventFrame;
  state: ConnectionState;
  /** Events that were missed cannot be had any more: fetch the rest by HTTP. */
  gap: Gap;
  /** What is known of a channel is of another log: fetch everything by HTTP. */
  reset: { channel: ChannelName };
  /** What was missed has come, or nothing was. */
  caughtUp: { channels: ChannelName[] };
  diagnosis: Diagnosis;
  /** The server refused a channel, or took it away. */
  unsubscribed: { channel: ChannelName; code: ErrorCode | string; detail: string };
  /** A message grows. */
  delta: EventNamed<"message.delta">;
};

/** One channel. Listening to it is counted, so that parts of a page need not know of each other. */
export interface Channel {
  readonly name: ChannelName;
  /** Where the client stands; none before the first entry. */
  readonly position: Position | null;
  /** Asks for the channel's events until the answer is called. `user:` and `staff` come by themselves. */
  subscribe(): () => void;
  /** Events of this channel alone; `event` means all of them. */
  on<Name extends EventName | "event">(
    event: Name,
    handler: EventHandler<Name extends EventName ? EventNamed<Name> : EventFrame>,
  ): () => void;
}

export interface FrontdeskClient {
  /** Stays the same object until it changes. */
  readonly state: ConnectionState;
  /** Prints what happens to the console. */
  debug: boolean;
  /** Connects and stays connected; while it waits, tries again at once. */
  connect(): void;
  /** Ends the connection and everything that waits for it. `connect()` begins again where it was. */
  close(): void;
  /** Listens; the answer ends it. */
  on<Type extends keyof ClientEvents>(type: Type, handler: EventHandler<ClientEvents[Type]>): () => void;
  onTopic<About extends Topic>(topic: About, handler: EventHandler<EventAbout<About>>): () => void;
  channel(name: ChannelName): Channel;
  /** Writes in a chat. Sent again after a lost connection until there is an answer; it appears once. */
  sendMessage(message: { chatId: ChatId; body: string; clientId?: string }): Promise<Message>;
  /** Tells how far one has read. */
  markRead(chatId: ChatId, messageId: MessageId): Promise<void>;
  /** Tells how far a chat has arrived here; what was read has. The hooks of `@frontdesk/react` do it. */
  markDelivered(chatId: ChatId, messageId: MessageId): Promise<void>;
  /** Tells that one is writing, or has stopped. Lost while there is no connection. */
  typing(chatId: ChatId, active: boolean): void;
  /** Stops an answer that is still being written. A server without a bot refuses it. */
  stopMessage(messageId: MessageId): Promise<Message>;
  /** Chooses one of the actions of a message. A server without a bot refuses it. */
  chooseAction(messageId: MessageId, actionId: string): Promise<Message>;
  /** Asks whether the server is there; gives its clock. */
  ping(): Promise<Pong>;
  /** Any command. Waits for a connection; refused if the connection ends before the answer. */
  request<T = unknown>(command: AnyCommand): Promise<T>;
  /** Asks the server over HTTP where the socket goes, with the page's cookie: a path such as `/api/v1/items`. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** What happened lately, to copy. Never a token. */
  report(): Report;
}

/** Makes a client. It does nothing until `connect()`. */
export function createClient(options: ClientOptions = {}): FrontdeskClient {
  return new Client(settings(options));
}

/** How long positions may wait before they are kept. */
const SAVE_MS = 250;

class Client implements FrontdeskClient {
  readonly #settings: Settings;
  readonly #recorder: Recorder;
  readonly #emitter = new Emitter();
  readonly #connection: Connection;
  readonly #commands: Commands;
  readonly #subscriptions: Subscriptions;
  #restored = false;
  #saving: ReturnType<typeof setTimeout> | undefined;
  #printed = "";

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#recorder = new Recorder(settings.now, settings.debug);
    this.#commands = new Commands((frame) => this.#connection.send(frame));
    this.#subscriptions = new Subscriptions({
      gap: (gap) => this.#tell("gap", gap),
      reset: (channel) => this.#tell("reset", { channel }),
      caughtUp: (channels) => this.#tell("caughtUp", { channels }),
      moved: () => this.#saveSoon(),
    });
    this.#connection = new Connection(settings, this.#recorder, {
      resume: () => this.#resume(),
      state: (state) => this.#changed(state),
      welcome: (welcome) => this.#welcome(welcome),
      frame: (frame) => this.#hear(frame),
      lost: () => {
        this.#subscriptions.lost();
        this.#commands.lost();
      },
      diagnosis: (diagnosis) => this.#diagnosed(diagnosis),
    });
  }

  get state(): ConnectionState {
    return this.#connection.state;
  }

  get debug(): boolean {
    return this.#recorder.debug;
  }

  set debug(on: boolean) {
    this.#recorder.debug = on;
  }

  connect(): void {
    this.#connection.connect();
  }

  close(): void {
    this.#connection.close();
  }

  on<Type extends keyof ClientEvents>(
    type: Type,
    handler: EventHandler<ClientEvents[Type]>,
  ): () => void {
    return this.#emitter.on(type, handler);
  }

  onTopic<About extends Topic>(topic: About, handler: EventHandler<EventAbout<About>>): () => void {
    return this.#emitter.on(`topic ${topic}`, handler);
  }

  channel(name: ChannelName): Channel {
    const position = (): Position | null => this.#subscriptions.position(name);
    return {
      name,
      get position(): Position | null {
        return position();
      },
      subscribe: () => this.#subscribe(name),
      on: (event, handler) => this.#emitter.on(`${name} ${event}`, handler),
    };
  }

  async sendMessage({
    chatId,
    body,
    clientId = randomId(),
  }: {
    chatId: ChatId;
    body: string;
    clientId?: string;
  }): Promise<Message> {
    return this.#message({ type: "send_message", chat_id: chatId, client_id: clientId, body });
  }

  markRead(chatId: ChatId, messageId: MessageId): Promise<void> {
    return this.#mark("mark_read", chatId, messageId);
  }

  markDelivered(chatId: ChatId, messageId: MessageId): Promise<void> {
    return this.#mark("mark_delivered", chatId, messageId);
  }

  typing(chatId: ChatId, active: boolean): void {
    if (this.state.status === "connected")
      this.#connection.send({ type: "typing", chat_id: chatId, active });
  }

  async stopMessage(messageId: MessageId): Promise<Message> {
    return this.#message({ type: "stop_message", message_id: messageId });
  }

  async chooseAction(messageId: MessageId, actionId: string): Promise<Message> {
    return this.#message({ type: "choose_action", message_id: messageId, action_id: actionId });
  }

  ping(): Promise<Pong> {
    return this.request<Pong>({ type: "ping" });
  }

  request<T = unknown>(command: AnyCommand): Promise<T> {
    return this.#commands.ask<T>(command, "refuse");
  }

  async fetch(path: string, init?: RequestInit): Promise<Response> {
    const { fetch, url } = this.#settings;
    const { base } = await locate(url);
    return fetch(base + path, { credentials: "include", cache: "no-store", ...init });
  }

  report(): Report {
    const [page, agent] = [globalThis.location?.origin, globalThis.navigator?.userAgent];
    return this.#recorder.report({ ...this.state, page, agent });
  }

  async #mark(
    type: "mark_read" | "mark_delivered",
    chatId: ChatId,
    messageId: MessageId,
  ): Promise<void> {
    await this.#commands.ask({ type, chat_id: chatId, message_id: messageId }, "repeat");
  }

  /** A command that is safe to repeat and answers with a message. */
  async #message(command: AnyCommand): Promise<Message> {
    const { message } = await this.#commands.ask<MessageData>(command, "repeat");
    return message;
  }

  // Channels

  #subscribe(channel: ChannelName): () => void {
    if (this.#subscriptions.want(channel)) this.#listen(channel);
    let listening = true;
    return () => {
      if (!listening) return;
      listening = false;
      if (!this.#subscriptions.unwant(channel)) return;
      // Refused when it was lost with its connection, or is one of those that cannot be left.
      this.#commands.ask({ type: "unsubscribe", channel }, "now").catch(() => {});
    };
  }

  #listen(channel: ChannelName): void {
    if (this.#subscriptions.isLive(channel)) return;
    const position = this.#subscriptions.position(channel);
    const command = { type: "subscribe", channel, ...(position && { position }) };
    this.#commands
      .ask<PositionEntry>(command, "now", (entry) => this.#subscriptions.enter([entry]))
      .catch(({ code, detail }) => {
        // Without a connection, the next welcome asks again.
        if (code !== "connection_lost" && code !== "closed")
          this.#tell("unsubscribed", { channel, code, detail });
      });
  }

  #welcome(welcome: Welcome): void {
    const missing = this.#subscriptions.welcome(welcome.channels);
    this.#commands.opened();
    for (const channel of missing) this.#listen(channel);
  }

  async #resume(): Promise<ReturnType<Subscriptions["resume"]>> {
    const { positions } = this.#settings;
    if (positions && !this.#restored) {
      this.#restored = true;
      try {
        this.#subscriptions.restore((await positions.load()) ?? {});
      } catch (error) {
        tell(error);
      }
    }
    return this.#subscriptions.resume();
  }

  #saveSoon(): void {
    if (this.#settings.positions) this.#saving ??= setTimeout(() => this.#save(), SAVE_MS);
  }

  #save(): void {
    if (this.#saving === undefined) return;
    clearTimeout(this.#saving);
    this.#saving = undefined;
    guard(() => this.#settings.positions?.save(this.#subscriptions.resume()));
  }

  // What comes in

  #hear(
    frame: Exclude<ControlFrame, { type: "welcome" | "goodbye" | "heartbeat" }> | EventFrame,
  ): void {
    switch (frame.type) {
      case "event":
        this.#event(frame);
        return;
      case "reply":
        this.#commands.answer(frame.id, { data: frame.data });
        return;
      case "error":
        if (!this.#commands.answer(frame.id, frame)) this.#recorder.add(frame.type, { ...frame });
        return;
      case "unsubscribed":
        this.#subscriptions.end(frame.channel);
        this.#tell(frame.type, { channel: frame.channel, code: frame.code, detail: frame.detail });
        return;
      default:
        // A newer server may say more; what is not understood is not for this client.
        this.#recorder.add("unknown_frame", frame);
    }
  }

  #event(event: EventFrame): void {
    const { channel, event: name, topic } = event;
    if (typeof channel !== "string" || typeof name !== "string")
      throw new TypeError("no channel or name");
    const { onChannel, anywhere } = this.#subscriptions.take(event);
    if (onChannel) {
      this.#emitter.emit(`${channel} ${name}`, event);
      this.#emitter.emit(`${channel} event`, event);
    }
    if (anywhere) {
      this.#emitter.emit(name, event);
      this.#emitter.emit(`topic ${topic}`, event);
      this.#emitter.emit("event", event);
      if ((name as string) === "message.delta") this.#emitter.emit("delta", event);
    }
    this.#subscriptions.handed(event);
  }

  #changed(state: ConnectionState): void {
    if (state.status === "connecting") this.#commands.opening();
    if (state.status === "closed")
      this.#commands.close(state.close?.detail ?? `the client is closed: ${state.reason}`);
    // The page may go away next.
    if (state.status !== "connected") this.#save();
    this.#emitter.emit("state", state);
  }

  #diagnosed(diagnosis: Diagnosis): void {
    const line = `${diagnosis.sentence} ${diagnosis.fix}`;
    if (line !== this.#printed) console[this.state.status === "closed" ? "error" : "warn"](line);
    this.#printed = line;
    this.#emitter.emit("diagnosis", diagnosis);
  }

  #tell<Type extends "gap" | "reset" | "caughtUp" | "unsubscribed">(
    type: Type,
    value: ClientEvents[Type],
  ): void {
    this.#recorder.add(type, { ...value });
    this.#emitter.emit(type, value);
  }
}
