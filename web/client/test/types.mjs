// The types of the packed package, read by the TypeScript versions that people have.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const VERSIONS = ["typescript-5.9", "typescript-6", "typescript-7"];
const RESOLUTIONS = [
  { module: "nodenext", moduleResolution: "nodenext" },
  { module: "esnext", moduleResolution: "bundler" },
];

/** A user's program; each line that must not compile says so. */
const PROGRAM = `
import { createClient, FrontdeskError, type ConnectionState, type FrontdeskClient } from "@frontdesk/client";
import { type CauseId, causes } from "@frontdesk/client/causes";
import { createRestClient, FrontdeskProblem } from "@frontdesk/client/rest";

const client: FrontdeskClient = createClient({ url: "http://localhost:8000", positions: { load: () => null, save: () => {} } });
client.on("order.updated", ({ data, offset }) => [data.order.total.toFixed(2), offset + 1]);
client.on("state", (state: ConnectionState) => {
  if (state.status === "waiting") new Date(state.retryAt);
  if (state.status === "closed" && state.diagnosis) console.log(state.diagnosis.sentence);
});
client.channel("chat:1").on("message.created", ({ data }) => data.message.body.length);
client.onTopic("presence", ({ data }) => data.presence.sockets);
const message = await client.sendMessage({ chatId: "1", body: "x" });
message.sender.name satisfies string;
// @ts-expect-error there is no such event
client.on("order.exploded", () => {});
// @ts-expect-error an order has no such field
client.on("order.created", ({ data }) => data.order.colour);
// @ts-expect-error that is no channel
client.channel("elsewhere");

const rest = createRestClient();
const { data } = await rest.GET("/api/v1/orders", { params: { query: { limit: 10 } } });
data?.items[0]?.total.toFixed(2);
// @ts-expect-error there is no such path
await rest.GET("/api/v1/nothing");
// @ts-expect-error there is no such cause
causes["net.nothing"];
const id: CauseId = "net.refused";
causes[id].sentence.length;
export const errors = [FrontdeskError, FrontdeskProblem];
`;

const here = fileURLToPath(new URL("..", import.meta.url));
const modules = join(here, "../node_modules");
const folder = mkdtempSync(join(tmpdir(), "frontdesk-types-"));
let failed = false;
try {
  const packed = execFileSync("npm", ["pack", "--silent", "--pack-destination", folder], {
    cwd: here,
    encoding: "utf8",
  }).trim();
  const installed = join(folder, "node_modules/@frontdesk/client");
  mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["-xzf", join(folder, packed), "--strip-components=1", "-C", installed]);
  for (const name of ["openapi-fetch", "openapi-typescript-helpers"])
    symlinkSync(join(modules, name), join(folder, "node_modules", name));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "program.ts"), PROGRAM);
  for (const version of VERSIONS) {
    for (const resolution of RESOLUTIONS) {
      const compilerOptions = {
        ...resolution,
        strict: true,
        target: "es2022",
        lib: ["es2022", "dom"],
        types: [],
        noEmit: true,
        skipLibCheck: false,
      };
      writeFileSync(
        join(folder, "tsconfig.json"),
        JSON.stringify({ compilerOptions, files: ["program.ts"] }),
      );
      const tsc = spawnSync(process.execPath, [join(modules, version, "bin/tsc"), "-p", folder], {
        encoding: "utf8",
      });
      const well = tsc.status === 0;
      failed ||= !well;
      console.log(
        `${well ? "ok" : "FAILED"} types with ${version}, ${resolution.moduleResolution}${well ? "" : `\n${tsc.stdout}${tsc.stderr}`}`,
      );
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failed ? 1 : 0;
