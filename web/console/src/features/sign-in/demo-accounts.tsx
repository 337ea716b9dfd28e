// The accounts of `serve --demo`, which anyone on this machine may use.

import { Button, Divider, SimpleGrid, Text } from "@mantine/core";
import type { ReactElement } from "react";
import { Link } from "react-router";

const PASSWORD = "test123";
const accounts = [
  { email: "websocket@test.com", what: "Customer" },
  { email: "ana@test.com", what: "Customer Ana" },
  { email: "staff@test.com", what: "Staff" },
  { email: "admin@test.com", what: "Admin" },
] as const;

export interface DemoAccountsProps {
  /** The address that is being signed in. */
  busy: string | null;
  onChoose: (credentials: { email: string; password: string }) => void;
}

export function DemoAccounts({ busy, onChoose }: DemoAccountsProps): ReactElement {
  return (
    <section aria-labelledby="demo-accounts">
      <Divider my="lg" />
      <Text id="demo-accounts" component="h2" size="sm" fw={600} mb={4}>
        This is the demo: come in as
      </Text>
      <SimpleGrid cols={2} spacing="xs" mt="xs">
        {accounts.map(({ email, what }) => (
          <Button
            key={email}
            variant="default"
            loading={busy === email}
            title={email}
            onClick={() => onChoose({ email, password: PASSWORD })}
          >
            {what}
          </Button>
        ))}
      </SimpleGrid>
      <Button component={Link} to="/split" variant="light" fullWidth mt="xs">
        See customer and desk side by side
      </Button>
    </section>
  );
}
