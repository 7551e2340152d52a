"""A server of one store: its socket, its first line, its end."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from bigloop.cli.output import say
from bigloop.config import Settings
from bigloop.contracts import SpecError
from bigloop.db import Store

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
    import uvicorn

    from bigloop.api.context import Context
    from bigloop.dashboard.app import create_dashboard

    host, root = settings.serve_host, settings.serve_root_path.rstrip("/")
    if host not in _LOOPBACK and not store.has_people():
        raise SpecError(
            f"serve_host {host!r} can be reached from other machines, and nobody has "
            "to log in; make an account with `bigloop people add`, or listen at "
            "127.0.0.1"
        )
    taken = _socket(host, settings.serve_port)
    local = "" if store.has_people() else actor
    context = Context.of(store, settings.folder, local, settings)
    app = create_dashboard(context, root)
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2)
    port = taken.getsockname()[1]
    say(f"bigloop at http://{_shown(host)}:{port}{root}/ (Ctrl-C ends it)")
    with _telling(store, settings):
        uvicorn.Server(config).run(sockets=[taken])


@contextmanager
def _telling(store: Store, settings: Settings) -> Iterator[None]:
    """Tell those who want to hear of events, as long as the server runs."""
    if not settings.webhooks:
        yield
        return
    from bigloop.api.webhooks import Webhooks

    stop = threading.Event()
    hooks = Webhooks(store, settings.webhooks, note=say)
    thread = threading.Thread(target=hooks.run, args=(stop,), name="webhooks")
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
    except OSError as error:
        found.close()
        raise SpecError(
            f"port {port} of {host} cannot be had ({error.strerror}); give another "
            "with --port, or 0 for a free one"
        ) from None
    return found


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
