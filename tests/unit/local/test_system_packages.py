"""What the setup says and runs where a system library is missing."""

from pathlib import Path

import pytest

from deploy.local import system_packages
from deploy.local.system_packages import LIBRARIES, TEST_PROGRAMS, Need, install_command, missing
from tests.support.ceph import PROGRAMS

ABSENT = Need(
    "test of absence",
    ("libvitae-does-not-exist.so.0",),
    {"apt-get": "libvitae0", "dnf": "vitae-libs", "apk": "vitae", "pacman": "vitae", "brew": "vitae"},
)


@pytest.fixture
def only_packager(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    program = tmp_path / request.param
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))


ABSENT_PROGRAM = Need(
    "test of absence", ("vitae-no-such-program",), {"apt-get": "vitae-programs"}, kind="program"
)


def test_an_unloadable_library_is_missing() -> None:
    assert missing([ABSENT, *LIBRARIES]) == [ABSENT]


def test_a_program_counts_when_it_is_on_the_path() -> None:
    here = Need("a shell", ("vitae-no-such-program", "sh"), {}, kind="program")

    assert missing([here, ABSENT_PROGRAM]) == [ABSENT_PROGRAM]


@pytest.mark.parametrize(
    ("only_packager", "user", "expected"),
    [
        ("apt-get", 0, ["apt-get update", "apt-get install --yes --no-install-recommends libvitae0"]),
        (
            "apt-get",
            1000,
            ["sudo apt-get update", "sudo apt-get install --yes --no-install-recommends libvitae0"],
        ),
        ("dnf", 1000, ["sudo dnf install --assumeyes vitae-libs"]),
        ("brew", 501, ["brew install vitae"]),
        ("unheard-of", 0, []),
    ],
    indirect=["only_packager"],
)
@pytest.mark.usefixtures("only_packager")
def test_the_command_is_this_machines_own(
    user: int, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: user)

    assert [" ".join(command) for command in install_command([ABSENT])] == expected


@pytest.mark.parametrize("only_packager", ["apt-get"], indirect=True)
@pytest.mark.usefixtures("only_packager")
def test_without_the_right_to_install_it_prints_the_command_and_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(system_packages, "LIBRARIES", (ABSENT,))
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr("sys.argv", ["system_packages.py", "--install"])

    status = system_packages.main()

    assert status == 1
    said = capsys.readouterr().err
    assert "libvitae-does-not-exist.so.0" in said
    assert "sudo apt-get update && sudo apt-get install --yes --no-install-recommends libvitae0" in said


def test_every_library_has_a_package_for_every_packager() -> None:
    assert {frozenset(library.packages) for library in LIBRARIES} == {frozenset(system_packages.COMMANDS)}


@pytest.mark.parametrize("only_packager", ["apt-get", "brew"], indirect=True)
@pytest.mark.parametrize(("environment", "status"), [("", 0), ("true", 1)])
@pytest.mark.usefixtures("only_packager")
def test_a_program_of_the_tests_may_be_missing_but_not_in_continuous_integration(
    environment: str, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(system_packages, "LIBRARIES", ())
    monkeypatch.setattr(system_packages, "TEST_PROGRAMS", (ABSENT_PROGRAM,))
    monkeypatch.setattr("sys.argv", ["system_packages.py", "--tests"])
    monkeypatch.setenv("CI", environment)

    assert system_packages.main() == status
    said = capsys.readouterr().err
    assert "missing: vitae-no-such-program (test of absence)" in said
    assert "install" in said


@pytest.mark.parametrize("environment", ["", "true"])
def test_where_nothing_is_missing_there_is_nothing_to_say(
    environment: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(system_packages, "LIBRARIES", ())
    monkeypatch.setattr("sys.argv", ["system_packages.py", "--install"])
    monkeypatch.setenv("CI", environment)

    assert system_packages.main() == 0
    assert capsys.readouterr().err == ""


def test_every_program_of_the_tests_is_packaged_for_debian() -> None:
    assert all("apt-get" in need.packages for need in TEST_PROGRAMS)


def test_every_program_of_the_s3_server_comes_with_one_of_the_packages() -> None:
    servers = [need for need in TEST_PROGRAMS if need.purpose == "an S3 server"]
    assert {need.names[0] for need in servers} <= set(PROGRAMS)
    assert {need.packages["apt-get"] for need in servers} == {
        "radosgw",
        "ceph-mon",
        "ceph-osd",
        "ceph-common",
    }
