"""What the setup says and runs where a system library is missing."""

from pathlib import Path

import pytest

from deploy.local import system_packages
from deploy.local.system_packages import LIBRARIES, TEST_PROGRAMS, Library, install_command, missing
from tests.support.ceph import PROGRAMS

ABSENT = Library(
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


def test_an_unloadable_library_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_packages, "LIBRARIES", (ABSENT,))

    assert missing() == [ABSENT]


def test_here_nothing_is_missing() -> None:
    assert missing() == []


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


def test_a_program_is_looked_for_on_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    server = Library("a server", ("vitae-test-server",), {"apt-get": "vitae-test-server"}, program=True)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert missing((server,)) == [server]
    (tmp_path / "vitae-test-server").write_text("#!/bin/sh\n")
    (tmp_path / "vitae-test-server").chmod(0o755)
    assert missing((server,)) == []


@pytest.mark.parametrize("only_packager", ["pacman"], indirect=True)
@pytest.mark.usefixtures("only_packager")
def test_what_a_packager_does_not_have_is_installed_by_hand(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["system_packages.py", "--tests", "--install"])
    assert system_packages.main() == 1
    assert "install radosgw, ceph-osd, ceph-mon, ceph-authtool by hand" in capsys.readouterr().err


def test_the_packages_for_tests_bring_every_program_of_the_s3_server() -> None:
    assert {each.names[0] for each in TEST_PROGRAMS} <= set(PROGRAMS)
