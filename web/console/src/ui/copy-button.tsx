// Copies a text. Says what became of it, also where the clipboard is forbidden.

import { Button, type ButtonProps } from "@mantine/core";
import { type ReactElement, useEffect, useState } from "react";

export interface CopyButtonProps extends Pick<ButtonProps, "size" | "variant"> {
  /** What is copied; a function is asked at the click. */
  text: string | (() => string);
  /** What the button says: "Copy report". */
  label: string;
}

export function CopyButton({
  text,
  label,
  size = "compact-sm",
  variant = "default",
}: CopyButtonProps): ReactElement {
  const [outcome, setOutcome] = useState<"copied" | "refused" | null>(null);
  useEffect(() => {
    if (outcome === null) return;
    const timer = setTimeout(() => setOutcome(null), 2_000);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = async (): Promise<void> => {
    try {
      // Missing on pages without https that are not of this machine.
      await navigator.clipboard.writeText(typeof text === "function" ? text() : text);
      setOutcome("copied");
    } catch {
      setOutcome("refused");
    }
  };
  return (
    <Button size={size} variant={variant} onClick={() => void copy()}>
      <span aria-live="polite">
        {outcome === null ? label : outcome === "copied" ? "Copied" : "The browser refused"}
      </span>
    </Button>
  );
}
