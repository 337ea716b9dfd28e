// How the connection is, in words. It fetches nothing: session/connection-banner.tsx knows.

import { VisuallyHidden } from "@mantine/core";
import type { ReactElement, ReactNode } from "react";
import classes from "./banner.module.css";

export interface BannerProps {
  tone: "good" | "warn" | "bad";
  children: string;
  /** Read out instead of `children`, which may count seconds. */
  spoken?: string | undefined;
  /** The next step. */
  hint?: string | undefined;
  action?: ReactNode;
}

export function Banner({ tone, children, spoken, hint, action }: BannerProps): ReactElement {
  return (
    <div className={classes["banner"]} data-tone={tone}>
      <span className={classes["dot"]} aria-hidden="true" />
      <div role="status" aria-label="Connection" aria-live="polite" className={classes["words"]}>
        {spoken === undefined ? (
          children
        ) : (
          <>
            <span aria-hidden="true">{children}</span>
            <VisuallyHidden>{spoken}</VisuallyHidden>
          </>
        )}
        {hint && <span className={classes["hint"]}> {hint}</span>}
      </div>
      {action}
    </div>
  );
}
