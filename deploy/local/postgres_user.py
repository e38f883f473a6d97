"""As whom PostgreSQL's programs run: it refuses to run as root, and nobody's account or folder is to be changed for it.

    as_user = choose(folder, programs)      # raises PostgresError when there is no way
    as_user.run([program, ...])

A user who is not root runs them directly. Root runs them in a user namespace in which root outside is uid 1000 inside:
no further account, no changed mode. Where namespaces are refused, an existing unprivileged account is taken, provided
it can reach the programs and the folder.
"""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import IO

ACCOUNTS = ("postgres", "nobody")
"""Existing accounts tried where root may not make a user namespace."""

_NAMESPACE = ("-U", "--map-user=1000", "--map-group=1000")

_ENVIRONMENT = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""Variables handed on; libpq's own (PGHOST, PGPASSWORD ...) would send its programs elsewhere."""


class PostgresError(Exception):
    """The private PostgreSQL cannot be run; the message says why and what to do."""


@dataclass(frozen=True)
class ServerUser:
    """A way to run a program as somebody PostgreSQL accepts."""

    prefix: tuple[str, ...] = ()
    account: tuple[int, int] | None = None
    """(uid, gid) to switch to."""

    @property
    def uid(self) -> int:
        """Who owns the files of what runs, seen from here."""
        return self.account[0] if self.account else os.geteuid()

    def run(
        self,
        command: Sequence[str | Path],
        *,
        timeout: float = 120,
        output: IO[str] | None = None,
        words: str = "",
    ) -> subprocess.CompletedProcess[str]:
        """Runs to the end, told `words`; the result has text output (unless written to `output`), unchecked."""
        uid, gid = self.account or (None, None)
        return subprocess.run(
            [*self.prefix, *map(str, command)],
            input=words,
            stdout=output or subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
            env=clean_environment(),
            cwd="/",
            user=uid,
            group=gid,
            extra_groups=None if self.account is None else (),
        )

    def guard(self, command: Sequence[str | Path]) -> subprocess.Popen[bytes]:
        """A shell that waits for a line on its standard input and, should that end without one, runs `command`.

        It has a session of its own: a Ctrl-C in the terminal, or the death of this process, does not take it along.
        """
        uid, gid = self.account or (None, None)
        return subprocess.Popen(
            [*self.prefix, "/bin/sh", "-c", 'read -r _ || exec "$@"', "postgres-guard", *map(str, command)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=clean_environment(),
            cwd="/",
            user=uid,
            group=gid,
            extra_groups=None if self.account is None else (),
        )

    def reaches(self, program: Path, folder: Path) -> bool:
        """Whether it may start the program and write in the folder."""
        try:
            return (
                self.run([program, "--version"], timeout=20).returncode == 0
                and self.run(["test", "-w", folder, "-a", "-x", folder], timeout=20).returncode == 0
            )
        except OSError:
            return False


def choose(folder: Path, program: Path, accounts: Sequence[str] = ACCOUNTS) -> ServerUser:
    """The way to run `program` with its files in `folder`, which exists and is ours."""
    if os.geteuid() != 0:
        return ServerUser()
    unshare = which("unshare")
    if unshare is not None:
        namespaced = ServerUser(prefix=(unshare, *_NAMESPACE))
        if namespaced.run(["true"], timeout=20).returncode == 0 and namespaced.reaches(program, folder):
            return namespaced
    for name in accounts:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        account = ServerUser(account=(entry.pw_uid, entry.pw_gid))
        before = folder.stat()
        os.chown(folder, entry.pw_uid, entry.pw_gid)
        if account.reaches(program, folder):
            return account
        os.chown(folder, before.st_uid, before.st_gid)
    raise PostgresError(
        "PostgreSQL must not run as root, user namespaces are refused here, and none of the accounts"
        f" {', '.join(accounts)} can reach both {program} and {folder}: run as another user, choose a folder they can"
        " reach, or set the services' DATABASE_URL variables to a PostgreSQL of your own"
    )


def clean_environment() -> dict[str, str]:
    """The environment PostgreSQL's programs get."""
    return {"LC_ALL": "C", **{name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}}
