"""A server of one store: its socket, its first line, its end."""

from __future__ import annotations

import gc
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from bigloop.cli.output import say
from bigloop.config import Settings
from bigloop.contracts import SpecError
from bigloop.db import Store

if TYPE_CHECKING:
    import uvicorn

    from bigloop.dashboard.pages.desk import Desk

_BACKLOG = 2048
_QUIET_S = 1.0
"""Left to those who were connected before a restart and come back at once."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def run(store: Store, settings: Settings, actor: str) -> None:
    """Serve until interrupted.

    Args:
        store: what is served.
        settings: `serve_host`, `serve_port`, `serve_root_path`, `folder`.
        actor: who acts while there are no accounts.

    Raises:
        SpecError: the address is not this machine's alone and there are no accounts,
            or it cannot be had.
    """
    host, root = settings.serve_host, settings.serve_root_path.rstrip("/")
    if host not in _LOOPBACK and not store.has_people():
        raise SpecError(
            f"serve_host {host!r} can be reached from other machines, and nobody has "
            "to log in; make an account with `bigloop people add`, or listen at "
            "127.0.0.1"
        )
    taken = _socket(host, settings.serve_port)
    local = "" if store.has_people() else actor
    server, desk = _server(store, settings, local, root)
    port = taken.getsockname()[1]
    say(f"bigloop at http://{_shown(host)}:{port}{root}/ (Ctrl-C ends it)")
    with _telling(store, settings), _warming(server, desk):
        server.run(sockets=[taken])


def _server(
    store: Store, settings: Settings, local: str, root: str
) -> tuple[uvicorn.Server, Desk]:
    # Thousands of models and functions are made here, and none of them goes again: a
    # collection that looks through them again and again is a fifth of a start.
    gc.disable()
    try:
        import uvicorn

        from bigloop.api.context import Context
        from bigloop.dashboard.app import create_dashboard
        from bigloop.dashboard.pages.desk import desk_of

        context = Context.of(store, settings.folder, local, settings)
        app = create_dashboard(context, root)
        config = uvicorn.Config(
            app, log_level="warning", timeout_graceful_shutdown=2, ws="none"
        )
        return uvicorn.Server(config), desk_of(app)
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def _warming(server: uvicorn.Server, desk: Desk) -> Iterator[None]:
    """Read what the first page would wait for, once the server answers."""
    from bigloop.dashboard.warming import warm

    stop = threading.Event()

    def run() -> None:
        while not stop.wait(_QUIET_S):
            if server.started:
                warm(desk, stop.is_set)
                return

    with _beside(run, "warming", stop):
        yield


@contextmanager
def _telling(store: Store, settings: Settings) -> Iterator[None]:
    """Tell those who want to hear of events, as long as the server runs."""
    if not settings.webhooks:
        yield
        return
    from bigloop.api.webhooks import Webhooks

    stop = threading.Event()
    hooks = Webhooks(store, settings.webhooks, note=say)
    with _beside(partial(hooks.run, stop), "webhooks", stop):
        yield


@contextmanager
def _beside(
    run: Callable[[], None], name: str, stop: threading.Event
) -> Iterator[None]:
    """A thread that runs until the block ends, which sets `stop`."""
    thread = threading.Thread(target=run, name=name)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's algorithm off only where the protocol is named: without it,
    # every small answer waits 40 ms for an acknowledgement.
    found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
        # Whoever comes while the server is being made waits, and is not turned away.
        found.listen(_BACKLOG)
    except OSError as error:
        found.close()
        raise SpecError(
            f"port {port} of {host} cannot be had ({error.strerror}); give another "
            "with --port, or 0 for a free one"
        ) from None
    return found


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
