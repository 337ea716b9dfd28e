// What customers can order.

import { Button, Switch, Table, UnstyledButton } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { useSession } from "../../../session/session-provider.tsx";
import { troubleOf } from "../../../session/trouble.ts";
import { money } from "../../../ui/money.ts";
import { Panel } from "../../../ui/page.tsx";
import { Empty, Loading, TroubleNotice } from "../../../ui/states.tsx";
import look from "../admin.module.css";
import { TaskTrouble } from "../task-trouble.tsx";
import { useTask } from "../use-task.ts";
import { ItemForm } from "./item-form.tsx";
import { type Item, itemsKey, useItems } from "./queries.ts";

export function Items(): ReactElement {
  const { rest } = useSession();
  const queries = useQueryClient();
  const { data, error, isPending, refetch } = useItems();
  const [open, setOpen] = useState<Item | "new" | null>(null);
  const task = useTask();
  const setAvailable = (item: Item, available: boolean): Promise<boolean> =>
    task.run(async () => {
      try {
        await rest.PATCH("/api/v1/items/{id}", {
          params: { path: { id: item.id } },
          body: { available, version: item.version },
        });
      } finally {
        // After a refusal too: somebody else may have changed it.
        await queries.invalidateQueries({ queryKey: itemsKey });
      }
    });
  return (
    <Panel
      title="What can be ordered"
      flush
      actions={<Button onClick={() => setOpen("new")}>New item</Button>}
    >
      {(error !== null || task.trouble !== null) && (
        <div className={look["search"]}>
          {error !== null && <TroubleNotice {...troubleOf(error)} onRetry={() => void refetch()} />}
          <TaskTrouble task={task} />
        </div>
      )}
      {isPending && <Loading what="the items" />}
      {data?.length === 0 && (
        <Empty title="Nothing can be ordered yet">Make the first item with “New item”.</Empty>
      )}
      {data !== undefined && data.length > 0 && (
        <Table.ScrollContainer minWidth={420}>
          <Table verticalSpacing="sm" horizontalSpacing="lg" aria-label="Items">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Name</Table.Th>
                <Table.Th>Price</Table.Th>
                <Table.Th>Available</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {data.map((item) => (
                <Table.Tr key={item.id}>
                  <Table.Td>
                    <UnstyledButton className={look["open"] ?? ""} onClick={() => setOpen(item)}>
                      {item.name}
                    </UnstyledButton>
                  </Table.Td>
                  <Table.Td className={look["nowrap"] ?? ""}>
                    {money(item.unit_price, item.currency)}
                  </Table.Td>
                  <Table.Td>
                    <Switch
                      checked={item.available}
                      disabled={task.busy}
                      aria-label={`${item.name} is available`}
                      onChange={(event) => void setAvailable(item, event.currentTarget.checked)}
                    />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {open !== null && (
        <ItemForm
          key={open === "new" ? "new" : open.id}
          item={open === "new" ? null : open}
          onClose={() => setOpen(null)}
        />
      )}
    </Panel>
  );
}
