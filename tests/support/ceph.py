"""A real S3 server for tests: one Ceph node (monitor, memory store, RADOS gateway) on loopback, from Debian's packages.

    with ceph(folder) as endpoint:        # S3Endpoint(url, key, secret)

`make test` installs it. Starts in about 15 s.
"""

import os
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.support.ports import free_ports

PROGRAMS = ("ceph-authtool", "monmaptool", "ceph-mon", "ceph-osd", "ceph", "radosgw", "radosgw-admin")

_CONFIG = """\
[global]
fsid={fsid}
mon_host=[v2:127.0.0.1:{msgr2}/0,v1:127.0.0.1:{msgr1}/0]
public_addr=127.0.0.1
cluster_addr=127.0.0.1
auth_cluster_required=cephx
auth_service_required=cephx
auth_client_required=cephx
keyring={folder}/keyring
osd_pool_default_size=1
osd_pool_default_min_size=1
osd_pool_default_pg_num=4
osd_pool_default_pgp_num=4
osd_crush_chooseleaf_type=0
mon_allow_pool_size_one=true
mon_max_pg_per_osd=1000
osd_pool_default_pg_autoscale_mode=off
run_dir={folder}
admin_socket={folder}/$name.asok
log_file={folder}/$name.log
pid_file={folder}/$name.pid
crash_dir={folder}
ms_bind_ipv6=false
mon_data={folder}/mon
osd_data={folder}/osd
[osd]
osd_objectstore=memstore
memstore_device_bytes=1073741824
[client.rgw.test]
rgw_frontends=beast endpoint=127.0.0.1:{port}
rgw_data={folder}/rgw
rgw_crypt_require_ssl=false
rgw_crypt_s3_kms_backend=testing
rgw_crypt_s3_kms_encryption_keys={kms_key}=c2l4dGVlbiBieXRlcyB4IDIgPSBhIHRlc3Qga2V5Li4=
rgw_bucket_quota_ttl=0
"""

KMS_KEY = "test-key"
"""Id of the one key the server encrypts with when asked."""


@dataclass(frozen=True)
class S3Endpoint:
    """Where a test's S3 server is and who may use it."""

    url: str
    key: str
    secret: str
    gateway: "Gateway | None" = None
    """The process behind the address, when it is ours to end and to start again."""

    @contextmanager
    def full(self, bucket: str) -> Iterator[None]:
        """Inside, the bucket takes no object more."""
        if self.gateway is None:
            raise RuntimeError("the server is not ours to change")
        of = ("--bucket", bucket, "--quota-scope", "bucket")
        self.gateway.admin("quota", "set", *of, "--max-objects", "1")
        self.gateway.admin("quota", "enable", *of)
        try:
            yield
        finally:
            self.gateway.admin("quota", "disable", *of)


class Gateway:
    """radosgw: what speaks S3. The bytes are elsewhere and outlive it."""

    def __init__(self, config: Path, folder: Path, url: str) -> None:
        self._config, self._folder, self._url = config, folder, url
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it and waits until it answers."""
        with (self._folder / "rgw.out").open("ab") as output:
            self.process = subprocess.Popen(
                ["radosgw", "-c", str(self._config), "-n", "client.rgw.test", "-f"],
                stdout=output,
                stderr=output,
            )
        _await(self._url, self.process)

    def admin(self, *arguments: str) -> None:
        """Runs radosgw-admin."""
        _run("radosgw-admin", "-c", self._config, *arguments)

    def signal(self, number: signal.Signals) -> None:
        """Sends it a signal."""
        if self.process is not None:
            self.process.send_signal(number)

    def end(self, *, at_once: bool = False) -> None:
        """Ends it; `at_once` with kill -9."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGCONT)
        if at_once:
            self.process.kill()
        _end(self.process)


def missing_programs() -> list[str]:
    """Programs that are not installed."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


@contextmanager
def ceph(folder: Path) -> Iterator[S3Endpoint]:
    """A running server whose data is in `folder`, an empty folder with a short path (it holds unix sockets)."""
    port, msgr1, msgr2 = free_ports(3)
    for name in ("mon", "osd", "rgw"):
        (folder / name).mkdir()
    fsid = str(uuid.uuid4())
    config = folder / "ceph.conf"
    config.write_text(
        _CONFIG.format(fsid=fsid, folder=folder, port=port, msgr1=msgr1, msgr2=msgr2, kms_key=KMS_KEY)
    )
    keyring, monmap = folder / "keyring", folder / "monmap"
    addresses = f"[v2:127.0.0.1:{msgr2},v1:127.0.0.1:{msgr1}]"

    def call(program: str, *arguments: object) -> None:
        configured = () if program in {"ceph-authtool", "monmaptool"} else ("-c", config)
        _run(program, *configured, *arguments)

    with ExitStack() as stack:
        everything = ("--cap", "mon", "allow *", "--cap", "osd", "allow *", "--cap", "mgr", "allow *")
        call(
            "ceph-authtool", "--create-keyring", keyring, "--gen-key", "-n", "mon.", "--cap", "mon", "allow *"
        )
        for name in ("client.admin", "osd.0", "client.rgw.test"):
            call("ceph-authtool", keyring, "--gen-key", "-n", name, *everything)
        call("monmaptool", "--create", "--clobber", "--addv", "a", addresses, "--fsid", fsid, monmap)
        call("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", keyring)
        stack.callback(_stop, folder / "mon.a.pid")
        call("ceph-mon", "-i", "a")
        call("ceph", "auth", "import", "-i", keyring)
        osd = str(uuid.uuid4())
        call("ceph", "osd", "new", osd)
        call("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd)
        stack.callback(_stop, folder / "osd.0.pid")
        call("ceph-osd", "-i", "0")
        url = f"http://127.0.0.1:{port}"
        gateway = Gateway(config, folder, url)
        stack.callback(gateway.end)
        gateway.start()
        gateway.admin(
            *("user", "create", "--uid", "test", "--display-name", "test"),
            *("--access-key", "testkey", "--secret", "testsecret"),
        )
        yield S3Endpoint(url, "testkey", "testsecret", gateway)


def _run(*command: object) -> None:
    done = subprocess.run(
        [str(each) for each in command], capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr or done.stdout}")


def _await(url: str, gateway: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if gateway.poll() is not None:
            raise RuntimeError("radosgw ended")
        try:
            with urlopen(url, timeout=1):
                return
        except (URLError, HTTPException, OSError):
            time.sleep(0.1)
    raise RuntimeError("radosgw did not answer within a minute")


def _stop(pid_file: Path) -> None:
    """Ends a daemon that forked away, by the process id it wrote."""
    if not pid_file.exists():
        return
    process = int(pid_file.read_text())
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.kill(process, number)
        for _ in range(50):
            if not Path(f"/proc/{process}").exists():
                return
            time.sleep(0.1)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
