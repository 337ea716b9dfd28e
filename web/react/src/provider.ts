// Gives a client to the components below, and keeps it connected while it is mounted.

import type { ClientOptions, FrontdeskClient } from "@frontdesk/client";
import {
  type ReactElement,
  type ReactNode,
  createContext,
  createElement,
  useContext,
  useEffect,
  useState,
} from "react";
import { clientOf, hold } from "./hold.ts";

export type FrontdeskProviderProps = { children?: ReactNode } & (
  | { client: FrontdeskClient; options?: never }
  | { options?: ClientOptions; client?: never }
);

const Context = createContext<FrontdeskClient | null>(null);

/**
 * With `options` it makes the client itself: the first options hold as long as it is mounted, and
 * providers of the same `url` share one socket. With `client` it uses one that you have made.
 */
export function FrontdeskProvider({
  client,
  options,
  children,
}: FrontdeskProviderProps): ReactElement {
  const [own] = useState(() => (client === undefined ? clientOf(options ?? {}) : null));
  const current = client ?? own;
  if (current === null) {
    throw new Error(
      "FrontdeskProvider was mounted with `client` and lost it; give the provider another `key` to change from `client` to `options`",
    );
  }
  useEffect(() => hold(current), [current]);
  return createElement(Context.Provider, { value: current }, children);
}

/** The client of the nearest provider. */
export function useFrontdesk(): FrontdeskClient {
  const client = useContext(Context);
  if (client === null) {
    throw new Error(
      "there is no FrontdeskProvider above this component; wrap the application in <FrontdeskProvider>",
    );
  }
  return client;
}
