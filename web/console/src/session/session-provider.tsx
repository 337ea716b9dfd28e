// Gives the components below a session. A page may hold several, each with a seat of its own.

import { QueryClientProvider } from "@tanstack/react-query";
import {
  createContext,
  type ReactElement,
  type ReactNode,
  useContext,
  useEffect,
  useState,
  useSyncExternalStore,
} from "react";
import { Session, type SessionState } from "./session.ts";

const Context = createContext<Session | null>(null);

export interface SessionProviderProps {
  /** Names the session's cookie, in the demo alone. It holds as long as the provider is mounted. */
  seat?: string;
  children: ReactNode;
}

export function SessionProvider({ seat, children }: SessionProviderProps): ReactElement {
  const [session] = useState(() => new Session(seat ?? null));
  useEffect(() => session.start(), [session]);
  return (
    <Context.Provider value={session}>
      <QueryClientProvider client={session.queries}>{children}</QueryClientProvider>
    </Context.Provider>
  );
}

/** The session of the nearest provider: `rest`, `fetch`, `signIn`, `signOut`. */
export function useSession(): Session {
  const session = useContext(Context);
  if (session === null) {
    throw new Error(
      "there is no SessionProvider above this component; wrap it in <SessionProvider>",
    );
  }
  return session;
}

/** Who is signed in, and whether that is known. */
export function useSessionState(): SessionState {
  const session = useSession();
  return useSyncExternalStore(session.subscribe, session.state);
}
