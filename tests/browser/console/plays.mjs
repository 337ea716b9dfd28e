// Everything that is played with the console, on whatever database. `store` gives the configuration of
// one more server's database.

import { adminPlays } from "./admin.mjs";
import { connectionPlays, labPlays } from "./connections.mjs";
import { customerPlays } from "./customer.mjs";
import { outagePlays } from "./outage.mjs";
import { sessionPlays, setUp } from "./sessions.mjs";
import { splitPlays } from "./split.mjs";

/** Plays that run at once. */
const AT_ONCE = 3;

export async function playAll(stage, store = async () => ({})) {
  const start = async (options = {}) => stage.server({ ...options, config: { "bot.kind": "desk", ...(await store()), ...options.config } });
  const [server, demo, mortal, lab] = await Promise.all([
    start(),
    start({ demo: true }),
    start(),
    // The shortest life that a token can have.
    start({ config: { "auth.ws_token_seconds": 5 } }),
  ]);
  await stage.check("the one-time link makes the first admin, works once, and leaves no token behind", () => setUp(stage, server));
  // Alone, because it looks at the clock.
  await stage.checks(splitPlays(stage, demo), 1);
  await stage.checks(
    [
      // The longest first.
      ...labPlays(stage, lab),
      ...outagePlays(stage, mortal),
      ...customerPlays(stage, server),
      ...sessionPlays(stage, server),
      ...connectionPlays(stage, server),
      ...adminPlays(stage, server),
    ],
    AT_ONCE,
  );
}
