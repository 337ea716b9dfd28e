// Builds the console into dist/, which the server embeds, and serves it while it is being written.

import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig, type ViteUserConfig } from "vitest/config";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The server that the development server stands in front of. */
const api = process.env["FRONTDESK_API"] ?? "http://localhost:8000";

/** What the server answers itself; everything else is a page of the console. */
const answeredByTheServer = [
  "/api",
  "/ws",
  "/healthz",
  "/readyz",
  "/openapi.json",
  "/asyncapi.json",
];

const config: ViteUserConfig = defineConfig({
  plugins: [react()],
  resolve: {
    // The packages as they are now, not as they were last built; one React for them and for the page.
    alias: [
      { find: /^@frontdesk\/client$/, replacement: here("../client/src/index.ts") },
      { find: /^@frontdesk\/client\/rest$/, replacement: here("../client/src/rest-client.ts") },
      { find: /^@frontdesk\/client\/causes$/, replacement: here("../client/src/causes.ts") },
      { find: /^@frontdesk\/react$/, replacement: here("../react/src/index.ts") },
      { find: /^@frontdesk\/react\/query$/, replacement: here("../react/src/query.ts") },
    ],
    dedupe: ["react", "react-dom", "@tanstack/react-query"],
  },
  server: {
    port: 5174,
    // Another port is another origin: better to say that this one is taken.
    strictPort: true,
    proxy: Object.fromEntries(
      answeredByTheServer.map((path) => [path, { target: api, ws: true, changeOrigin: false }]),
    ),
  },
  build: {
    target: "es2022",
    // The policy of the page allows scripts of its own server alone, and none inside of the page.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
  },
  test: {
    environment: "node",
    include: ["test/**/*.test.{ts,tsx}"],
    restoreMocks: true,
  },
});

export default config;
