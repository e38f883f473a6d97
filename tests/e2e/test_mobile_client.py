"""The mobile client's paths answer as its contract says."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from tests.support.rest import Json, Rest
from tests.support.system import LiveSystem

EXPORT = {
    "id",
    "generation_id",
    "job_id",
    "format",
    "template",
    "filename",
    "file_size_bytes",
    "page_count",
    "download_url",
    "expires_at",
    "created_at",
}


@pytest.fixture(scope="module")
def resume(system: LiveSystem) -> Json:
    with system.rest("mobile") as rest:
        return rest.resume()


@pytest.fixture
def rest(system: LiveSystem) -> Iterator[Rest]:
    with system.rest("mobile") as client:
        yield client


def fetched(rest: Rest, url: str) -> httpx.Response:
    answer = httpx.get(rest.http.base_url.join(url), timeout=30, trust_env=False)
    assert answer.status_code == 200, answer.text[:300]
    return answer


@pytest.mark.parametrize(
    ("format", "magic", "media"),
    [
        ("pdf", b"%PDF-", "application/pdf"),
        ("docx", b"PK", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ],
)
def test_an_export_answers_the_file(rest: Rest, resume: Json, format: str, magic: bytes, media: str) -> None:
    body = {
        "generation_id": resume["id"],
        "template": "modern",
        "format": format,
        "options": {"accent_color": "#2563EB", "spacing": 1.3, "margins": 18},
    }
    export = rest.call("POST", f"/exports/{format}", 201, json=body)
    assert set(export) == EXPORT
    assert export["generation_id"] == resume["id"]
    assert export["job_id"] == resume["job_posting_id"]
    assert (export["format"], export["template"]) == (format, "modern")
    today = datetime.now(UTC)
    assert export["filename"] in {
        f"resume_modern_{day:%Y%m%d}.{format}" for day in (today, today - timedelta(days=1))
    }
    expires = datetime.fromisoformat(export["expires_at"])
    assert timedelta(days=29) < expires - today < timedelta(days=31), "the file's end, not the link's"
    file = fetched(rest, export["download_url"])
    assert file.content.startswith(magic)
    assert len(file.content) == export["file_size_bytes"]
    assert file.headers["Content-Type"] == media
    assert file.headers["Content-Disposition"].startswith("attachment; ")
    if format == "pdf":
        assert export["page_count"] >= 1
    stored = rest.call("GET", f"/exports/{export['id']}")
    assert stored["options"]["line_spacing"] == 1.3
    assert set(stored["options"]["margins"].values()) == {18}


def test_a_cover_letter_is_a_generation_too(rest: Rest, resume: Json) -> None:
    body = {"profile_id": resume["profile_id"], "job_posting_id": resume["job_posting_id"]}
    letter = rest.call("POST", "/cover-letters", 201, json=body)
    export = rest.call("POST", "/exports/pdf", 201, json={"generation_id": letter["id"]})
    assert export["filename"].startswith("cover_letter_")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"format": "docx"}, "format"),
        ({"generation_id": "x"}, "generation_id"),
        ({"template": "nobody_made_this"}, "template"),
        ({"options": {"accent_color": "red"}}, "options.accent_color"),
        ({"options": {"blink": True}}, "options.blink"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_wrong_is_named(rest: Rest, resume: Json, body: Json, field: str) -> None:
    answer = rest.ask("POST", "/exports/pdf", json={"generation_id": resume["id"], **body})
    assert answer.status_code in {404, 422}, answer.text
    assert field.rsplit(".", maxsplit=1)[-1] in answer.text, answer.text


def test_anothers_generation_is_not_found(system: LiveSystem, rest: Rest, resume: Json) -> None:
    with system.rest("mobile-stranger") as stranger:
        for generation in (resume["id"], str(uuid4())):
            stranger.problem(
                "POST", "/exports/pdf", 404, "DOCUMENT_NOT_FOUND", json={"generation_id": generation}
            )
    with Rest(str(rest.http.base_url)) as nobody:
        assert nobody.ask("POST", "/exports/pdf", json={"generation_id": resume["id"]}).status_code == 401


def test_the_other_paths_of_exports_are_still_there(rest: Rest, resume: Json) -> None:
    requests = [{"document_id": resume["id"], "format": "txt"}]
    assert rest.call("POST", "/exports/batch", 202, json={"requests": requests})["exports"]


def test_templates_are_told_with_their_measured_score(rest: Rest) -> None:
    listed = rest.call("GET", "/exports/templates")["templates"]
    by_id = {each["id"]: each for each in listed}
    assert {"modern", "classic", "creative", "ats_optimized"} <= set(by_id)
    resource = {each["id"]: each for each in rest.call("GET", "/templates")["templates"]}
    for name, each in by_id.items():
        measured = [found["score"] for found in resource[name]["fidelity"] if found["format"] == "pdf"]
        assert each["ats_score"] == (round(100 * measured[0], 1) if measured else None)
        assert each["name"]
        assert each["description"]


def test_files_are_listed_newest_first_and_by_day(system: LiveSystem) -> None:
    with system.rest("mobile-lister") as rest:
        resume = rest.resume()
        made = [
            rest.call("POST", f"/exports/{format}", 201, json={"generation_id": resume["id"]})["id"]
            for format in ("pdf", "docx")
        ]
        page = rest.call("GET", "/exports/files", params={"limit": 1, "offset": 0})
        assert (page["total"], page["limit"], page["offset"]) == (2, 1, 0)
        assert [each["id"] for each in page["exports"]] == made[:0:-1]
        assert set(page["exports"][0]) == EXPORT
        assert fetched(rest, page["exports"][0]["download_url"]).content
        rest_of = rest.call("GET", "/exports/files", params={"limit": 20, "offset": 1})
        assert [each["id"] for each in rest_of["exports"]] == made[:1]
        by_job = rest.call("GET", f"/exports/files/job/{resume['job_posting_id']}")
        assert by_job["job_id"] == resume["job_posting_id"]
        assert (by_job["job_title"], by_job["company"]) == (resume["job_title"], resume["company"])
        assert [each["id"] for day in by_job["exports_by_date"].values() for each in day] == made[::-1]
        for day in by_job["exports_by_date"]:
            assert datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC) <= datetime.now(UTC)
        assert by_job["total_exports"] == 2
        assert by_job["total_size_bytes"] > 0
        assert rest.ask("GET", "/exports/files", params={"limit": 0}).status_code == 422
        assert rest.ask("GET", "/exports/files/job/x").status_code == 422
