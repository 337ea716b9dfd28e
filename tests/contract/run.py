"""Asks a demo server what its own /openapi.json says may be asked, sensible and not, and compares
every answer with it. Run by `cargo xtask contract`, which installs what this needs.

Usage: run.py PROGRAM, the path of a built frontdesk.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import requests

PASSWORD = "test123"
# Who asks, and how many requests are made up for each operation besides those that the description
# itself suggests: enough to meet every answer, few enough for each run to last half a minute.
ACTORS = [("admin@test.com", 12), ("staff@test.com", 6), ("ana@test.com", 6)]
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
]
# What could end the session that asks, or take its role away (schemathesis remembers the ids that it
# is shown), and a stream that ends by itself only after seconds.
EXCLUDED = [
    "/api/v1/auth/logout",
    "/api/v1/auth/sessions/{id}",
    "/api/v1/users/{id}/sessions/{session_id}",
    "/api/v1/diagnose/sse",
]
EXCLUDED_FOR_ADMINS = ["change_user"]
# Lists whose first object is used where a path asks for an id.
LISTS = ["users", "items", "resources", "orders", "bookings", "notifications", "chats"]
START_SECONDS = 30
RUN_SECONDS = 120


def main() -> int:
    program = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="frontdesk-contract-") as folder:
        server = start(program, Path(folder))
        try:
            base = address(server)
            failed = [email for email, examples in ACTORS if not ask(base, email, examples, folder)]
        finally:
            server.terminate()
            server.wait(timeout=START_SECONDS)
    for email in failed:
        print(f"contract: answers to {email} were not as /openapi.json describes them")
    return 1 if failed else 0


def start(program: Path, folder: Path) -> subprocess.Popen:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FRONTDESK_")}
    environment["FRONTDESK_DATA__DIR"] = str(folder / "data")
    command = [program, "serve", "--demo", "--listen", "127.0.0.1:0"]
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )


def address(server: subprocess.Popen) -> str:
    """Where it listens, from what it says; what it says later is thrown away."""
    watchdog = threading.Timer(START_SECONDS, server.kill)
    watchdog.start()
    said = []
    for line in server.stderr:
        said.append(line)
        if found := re.match(r"listening on (http://\S+)", line):
            watchdog.cancel()
            threading.Thread(target=server.stderr.read, daemon=True).start()
            return found[1]
    watchdog.cancel()
    raise SystemExit("contract: the server did not start; it said:\n" + "".join(said))


def ask(base: str, email: str, examples: int, folder: str) -> bool:
    session = sign_in(base, email)
    prepare(base, session)
    config = Path(folder) / "schemathesis.toml"
    config.write_text("\n".join(known_ids(base, session)))
    cookie = "; ".join(f"{name}={value}" for name, value in session.cookies.items())
    command = [
        Path(sys.executable).with_name("st"), "--config-file", config, "run", f"{base}/openapi.json",
        "--header", f"Cookie: {cookie}", "--checks", ",".join(CHECKS),
        "--phases", "examples,coverage,fuzzing", "--max-examples", str(examples),
        "--seed", "1", "--generation-database", "none", "--workers", "2",
        "--request-timeout", "10", "--continue-on-failure", "--warnings", "off", "--no-color",
    ]
    for path in EXCLUDED:
        command += ["--exclude-path", path]
    if session.get(f"{base}/api/v1/auth/me", timeout=10).json()["role"] == "admin":
        for operation in EXCLUDED_FOR_ADMINS:
            command += ["--exclude-operation-id", operation]
    print(f"contract: asking as {email}", flush=True)
    try:
        as_described = subprocess.run(command, cwd=folder, timeout=RUN_SECONDS).returncode == 0
    except subprocess.TimeoutExpired:
        print(f"contract: did not end within {RUN_SECONDS} s")
        return False
    # A session that ended on the way would have been answered 401 to everything.
    is_live = session.get(f"{base}/api/v1/auth/me", timeout=10).ok
    if not is_live:
        print(f"contract: the session of {email} ended on the way, so little was asked")
    return as_described and is_live


def sign_in(base: str, email: str) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    body = {"email": email, "password": PASSWORD}
    session.post(f"{base}/api/v1/auth/login", json=body, timeout=10).raise_for_status()
    return session


def prepare(base: str, session: requests.Session) -> None:
    """Makes what lists would lack; whoever has it already is refused, which is well."""
    items = session.get(f"{base}/api/v1/items", timeout=10).json()["items"]
    lines = [{"item_id": item["id"], "quantity": 1} for item in items if item["available"]]
    session.post(f"{base}/api/v1/orders", json={"lines": lines[:1]}, timeout=10)
    session.post(f"{base}/api/v1/chats", json={"subject": "Contract"}, timeout=10)


def known_ids(base: str, session: requests.Session) -> list[str]:
    """Configuration by which paths name things that there are."""
    lines = []
    me = session.get(f"{base}/api/v1/auth/me", timeout=10).json()["id"]
    for name in LISTS:
        answer = session.get(f"{base}/api/v1/{name}", timeout=10)
        objects = answer.json().get("items", []) if answer.ok else []
        # Nobody changes their own role on the way.
        found = next((one["id"] for one in objects if one["id"] != me), None)
        if found:
            pattern = json.dumps("^/api/v1/" + name + r"/\{id\}")
            lines += ["[[operations]]", f"include-path-regex = {pattern}"]
            lines += [f'parameters = {{ "path.id" = "{found}" }}', ""]
    return lines


if __name__ == "__main__":
    sys.exit(main())
