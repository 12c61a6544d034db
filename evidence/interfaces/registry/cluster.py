"""Pieces of work sent to a Dask cluster, and their results taken back in order."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

from evidence.errors import BadInput, MissingLibrary

if TYPE_CHECKING:
    from distributed import Client, Future

#: Pieces for each thread of the cluster that are under way, or wait to be taken.
_AHEAD: Final = 2
#: How long a scheduler may take to answer.
_SECONDS: Final = 10
Result = TypeVar("Result")


def in_order(
    client: Client | str, work: Callable[..., Result], tasks: Iterable[tuple[object, ...]]
) -> Iterator[Result]:
    """Yield the result of each task in turn, while the cluster works on those that follow.

    Parameters
    ----------
    client : distributed.Client or str
        The cluster, or the address of its scheduler.
    work : callable
        What a worker does; a function of this package.
    tasks : iterable of tuple
        Its arguments, for each task.

    Raises
    ------
    MissingLibrary
        If an address is given and Dask is not installed.
    BadInput
        If no scheduler answers there, or it has no workers.
    """
    with _connected(client) as connection:
        most = _AHEAD * sum(connection.nthreads().values())
        if not most:
            raise BadInput(f"The cluster at {connection.scheduler.address} has no workers.")
        waiting: deque[Future] = deque()
        for task in tasks:
            waiting.append(connection.submit(work, *task, pure=False))
            if len(waiting) >= most:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@contextmanager
def _connected(client: Client | str) -> Iterator[Client]:
    if not isinstance(client, str):
        yield client
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise MissingLibrary(
            "A Dask cluster was to do the work and Dask is not installed: "
            "pip install 'ms-evidence[dask]'."
        ) from error
    _knock(client)
    with Client(client, timeout=_SECONDS) as connection:
        yield connection


def _knock(address: str) -> None:
    """Refuse an address at which nobody listens; a Client that found nobody does not end well."""
    from distributed.comm import get_address_host_port

    try:
        with socket.create_connection(get_address_host_port(address, strict=True), _SECONDS):
            return
    except (OSError, ValueError) as error:
        raise BadInput(
            f"A Dask scheduler was looked for at {address} and does not answer: {error}. Give an "
            "address such as tcp://host:8786."
        ) from error
