"""What a server takes: a page of ten thousand trials, news, fifty approvals at once.

    python benchmarks/serving.py

A real server in a process of its own, asked over HTTP on this machine. Peers, in the
same run: a list without pages, and a client that asks every second instead of being
told.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import httpx

from bigloop.contracts import Campaign, Decision, Proposal, Suggestion, Trial, Verdict
from bigloop.db import Store

N = 10_000
SPEC = {
    "name": "many",
    "parameters": {"x": {"low": 0, "high": 1}},
    "observables": {"y": {}},
    "objective": {"observable": "y", "source": "sim"},
    "sources": {
        "sim": {"simulator": "forrester", "observes": ["y"], "cost": {"core_second": 1}}
    },
    "budget": {"core_second": 10 * N},
}
ASK = Verdict(action="ask")


class Server:
    """`bigloop serve` on a port that stays the same over its lives."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/api/v1"
        self.start()

    def start(self) -> None:
        program = str(Path(sys.executable).with_name("bigloop"))
        words = ["--folder", str(self.folder), "serve", "--port", str(self.port)]
        self.process = subprocess.Popen(
            [program, *words], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.process.stdout.readline()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Listener(threading.Thread):
    """Notes when it is told of each event."""

    def __init__(self, url: str, after: int) -> None:
        super().__init__(daemon=True)
        self.url, self.after = url, after
        self.at: dict[int, float] = {}
        self.is_up = threading.Event()

    def run(self) -> None:
        # Its server is killed in the end.
        with suppress(httpx.HTTPError):
            self.listen()

    def listen(self) -> None:
        url = f"{self.url}/feed?after={self.after}"
        with httpx.stream("GET", url, timeout=None) as answer:
            self.is_up.set()
            for line in answer.iter_lines():
                if match := re.fullmatch(r"id: (\d+)", line):
                    self.at[int(match[1])] = time.monotonic()


def fill(store: Store, n: int) -> list[Trial]:
    """More proposals that wait for a person."""
    found = []
    start = sum(store.counts("many").values())
    for number in range(start, start + n):
        proposal = Proposal(
            campaign="many", number=number, source="sim", design={"x": number / 1e6}
        )
        decision = Decision(agent="none", score=0.0, terms={})
        suggestion = Suggestion(
            proposal=proposal, decision=decision, cost={"core_second": 1.0}
        )
        found.append(store.propose(suggestion, ASK, "loop"))
    return found


def timed(call: Callable[[], object], n: int) -> list[float]:
    """Seconds of each call."""
    found = []
    for _ in range(n):
        began = time.monotonic()
        call()
        found.append(time.monotonic() - began)
    return found


def p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def news(server: Server, store: Store, trials: Sequence[Trial]) -> list[float]:
    """Seconds from sending an approval to being told of it elsewhere."""
    listener = Listener(server.url, store.last_seq())
    listener.start()
    listener.is_up.wait()
    sent: dict[int, float] = {}
    with httpx.Client() as http:
        for trial in trials:
            began = time.monotonic()
            answer = http.post(f"{server.url}/trials/{trial.id}/approve", json={})
            sent[answer.json()["version"]] = began
            time.sleep(0.02)
    deadline = time.monotonic() + 10
    while not set(sent) <= set(listener.at) and time.monotonic() < deadline:
        time.sleep(0.05)
    return [listener.at[seq] - began for seq, began in sent.items()]


def polled(server: Server, store: Store, trials: Sequence[Trial]) -> list[float]:
    """The same for a client that asks for new events every second."""
    seen: dict[int, float] = {}
    sent: dict[int, float] = {}
    end = threading.Event()

    def ask() -> None:
        after = store.last_seq()
        with httpx.Client() as http:
            while not end.wait(1.0):
                page = http.get(f"{server.url}/events?after={after}").json()["events"]
                for event in page:
                    after = seen_seq = event["seq"]
                    seen[seen_seq] = time.monotonic()

    poller = threading.Thread(target=ask)
    poller.start()
    with httpx.Client() as http:
        for trial in trials:
            began = time.monotonic()
            answer = http.post(f"{server.url}/trials/{trial.id}/approve", json={})
            sent[answer.json()["version"]] = began
            time.sleep(0.23)
    time.sleep(1.5)
    end.set()
    poller.join()
    return [seen[seq] - began for seq, began in sent.items()]


async def at_once(url: str, trials: Sequence[Trial], n: int) -> list[int]:
    """How many of `n` approvals at once succeeded, for each trial."""
    async with httpx.AsyncClient(timeout=60) as http:

        async def approve(trial: Trial) -> bool:
            answer = await http.post(f"{url}/trials/{trial.id}/approve", json={})
            return answer.status_code == 200

        return [
            sum(await asyncio.gather(*(approve(trial) for _ in range(n))))
            for trial in trials
        ]


def restarts(server: Server, n: int) -> list[float]:
    """Seconds from the start of a killed server to its first answer."""
    found = []
    for _ in range(n):
        server.kill()
        began = time.monotonic()
        server.start()
        httpx.get(f"{server.url}/campaigns").raise_for_status()
        found.append(time.monotonic() - began)
    return found


class Live(threading.Thread):
    """A client that listens, and connects again whenever it was cut off."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.url = url
        self.is_up, self.is_cut = threading.Event(), threading.Event()

    def run(self) -> None:
        with httpx.Client(timeout=60, verify=False) as http:
            while True:
                with suppress(httpx.HTTPError), http.stream("GET", self.url) as answer:
                    self.is_cut.clear()
                    self.is_up.set()
                    for _ in answer.iter_lines():
                        pass
                self.is_up.clear()
                self.is_cut.set()
                # A browser waits half a second (`retry:` of the stream).
                time.sleep(0.5)


def revivals(server: Server, n: int, clients: int) -> list[float]:
    """Seconds from the start of a killed server until all its clients are live."""
    live = [Live(f"{server.url}/feed") for _ in range(clients)]
    for client in live:
        client.start()
    found = []
    for _ in range(n):
        for client in live:
            client.is_up.wait()
        server.kill()
        for client in live:
            client.is_cut.wait()
        began = time.monotonic()
        server.start()
        for client in live:
            client.is_up.wait()
        found.append(time.monotonic() - began)
    return found


def line(name: str, value: str, target: str, is_met: bool) -> str:
    verdict = "" if not target else ("met" if is_met else "MISSED")
    return f"{name:<58} {value:>12}  {target:<10} {verdict}"


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="bigloop-serving-"))
    with Store.open(f"sqlite:///{folder / 'store.db'}") as store:
        store.add_campaign(Campaign.model_validate(SPEC), "bench")
        fill(store, N)
        print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, {N:,} trials\n")
        server = Server(folder)
        try:
            report(server, store)
        finally:
            server.kill()
        assert store.verify().is_ok


def report(server: Server, store: Store) -> None:
    many = f"{server.url}/campaigns/many/trials"
    query = "?state=awaiting_approval&limit=100&after="
    with httpx.Client(timeout=60) as http:
        http.get(many)
        places = iter(range(0, N, N // 60))
        pages = timed(lambda: http.get(f"{many}{query}{next(places)}"), 60)
        whole = timed(
            lambda: [
                http.get(f"{many}?limit=1000&after={k}") for k in range(0, N, 1000)
            ],
            1,
        )
    value = p95(pages)
    print(line("page of 100, p95 of 60 [s]", f"{value:.3f}", "< 0.3", value < 0.3))
    print(
        line(
            "  peer: the whole list, 10 pages of 1,000 [s]", f"{whole[0]:.3f}", "", True
        )
    )
    told = news(server, store, fill(store, 100))
    value = p95(told)
    print(
        line(
            "approved here, told there, p95 of 100 [s]",
            f"{value:.3f}",
            "< 0.5",
            value < 0.5,
        )
    )
    print(line("  median [s]", f"{statistics.median(told):.3f}", "", True))
    asked = p95(polled(server, store, fill(store, 40)))
    print(line("  peer: asking every second, p95 of 40 [s]", f"{asked:.3f}", "", True))
    won = asyncio.run(at_once(server.url, fill(store, 50), 50))
    right = sum(n == 1 for n in won)
    print(
        line("rows of 50 with one success of 50 at once", f"{right}", "50", right == 50)
    )
    lives = restarts(server, 10)
    value = max(lives)
    print(
        line(
            "killed 10 times: answers again, worst [s]",
            f"{value:.2f}",
            "< 3",
            value < 3,
        )
    )
    lives = revivals(server, 10, 10)
    value = max(lives)
    print(
        line(
            "killed 10 times: ten clients live again, worst [s]",
            f"{value:.2f}",
            "< 3",
            value < 3,
        )
    )
    print(line("  median [s]", f"{statistics.median(lives):.2f}", "", True))


if __name__ == "__main__":
    main()
