// Stands between a client and the real server and may change, swallow or add frames: what a network
// or another server's version could do.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import WebSocket, { WebSocketServer } from "ws";

// biome-ignore lint/suspicious/noExplicitAny: frames of any version pass here
export type Frame = Record<string, any>;

export interface Middleman {
  readonly base: string;
  /** Handshakes so far, and sockets open now. */
  readonly upgrades: number;
  readonly open: number;
  /** What passes instead of a frame; `null` for nothing. */
  fromServer: (frame: Frame) => Frame | null;
  fromClient: (frame: Frame) => Frame | null;
  /** Frames of clients, in order. */
  readonly said: readonly Frame[];
  /** Says something to every client in the server's name. */
  say(frame: Frame): void;
  /** Ends every socket without a close frame. */
  cut(): void;
  close(): Promise<void>;
}

export async function middleman(target: string): Promise<Middleman> {
  const http = createServer();
  const sockets = new WebSocketServer({ server: http });
  const said: Frame[] = [];
  let upgrades = 0;
  sockets.on("connection", (near, request) => {
    upgrades += 1;
    const far = new WebSocket(target.replace("http", "ws") + request.url);
    const early: string[] = [];
    near.on("message", (data) => {
      const frame = JSON.parse(String(data)) as Frame;
      said.push(frame);
      const passing = man.fromClient(frame);
      if (passing === null) return;
      if (far.readyState === WebSocket.OPEN) far.send(JSON.stringify(passing));
      else early.push(JSON.stringify(passing));
    });
    far.on("open", () => {
      for (const text of early) far.send(text);
    });
    far.on("message", (data) => {
      const passing = man.fromServer(JSON.parse(String(data)) as Frame);
      if (passing !== null) near.send(JSON.stringify(passing));
    });
    far.on("close", (code, reason) =>
      code === 1006 ? near.terminate() : near.close(code, reason),
    );
    near.on("close", () => far.close());
    for (const socket of [near, far]) socket.on("error", () => socket.terminate());
  });
  await new Promise<void>((listening) => http.listen(0, "127.0.0.1", listening));
  const man: Middleman = {
    base: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    get upgrades() {
      return upgrades;
    },
    get open() {
      return sockets.clients.size;
    },
    fromServer: (frame) => frame,
    fromClient: (frame) => frame,
    said,
    say: (frame) => {
      for (const socket of sockets.clients) socket.send(JSON.stringify(frame));
    },
    cut: () => {
      for (const socket of sockets.clients) socket.terminate();
    },
    close: () =>
      new Promise((closed) => {
        man.cut();
        http.close(() => closed());
        http.closeAllConnections();
      }),
  };
  return man;
}
