"""`make demo` as a newcomer runs it: it does the whole job, and leaves nothing running, however it ends."""

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docx
import pypdf
import pytest

from tests.support.system import PYTHONPATH, until

pytestmark = pytest.mark.timeout(240)  # each starts the whole system, some twice


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder of its own, checked to be left by everybody."""
    yield tmp_path
    for pid in running_in(tmp_path):
        os.kill(pid, signal.SIGKILL)


@contextmanager
def demo(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The demo as a process, its data and output below the folder."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    process = subprocess.Popen(
        [sys.executable, "-m", "deploy.local", "demo", *arguments],
        cwd=folder,
        env={**kept, "PYTHONPATH": PYTHONPATH, "VITAE_LOCAL_DATA_FOLDER": str(folder / "var")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def said(process: subprocess.Popen[str], word: str) -> str:
    """The output up to the first line that begins with a word."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith(word):
            return "".join(lines)
    raise AssertionError(f"{word!r} was never said:\n{''.join(lines)}")


def running_in(folder: Path) -> dict[int, str]:
    """Processes that have to do with a folder: by command line, working directory or environment."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            told = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            about = told.decode(errors="replace") + str((entry / "cwd").readlink())
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # gone meanwhile, or not ours
        if str(folder) in about:
            found[int(entry.name)] = (entry / "comm").read_text().strip()
    return found


def test_it_does_the_whole_job_and_tells_of_it(folder: Path) -> None:
    with demo(folder) as process:
        output, _ = process.communicate(timeout=100)
    assert process.returncode == 0, output

    assert "profile   Maya Okonkwo" in output
    assert "posting   " in output
    match = next(line for line in output.splitlines() if line.startswith("match     "))
    written, tailored = (
        float(word) for word in match.replace(",", "").split() if word.startswith(("0.", "1."))
    )
    assert 0 < written <= tailored <= 1
    for label in ("matched:", "added:", "missing:"):
        assert label in output, output
    assert output.count("/api/v1/exports/download/") == 2

    (pdf,), (word,) = (folder / "out").glob("*.pdf"), (folder / "out").glob("*.docx")
    assert pdf.name in output
    assert word.name in output
    pages = pypdf.PdfReader(io.BytesIO(pdf.read_bytes()), strict=True).pages
    assert "Maya Okonkwo" in pages[0].extract_text()
    assert any("Maya Okonkwo" in each.text for each in docx.Document(str(word)).paragraphs)
    assert running_in(folder) == {}


def test_a_file_that_cannot_be_read_is_told_with_its_place(folder: Path) -> None:
    broken = folder / "me.json"
    broken.write_text('{"basics": {"name": "x"}, "work": {"name": "no list"}}', encoding="utf-8")
    with demo(folder, "--profile", str(broken)) as process:
        output, _ = process.communicate(timeout=100)
    assert process.returncode == 1, output
    assert "failed: " in output
    assert "/work: must be a list" in output
    assert "Traceback" not in output
    assert running_in(folder) == {}


@pytest.mark.parametrize("missing", ["--profile", "--job"])
def test_a_file_that_is_not_there_is_told_before_anything_starts(folder: Path, missing: str) -> None:
    began = time.monotonic()
    with demo(folder, missing, "nowhere.json") as process:
        output, _ = process.communicate(timeout=30)
    assert (process.returncode, output.strip()) == (1, "failed: there is no file nowhere.json")
    assert not (folder / "var").exists()
    assert time.monotonic() - began < 20


def test_an_interruption_stops_everything_in_order(folder: Path) -> None:
    with demo(folder) as process:
        said(process, "ready")
        assert len(running_in(folder)) > 6
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert "Traceback" not in output
    assert running_in(folder) == {}


def test_kill_9_of_the_launcher_leaves_nothing_running_and_a_folder_that_works(folder: Path) -> None:
    with demo(folder) as process:
        said(process, "posting")
        process.kill()
        process.wait()
    until(lambda: not running_in(folder), timeout=40)
    _ones_own_files_template_and_formats(folder)


def _ones_own_files_template_and_formats(folder: Path) -> None:
    profile, posting = folder / "me.json", folder / "job.html"
    profile.write_text('{"basics": {"name": "Ines Novák"}, "skills": [{"name": "Python"}]}', encoding="utf-8")
    posting.write_text("<h1>Tester</h1><p>Requirements: Python and Selenium.</p>", encoding="utf-8")
    files = ["--profile", str(profile), "--job", str(posting)]
    with demo(folder, *files, "--template", "ats_optimized", "--format", "txt,html") as process:
        output, _ = process.communicate(timeout=100)
    assert process.returncode == 0, output
    made = {path.suffix: path.read_text(encoding="utf-8") for path in (folder / "out").iterdir()}
    assert set(made) == {".txt", ".html"}
    assert all("Ines Novák" in text for text in made.values())
    assert running_in(folder) == {}
