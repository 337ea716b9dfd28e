// The web console as people use it, on SQLite. What is played is in console/plays.mjs.
// Usage: node tests/browser/console.mjs <the program frontdesk>

import { playAll } from "./console/plays.mjs";
import { theme } from "./harness.mjs";

await theme("console", (stage) => playAll(stage));
