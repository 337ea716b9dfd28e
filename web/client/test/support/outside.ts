// Servers that are not ours, as the world has them: they answer what a test says.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { fromServer } from "../examples.ts";

export interface Foreign {
  base: string;
  /** Sockets that were opened, in order. */
  sockets: WebSocket[];
  /** Requests for a token. */
  asked: number;
  close(): Promise<void>;
}

/** What a foreign server does. */
export interface Manners {
  /** Answers a request for a token; by default as our server does. */
  token?: (response: ServerResponse, request: IncomingMessage) => void;
  /** Speaks on a socket. */
  socket?: (socket: WebSocket, text: string | null) => void;
}

/** A welcome, as our server's own example has it. */
export const welcome = (changes: Record<string, unknown> = {}): string =>
  JSON.stringify({
    ...fromServer["welcome"],
    channels: [],
    server_time: new Date().toISOString(),
    expires_at: new Date(Date.now() + 300_000).toISOString(),
    ...changes,
  });

export async function foreign({ token, socket }: Manners): Promise<Foreign> {
  const answer =
    token ?? ((response) => json(response, 200, { token: "eyJ.eyJ.sig", expires_in: 300 }));
  const http: Server = createServer((request, response) => {
    if (request.url !== "/api/v1/auth/ws-token") return void response.writeHead(404).end();
    server.asked += 1;
    answer(response, request);
  });
  const sockets = new WebSocketServer({ server: http });
  sockets.on("connection", (one) => {
    server.sockets.push(one);
    one.on("error", () => {});
    socket?.(one, null);
    one.on("message", (data) => socket?.(one, String(data)));
  });
  await new Promise<void>((listening) => http.listen(0, "127.0.0.1", listening));
  const server: Foreign = {
    base: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    sockets: [],
    asked: 0,
    close: () =>
      new Promise((closed) => {
        for (const one of sockets.clients) one.terminate();
        http.close(() => closed());
        http.closeAllConnections();
      }),
  };
  return server;
}

export function json(
  response: ServerResponse,
  status: number,
  body: object,
  type = "application/json",
): void {
  response.writeHead(status, { "Content-Type": type }).end(JSON.stringify(body));
}
