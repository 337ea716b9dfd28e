// When what a page holds may have a hole, so that its snapshot must be asked for once more.

import type { ChannelName, FrontdeskClient, UserId } from "@frontdesk/client";

export interface ContinuityOptions {
  /** Whether a hole in this channel matters. */
  concerns: (channel: ChannelName) => boolean;
  /** Asks for the snapshot. Called at most once for all holes that become known together. */
  renew: () => void;
  /** Another account is signed in: what is held belongs to somebody else. */
  forget: () => void;
  /** Whether the last snapshot could not be had. */
  failed: () => boolean;
}

/**
 * Watches until the returned function is called. An ordinary reconnect is no hole, because the
 * client resumes from its positions; a snapshot is due
 *
 * - once connected, if it was asked for before: events in between were told to nobody;
 * - after a `gap` or `reset`, which name what cannot be recovered;
 * - once connected again, if it had failed;
 * - when another account is signed in.
 */
export function watchContinuity(client: FrontdeskClient, options: ContinuityOptions): () => void {
  let user: UserId | null = null;
  let anew = true;
  let due = false;
  let over = false;

  const renewSoon = (): void => {
    if (due) return;
    due = true;
    queueMicrotask(() => {
      due = false;
      if (!over) options.renew();
    });
  };
  const look = (): void => {
    const { state } = client;
    if (state.status === "closed") anew = true;
    if (state.status !== "connected") return;
    if (user !== null && user !== state.user.id) {
      options.forget();
      anew = true;
    }
    user = state.user.id;
    if (anew || options.failed()) renewSoon();
    anew = false;
  };
  if (client.state.status === "connected") {
    user = client.state.user.id;
    anew = false;
  }
  const hole = ({ channel }: { channel: ChannelName }): void => {
    if (options.concerns(channel)) renewSoon();
  };
  const ends = [client.on("state", look), client.on("gap", hole), client.on("reset", hole)];
  return () => {
    over = true;
    for (const end of ends) end();
  };
}

/** The channels that tell of everything that concerns a person or the desk. */
export function isAutomatic(channel: ChannelName): boolean {
  return channel === "staff" || channel.startsWith("user:");
}
