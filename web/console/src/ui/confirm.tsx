// Asks before something that cannot be taken back.

import { Button, Group, Modal, Stack } from "@mantine/core";
import { type ReactElement, type ReactNode, useState } from "react";
import { TroubleNotice } from "./states.tsx";

export interface ConfirmProps {
  opened: boolean;
  /** A question: "Cancel this order?" */
  title: string;
  /** What follows from it. */
  children?: ReactNode;
  /** What the button says: "Cancel the order". */
  action: string;
  danger?: boolean;
  /** Stays open until it is done; what it throws is shown. */
  onConfirm: () => void | Promise<void>;
  onClose: () => void;
  /** Makes words of what was thrown. */
  describe?: (error: unknown) => { sentence: string; fix: string };
}

export function Confirm({
  opened,
  title,
  children,
  action,
  danger,
  onConfirm,
  onClose,
  describe,
}: ConfirmProps): ReactElement {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const close = (): void => {
    setError(null);
    onClose();
  };
  const confirm = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      await onConfirm();
      close();
    } catch (thrown) {
      setError(thrown);
    } finally {
      setBusy(false);
    }
  };
  const words =
    error === null ? null : (describe?.(error) ?? { sentence: String(error), fix: "Try again." });
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={title}
      centered
      closeButtonProps={{ "aria-label": "Close" }}
      styles={{ title: { fontWeight: 650 } }}
    >
      <Stack gap="md">
        {children}
        {words && <TroubleNotice {...words} />}
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={close}>
            Not now
          </Button>
          <Button {...(danger && { color: "red" })} loading={busy} onClick={() => void confirm()}>
            {action}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
