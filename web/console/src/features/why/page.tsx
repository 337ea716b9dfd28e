// Why can't I connect? Walks through the questions that the client asks, takes what a person sees in the
// console, and ends in one sentence with the next step. Needs no sign-in, and no server that answers.

import { prepareDiagnosis } from "@frontdesk/client";
import { Stack } from "@mantine/core";
import { type ReactElement, useEffect, useState } from "react";
import { useParams } from "react-router";
import { Page } from "../../ui/page.tsx";
import { Answer } from "./answer.tsx";
import { CauseNotice } from "./cause-notice.tsx";
import { explain } from "./explain.ts";
import { PastedPanel } from "./pasted-panel.tsx";
import { useWalk } from "./use-walk.ts";
import { judge } from "./verdict.ts";
import { WalkPanel } from "./walk-panel.tsx";
import classes from "./why.module.css";

// This page is fetched while the server answers and used when it does not, and so is the diagnosis.
prepareDiagnosis();

export function WhyPage(): ReactElement {
  const { "*": cause = "" } = useParams();
  const [pasted, setPasted] = useState("");
  const walking = useWalk();
  const { start } = walking;
  // Whoever comes here has a reason to: the first walk begins by itself.
  useEffect(() => start({ address: location.origin, token: null }), [start]);
  const verdict = walking.isRunning ? null : judge(walking.outcome, pasted, explain);
  return (
    <Page
      wide
      title="Why can't I connect?"
      lead="This page tries what your page tries, and says what it finds. It needs no account, and works while the server is away."
    >
      <Stack gap="lg">
        {cause !== "" && <CauseNotice id={cause} />}
        <Answer verdict={verdict} walking={walking} pasted={pasted} />
        <div className={classes["columns"]}>
          <WalkPanel walking={walking} />
          <PastedPanel pasted={pasted} onChange={setPasted} />
        </div>
      </Stack>
    </Page>
  );
}
