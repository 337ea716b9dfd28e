// Builds the three entries of the package as plain modules, one file each, and runs the tests.

import { defineConfig } from "vitest/config";

export default defineConfig({
  build: {
    target: "es2022",
    sourcemap: true,
    lib: {
      entry: {
        index: "src/index.ts",
        "rest-client": "src/rest-client.ts",
        causes: "src/causes.ts",
      },
      formats: ["es"],
    },
    rolldownOptions: {
      external: ["openapi-fetch"],
      output: { chunkFileNames: "[name].js", minify: true },
    },
  },
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
