// What a page shows when there is nothing to show: waiting, empty, failed, offline.

import { Alert, Button, Center, Group, Loader, Stack, Text, Title } from "@mantine/core";
import type { ReactElement, ReactNode } from "react";
import classes from "./states.module.css";

/** `what` is read out: "Loading your orders". */
export function Loading({ what }: { what: string }): ReactElement {
  return (
    <Center mih={160} role="status" aria-label={`Loading ${what}`}>
      <Loader type="dots" size="sm" aria-hidden />
    </Center>
  );
}

export interface EmptyProps {
  title: string;
  /** What to do next. */
  children?: ReactNode;
  action?: ReactNode;
}

export function Empty({ title, children, action }: EmptyProps): ReactElement {
  return (
    <Stack align="center" gap={6} py={40} px="md" ta="center">
      <Text fw={600}>{title}</Text>
      {children && (
        <Text c="dimmed" size="sm" maw={420}>
          {children}
        </Text>
      )}
      {action && <div style={{ marginTop: 10 }}>{action}</div>}
    </Stack>
  );
}

export interface TroubleNoticeProps {
  sentence: string;
  fix?: string;
  /** Offers to try again. */
  onRetry?: (() => void) | undefined;
  /** Offers to put the notice away. */
  onClose?: (() => void) | undefined;
}

/** Something failed: what, and the next step. */
export function TroubleNotice({
  sentence,
  fix,
  onRetry,
  onClose,
}: TroubleNoticeProps): ReactElement {
  return (
    <Alert
      role="alert"
      color="red"
      variant="light"
      withCloseButton={onClose !== undefined}
      closeButtonLabel="Close this notice"
      className={classes["trouble"]}
      {...(onClose && { onClose })}
    >
      <Text size="sm" fw={600}>
        {sentence}
      </Text>
      {fix && <Text size="sm">{fix}</Text>}
      {onRetry && (
        <Button mt="xs" size="compact-sm" variant="default" onClick={onRetry}>
          Try again
        </Button>
      )}
    </Alert>
  );
}

export interface OfflineProps {
  sentence: string;
  fix: string;
  /** When it goes on by itself. */
  next: string;
  onRetry: () => void;
}

/** The server cannot be reached, and there is nothing to show without it. */
export function Offline({ sentence, fix, next, onRetry }: OfflineProps): ReactElement {
  return (
    <Center mih={280} px="md">
      <Stack maw={460} gap="sm">
        <div role="alert">
          <Title order={1} mb={6}>
            The server is not reachable
          </Title>
          <Text>{sentence}</Text>
          <Text c="dimmed" size="sm" mt={4}>
            {fix}
          </Text>
        </div>
        <Group gap="sm">
          <Button variant="default" onClick={onRetry}>
            Ask now
          </Button>
          <Text size="sm" c="dimmed">
            {next}
          </Text>
        </Group>
      </Stack>
    </Center>
  );
}
