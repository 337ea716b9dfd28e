// What customers can book.

import { Button, NumberInput, Table, TextInput, UnstyledButton } from "@mantine/core";
import { type ReactElement, useState } from "react";
import { useSession } from "../../../session/session-provider.tsx";
import { troubleOf } from "../../../session/trouble.ts";
import { Panel } from "../../../ui/page.tsx";
import { Empty, Loading, TroubleNotice } from "../../../ui/states.tsx";
import look from "../admin.module.css";
import { useTask } from "../use-task.ts";
import { FormFrame } from "./form-frame.tsx";
import { type Resource, resourcesKey, useResources } from "./queries.ts";

export function Resources(): ReactElement {
  const { data, error, isPending, refetch } = useResources();
  const [open, setOpen] = useState<Resource | "new" | null>(null);
  return (
    <Panel
      title="What can be booked"
      flush
      actions={<Button onClick={() => setOpen("new")}>New resource</Button>}
    >
      {error !== null && (
        <div className={look["search"]}>
          <TroubleNotice {...troubleOf(error)} onRetry={() => void refetch()} />
        </div>
      )}
      {isPending && <Loading what="the resources" />}
      {data?.length === 0 && (
        <Empty title="Nothing can be booked yet">
          Make the first table, room or other thing with “New resource”.
        </Empty>
      )}
      {data !== undefined && data.length > 0 && (
        <Table.ScrollContainer minWidth={420}>
          <Table verticalSpacing="sm" horizontalSpacing="lg" aria-label="Resources">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Name</Table.Th>
                <Table.Th>Kind</Table.Th>
                <Table.Th>For how many</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {data.map((resource) => (
                <Table.Tr key={resource.id}>
                  <Table.Td>
                    <UnstyledButton
                      className={look["open"] ?? ""}
                      onClick={() => setOpen(resource)}
                    >
                      {resource.name}
                    </UnstyledButton>
                  </Table.Td>
                  <Table.Td>{resource.kind}</Table.Td>
                  <Table.Td>{resource.capacity}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {open !== null && (
        <ResourceForm
          key={open === "new" ? "new" : open.id}
          resource={open === "new" ? null : open}
          onClose={() => setOpen(null)}
        />
      )}
    </Panel>
  );
}

function ResourceForm({
  resource,
  onClose,
}: {
  /** None to make one. */
  resource: Resource | null;
  onClose: () => void;
}): ReactElement {
  const { rest } = useSession();
  const task = useTask();
  const [name, setName] = useState(resource?.name ?? "");
  const [kind, setKind] = useState(resource?.kind ?? "table");
  const [capacity, setCapacity] = useState(resource?.capacity ?? 2);
  const save = async (): Promise<void> => {
    const body = { name, kind, capacity };
    if (resource === null) {
      await rest.POST("/api/v1/resources", { body });
    } else {
      await rest.PATCH("/api/v1/resources/{id}", {
        params: { path: { id: resource.id } },
        body: { ...body, version: resource.version },
      });
    }
  };
  return (
    <FormFrame
      title={resource === null ? "New resource" : `Change ${resource.name}`}
      action={resource === null ? "Make the resource" : "Save"}
      task={task}
      fields={["name", "kind", "capacity"]}
      onSubmit={save}
      changes={resourcesKey}
      onClose={onClose}
    >
      <TextInput
        label="Name"
        required
        maxLength={200}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        {...task.wrong("name")}
      />
      <TextInput
        label="Kind"
        description="One word, such as table or room."
        required
        maxLength={50}
        value={kind}
        onChange={(event) => setKind(event.currentTarget.value)}
        {...task.wrong("kind")}
      />
      <NumberInput
        label="For how many people"
        required
        min={1}
        max={10_000}
        allowDecimal={false}
        value={capacity}
        onChange={(value) => setCapacity(Number(value))}
        {...task.wrong("capacity")}
      />
    </FormFrame>
  );
}
