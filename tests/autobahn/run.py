#!/usr/bin/env python3
"""Runs the Autobahn test suite against /ws/echo of a server that it starts, and prints a table.

  cargo build --release
  python2.7 -m virtualenv target/autobahn
  target/autobahn/bin/pip install autobahntestsuite==25.10.1
  python3 tests/autobahn/run.py

The suite is written for Python 2.7, so it is no part of `cargo xtask check`. docs/autobahn.md has
the last result. Ends with 0 when no case failed, with 2 when one did, with 3 when it could not run.
"""

import argparse
import collections
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Everything but 9 (how fast large messages are) and 12 and 13 (compression, which is not offered).
CASES = ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*"]
GROUPS = {
    "1": "framing",
    "2": "pings and pongs",
    "3": "reserved bits",
    "4": "opcodes",
    "5": "fragmentation",
    "6": "UTF-8",
    "7": "close handshake",
    "10": "messages in many fragments",
}
# Case 7.1.6 sends 256 KiB in one message, more than a server takes by default.
FRAME_MAX_BYTES = 1 << 20
START_SECONDS = 20
# What the suite calls a behaviour; a case is judged by this and by how the connection was closed.
VERDICTS = ["OK", "NON-STRICT", "INFORMATIONAL", "FAILED"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--server", type=pathlib.Path, default=ROOT / "target/release/frontdesk")
    parser.add_argument("--wstest", type=pathlib.Path, default=ROOT / "target/autobahn/bin/wstest")
    parser.add_argument("--reports", type=pathlib.Path, default=ROOT / "target/autobahn/reports")
    arguments = parser.parse_args()
    for name, program in [("--server", arguments.server), ("--wstest", arguments.wstest)]:
        if not program.is_file():
            print(f"error: {program} is not there; build it as `--help` says, or give {name}",
                  file=sys.stderr)
            return 3
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        words = pathlib.Path(folder) / "server.log"
        server = start(arguments.server, pathlib.Path(folder), port, words)
        try:
            wait_until_it_serves(server, port, words)
            results = judge(arguments, pathlib.Path(folder), port)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=30)
    return report(results)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def start(program, folder, port, words):
    environment = dict(
        os.environ,
        FRONTDESK_SOCKET__FRAME_MAX_BYTES=str(FRAME_MAX_BYTES),
        FRONTDESK_LOG="warn",
    )
    command = [program, "serve", "--demo", "--listen", f"127.0.0.1:{port}", "--data-dir",
               folder / "data"]
    with words.open("wb") as log:
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)


def wait_until_it_serves(server, port, words):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            print(words.read_text(), file=sys.stderr)
            print(f"error: the server ended with {server.returncode}; its words are above",
                  file=sys.stderr)
            sys.exit(3)
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    print(f"error: the server was not ready within {START_SECONDS} s on port {port}",
          file=sys.stderr)
    sys.exit(3)


def judge(arguments, folder, port):
    """Lets the suite run, and returns what it found: case, verdict, verdict on the close."""
    reports = arguments.reports.resolve()
    specification = {
        "outdir": str(reports),
        "servers": [{"agent": "frontdesk", "url": f"ws://127.0.0.1:{port}/ws/echo"}],
        "cases": CASES,
        "exclude-cases": [],
        "exclude-agent-cases": {},
    }
    spec = folder / "fuzzingclient.json"
    spec.write_text(json.dumps(specification))
    subprocess.run([arguments.wstest, "-m", "fuzzingclient", "-s", spec], cwd=folder, check=True,
                   stdout=subprocess.DEVNULL)
    index = json.loads((reports / "index.json").read_text())["frontdesk"]
    print(f"The suite's own report of each case: {reports}/index.html\n")
    return {case: (found["behavior"], found["behaviorClose"]) for case, found in index.items()}


def report(results):
    counts = collections.defaultdict(collections.Counter)
    noted = []
    for case, (behaviour, close) in results.items():
        verdict = max(behaviour, close, key=rank)
        counts[case.split(".")[0]][VERDICTS[rank(verdict)]] += 1
        if verdict != "OK":
            noted.append((case, behaviour, close))
    print("| cases | about | passed | non-strict | informational | failed |")
    print("| --- | --- | --- | --- | --- | --- |")
    total = collections.Counter()
    for group, about in GROUPS.items():
        total += counts[group]
        print(row(f"{group}.*", about, counts[group]))
    print(row("all", "", total))
    print()
    for case, behaviour, close in sorted(noted, key=lambda found: order(found[0])):
        print(f"{case}: {behaviour}, close {close}")
    empty = [group for group in GROUPS if not counts[group]]
    if empty:
        print(f"error: no case of {', '.join(empty)} was run", file=sys.stderr)
        return 3
    return 2 if total["FAILED"] else 0


def rank(verdict):
    """How bad it is; a word that is not in the list is as bad as a failure."""
    return VERDICTS.index(verdict) if verdict in VERDICTS else len(VERDICTS) - 1


def row(cases, about, count):
    cells = [cases, about] + [str(count[verdict]) for verdict in VERDICTS]
    return f"| {' | '.join(cells)} |"


def order(case):
    return [int(number) for number in case.split(".")]


if __name__ == "__main__":
    sys.exit(main())
