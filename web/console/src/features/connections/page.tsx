// Who is connected, how it goes, who was turned away and why, and what a token is worth. For staff.

import { Stack } from "@mantine/core";
import type { ReactElement } from "react";
import { Page } from "../../ui/page.tsx";
import { Attempts } from "./attempts.tsx";
import { Charts } from "./charts.tsx";
import { LiveTable } from "./live-table.tsx";
import { TokenInspector } from "./token-inspector.tsx";

export function ConnectionsPage(): ReactElement {
  return (
    <Page
      wide
      title="Connections"
      lead="Every socket of this node as it is now, and every try that failed, with what was compared."
    >
      <Stack gap="lg">
        <Charts />
        <LiveTable />
        <Attempts />
        <TokenInspector />
      </Stack>
    </Page>
  );
}
