// One chat that stays right by itself: history over HTTP, then live; what is written here, until it
// is confirmed. What useChat watches. Start at `ChatStore.send` and `#hear`.

import {
  type ChannelName,
  type Chat,
  type ChatId,
  type EventFrame,
  FrontdeskError,
  type FrontdeskClient,
  type Message,
  type DeltaData,
  type MessageId,
  type Person,
  type ReadPosition,
  type TypingData,
  type UserId,
  type WelcomeUser,
} from "@frontdesk/client";
import { Arrivals } from "./arrivals.ts";
import { isAutomatic, watchContinuity } from "./continuity.ts";
import { FrontdeskHttpError, type Http, httpOf, randomName } from "./http.ts";
import { HELD_MAX, LiveList, PAGE_MAX, type Page } from "./live-list.ts";
import { type ChatMessage, OUTBOX_MAX, Outbox } from "./outbox.ts";
import { Reader, type ReadingState } from "./reader.ts";
import { Store, forget, remember, shared } from "./store.ts";
import { OwnTyping, Typists } from "./typing.ts";

/** What a chat looks like now. */
export interface ChatState extends ReadingState {
  /** `null` until it is known; with `"me"` also until there is one. */
  readonly chat: Chat | null;
  /** The oldest first; what is being sent stands at the end. */
  readonly messages: readonly ChatMessage[];
  /** Others who are writing now. */
  readonly typing: readonly Person[];
  /** Messages of others after the last one that was read, among those loaded. */
  readonly unread: number;
}

export const noChatYet: ChatState = {
  chat: null,
  messages: [],
  typing: [],
  unread: 0,
  loading: true,
  error: null,
  hasMore: false,
};

/** Messages of the first page. */
const HISTORY = 50;

