// The socket lab: a connection that one can look into, speak on, and break. The state of it is
// lab-session.ts; nothing here talks to the network but through it.

import { useQuery } from "@tanstack/react-query";
import { type ReactElement, useEffect, useState, useSyncExternalStore } from "react";
import { useSession } from "../../session/session-provider.tsx";
import { Page } from "../../ui/page.tsx";
import { BreakPanel } from "./break-panel.tsx";
import { Composer } from "./composer.tsx";
import { DialPanel } from "./dial-panel.tsx";
import { FrameLog } from "./frame-log.ts";
import classes from "./lab.module.css";
import { LabSession } from "./lab-session.ts";
import { LogPanel } from "./log-panel.tsx";
import { Places } from "./places.tsx";
import { readTongue } from "./tongue.ts";

export function LabPage(): ReactElement {
  const session = useSession();
  const [lab] = useState(() => new LabSession(new FrameLog(), session.fetch));
  useEffect(() => () => lab.dispose(), [lab]);
  const state = useSyncExternalStore(lab.subscribeState, lab.state);
  const tongue = useQuery({
    queryKey: ["socket description"],
    queryFn: async ({ signal }) => {
      const answer = await session.fetch("/asyncapi.json", { signal });
      if (!answer.ok) throw new Error(`/asyncapi.json was answered with ${answer.status}`);
      return readTongue(await answer.json());
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
  useEffect(() => lab.know(tongue.data?.closeCodes ?? []), [lab, tongue.data]);
  return (
    <Page
      wide
      title="Socket lab"
      lead="Open a socket, say what you like on it, and break it on purpose: the log tells what happens and what is recovered."
    >
      <div className={classes["columns"]}>
        <div className={classes["dial"]}>
          <DialPanel lab={lab} state={state} />
        </div>
        <LogPanel lab={lab} state={state} />
        <div className={classes["controls"]}>
          <Composer lab={lab} state={state} tongue={tongue} />
          <BreakPanel lab={lab} state={state} />
          <Places lab={lab} state={state} />
        </div>
      </div>
    </Page>
  );
}
