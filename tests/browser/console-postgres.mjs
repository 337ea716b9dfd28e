// The web console as people use it, on PostgreSQL. What is played is in console/plays.mjs.
// Usage: node tests/browser/console-postgres.mjs <the program frontdesk>

import { playAll } from "./console/plays.mjs";
import { postgres } from "./console/postgres.mjs";
import { theme } from "./harness.mjs";

await theme("console-postgres", async (stage) => {
  const database = await postgres();
  stage.onEnd(() => database.stop());
  await playAll(stage, async () => ({ "store.url": await database.newDatabase() }));
});
