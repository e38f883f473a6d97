"""A client of the REST API as front-ends write one: waits, follows links, reads events."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self
from urllib.parse import urljoin

import httpx

Json = dict[str, Any]

SAMPLES = Path(__file__).parents[2] / "deploy" / "local" / "samples"
POSTING = (SAMPLES / "posting.txt").read_text(encoding="utf-8")
PROFILE = (SAMPLES / "profile.json").read_bytes()

ENDED = {"completed", "failed", "cancelled"}


class Rest:
    """One person's calls. Every method answers the response's JSON and fails on an unexpected status."""

    def __init__(self, url: str, token: str = "", *, timeout: float = 60) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.http = httpx.Client(base_url=url, headers=headers, timeout=timeout, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def call(self, method: str, path: str, status: int = 200, **content: Any) -> Json:
        """The JSON of an answer that has to have this status."""
        answer = self.ask(method, path, **content)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text[:2000]}"
        value: Json = answer.json() if answer.content else {}
        return value

    def ask(self, method: str, path: str, **content: Any) -> httpx.Response:
        """The answer, whatever it is."""
        return self.http.request(method, f"/api/v1{path}", **content)

    def problem(self, method: str, path: str, status: int, code: str, **content: Any) -> Json:
        """The problem an answer has to be."""
        answer = self.ask(method, path, **content)
        assert answer.headers["Content-Type"] == "application/problem+json", answer.text[:500]
        told: Json = answer.json()
        assert (answer.status_code, told["code"]) == (status, code), told
        assert told["status"] == status
        assert told["request_id"] == answer.headers["X-Request-Id"]
        return told

    def imported(self, file: bytes | Json = PROFILE, **query: str) -> Json:
        """The stored profile of a JSON Resume."""
        data = file if isinstance(file, bytes) else json.dumps(file).encode()
        profile: Json = self.call("POST", "/profiles/import", 201, content=data, params=query)["profile"]
        return profile

    def posting(self, text: str = POSTING) -> Json:
        """A stored posting."""
        return self.call("POST", "/jobs", 201, json={"source_text": text})

    def resume(self, file: bytes | Json = PROFILE, text: str | None = POSTING) -> Json:
        """A resume of a profile, for a posting unless there is none."""
        body = {"profile_id": self.imported(file)["id"]}
        if text is not None:
            body["job_posting_id"] = self.posting(text)["id"]
        return self.call("POST", "/resumes", 201, json=body)

    def export(self, document_id: str, format: str = "pdf", template: str = "modern", **more: Any) -> Json:
        """A completed export."""
        body = {"document_id": document_id, "format": format, "template": template, **more}
        export = self.call("POST", "/exports", 201, json=body)
        assert export["state"]["status"] == "completed", export["state"]
        return export

    def file(self, export: Json) -> bytes:
        """The bytes behind the link of a completed export, asked for without a token."""
        answer = httpx.get(self.link(export), timeout=30, trust_env=False)
        assert answer.status_code == 200, answer.text[:500]
        return answer.content

    def link(self, export: Json) -> str:
        """The absolute address of an export's file."""
        return urljoin(str(self.http.base_url), str(export["download_link"]["url"]))

    def events(self, export_id: str, timeout: float = 60) -> Iterator[tuple[str, Json]]:
        """Name and data of the events of an export, until the stream ends."""
        path = f"/api/v1/exports/{export_id}/events"
        with self.http.stream("GET", path, timeout=timeout) as answer:
            assert answer.status_code == 200, answer.read()
            assert answer.headers["Content-Type"].startswith("text/event-stream")
            name = ""
            for line in answer.iter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    yield name, json.loads(line.removeprefix("data: "))

    def ended(self, export_id: str) -> Json:
        """The export once it has ended."""
        last: Json = {}
        for name, data in self.events(export_id):
            assert name == "export", data
            last = data
        assert last["state"]["status"] in ENDED, last["state"]
        return last
