// The customer's page: orders, bookings, notifications and the chat, all live. It stands in a window of
// its own, and as one side of the split view.

import { useElementSize } from "@mantine/hooks";
import { type ReactElement, useEffect, useState } from "react";
import { useUser } from "../../session/signed-in.tsx";
import { Page } from "../../ui/page.tsx";
import { Tabs } from "../../ui/tabs.tsx";
import { Bell } from "./bell/bell.tsx";
import { Bookings } from "./bookings/bookings.tsx";
import { Chat } from "./chat/chat.tsx";
import classes from "./customer.module.css";
import { Orders } from "./orders/orders.tsx";

/** From this width on everything stands side by side; below it there are tabs. In pixels. */
const WIDE = 860;

const parts = [
  { value: "orders", label: "Orders" },
  { value: "bookings", label: "Bookings" },
  { value: "chat", label: "Chat" },
] as const;
type Part = (typeof parts)[number]["value"];

export function CustomerPage({ embedded = false }: { embedded?: boolean }): ReactElement {
  const { name } = useUser();
  const { ref, width } = useElementSize();
  const [part, setPart] = useState<Part>("orders");
  const [wanted, setWanted] = useState<string | null>(null);
  const wide = width >= WIDE;
  const shown = (one: Part): boolean => wide || one === part;

  const go = (link: string): void => {
    const [, kind, id] = /^\/(orders|bookings)\/([\w-]+)/.exec(link) ?? [];
    if (kind !== "orders" && kind !== "bookings") {
      if (link.startsWith("/chats")) setPart("chat");
      return;
    }
    setPart(kind);
    setWanted(`${kind}-${id}`);
  };
  useEffect(() => {
    if (wanted === null) return;
    const target = document.getElementById(wanted);
    target?.scrollIntoView({ block: "center" });
    target?.focus();
    setWanted(null);
  }, [wanted]);

  return (
    <Page
      title={`Hello, ${name.split(" ")[0]}`}
      lead="What you order and book, and how it stands right now."
      actions={<Bell onGo={go} />}
      embedded={embedded}
    >
      <div ref={ref}>
        {width > 0 && (
          <>
            {!wide && (
              <Tabs label="Parts of the page" tabs={parts} value={part} onChange={setPart} />
            )}
            <div className={wide ? classes["wide"] : classes["narrow"]}>
              <div className={classes["column"]} hidden={!shown("orders") && !shown("bookings")}>
                {shown("orders") && <Orders />}
                {shown("bookings") && <Bookings />}
              </div>
              {shown("chat") && <Chat />}
            </div>
          </>
        )}
      </div>
    </Page>
  );
}
