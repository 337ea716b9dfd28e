// The frame of a page's contents: one heading, what belongs beside it, and panels below.

import { Box, Container, Group, Stack, Text, Title } from "@mantine/core";
import { type ReactElement, type ReactNode, useEffect, useId } from "react";
import classes from "./page.module.css";

export interface PageProps {
  title: string;
  /** One sentence on what the page is for. */
  lead?: ReactNode;
  /** Beside the heading. */
  actions?: ReactNode;
  /** As wide as the window; otherwise as wide as reads well. */
  wide?: boolean;
  /** Inside another page, which has the title of the window and the first heading. */
  embedded?: boolean;
  children: ReactNode;
}

export function Page({ title, lead, actions, wide, embedded, children }: PageProps): ReactElement {
  useEffect(() => {
    if (!embedded) document.title = `${title} · Frontdesk`;
  }, [title, embedded]);
  return (
    <Container
      size={wide ? "100%" : "lg"}
      py={{ base: "md", sm: "xl" }}
      px={{ base: "md", sm: "xl" }}
    >
      <Group justify="space-between" align="flex-start" mb="lg" gap="md">
        <Box maw={640} flex="1 1 12rem">
          <Title order={embedded ? 2 : 1}>{title}</Title>
          {lead && (
            <Text c="dimmed" mt={4}>
              {lead}
            </Text>
          )}
        </Box>
        {actions && <Group gap="sm">{actions}</Group>}
      </Group>
      {children}
    </Container>
  );
}

export interface PanelProps {
  title: string;
  /** Beside the heading. */
  actions?: ReactNode;
  /** The heading's level; 2 unless the panel is inside of another one. */
  order?: 2 | 3;
  /** Without space around the contents, for tables and lists that reach the edge. */
  flush?: boolean;
  className?: string;
  children: ReactNode;
}

/** A titled part of a page. */
export function Panel({
  title,
  actions,
  order = 2,
  flush,
  className,
  children,
}: PanelProps): ReactElement {
  const id = useId();
  return (
    <section className={`${classes["panel"]} ${className ?? ""}`} aria-labelledby={id}>
      <Group justify="space-between" className={classes["head"] ?? ""} gap="sm">
        <Title order={order} id={id}>
          {title}
        </Title>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {flush ? (
        children
      ) : (
        <Stack className={classes["body"] ?? ""} gap="md">
          {children}
        </Stack>
      )}
    </section>
  );
}
