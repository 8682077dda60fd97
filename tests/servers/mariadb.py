"""MariaDB: a server alone, or three that are a Galera cluster.

A node of a cluster can be killed and restarted, hung (`Process.hung`), and cut off from the others.

The disk is not waited for at each commit (``innodb_flush_log_at_trx_commit``)
unless settings say otherwise: what is tested is which transactions commit, and
not whether they outlive the machine.
"""

import re
import secrets
import shutil
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pymysql

from tests.servers.process import (
    HOST,
    NO_MORE,
    Process,
    ServerFailed,
    find,
    free_ports,
    new_directory,
    run,
    user_for_servers,
)

PROVIDERS = (
    "usr/lib/galera/libgalera_smm.so",
    "usr/lib64/galera-4/libgalera_smm.so",
    "usr/lib/libgalera_smm.so",
)
SYNCED = "4"
FAST = {
    "evs.keepalive_period": "PT0.3S",
    "evs.inactive_check_period": "PT0.2S",
    "evs.suspect_timeout": "PT1S",
    "evs.inactive_timeout": "PT3S",
}
"""Settings by which a cluster gives up a node that is silent after 2 seconds instead of 6."""

_RECOVERED = re.compile(r"WSREP: Recovered position: *([0-9a-f-]+:-?\d+)")
SETTINGS = (
    "skip-name-resolve",
    f"bind-address={HOST}",
    "max-connections=200",
    "performance-schema=OFF",
    # What a database has that nobody thought about: neither Unicode nor a binary order.
    "character-set-server=latin1",
    "collation-server=latin1_swedish_ci",
    "binlog-format=ROW",
    "innodb-autoinc-lock-mode=2",
    "innodb-buffer-pool-size=64M",
    "innodb-log-file-size=16M",
    "innodb-flush-log-at-trx-commit=0",
    "innodb-use-native-aio=0",
)


class Node:
    """One server.

    Args:
        folder: where it lives; has ``data`` in it.
        user: whom it runs as.
        more: settings beside those that all have.
        founds: whether it is the first node of a new cluster.
    """

    def __init__(
        self, folder: Path, user: str | None, port: int, more: Sequence[str], *, founds: bool
    ) -> None:
        self.port = port
        self._folder = folder
        self._user = user
        names = {"datadir": "data", "socket": "s", "pid-file": "pid", "tmpdir": "."}
        paths = [f"{name}={folder / name_there}" for name, name_there in names.items()]
        settings = [*SETTINGS, *paths, f"port={port}", *more]
        self._command = [
            find("mariadbd"),
            "--no-defaults",
            *(f"--{setting}" for setting in settings),
        ]
        self.process = self._start(["--wsrep-new-cluster"] if founds else [])

    def _start(self, more: Sequence[str]) -> Process:
        return Process([*self._command, *more], user=self._user, log=self._folder / "log")

    def kill(self) -> None:
        """End it as a power failure would."""
        self.process.stop(signal.SIGKILL)

    def shut_down(self) -> None:
        """Have it end in good order."""
        self.process.stop(signal.SIGTERM)

    def restart(self) -> None:
        """Start it again after it ended, however it did, and have it join its cluster."""
        log = self._folder / "recovery.log"
        log.unlink(missing_ok=True)
        # After a crash only InnoDB knows how far the node had come; without that it
        # would ask for all the data instead of what it has missed.
        run([*self._command, "--wsrep-recover", f"--log-error={log}"], self._user, self._folder)
        found = _RECOVERED.findall(log.read_text(errors="replace"))
        self.process = self._start([f"--wsrep-start-position={one}" for one in found[-1:]])

    def isolate(self) -> None:
        """Cut it off from the other nodes; clients still reach it."""
        self._set_provider("gmcast.isolate=1")

    def end_isolation(self) -> None:
        """Let it reach the other nodes again."""
        self._set_provider("gmcast.isolate=0")

    def _set_provider(self, option: str) -> None:
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SET GLOBAL wsrep_provider_options = %s", (option,))

    def connect(self) -> "pymysql.Connection[pymysql.cursors.Cursor]":
        return pymysql.connect(
            host=HOST,
            port=self.port,
            user="freehold",
            password="freehold",
            autocommit=True,
            connect_timeout=5,
            read_timeout=60,
        )

    def status(self, name: str) -> str | None:
        """Return a status variable; None if the server does not answer or has none."""
        return self.statuses(name)[0]

    def statuses(self, *names: str) -> list[str | None]:
        """Return status variables, each None if the server does not answer or has none."""
        try:
            with self.connect() as connection, connection.cursor() as cursor:
                cursor.execute("SHOW GLOBAL STATUS")
                found = {str(name).lower(): str(value) for name, value in cursor.fetchall()}
        except pymysql.Error:
            return [None for _ in names]
        return [found.get(name) for name in names]

    def is_up(self) -> bool:
        return self.status("uptime") is not None

    def is_synced(self) -> bool:
        return self.status("wsrep_local_state") == SYNCED and self.status("wsrep_ready") == "ON"


