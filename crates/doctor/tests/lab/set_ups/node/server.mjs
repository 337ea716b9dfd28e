// A server over the package `ws`, as many teams have it. FAULT chooses what is wrong with it.

import { createServer } from "node:http";

const { WebSocketServer } = await import(process.env.WS_MODULE);
const fault = process.env.FAULT;

const http = createServer((_, response) => response.writeHead(404).end());
const sockets = new WebSocketServer({
  server: http,
  path: "/ws",
  perMessageDeflate: true,
  maxPayload: fault === "small_messages" ? 32 * 1024 : 16 * 1024 * 1024,
  verifyClient: (_, answer) => answer(fault !== "refuses", 401),
});
const socketOf = new Map();
sockets.on("connection", (socket, request) => {
  socket.on("error", () => {});
  const user = new URL(request.url, "ws://localhost").searchParams.get("user");
  if (fault === "one_per_user" && user) {
    socketOf.get(user)?.close(4000, "replaced by another tab");
    socketOf.set(user, socket);
  }
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
});
// Each of two servers with a path of its own ends the handshakes of the other with 400.
if (fault === "two_handlers") new WebSocketServer({ server: http, path: "/hot-reload" });

http.listen(Number(process.env.PORT), "127.0.0.1");
