// The walk of this page: begins it, shows it, and stops it when the page is left.

import { useCallback, useEffect, useRef, useState } from "react";
import { NOT_BEGUN, type Outcome, type Step, walk, type WalkInput } from "./walk.ts";

export interface Walking {
  steps: readonly Step[];
  outcome: Outcome | null;
  isRunning: boolean;
  /** What was asked for last. */
  address: string;
  start: (input: WalkInput) => void;
}

export function useWalk(): Walking {
  const [steps, setSteps] = useState<readonly Step[]>(NOT_BEGUN);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [isRunning, setRunning] = useState(false);
  const [address, setAddress] = useState(location.origin);
  const stop = useRef<AbortController | null>(null);

  const start = useCallback((input: WalkInput) => {
    stop.current?.abort();
    const own = new AbortController();
    stop.current = own;
    setSteps(NOT_BEGUN);
    setOutcome(null);
    setRunning(true);
    setAddress(input.address);
    walk(input, setSteps, own.signal).then(
      (came) => {
        if (own.signal.aborted) return;
        setOutcome(came);
        setRunning(false);
      },
      () => {
        if (!own.signal.aborted) setRunning(false);
      },
    );
  }, []);
  useEffect(() => () => stop.current?.abort(), []);
  return { steps, outcome, isRunning, address, start };
}