class MariaDB:
    """One server, or the nodes of a cluster, and how a test gets a database on it.

    Args:
        nodes: how many servers.
        more: settings beside those of the tests, or instead of them.
        provider: further options of Galera's.
    """

    def __init__(self, nodes: int, more: Mapping[str, str], provider: Mapping[str, str]) -> None:
        self._more = [f"{name}={value}" for name, value in more.items()]
        user = user_for_servers("mysql")
        self._folder = new_directory(user)
        self.nodes: list[Node] = []
        try:
            self._start(nodes, user, provider)
        except BaseException:
            self.stop()
            raise

    def _start(self, nodes: int, user: str | None, provider: Mapping[str, str]) -> None:
        folders = [self._folder / str(number) for number in range(nodes)]
        self._install(folders[0], user)
        for folder in folders[1:]:
            run(["cp", "-r", folders[0], folder], user, self._folder)
        group = free_ports(4 * nodes)
        ports = group[:nodes]
        for number, folder in enumerate(folders):
            cluster = _cluster(number, nodes, group, provider) if nodes > 1 else []
            founds = nodes > 1 and number == 0
            node = Node(folder, user, ports[number], [*cluster, *self._more], founds=founds)
            self.nodes.append(node)
            node.process.wait_until(node.is_synced if nodes > 1 else node.is_up)

    def _install(self, folder: Path, user: str | None) -> None:
        """Make the first node's data, with a user who may do anything."""
        sql = self._folder / "user.sql"
        run(["mkdir", folder], user, self._folder)
        sql.write_text(
            "FLUSH PRIVILEGES;\n"
            "CREATE USER freehold@'%' IDENTIFIED BY 'freehold';\n"
            "GRANT ALL ON *.* TO freehold@'%' WITH GRANT OPTION;\n"
        )
        sql.chmod(0o644)
        command = [
            find("mariadb-install-db"),
            "--no-defaults",
            f"--datadir={folder / 'data'}",
            f"--extra-file={sql}",
            "--skip-test-db",
            "--auth-root-authentication-method=normal",
            "--skip-name-resolve",
            "--innodb-log-file-size=16M",
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-use-native-aio=0",
        ]
        run(command, user, self._folder)

    @contextmanager
    def database(self) -> Iterator[list[str]]:
        """Make an empty database, yield its URL on each node, and drop it in the end."""
        name = self._create()
        try:
            yield self._urls(name)
        finally:
            with self.nodes[0].connect() as connection, connection.cursor() as cursor:
                cursor.execute(f"DROP DATABASE {name}")

    def lasting_database(self) -> list[str]:
        """Make an empty database that goes with the servers, and return its URL on each node."""
        return self._urls(self._create())

    def _create(self) -> str:
        name = f"t{secrets.token_hex(6)}"
        with self.nodes[0].connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
        return name

    def _urls(self, name: str) -> list[str]:
        return [
            f"mysql+pymysql://freehold:freehold@{HOST}:{node.port}/{name}" for node in self.nodes
        ]

    def wait_until_whole(self) -> None:
        """Wait until all nodes are in one cluster, and each is ready for work.

        One that was hung or cut off takes itself for a member at first. So they
        have to agree on which state of the cluster they are in.

        Raises:
            ServerFailed: a node ended, or it takes too long.
        """
        for node in self.nodes:
            node.process.wait_until(self._is_whole)

    def _is_whole(self) -> bool:
        names = ("wsrep_cluster_conf_id", "wsrep_cluster_size", "wsrep_local_state", "wsrep_ready")
        first, *others = [node.statuses(*names) for node in self.nodes]
        whole = [str(len(self.nodes)), SYNCED, "ON"]
        return first[1:] == whole and all(other == first for other in others)

    def stop(self) -> None:
        """End the servers, and forget their data."""
        for node in reversed(self.nodes):
            # Nothing of what they have will be read again.
            node.process.stop(signal.SIGKILL)
        shutil.rmtree(self._folder, ignore_errors=True)


def _cluster(number: int, nodes: int, ports: Sequence[int], more: Mapping[str, str]) -> list[str]:
    """Return the settings that make a server the node of this number of a cluster."""
    own = ports[number::nodes]
    _sql, gcomm, ist, sst = own
    members = ",".join(f"{HOST}:{port}" for port in ports[nodes : 2 * nodes])
    provider = {
        "gmcast.listen_addr": f"tcp://{HOST}:{gcomm}",
        "ist.recv_addr": f"{HOST}:{ist}",
        "ist.recv_bind": f"{HOST}:{ist}",
        "gcache.size": "16M",
        **more,
    }
    return [
        "wsrep-on=ON",
        f"wsrep-provider={find('libgalera_smm.so', *PROVIDERS)}",
        f"wsrep-cluster-name=freehold{ports[0]}",
        f"wsrep-cluster-address=gcomm://{members}",
        f"wsrep-node-name=n{number}",
        f"server-id={number + 1}",
        f"wsrep-node-address={HOST}:{gcomm}",
        f"wsrep-node-incoming-address={HOST}:{_sql}",
        "wsrep-sst-method=rsync",
        f"wsrep-sst-receive-address={HOST}:{sst}",
        "wsrep-slave-threads=2",
        f"wsrep-provider-options={';'.join(f'{name}={value}' for name, value in provider.items())}",
    ]


def start(
    nodes: int,
    more: Mapping[str, str] = NO_MORE,
    provider: Mapping[str, str] = NO_MORE,
) -> MariaDB:
    """Start one server or a cluster; once more if somebody took a port first.

    Args:
        nodes: how many servers; a cluster if there are several.
        more: settings beside those of the tests, or instead of them.
        provider: further options of Galera's, such as `FAST`.
    """
    try:
        return MariaDB(nodes, more, provider)
    except ServerFailed:
        return MariaDB(nodes, more, provider)
