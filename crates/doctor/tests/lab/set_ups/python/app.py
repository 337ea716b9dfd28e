"""A chat as many teams write it. FAULT chooses what is wrong with it."""

import asyncio
import base64
import hashlib
import hmac
import os
import time

from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from fastapi.middleware.trustedhost import TrustedHostMiddleware

FAULT = os.environ.get("FAULT", "none")
SECRET = os.environ.get("JWT_SECRET")
app = FastAPI()

if FAULT == "trusted_host":
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["desk.example.com"])


@app.get("/health")
def health():
    return {"status": "ok"}


def is_signed(token):
    message, _, signature = token.rpartition(".")
    expected = hmac.digest(SECRET.encode(), message.encode(), hashlib.sha256)
    return hmac.compare_digest(base64.urlsafe_b64encode(expected).rstrip(b"="), signature.encode())


@app.websocket("/ws")
async def socket(websocket: WebSocket):
    token = websocket.headers.get("authorization", "").removeprefix("Bearer ")
    if SECRET and not is_signed(token):
        await websocket.close(code=4401)
        return
    if FAULT == "close_before_accept":
        await websocket.close(code=4401)
        return
    if FAULT == "subprotocol_not_echoed":
        await websocket.accept(subprotocol=None)
    else:
        offered = websocket.scope["subprotocols"]
        await websocket.accept(subprotocol=offered[0] if offered else None)
    if FAULT == "crash":
        raise RuntimeError("the handler of the socket fails after accept")
    if FAULT == "blocked_loop":
        time.sleep(3600)
    try:
        while True:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if message.get("text") is not None:
                await websocket.send_text(message["text"])
            else:
                await websocket.send_bytes(message["bytes"])
    except (WebSocketDisconnect, asyncio.CancelledError):
        return
