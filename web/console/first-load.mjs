// Weighs what a browser fetches before the sign-in page shows, as it travels: compressed with gzip.

import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LIMIT_BYTES = 250 * 1024;
const dist = new URL("./dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));

/** A file of the build, with everything that it imports at once. */
function closure(key, found = new Map()) {
  const entry = manifest[key];
  if (entry === undefined)
    throw new Error(`the build has no ${key}; it has ${Object.keys(manifest).join(", ")}`);
  if (found.has(entry.file)) return found;
  found.set(entry.file, null);
  for (const file of entry.css ?? []) found.set(file, null);
  for (const next of entry.imports ?? []) closure(next, found);
  return found;
}

const files = closure("index.html", closure("src/features/sign-in/page.tsx"));
files.set("index.html", null);
let sum = 0;
for (const file of files.keys()) {
  const size = gzipSync(readFileSync(new URL(file, dist))).length;
  files.set(file, size);
  sum += size;
}
const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;
if (sum > LIMIT_BYTES) {
  const heaviest = [...files]
    .sort(([, a], [, b]) => b - a)
    .map(([file, size]) => `  ${kib(size)} ${file}`);
  console.error(
    `the sign-in page loads ${kib(sum)}, the limit is ${kib(LIMIT_BYTES)}; load what it does not need with its route\n${heaviest.join("\n")}`,
  );
  process.exit(1);
}
console.log(`the sign-in page loads ${kib(sum)} of ${kib(LIMIT_BYTES)}, in ${files.size} files`);
