// The dialog around a form of the catalogue.

import { Button, Group, Modal, Stack } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import type { FormEvent, ReactElement, ReactNode } from "react";
import { TaskTrouble } from "../task-trouble.tsx";
import type { Task } from "../use-task.ts";

interface FormFrameProps {
  title: string;
  action: string;
  task: Task;
  /** The names of its fields, which show what is wrong with them. */
  fields: readonly string[];
  /** What is asked of the server; `changes` is read again after it, also after a refusal. */
  onSubmit: () => Promise<void>;
  changes: readonly string[];
  onClose: () => void;
  children: ReactNode;
}

export function FormFrame({
  title,
  action,
  task,
  fields,
  onSubmit,
  changes,
  onClose,
  children,
}: FormFrameProps): ReactElement {
  const queries = useQueryClient();
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const done = await task.run(onSubmit);
    await queries.invalidateQueries({ queryKey: changes });
    if (done) onClose();
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      centered
      closeButtonProps={{ "aria-label": "Close" }}
      styles={{ title: { fontWeight: 650 } }}
    >
      <form onSubmit={(event) => void submit(event)}>
        <Stack gap="md">
          {children}
          <TaskTrouble task={task} shown={fields} />
          <Group justify="flex-end" gap="sm">
            <Button variant="default" onClick={onClose}>
              Not now
            </Button>
            <Button type="submit" loading={task.busy}>
              {action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
