// A PostgreSQL server of its own, from the programs of the distribution. Not for production: it does not
// care for the disk.

import { execFile, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { until } from "../harness.mjs";
import { Missing } from "../missing.mjs";

const run = promisify(execFile);

const SETTINGS = [
  "listen_addresses=",
  "fsync=off",
  "full_page_writes=off",
  "max_connections=100",
  "shared_buffers=64MB",
  "autovacuum=off",
];

/** Starts a server on a socket in a temporary folder. */
export async function postgres() {
  const folder = mkdtempSync(join(tmpdir(), "frontdesk-postgres-"));
  const as = serverUser();
  if (as.uid !== undefined) chownSync(folder, as.uid, as.gid);
  const cwd = "/";
  const data = join(folder, "data");
  await run(program("initdb"), ["--username=postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", "--pgdata", data], { ...as, cwd });
  const settings = [`unix_socket_directories=${folder}`, ...SETTINGS].flatMap((setting) => ["-c", setting]);
  const log = [];
  const server = spawn(program("postgres"), ["-D", data, ...settings], { ...as, cwd, stdio: ["ignore", "ignore", "pipe"] });
  server.stderr.on("data", (chunk) => log.push(chunk));
  const orphan = () => server.kill("SIGQUIT");
  process.once("exit", orphan);
  const gone = new Promise((exit) => server.once("exit", exit));
  const client = (name, ...flags) => run(program(name), ["--host", folder, "--username", "postgres", ...flags], { cwd });
  const stop = async () => {
    process.off("exit", orphan);
    server.kill("SIGQUIT");
    await gone;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const answers = () => client("psql", "-qtAc", "SELECT 1", "postgres").then(() => true, () => false);
    await until("PostgreSQL answers", answers, 60_000);
  } catch (error) {
    await stop();
    throw new Error(`${error.message}; it said:\n${Buffer.concat(log)}`);
  }
  let databases = 0;
  return {
    stop,
    /** An empty database: its URL, for `store.url`. */
    async newDatabase() {
      const name = `test_${(databases += 1)}`;
      await client("createdb", "--template=template0", name);
      return `postgres://postgres@localhost/${name}?host=${folder}`;
    },
  };
}

/** A program of the newest installed server, or the one on the path. */
function program(name) {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root) ? readdirSync(root).sort((one, other) => Number(other) - Number(one)) : [];
  const folders = [...versions.map((version) => join(root, version, "bin")), ...(process.env.PATH ?? "").split(":")];
  const found = folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
  if (!found) throw new Missing(`${name} of PostgreSQL was not found; install it, for example \`sudo apt-get install postgresql\``);
  return found;
}

/** Whom to become: the server refuses to run as root. */
function serverUser() {
  if (process.getuid() !== 0) return {};
  const lines = readFileSync("/etc/passwd", "utf8").split("\n").map((line) => line.split(":"));
  const [, , uid, gid] = lines.find(([name]) => name === "postgres") ?? lines.find(([name]) => name === "nobody") ?? [];
  if (uid === undefined) throw new Missing("there is neither a user postgres nor nobody to run PostgreSQL as; it refuses to run as root");
  return { uid: Number(uid), gid: Number(gid) };
}
