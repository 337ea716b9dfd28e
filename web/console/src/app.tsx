// Joins the parts: looks, session, pages. Nothing here decides anything.

import { MantineProvider } from "@mantine/core";
import { type ReactElement, useState } from "react";
import { createBrowserRouter, RouterProvider } from "react-router";
import { routes } from "./routes.tsx";
import { SessionProvider } from "./session/session-provider.tsx";
import { cssVariables, theme } from "./theme.ts";

export function App(): ReactElement {
  const [router] = useState(() => createBrowserRouter(routes));
  return (
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <SessionProvider>
        <RouterProvider router={router} />
      </SessionProvider>
    </MantineProvider>
  );
}
