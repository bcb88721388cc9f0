"""Starting the service: Ray, the replicas, and the door; and ending all of it."""

import asyncio
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any, Final

import ray
import uvicorn
from ray import serve
from ray.exceptions import ActorDiedError, ActorUnavailableError
from ray.serve.config import ProxyLocation

from impasto.base.errors import UserError
from impasto.base.ray_session import first_line, ray_session
from impasto.base.visitors import address_of
from impasto.painters.checkpoints import find_checkpoint, shipped_base
from impasto.painters.rebuilding import choose_device
from impasto.painters.style import StylePainter
from impasto.serve.counters import Counters
from impasto.serve.easel import Order, Painting
from impasto.serve.front import Front
from impasto.serve.refusals import Refusal
from impasto.serve.replica import Model, Replica
from impasto.serve.retrying import retrying
from impasto.serve.settings import Settings
from impasto.serve.shelf import Shelf

log = logging.getLogger("impasto")

STORE_MEGABYTES: Final = 256
"""Of memory for pictures on their way to a replica and back."""
ON_A_GPU: Final = 8
ON_A_CPU: Final = 4
"""Pictures that are painted at once. On a CPU each takes as long as alone, but with many clients replicas wait less for
the next request: 40 paintings a second in place of 24 (make bench ARGS=serve)."""
ENDING_SECONDS: Final = 5


def serve_paintings(settings: Settings) -> None:
    """Answer requests until the process is told to end.

    Raises:
        UserError: the model cannot be served, the address cannot be listened on, or Ray does not start.
    """
    with ExitStack() as stack:
        listener = stack.enter_context(listening(settings.host, settings.port))
        front = stack.enter_context(serving(settings))
        log.info("Paintings at %s", address_of(settings.host, settings.port))
        if settings.token is not None:
            log.info("Send with each request the header Authorization: Bearer %s", settings.token)
        config = uvicorn.Config(
            front.app(),
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=ENDING_SECONDS,
        )
        asyncio.run(uvicorn.Server(config).serve([listener]))


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens, taken before anything slow is started.

    Raises:
        UserError: the address is taken, or is none of this machine.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family)
    except OSError as problem:
        raise UserError(
            f"host={host} port={port} cannot be listened on ({problem.strerror or problem}): give others."
        ) from None
    with listener:
        yield listener


@contextmanager
def serving(settings: Settings) -> Iterator[Front]:
    """Replicas run within the block.

    Yields:
        What answers requests with them.

    Raises:
        UserError: the model cannot be served, or Ray does not start.
    """
    checkpoint = shipped_base() if settings.checkpoint is None else find_checkpoint(settings.checkpoint)
    cores = settings.cores or max(1, (os.cpu_count() or 1) // settings.replicas)
    on_gpu = choose_device(settings.device).type == "cuda"
    model = Model(
        checkpoint.resolve(),
        settings.device,
        settings.direction,
        settings.trust,
        settings.adapters,
        settings.limits,
        settings.kept,
        settings.batch or (ON_A_GPU if on_gpu else ON_A_CPU),
        cores,
    )
    any_style = isinstance(replace(model, device="cpu").easel().painter, StylePainter)  # a mistake is found here
    counters = Counters()

    def retried() -> None:
        log.warning("A replica died; a picture that it was at is given to another one.")
        counters.retried()

    with ray_session(max(cores * settings.replicas, os.cpu_count() or 1), STORE_MEGABYTES):
        name = f"impasto-{os.getpid()}-{settings.port}"
        handle = deploy(model, settings.replicas, name, on_gpu)
        try:
            yield Front(
                retrying(asking(handle), (ActorDiedError, ActorUnavailableError), retried),
                lambda: running(name),
                Shelf(settings.adapters),
                settings.limits,
                settings.max_waiting,
                settings.token,
                any_style,
                address_of_metrics(),
                counters,
            )
        finally:
            serve.delete(name)


def deploy(model: Model, replicas: int, name: str, on_gpu: bool) -> Any:
    """Start the replicas, and wait until they run.

    Raises:
        UserError: they do not start.
    """
    there = ray.cluster_resources()
    gpus, has = there.get("GPU", 0.0) if on_gpu else 0.0, int(there.get("CPU", 0))
    if has < replicas * model.threads:  # Ray would wait for more machines to come
        raise UserError(
            f"replicas={replicas} of {model.threads} cores do not fit into the {has} cores that Ray has: give fewer "
            "replicas=, or cores=."
        )
    quiet = {"log_level": "WARNING", "enable_access_log": False}
    # The door is this process, so that what is too large or nobody's is sent away before it is read.
    logging.getLogger("ray.serve").setLevel(logging.ERROR)  # of this process: deaths are said here once
    serve.start(proxy_location=ProxyLocation.Disabled, logging_config=quiet)
    deployment: Any = serve.deployment(
        Replica,
        name="Replica",
        num_replicas=replicas,
        max_ongoing_requests=2 * model.batch,
        max_queued_requests=-1,
        ray_actor_options={"num_cpus": model.threads, "num_gpus": min(1.0, gpus / replicas)},
        health_check_period_s=2,
        health_check_timeout_s=30,
        graceful_shutdown_timeout_s=ENDING_SECONDS,
        logging_config=quiet,
    )
    try:
        return serve.run(deployment.bind(model), name=name, route_prefix=None)
    except RuntimeError as problem:
        raise UserError(
            f"The replicas did not start ({first_line(problem)}); give fewer replicas=, or cores=."
        ) from None


def asking(handle: Any) -> Any:
    """What asks any replica."""

    async def ask(order: Order) -> Painting:
        answer: Painting | Refusal = await handle.remote(order)
        if isinstance(answer, Refusal):
            raise answer
        return answer

    return ask


def running(name: str) -> int:
    """How many replicas run."""
    try:
        application = serve.status().applications.get(name)
    except Exception:  # of whichever kind, nobody can be asked
        return 0
    if application is None:
        return 0
    states = [state for each in application.deployments.values() for state in each.replica_states.items()]
    return sum(count for state, count in states if state == "RUNNING")


def address_of_metrics() -> str | None:
    """Ray's page of metrics on this machine; None if there is none."""
    for node in ray.nodes():
        if node["Alive"] and node["NodeID"] == ray.get_runtime_context().get_node_id():
            return f"http://{node['NodeManagerAddress']}:{node['MetricsExportPort']}/metrics"
    return None
