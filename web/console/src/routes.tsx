// One page of routes. Each feature is fetched with its route, and composed here: features do not
// import each other.

import type { ComponentType, ReactElement } from "react";
import { Outlet, type RouteObject } from "react-router";
import { Frame } from "./frame/frame.tsx";
import { Broken, Home, NotFound, Restricted } from "./frame/guards.tsx";
import { Loading } from "./ui/states.tsx";

/** What `lazy` wants of a module. */
const page = (Component: ComponentType): { Component: ComponentType } => ({ Component });

const forStaff = ["staff", "admin"] as const;

export const routes: RouteObject[] = [
  {
    element: <Frame />,
    errorElement: <Broken />,
    HydrateFallback: Waiting,
    children: [
      {
        // A broken page leaves the frame around it whole.
        errorElement: <Broken />,
        element: <Outlet />,
        children: [
          { index: true, element: <Home /> },
          {
            path: "sign-in",
            lazy: async () => page((await import("./features/sign-in/page.tsx")).SignInPage),
          },
          {
            path: "setup",
            lazy: async () => page((await import("./features/setup/page.tsx")).SetupPage),
          },
          {
            path: "why/*",
            lazy: async () => page((await import("./features/why/page.tsx")).WhyPage),
          },
          { path: "split/*", lazy: splitView },
          {
            element: <Restricted roles={["customer"]} />,
            children: [
              {
                path: "customer/*",
                lazy: async () => page((await import("./features/customer/page.tsx")).CustomerPage),
              },
            ],
          },
          {
            element: <Restricted roles={forStaff} />,
            children: [
              {
                path: "desk/*",
                lazy: async () => page((await import("./features/desk/page.tsx")).DeskPage),
              },
              {
                path: "connections/*",
                lazy: async () =>
                  page((await import("./features/connections/page.tsx")).ConnectionsPage),
              },
              {
                path: "lab/*",
                lazy: async () => page((await import("./features/lab/page.tsx")).LabPage),
              },
            ],
          },
          {
            element: <Restricted roles={["admin"]} />,
            children: [
              {
                path: "admin/*",
                lazy: async () => page((await import("./features/admin/page.tsx")).AdminPage),
              },
            ],
          },
          { path: "*", element: <NotFound /> },
        ],
      },
    ],
  },
];

/** Two seats in one window: the split view gets the pages of both. */
async function splitView(): Promise<{ Component: ComponentType }> {
  const [{ SplitPage }, { CustomerPage }, { DeskPage }] = await Promise.all([
    import("./features/split/page.tsx"),
    import("./features/customer/page.tsx"),
    import("./features/desk/page.tsx"),
  ]);
  return page(() => (
    <SplitPage customer={<CustomerPage embedded />} staff={<DeskPage embedded />} />
  ));
}

function Waiting(): ReactElement {
  return <Loading what="the page" />;
}
