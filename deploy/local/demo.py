"""The main job over REST, exactly as a client would do it: profile and posting in, tailored files and links out."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx

TIMEOUT = 90.0
"""Seconds one call may take; an export waits for its file."""

SAMPLES = Path(__file__).parent / "samples"


class DemoFailed(Exception):
    """A step of the demo did not work; the message is the API's own."""


@dataclass(frozen=True)
class Job:
    """What the demo is to do."""

    profile: Path = SAMPLES / "profile.json"
    posting: Path = SAMPLES / "posting.txt"
    template: str = "modern"
    formats: Sequence[str] = ("pdf", "docx")
    out: Path = Path("out")


def run(url: str, token: str, job: Job, say: Callable[[str], None]) -> None:
    """Runs the job and tells each step. Raises DemoFailed with the problem the API answered, or OSError for a file."""
    profile_file, posting_text = job.profile.read_bytes(), job.posting.read_text(encoding="utf-8")
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT, trust_env=False) as client:
        imported = _call(client, "POST", "/api/v1/profiles/import", content=profile_file)
        profile = imported["profile"]
        say(f"profile   {profile['display_name']}, read from {job.profile.name}")
        for note in imported["notes"][:5]:
            say(f"          {note['pointer']}: {note['message']}")
        posting = _call(client, "POST", "/api/v1/jobs", json={"source_text": posting_text})
        say(f"posting   {' at '.join(part for part in (posting['title'], posting['company']) if part)}")
        began = time.perf_counter()
        body = {"profile_id": profile["id"], "job_posting_id": posting["id"]}
        resume = _call(client, "POST", "/api/v1/resumes", json=body)
        say(
            f"resume    composed in {(time.perf_counter() - began) * 1000:.0f} ms, version {resume['version']}"
        )
        _tell_match(resume["match"], say)
        for format_ in job.formats:
            _export(client, job, resume["id"], format_, say)


def _export(
    client: httpx.Client, job: Job, document_id: str, format_: str, say: Callable[[str], None]
) -> None:
    began = time.perf_counter()
    body = {"document_id": document_id, "format": format_, "template": job.template}
    export = _call(client, "POST", "/api/v1/exports", json=body)
    while export["state"]["status"] in {"pending", "processing"}:
        say(f"export    {format_}: {export['state']['step']} {export['state']['progress']} %")
        time.sleep(0.5)
        export = _call(client, "GET", f"/api/v1/exports/{export['id']}")
    if export["state"]["status"] != "completed":
        raise DemoFailed(
            f"the {format_} export {export['state']['status']}: {export['state']['error']['message']}"
        )
    seconds = time.perf_counter() - began
    link = urljoin(str(client.base_url), export["download_link"]["url"])
    file = httpx.get(link, timeout=TIMEOUT, trust_env=False)
    if file.is_error:
        raise DemoFailed(f"the link of the {format_} file answered {file.status_code}")
    job.out.mkdir(parents=True, exist_ok=True)
    path = job.out / export["filename"]
    path.write_bytes(file.content)
    pages = (
        f"{export['page_count']} page{'s' if export['page_count'] != 1 else ''}, "
        if export["page_count"]
        else ""
    )
    fidelity = export.get("fidelity")
    read = f", parse fidelity {fidelity['score']:.2f}" if fidelity else ""
    say(f"file      {path}  ({pages}{len(file.content) / 1000:.0f} KB{read}, {seconds * 1000:.0f} ms)")
    say(f"          {link}")


def _tell_match(match: dict[str, Any], say: Callable[[str], None]) -> None:
    tailored = match.get("tailored_score", match["original_score"])
    say(f"match     {match['original_score']:.4f} as written, {tailored:.4f} tailored")
    for name in ("matched_skills", "added_skills", "missing_skills"):
        label = name.split("_")[0]
        say(f"          {label + ':':9} {', '.join(match[name]) or 'none'}")


def _call(client: httpx.Client, method: str, path: str, **body: Any) -> dict[str, Any]:
    try:
        answer = client.request(method, path, **body)
    except httpx.HTTPError as error:
        raise DemoFailed(f"{method} {path} was not answered: {error}") from error
    if answer.is_error:
        raise DemoFailed(_problem(answer))
    value: dict[str, Any] = answer.json()
    return value


def _problem(answer: httpx.Response) -> str:
    """The problem in the API's own words, with the failing places."""
    try:
        problem = answer.json()
    except ValueError:
        return f"{answer.request.method} {answer.request.url.path} answered {answer.status_code}"
    places = [f"\n  {each['field']}: {each['detail']}" for each in problem.get("errors", [])]
    return f"{problem.get('detail') or problem.get('title')} ({problem.get('code')}){''.join(places)}"
