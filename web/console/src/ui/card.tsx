// A single card in the middle of the page, for the few pages that are one form.

import { Text, Title } from "@mantine/core";
import type { ReactElement, ReactNode } from "react";
import classes from "./card.module.css";

export interface CardProps {
  title: string;
  lead?: ReactNode;
  children: ReactNode;
}

export function Card({ title, lead, children }: CardProps): ReactElement {
  return (
    <div className={classes["place"]}>
      <div className={classes["card"]}>
        <Title order={1}>{title}</Title>
        {lead && (
          <Text c="dimmed" mt={4}>
            {lead}
          </Text>
        )}
        <div className={classes["body"]}>{children}</div>
      </div>
    </div>
  );
}