export class ChatStore extends Store<ChatState> {
  readonly #client: FrontdeskClient;
  readonly #http: Http;
  readonly #wanted: ChatId | "me";
  readonly #list = new LiveList<Message>({
    id: (message) => message.id,
    at: (message) => message.created_at,
    replaces: isNoOlder,
  });
  readonly #reader = new Reader({
    list: this.#list,
    snapshot: (signal) => this.#readNewest(signal),
    more: (cursor) =>
      this.#http.get<Page<Message>>(`/api/v1/chats/${this.#chat?.id}/messages`, {
        limit: HISTORY,
        cursor,
      }),
    changed: () => this.#show(),
  });
  readonly #outbox = new Outbox();
  readonly #typists = new Typists(() => this.#show());
  readonly #ownTyping = new OwnTyping((active) => {
    if (this.#chat !== null) this.#client.typing(this.#chat.id, active);
  });
  readonly #arrivals = new Arrivals(async (id) => {
    if (this.#chat !== null) await this.#client.markDelivered(this.#chat.id, id);
  });
  #lastUser: WelcomeUser | null = null;
  #chat: Chat | null = null;
  #beginning: Promise<Chat> | null = null;
  #ends: (() => void)[] = [];
  #leave: (() => void) | null = null;
  #marked: MessageId | null = null;
  /** Whether an event told of the chat since the last snapshot was asked for. */
  #chatHeard = false;

  constructor(client: FrontdeskClient, wanted: ChatId | "me") {
    super(noChatYet);
    this.#client = client;
    this.#http = httpOf(client);
    this.#wanted = wanted;
  }

  /** Sends a text and gives its `client_id`. It is in `messages` at once; how it fares stands there. */
  readonly send = (body: string): string => {
    const clientId = randomName();
    if (this.#outbox.size >= OUTBOX_MAX) {
      throw new FrontdeskError(
        "too_many_waiting",
        `${OUTBOX_MAX} messages of this chat are not confirmed yet`,
        "Wait until the connection is back, or discard those that failed.",
      );
    }
    this.#ownTyping.set(false);
    this.#outbox.put(this.#draft(clientId, body), clientId);
    this.#show();
    void this.#deliver(clientId, body);
    return clientId;
  };

  /** Sends a failed message again, as the same message. */
  readonly retry = (clientId: string): void => {
    const message = this.#outbox.get(clientId);
    if (message?.delivery !== "failed") return;
    this.#outbox.mark(clientId, "sending", null);
    this.#show();
    void this.#deliver(clientId, message.body);
  };

  /** Takes a failed message out of the list. */
  readonly discard = (clientId: string): void => {
    if (this.#outbox.get(clientId)?.delivery !== "failed") return;
    this.#outbox.remove(clientId);
    this.#show();
  };

  /** Tells the others that one is writing; to be called with each keystroke. */
  readonly setTyping = (active = true): void => this.#ownTyping.set(active);

  /** Tells how far one has read: to the newest message, unless another one is named. */
  readonly markRead = (messageId?: MessageId): void => {
    const id = messageId ?? this.#list.items()[0]?.id;
    const chat = this.#chat;
    if (
      id === undefined ||
      chat === null ||
      id === this.#marked ||
      id === this.#readBy(this.#user?.id)
    )
      return;
    this.#marked = id;
    this.#arrivals.wasTold(id);
    this.#client.markRead(chat.id, id).catch(() => {
      if (this.#marked === id) this.#marked = null;
    });
  };

  /** Whether someone other than its author has read a message. */
  readonly seen = (message: Message): boolean => this.#reached(this.#chat?.read, message);

  /** Whether a message has arrived on a device of someone other than its author. */
  readonly delivered = (message: Message): boolean =>
    this.#reached(this.#chat?.delivered, message) || this.seen(message);

  /** Ends a growing answer: the newest one, unless another one is named. */
  readonly stopAnswer = async (messageId?: MessageId): Promise<void> => {
    const id = messageId ?? this.#list.items().find(({ state }) => state === "streaming")?.id;
    if (id === undefined) return;
    this.#take(await this.#client.stopMessage(id));
  };

  /** Chooses what a message offers: an answer to a question of the bot. */
  readonly choose = async (messageId: MessageId, actionId: string): Promise<void> => {
    this.#take(await this.#client.chooseAction(messageId, actionId));
  };

  readonly reload = (): Promise<void> => this.#reader.reload();

  readonly loadMore = (): Promise<void> => this.#reader.loadMore();

  protected start(): void {
    remember(this.#client, keyOf(this.#wanted), this);
    this.#ends = [
      this.#client.on("event", (event) => this.#hear(event)),
      this.#client.on("delta", ({ channel, data }) => this.#grow(channel, data)),
      watchContinuity(this.#client, {
        concerns: (channel) => isAutomatic(channel) || channel === `chat:${this.#chat?.id}`,
        renew: () => void this.reload(),
        forget: () => this.#clear(),
        failed: () => this.#reader.state.error !== null,
      }),
    ];
    if (this.#chat !== null) this.#join(this.#chat.id);
    void this.reload();
  }

  protected stop(): void {
    for (const end of this.#ends) end();
    this.#ends = [];
    this.#leave?.();
    this.#leave = null;
    this.#reader.stop();
    this.#ownTyping.set(false);
    this.#typists.clear();
    this.#arrivals.stop();
    // What is not confirmed is shown again when the chat is.
    if (this.#outbox.size === 0) forget(this.#client, keyOf(this.#wanted), this);
  }

  /** Who is signed in, as far as that is known. */
  get #user(): WelcomeUser | null {
    const { state } = this.#client;
    if (state.status === "connected") this.#lastUser = state.user;
    return this.#lastUser;
  }

  async #deliver(clientId: string, body: string): Promise<void> {
    try {
      const chat = await this.#open();
      const message = await this.#client.sendMessage({ chatId: chat.id, body, clientId });
      this.#outbox.remove(clientId);
      this.#take(message);
    } catch (error) {
      this.#outbox.mark(clientId, "failed", error as FrontdeskError);
      this.#show();
    }
  }

  /** The chat to write in. With `"me"` it is begun if there is none, or if the last one was closed. */
  #open(): Promise<Chat> | Chat {
    const chat = this.#chat;
    if (chat !== null && (this.#wanted !== "me" || chat.status === "open")) return chat;
    if (this.#wanted !== "me") return this.#http.get<Chat>(`/api/v1/chats/${this.#wanted}`);
    this.#beginning ??= this.#begin().finally(() => {
      this.#beginning = null;
    });
    return this.#beginning;
  }

  async #begin(): Promise<Chat> {
    const chat = await this.#http
      .post<Chat>("/api/v1/chats", {}, randomName())
      .catch((error: unknown) => {
        // Another tab, or the desk, was faster.
        if (error instanceof FrontdeskHttpError && error.code === "chat_open")
          return error.problem["chat"] as Chat;
        throw error;
      });
    this.#enter(chat);
    return chat;
  }

  async #find(signal: AbortSignal): Promise<Chat | null> {
    if (this.#wanted !== "me")
      return this.#http.get<Chat>(`/api/v1/chats/${this.#wanted}`, {}, signal);
    const me = this.#user ?? (await this.#http.get<WelcomeUser>("/api/v1/auth/me", {}, signal));
    this.#lastUser = me;
    const { items } = await this.#http.get<Page<Chat>>(
      "/api/v1/chats",
      { status: "open", limit: PAGE_MAX },
      signal,
    );
    const open = items.find(({ customer }) => customer.id === me.id);
    // A chat that was closed while it is looked at stays until the next one begins.
    return open ?? this.#chat;
  }

  #enter(chat: Chat): void {
    const current = this.#chat;
    if (current?.id !== chat.id) {
      if (current !== null) this.#list.clear();
      this.#typists.clear();
      this.#marked = null;
      this.#chat = chat;
      this.#join(chat.id);
    } else if (chat.version >= current.version) {
      this.#chat = chat;
    }
  }

  #join(id: ChatId): void {
    this.#leave?.();
    this.#leave = this.#client.channel(`chat:${id}`).subscribe();
  }

  #hear({ event, data }: EventFrame): void {
    if (event === "chat.created" || event === "chat.updated") this.#hearOfChat(data.chat);
    if (event === "message.created" || event === "message.updated")
      this.#hearOfMessage(data.message);
    if (event === "typing.started" || event === "typing.stopped")
      this.#hearTyping(event === "typing.started", data);
  }

  #hearTyping(active: boolean, { chat_id, user }: TypingData): void {
    if (chat_id !== this.#chat?.id || user.id === this.#user?.id) return;
    if (active) this.#typists.start(user);
    else this.#typists.stop(user.id);
  }

  #hearOfChat(chat: Chat): void {
    const mine =
      this.#wanted === "me" && chat.customer.id === this.#user?.id && chat.status === "open";
    const next = mine && this.#chat?.status !== "open";
    if (chat.id !== this.#chat?.id && !next) return;
    this.#chatHeard = true;
    this.#enter(chat);
    this.#show();
  }

  #take(message: Message): void {
    if (message.chat_id === this.#chat?.id) this.#list.apply(message);
    this.#show();
  }

  #hearOfMessage(message: Message): void {
    if (message.chat_id !== this.#chat?.id) return;
    this.#list.apply(message);
    this.#confirm(message);
    if (message.sender.id !== undefined) this.#typists.stop(message.sender.id);
    if (this.#list.size > HELD_MAX) void this.reload();
    this.#show();
  }

  /** A growing answer. After a hole nothing more is added: the whole message follows once it is complete. */
  #grow(channel: ChannelName, { message_id, start, text }: DeltaData): void {
    const message = this.#list.get(message_id);
    if (
      channel !== `chat:${this.#chat?.id}` ||
      message?.state !== "streaming" ||
      start > message.body.length
    )
      return;
    this.#list.put({ ...message, body: message.body.slice(0, start) + text });
    this.#show();
  }

  /** A message that came from the server waits for nothing any more. */
  #confirm({ client_id, sender }: Message): void {
    if (this.#user === null || sender.id === this.#user.id) this.#outbox.remove(client_id);
  }

  async #readNewest(signal: AbortSignal): Promise<void> {
    this.#chatHeard = false;
    const chat = await this.#find(signal);
    if (signal.aborted || chat === null) return;
    // An event that came since is newer than what the snapshot says. Messages count from here on.
    if (chat.id !== this.#chat?.id || !this.#chatHeard) this.#enter(chat);
    this.#list.beginSnapshot();
    const limit = Math.min(PAGE_MAX, Math.max(HISTORY, this.#list.size));
    const page = await this.#http.get<Page<Message>>(
      `/api/v1/chats/${chat.id}/messages`,
      { limit },
      signal,
    );
    if (signal.aborted) return;
    this.#list.endSnapshot(page);
    for (const message of page.items) this.#confirm(message);
  }

  #draft(clientId: string, body: string): Message {
    const { id = "", name = "", role = "customer" } = this.#user ?? {};
    return {
      id: clientId,
      chat_id: this.#chat?.id ?? "",
      client_id: clientId,
      sender: { kind: role === "customer" ? "customer" : "staff", id, name },
      body,
      state: "complete",
      created_at: new Date().toISOString(),
      edited_at: null,
      deleted_at: null,
    };
  }

  #sent(message: Message): ChatMessage {
    const own = message.sender.id === this.#user?.id ? message.client_id : null;
    return { ...message, key: own ?? message.id, delivery: "sent", error: null };
  }

  #readBy(user: UserId | undefined): MessageId | undefined {
    return positionOf(this.#chat?.read, user);
  }

  /** Whether someone else has got as far as a message. What is being sent is nowhere yet. */
  #reached(positions: ReadPosition[] | undefined, message: Message): boolean {
    if (positions === undefined || this.#outbox.get(message.id) !== undefined) return false;
    return positions.some(
      ({ user_id, message_id }) =>
        user_id !== message.sender.id && this.#isUpTo(message, message_id),
    );
  }

  /** The newest message of another that is not known to have arrived on a device of ours. */
  #arrived(): MessageId | null {
    const me = this.#user?.id;
    // A server that does not tell of deliveries is older than the command for it.
    const delivered = this.#chat?.delivered;
    if (me === undefined || delivered === undefined) return null;
    const newest = this.#list.items().find(({ sender }) => sender.id !== me);
    const known = positionOf(delivered, me);
    if (newest === undefined || (known !== undefined && this.#isUpTo(newest, known))) return null;
    return newest.id;
  }

  /** Whether a message stands at or before another; ids tell the time when that one is not loaded. */
  #isUpTo(message: Message, id: MessageId): boolean {
    const other = this.#list.get(id);
    if (other === undefined) return message.id <= id;
    return (
      message.id === id ||
      message.created_at < other.created_at ||
      (message.created_at === other.created_at && message.id < id)
    );
  }

  #unread(): number {
    const me = this.#user?.id;
    if (me === undefined) return 0;
    const read = this.#readBy(me);
    return this.#list
      .items()
      .filter(
        (message) =>
          message.sender.id !== me && (read === undefined || !this.#isUpTo(message, read)),
      ).length;
  }

  #clear(): void {
    this.#reader.clear();
    this.#leave?.();
    this.#leave = null;
    this.#outbox.clear();
    this.#typists.clear();
    this.#chat = null;
    this.#lastUser = null;
    this.#marked = null;
    this.#arrivals.stop();
    this.#show();
  }

  #show(): void {
    this.#arrivals.set(this.#arrived());
    const confirmed = this.#list.items().reverse();
    this.set({
      ...this.#reader.state,
      chat: this.#chat,
      messages: [...confirmed.map((message) => this.#sent(message)), ...this.#outbox.messages()],
      typing: this.#typists.people(),
      unread: this.#unread(),
    });
  }
}

/** The one store of a chat that all hooks of a client share. */
export function chatOf(client: FrontdeskClient, id: ChatId | "me"): ChatStore {
  return shared(client, keyOf(id), () => new ChatStore(client, id));
}

function positionOf(
  positions: ReadPosition[] | undefined,
  user: UserId | undefined,
): MessageId | undefined {
  return positions?.find(({ user_id }) => user_id === user)?.message_id;
}

function keyOf(id: ChatId | "me"): string {
  return `chat ${id}`;
}

/** Messages have no version; but a text is edited, deleted and completed in this order only. */
function isNoOlder(next: Message, held: Message): boolean {
  const changedAt = ({ deleted_at, edited_at, created_at }: Message): string =>
    deleted_at ?? edited_at ?? created_at;
  if (changedAt(next) !== changedAt(held)) return changedAt(next) > changedAt(held);
  if (next.state !== "streaming") return true;
  return held.state === "streaming" && next.body.length >= held.body.length;
}
