"""The private PostgreSQL: made, reused, stopped, and put right after kill -9."""

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from deploy.local import postgres_user
from deploy.local.postgres import Cluster, PostgresError, claim, start, wheel_programs

PROGRAMS = Path(os.environ["VITAE_TEST_PG_BIN"]) if "VITAE_TEST_PG_BIN" in os.environ else None

HOLD = """
import sys
from pathlib import Path
from deploy.local.postgres import start
programs = Path(sys.argv[2]) if len(sys.argv) > 2 else None
cluster = start(Path(sys.argv[1]), programs=programs, durable=False)
print(cluster.admin_url(), flush=True)
sys.stdin.read()
"""


def run(folder: Path) -> Cluster:
    return start(folder, programs=PROGRAMS, durable=False)


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stopped cluster with a service in it, to copy: making one takes a second."""
    folder = tmp_path_factory.mktemp("pristine") / "data"
    with run(folder) as cluster:
        cluster.prepare("storage")
    return folder


@pytest.fixture
def folder(pristine: Path, tmp_path: Path) -> Iterator[Path]:
    copy = tmp_path / "data"
    shutil.copytree(pristine, copy, symlinks=True)
    yield copy
    with run(copy):
        pass
    shutil.rmtree(copy)


def launcher(folder: Path) -> tuple["subprocess.Popen[str]", str]:
    """Another process that runs the cluster, and its administrator's address."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), *([str(PROGRAMS)] if PROGRAMS else [])],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, sys.path))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def server_pid(folder: Path) -> int:
    return int((folder / "cluster" / "postmaster.pid").read_text().split("\n", 1)[0])


