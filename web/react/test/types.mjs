// The published types compile in an application and in our example, whichever TypeScript they have.

import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const projects = ["types/tsconfig.json", "types/example.json"].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

for (const typescript of ["typescript-5.9", "typescript-6", "typescript-7"]) {
  const compiler = join(dirname(require.resolve(`${typescript}/package.json`)), "bin/tsc");
  try {
    for (const project of projects)
      execFileSync(process.execPath, [compiler, "--project", project], { encoding: "utf8" });
  } catch (error) {
    console.error(
      `error: the published types do not compile under ${typescript}:\n${error.stdout || error.message}`,
    );
    process.exit(1);
  }
  console.log(`the published types compile under ${typescript}`);
}
