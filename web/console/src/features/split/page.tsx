// The demo's front page: a customer and the desk side by side, each with a session of its own.

import { Anchor } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { type ReactElement, type ReactNode, useState } from "react";
import { Link } from "react-router";
import { SessionProvider } from "../../session/session-provider.tsx";
import { troubleOf } from "../../session/trouble.ts";
import { useServerStatus } from "../../session/use-server-status.ts";
import { Page } from "../../ui/page.tsx";
import { Empty, Loading, TroubleNotice } from "../../ui/states.tsx";
import { Tabs } from "../../ui/tabs.tsx";
import { BusyControl } from "./busy-control.tsx";
import { CUSTOMER, STAFF } from "./demo.ts";
import { Seat } from "./seat.tsx";
import look from "./split.module.css";

export interface SplitPageProps {
  /** The customer's page and the desk's; each belongs into a session of its own. */
  customer: ReactNode;
  staff: ReactNode;
}

export function SplitPage({ customer, staff }: SplitPageProps): ReactElement {
  const { data, error, isPending, refetch } = useServerStatus();
  if (isPending) return <Loading what="the demo" />;
  if (error !== null) {
    const { sentence, fix } = troubleOf(error);
    return (
      <Page title="Customer and desk">
        <TroubleNotice sentence={sentence} fix={fix} onRetry={() => void refetch()} />
      </Page>
    );
  }
  if (!data.demo) {
    return (
      <Page title="Customer and desk">
        <Empty
          title="This page is for the demo"
          action={
            <Anchor component={Link} to="/sign-in">
              Sign in
            </Anchor>
          }
        >
          Start the server with --demo to see a customer and the desk side by side. Here, everybody
          signs in for themselves.
        </Empty>
      </Page>
    );
  }
  return <SideBySide customer={customer} staff={staff} />;
}

function SideBySide({ customer, staff }: SplitPageProps): ReactElement {
  const wide = useMediaQuery("(min-width: 62em)", true, { getInitialValueInEffect: false });
  const [side, setSide] = useState<"customer" | "staff">("customer");
  return (
    <Page
      title="Customer and desk"
      lead="Order, book or write on one side, and see it arrive on the other."
      actions={<BusyControl />}
      wide
    >
      {!wide && (
        <Tabs
          label="Side"
          value={side}
          onChange={setSide}
          tabs={[
            { value: "customer", label: "Customer" },
            { value: "staff", label: "Desk" },
          ]}
        />
      )}
      <div className={look["sides"]}>
        <SessionProvider seat="left">
          <Seat title="Customer" email={CUSTOMER} hidden={!wide && side !== "customer"}>
            {customer}
          </Seat>
        </SessionProvider>
        <SessionProvider seat="right">
          <Seat title="Desk" email={STAFF} hidden={!wide && side !== "staff"}>
            {staff}
          </Seat>
        </SessionProvider>
      </div>
    </Page>
  );
}