def running(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False


def wait_for_end(pid: int, seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while running(pid):
        assert time.monotonic() < until, f"{pid} still runs"
        time.sleep(0.02)


def end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()


def test_data_and_passwords_survive_and_nothing_is_open_to_others(folder: Path) -> None:
    with run(folder) as cluster:
        before = cluster.prepare("storage")
        with psycopg.connect(before.owner_url) as connection:
            connection.execute("create table kept (id int)")
        with psycopg.connect(cluster.admin_url()) as connection:
            for name, expected in (
                ("listen_addresses", ""),
                ("server_encoding", "UTF8"),
                ("lc_collate", "C"),
            ):
                query = "select datcollate from pg_database where datname = current_database()"
                row = connection.execute(query if name == "lc_collate" else f"show {name}").fetchone()
                assert row == (expected,)
        pid = server_pid(folder)
    wait_for_end(pid)  # its parent may not have buried it yet
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "secrets.json").stat().st_mode & 0o777 == 0o600
    began = time.monotonic()
    with run(folder) as cluster:
        assert time.monotonic() - began < 5
        assert cluster.prepare("storage") == before
        with psycopg.connect(before.owner_url) as connection:
            connection.execute("select * from kept")


def test_a_wrong_password_opens_nothing(folder: Path) -> None:
    with run(folder) as cluster:
        secrets = json.loads((folder / "secrets.json").read_text())
        for role, secret in secrets.items():
            if role != "socket":
                url = (
                    cluster.admin_url()
                    .replace("vitae_admin", role)
                    .replace(secrets["vitae_admin"], secret[::-1])
                )
                with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                    psycopg.connect(url)


def test_the_server_does_not_outlive_a_killed_launcher(folder: Path) -> None:
    process, _ = launcher(folder)
    pid = server_pid(folder)
    assert running(pid)
    end(process)
    wait_for_end(pid)


def test_a_killed_server_is_recovered(folder: Path) -> None:
    cluster = start(folder, programs=PROGRAMS)
    with psycopg.connect(cluster.prepare("storage").owner_url) as connection:
        connection.execute("create table kept (id int)")
    os.kill(server_pid(folder), signal.SIGKILL)
    cluster.stop()
    with run(folder) as cluster, psycopg.connect(cluster.prepare("storage").owner_url) as connection:
        connection.execute("select * from kept")


def test_a_server_left_running_is_replaced(folder: Path) -> None:
    """Launcher and guard both killed: the server stays, until the next start finds it."""
    process, _ = launcher(folder)
    pid = server_pid(folder)
    guards = [int(p.name) for p in Path("/proc").glob("[0-9]*") if _is_guard_of(p, folder)]
    assert len(guards) == 1
    os.kill(guards[0], signal.SIGKILL)
    end(process)
    time.sleep(0.2)
    assert running(pid)
    with run(folder) as cluster:
        assert server_pid(folder) != pid
        assert cluster.is_running()
    assert not running(pid)


def _is_guard_of(process: Path, folder: Path) -> bool:
    try:
        words = (process / "cmdline").read_bytes()
    except OSError:
        return False
    return b"postgres-guard" in words and os.fsencode(folder) in words


def test_a_pid_file_whose_number_is_another_programs_by_now_is_no_obstacle(folder: Path) -> None:
    pid_file = folder / "cluster" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{folder / 'cluster'}\n0\n5432\n\n\n")
    pid_file.chmod(0o600)
    with run(folder) as cluster:
        assert cluster.is_running()


def test_two_launchers_do_not_share_a_folder(folder: Path) -> None:
    with run(folder) as cluster:
        with pytest.raises(PostgresError, match="in use by another run"):
            run(folder)
        assert cluster.is_running()
        cluster.stop()
        cluster.stop()


def test_a_path_too_long_for_a_socket_gets_a_short_one(pristine: Path, tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    shutil.copytree(pristine, deep)
    with run(deep) as cluster, psycopg.connect(cluster.admin_url()) as connection:
        (listening,) = connection.execute("show unix_socket_directories").fetchone() or ("",)
        assert deep not in Path(listening).parents
        assert Path(listening).stat().st_mode & 0o777 == 0o700
    assert not Path(listening).exists()


def test_data_of_another_version_is_refused_with_advice(folder: Path) -> None:
    version = folder / "cluster" / "PG_VERSION"
    made_by = version.read_text()
    version.write_text("14\n")
    with pytest.raises(PostgresError, match=r"made by PostgreSQL 14.*pg_dump"):
        run(folder)
    version.write_text(made_by)


def test_a_folder_without_its_passwords_is_refused(folder: Path) -> None:
    hidden = (folder / "secrets.json").rename(folder / "elsewhere.json")
    with pytest.raises(PostgresError, match="is missing"):
        run(folder)
    hidden.rename(folder / "secrets.json")


def test_an_interrupted_beginning_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / "data" / "cluster" / "base").mkdir(parents=True)
    with run(tmp_path / "data") as cluster:
        assert cluster.is_running()


def test_new_data_begin_as_a_copy_with_a_password_of_their_own(pristine: Path, tmp_path: Path) -> None:
    template = tmp_path / "template"
    shutil.copytree(pristine, template)
    with run(template) as cluster, psycopg.connect(cluster.prepare("storage").owner_url) as connection:
        connection.execute("create table made_before (id int)")
    passwords = json.loads((template / "secrets.json").read_text())
    with claim(tmp_path / "data", programs=PROGRAMS) as cluster:
        cluster.launch(durable=False, prepared=template / "cluster")
        own = cluster.prepare("storage")
        with psycopg.connect(own.owner_url) as connection:
            connection.execute("select * from made_before")
        theirs = json.loads((tmp_path / "data" / "secrets.json").read_text())
        for role in ("vitae_admin", "vitae_storage", "vitae_storage_owner"):
            assert theirs[role] != passwords[role]
            url = (
                cluster.admin_url()
                .replace("vitae_admin", role)
                .replace(theirs["vitae_admin"], passwords[role])
            )
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                psycopg.connect(url)
    with run(tmp_path / "data") as cluster, psycopg.connect(own.owner_url) as connection:
        connection.execute("select * from made_before")


def test_a_copy_that_was_interrupted_is_begun_again(pristine: Path, tmp_path: Path) -> None:
    (tmp_path / "data" / "cluster.draft" / "base").mkdir(parents=True)
    with claim(tmp_path / "data", programs=PROGRAMS) as cluster:
        cluster.launch(durable=True, prepared=pristine / "cluster")
        assert cluster.is_running()


def test_wrong_programs_are_named(tmp_path: Path) -> None:
    with pytest.raises(PostgresError, match="does not hold PostgreSQL's programs"):
        start(tmp_path / "data", programs=tmp_path)


@pytest.fixture
def without_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_user, "which", lambda _: None)


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")


@needs_root
@pytest.mark.usefixtures("without_namespaces")
def test_root_without_user_namespaces_is_told_when_no_account_helps(tmp_path: Path) -> None:
    with pytest.raises(PostgresError, match="none of the accounts nobody can reach"):
        postgres_user.choose(tmp_path, Path("/nonexistent/postgres"), ["nobody"])
    with pytest.raises(PostgresError, match="none of the accounts no-such-account"):
        postgres_user.choose(tmp_path, Path("/bin/true"), ["no-such-account"])
    assert tmp_path.stat().st_uid == 0


@needs_root
@pytest.mark.usefixtures("without_namespaces")
def test_root_without_user_namespaces_runs_as_an_existing_account() -> None:
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        base.chmod(0o711)
        programs = PROGRAMS or wheel_programs()
        if not postgres_user.ServerUser(account=_nobody()).reaches(programs / "postgres", Path("/tmp")):
            pytest.skip(f"nobody may not run {programs}")
        for _ in range(2):
            with run(base / "data") as cluster, psycopg.connect(cluster.prepare("storage").owner_url):
                assert (
                    Path(f"/proc/{server_pid(cluster.folder)}").stat().st_uid
                    == cluster.folder.stat().st_uid
                    != 0
                )
                assert cluster.folder.stat().st_mode & 0o777 == 0o700


def _nobody() -> tuple[int, int]:
    entry = pwd.getpwnam("nobody")
    return entry.pw_uid, entry.pw_gid
