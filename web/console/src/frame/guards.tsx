// Who may see a page, where the first step leads, and what is shown when there is no page.

import { Anchor, Button } from "@mantine/core";
import type { ReactElement, ReactNode } from "react";
import { Link, Navigate, Outlet, useLocation, useRouteError } from "react-router";
import { ConnectionBanner } from "../session/connection-banner.tsx";
import { useSessionState } from "../session/session-provider.tsx";
import { SignedIn, useUser } from "../session/signed-in.tsx";
import { Unreachable } from "../session/unreachable.tsx";
import { useServerStatus } from "../session/use-server-status.ts";
import { Page } from "../ui/page.tsx";
import { Empty, Loading } from "../ui/states.tsx";
import classes from "./frame.module.css";
import { homeOf } from "./navigation.ts";

/** `/`: one's own page; in the demo, the split view for whoever is not signed in. */
export function Home(): ReactNode {
  const state = useSessionState();
  const server = useServerStatus();
  if (state.status === "signed-in") return <Navigate to={homeOf(state.user.role)} replace />;
  if (state.status === "unreachable") return <Unreachable state={state} />;
  if (state.status === "checking" || server.isPending) return <Loading what="the start page" />;
  return <Navigate to={server.data?.demo ? "/split" : "/sign-in"} replace />;
}

/** Lets the roles in; everyone else learns where to go instead. */
export function Restricted({ roles }: { roles: readonly string[] }): ReactElement {
  const { pathname, search, hash } = useLocation();
  const next = encodeURIComponent(pathname + search + hash);
  return (
    <SignedIn
      otherwise={({ why }) => (
        // Who asked to leave does not mean to come back to the same page.
        <Navigate to={why === "asked" ? "/sign-in" : `/sign-in?next=${next}`} replace />
      )}
    >
      <div className={classes["banner"]}>
        <ConnectionBanner />
      </div>
      <ForRoles roles={roles} />
    </SignedIn>
  );
}

function ForRoles({ roles }: { roles: readonly string[] }): ReactElement {
  const { role } = useUser();
  if (roles.includes(role)) return <Outlet />;
  return (
    <Page title="Not for this account">
      <Empty
        title={`This page is for ${roles.join(" and ")}; you are signed in as ${role}.`}
        action={
          <Button component={Link} to={homeOf(role)}>
            Go to your page
          </Button>
        }
      >
        Sign in with another account, or ask an admin to change your role.
      </Empty>
    </Page>
  );
}

export function NotFound(): ReactElement {
  const { pathname } = useLocation();
  return (
    <Page title="No such page">
      <Empty
        title={`There is no page at ${pathname}.`}
        action={
          <Button component={Link} to="/">
            Go to the start page
          </Button>
        }
      />
    </Page>
  );
}

/** A page failed while it was loaded or drawn. */
export function Broken(): ReactElement {
  const error = useRouteError();
  const message = error instanceof Error ? error.message : String(error);
  // After an update of the server, its old files are gone.
  const isStale = /dynamically imported module|module script|preload/i.test(message);
  return (
    <Page title="This page failed">
      <Empty
        title={
          isStale ? "A part of the page could not be loaded." : "The page met an error of its own."
        }
        action={<Button onClick={() => location.reload()}>Load the page again</Button>}
      >
        {isStale
          ? "The server was updated meanwhile, or is not reachable."
          : `${message}. If it comes again, report it with what you did just before.`}{" "}
        <Anchor component={Link} to="/why" inherit>
          Why can’t I connect?
        </Anchor>
      </Empty>
    </Page>
  );
}
