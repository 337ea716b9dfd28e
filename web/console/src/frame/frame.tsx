// What stands around every page: skip link, navigation by role, colour scheme, sign out.

import { Drawer, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { type ReactElement, useEffect, useRef } from "react";
import { Link, NavLink, Outlet, useLocation } from "react-router";
import { useSessionState } from "../session/session-provider.tsx";
import { useServerStatus } from "../session/use-server-status.ts";
import { Icon } from "../ui/icons.tsx";
import { Account } from "./account.tsx";
import classes from "./frame.module.css";
import { type Place, placesFor } from "./navigation.ts";
import { SchemeSwitch } from "./scheme-switch.tsx";

export function Frame(): ReactElement {
  const state = useSessionState();
  const places = placesFor(state, useServerStatus().data?.demo ?? false);
  const main = useFocusOnNavigation();
  const [menu, { open, close }] = useDisclosure(false);
  return (
    <>
      <a className="fd-skip" href="#main">
        Skip to the page
      </a>
      <header className={classes["header"]}>
        <Link to="/" className={classes["brand"]} aria-label="Frontdesk, start page">
          <Mark />
          Frontdesk
        </Link>
        <nav aria-label="Pages" className={classes["places"]}>
          <Places places={places} />
        </nav>
        <div className={classes["tools"]}>
          <SchemeSwitch />
          <Account state={state} />
          {places.length > 1 && (
            <UnstyledButton className={classes["menu"]} aria-label="Open the menu" onClick={open}>
              <Icon name="menu" />
            </UnstyledButton>
          )}
        </div>
      </header>
      <Drawer
        opened={menu}
        onClose={close}
        position="right"
        size="xs"
        title="Pages"
        closeButtonProps={{ "aria-label": "Close the menu" }}
      >
        <nav aria-label="Pages" className={classes["drawer"]}>
          <Places places={places} onGo={close} />
        </nav>
      </Drawer>
      <main id="main" ref={main} tabIndex={-1} className={classes["main"]}>
        <Outlet />
      </main>
    </>
  );
}

function Places({ places, onGo }: { places: Place[]; onGo?: () => void }): ReactElement[] {
  return places.map(({ to, label }) => (
    <NavLink key={to} to={to} className={classes["place"] ?? ""} {...(onGo && { onClick: onGo })}>
      {label}
    </NavLink>
  ));
}

/** Whoever reads with a screen reader or the keyboard begins at the new page, not at the old link. */
function useFocusOnNavigation(): React.RefObject<HTMLElement | null> {
  const main = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  const place = pathname.split("/")[1];
  const before = useRef(place);
  useEffect(() => {
    if (before.current === place) return;
    before.current = place;
    main.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [place]);
  return main;
}

function Mark(): ReactElement {
  return (
    <svg width="24" height="24" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="9" fill="#0b7285" />
      <path
        d="M7 22.5h18M9 20a7 7 0 0 1 14 0M16 11.5v-2M13.5 9.500h5"
        fill="none"
        stroke="#fff"
        strokeWidth="2.400"
        strokeLinecap="round"
      />
    </svg>
  );
}
