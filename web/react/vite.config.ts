// Builds the package, and tests it with both Reacts against the real server.

import { fileURLToPath } from "node:url";
import { defineConfig, type TestUserConfig } from "vitest/config";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const react18 = here("../react-18/node_modules");

/** What the tests import, as React 18 has it. */
const asReact18 = [
  { find: /^(react|react-dom|@testing-library\/react)(\/.*)?$/, replacement: `${react18}/$1$2` },
];

/** The client as it is now, not as it was last built. */
const client = [{ find: /^@frontdesk\/client$/, replacement: here("../client/src/index.ts") }];

const common = {
  environment: "jsdom",
  include: ["test/**/*.test.{ts,tsx}"],
  testTimeout: 30_000,
  hookTimeout: 60_000,
  setupFiles: ["test/support/setup.ts"],
  restoreMocks: true,
} satisfies TestUserConfig;

export default defineConfig({
  build: {
    target: "es2022",
    minify: false,
    sourcemap: true,
    lib: { entry: { index: here("src/index.ts"), query: here("src/query.ts") }, formats: ["es"] },
    rolldownOptions: {
      external: [/^react/, /^@frontdesk\/client/, /^@tanstack\/react-query/],
      // Frameworks with server components must not run hooks on a server. Bundlers drop the directive from sources.
      output: { banner: '"use client";', chunkFileNames: "shared.js" },
    },
  },
  test: {
    projects: [
      { resolve: { alias: client }, test: { ...common, name: "react 19" } },
      {
        resolve: { alias: [...client, ...asReact18] },
        // Only what vitest transforms sees the alias.
        test: { ...common, name: "react 18", server: { deps: { inline: [/@tanstack/] } } },
      },
    ],
  },
});
