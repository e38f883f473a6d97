"""Headless Chromium that stays open and prints our page: the DevTools protocol over two pipes, no port.

python chromium.py FOLDER CHROMIUM
"""

import base64
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[3])]

from tests.benchmarks.rivals import protocol  # noqa: E402 - the path comes first

PAGE = (Path(sys.argv[1]) / "page.html").read_text(encoding="utf-8")
_MESSAGE_END = b"\0"


class Browser:
    """A browser with one empty tab."""

    def __init__(self, program: str) -> None:
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        self._rest = b""
        self._number = 0
        self.process = subprocess.Popen(
            [
                "/bin/sh",
                "-c",
                f'exec "$0" "$@" 3<&{to_browser} 4>&{from_browser}',
                program,
                *_OPTIONS,
                _profile(),
            ],
            pass_fds=(to_browser, from_browser),
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")
        self.frame = self.call("Page.getFrameTree")["frameTree"]["frame"]["id"]

    _session = ""

    def call(self, method: str, **params: object) -> dict[str, Any]:
        """Calls a method and waits for its answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        left = json.dumps(message).encode() + _MESSAGE_END
        while left:
            left = left[os.write(self._write, left) :]
        while (answer := self._next()).get("id") != self._number:
            pass
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    def _next(self) -> dict[str, Any]:
        while _MESSAGE_END not in self._rest:
            read = os.read(self._read, 2**20)
            if not read:
                raise RuntimeError("the browser has ended")
            self._rest += read
        message, _, self._rest = self._rest.partition(_MESSAGE_END)
        found: dict[str, Any] = json.loads(message)
        return found


_OPTIONS = (
    "--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --disable-extensions"
    " --remote-debugging-pipe"
).split()


def _profile() -> str:
    return f"--user-data-dir={tempfile.mkdtemp(dir=sys.argv[1])}"


def main() -> None:
    browser = Browser(sys.argv[2])

    def printed() -> int:
        browser.call("Page.setDocumentContent", frameId=browser.frame, html=PAGE)
        made = browser.call(
            "Page.printToPDF", preferCSSPageSize=True, generateTaggedPDF=True, printBackground=True
        )
        return len(base64.b64decode(made["data"]))

    protocol.resident_bytes = lambda pid="self": _memory(browser.process.pid, "Rss:")
    protocol.proportional_bytes = lambda pid="self": _memory(browser.process.pid, "Pss:")
    try:
        protocol.serve({"pdf": printed})
    finally:
        browser.process.kill()
        browser.process.wait()


def _memory(root: int, kind: str) -> int:
    """Memory of a process and all it started; "Rss:" counts shared pages in each, "Pss:" once."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    family = {root}
    while grown := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= grown
    return sum(protocol.memory(str(each), kind) for each in family)


if __name__ == "__main__":
    main()
