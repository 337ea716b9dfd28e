// Something that is asked of the server by a button: whether it is under way, and what went wrong.

import { useState } from "react";
import { type Trouble, troubleOf } from "../../session/trouble.ts";

export interface Task {
  readonly busy: boolean;
  readonly trouble: Trouble | null;
  /** Why one field is refused. */
  readonly wrong: (field: string) => { error?: string };
  /** Runs it; whether it went well. */
  readonly run: (work: () => Promise<void>) => Promise<boolean>;
  readonly clear: () => void;
}

export function useTask(): Task {
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  return {
    busy,
    trouble,
    wrong: (field) => {
      const message = trouble?.fields[field];
      return message === undefined ? {} : { error: message };
    },
    run: async (work) => {
      setBusy(true);
      setTrouble(null);
      try {
        await work();
        return true;
      } catch (error) {
        setTrouble(troubleOf(error));
        return false;
      } finally {
        setBusy(false);
      }
    },
    clear: () => setTrouble(null),
  };
}
