// Shows its children to who is signed in, with the live client that the hooks of @frontdesk/react use.

import { FrontdeskProvider } from "@frontdesk/react";
import { createContext, type ReactElement, type ReactNode, useContext } from "react";
import { Loading } from "../ui/states.tsx";
import { Unreachable } from "./unreachable.tsx";
import type { SessionState, User } from "./session.ts";
import { useSessionState } from "./session-provider.tsx";

const Context = createContext<User | null>(null);

export interface SignedInProps {
  /** What is shown while nobody is signed in. */
  otherwise: (state: Extract<SessionState, { status: "signed-out" }>) => ReactNode;
  children: ReactNode;
}

export function SignedIn({ otherwise, children }: SignedInProps): ReactNode {
  const state = useSessionState();
  switch (state.status) {
    case "checking":
      return <Loading what="your session" />;
    case "unreachable":
      return <Unreachable state={state} />;
    case "signed-out":
      return otherwise(state);
    case "signed-in":
      return <WithUser {...state}>{children}</WithUser>;
  }
}

/** Who is signed in; below `SignedIn`. */
export function useUser(): User {
  const user = useContext(Context);
  if (user === null) throw new Error("there is no <SignedIn> above this component");
  return user;
}

function WithUser({
  user,
  client,
  children,
}: Extract<SessionState, { status: "signed-in" }> & { children: ReactNode }): ReactElement {
  return (
    // Another person's lists must not stay on the screen.
    <FrontdeskProvider key={user.id} client={client}>
      <Context.Provider value={user}>{children}</Context.Provider>
    </FrontdeskProvider>
  );
}
