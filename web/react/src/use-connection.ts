// Whether the page is connected, and if not, why.

import type { ConnectionState, Diagnosis, EventFrame, FrontdeskClient } from "@frontdesk/client";
import { useCallback, useSyncExternalStore } from "react";
import { useFrontdesk } from "./provider.ts";
import { Store, forget, remember, shared } from "./store.ts";

/** A server has no connection to show; the page takes over from here. */
const onServer: ConnectionState = {
  status: "closed",
  reason: "idle",
  close: null,
  diagnosis: null,
};

/** The state of the connection. */
export function useConnection(): ConnectionState {
  const client = useFrontdesk();
  const subscribe = useCallback((changed: () => void) => client.on("state", changed), [client]);
  return useSyncExternalStore(
    subscribe,
    () => client.state,
    () => onServer,
  );
}

/** Why there is no connection, once that is known; `null` while there is one. */
export function useConnectionDiagnosis(): Diagnosis | null {
  const state = useConnection();
  return "diagnosis" in state ? state.diagnosis : null;
}

/** What `useWebSocketSingleton` gives. */
export interface WebSocketSingleton {
  state: ConnectionState;
  diagnosis: Diagnosis | null;
  /** The newest event. React may show only the last of several that come together: use `useEvents` to act on each. */
  lastEvent: EventFrame | null;
  /** Sends a command and gives its answer. */
  send: FrontdeskClient["request"];
}

/** The one socket of the page, however many components ask for it. */
export function useWebSocketSingleton(): WebSocketSingleton {
  const client = useFrontdesk();
  const state = useConnection();
  const last = shared(client, "last event", () => new LastEvent(client));
  const lastEvent = useSyncExternalStore(last.subscribe, last.snapshot, () => null);
  const send = useCallback<FrontdeskClient["request"]>(
    (command) => client.request(command),
    [client],
  );
  return { state, diagnosis: "diagnosis" in state ? state.diagnosis : null, lastEvent, send };
}

class LastEvent extends Store<EventFrame | null> {
  readonly #client: FrontdeskClient;
  #end: (() => void) | null = null;

  constructor(client: FrontdeskClient) {
    super(null);
    this.#client = client;
  }

  protected start(): void {
    remember(this.#client, "last event", this);
    this.#end = this.#client.on("event", (event) => this.set(event));
  }

  protected stop(): void {
    this.#end?.();
    forget(this.#client, "last event", this);
  }
}
