//! uvicorn, Starlette, FastAPI, Django Channels, and Python's `websockets`.

use crate::explain::pattern::{Pattern, Tells, certain, likely, status, symptom, tells, unsure};

pub(super) const PATTERNS: &[Pattern] = &[
    certain("No supported WebSocket library detected", "srv.no_ws_library"),
    likely("Unsupported upgrade request", "srv.no_ws_library"),
    certain(r#"assert scope\["type"\] == "http""#, "srv.static_mount"),
    likely(r#""WebSocket (?P<name>/[^"? ]*)[^"]*" 403"#, "auth.hidden_403")
        .says("The Python server refuses the socket {name} before it accepts it, so the browser sees 1006 and no reason.")
        .fix("Look at the route: an unknown path, a dependency that raises, or `close()` before `accept()`. Let it `await websocket.accept()`, send the reason, and close with a code of 4000 to 4999."),
    likely(r"connection rejected \(403 Forbidden\)", "auth.hidden_403")
        .says("The Python server refuses the socket before it accepts it, so the browser sees 1006 and no reason."),
    tells(r#""WebSocket /\S*" \[accepted\]|connection open$"#, Tells::Works),
    unsure(r#"- "GET /\S*(?:ws|socket|live|chat)\S* HTTP/1\.[01]" 404"#, "srv.no_ws_library")
        .says("The server answers the socket's path with 404 as if it were a plain request."),
    certain("keepalive ping timeout", "idle.nopong"),
    certain(r"QueuePool limit of size (?P<name>[0-9]+) overflow [0-9]+ reached", "cap.db_pool"),
    certain(r"TimeoutError: QueuePool|remaining connection slots are reserved|too many clients already", "cap.db_pool"),
    certain(r"Need to call .accept. first|Cannot call .(?:send|receive). once a (?:close|disconnect) message", "srv.crash")
        .says("The handler uses the socket before it accepted it, or after it was closed, and fails."),
    likely(r"(?:WatchFiles|StatReload) detected change", "srv.deploy")
        .says("The development server restarts because a file was saved: every socket ends and comes back.")
        .fix("Nothing to mend. Leave generated files and databases out of the watched folders (`--reload-exclude`)."),
    likely("Waiting for connections to close|Waiting for application shutdown|received SIGTERM", "srv.deploy"),
    certain(r"No route found for path '(?P<name>[^']*)'", "url.path")
        .says("Django Channels has no route for the path `{name}`."),
    likely(r"WebSocket REJECT (?P<name>/\S*)", "auth.hidden_403")
        .says("Django refuses the socket {name} before it accepts it: a consumer, an origin check or an authentication says no."),
    certain("No module named 'websockets'|No module named 'wsproto'", "srv.no_ws_library"),
    certain(r"(?:Connect call failed \('(?P<host>[^']*)', [0-9]+|\[Errno 111\] Connect(?:ion refused| call failed))", "net.refused"),
    certain("Temporary failure in name resolution|Name or service not known|nodename nor servname provided", "net.dns"),
    status("server rejected WebSocket connection: HTTP (?P<status>[0-9]{3})"),
    status("Handshake status (?P<status>[0-9]{3})"),
    tells(r"(?:received|sent) (?P<code>[1-4][0-9]{3}) \([^)]*\)(?: (?P<reason>[^;]*))?", Tells::Close),
    tells(r"WebSocketDisconnect: \((?P<code>[0-9]{4}), '(?P<reason>[^']*)'", Tells::Close),
    symptom("no close frame received or sent|ConnectionClosedError"),
];
