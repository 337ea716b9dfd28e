"""Static files mounted before the socket's route, as many tutorials have it."""

import os

from starlette.applications import Starlette
from starlette.routing import Mount, WebSocketRoute
from starlette.staticfiles import StaticFiles


async def socket(websocket):
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text)


static = Mount("/", StaticFiles(directory=os.environ["STATIC"], html=True))
route = WebSocketRoute("/ws", socket)
app = Starlette(routes=[static, route] if os.environ["FAULT"] == "static_mount" else [route, static])
