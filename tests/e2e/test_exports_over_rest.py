"""Exports over REST: waiting or not, repeated, cached, listed, downloaded, cancelled, deleted; and their errors."""

import json
import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit, urlunsplit
from uuid import uuid4

import httpx
import pytest

from tests.support.rest import Json, Rest
from tests.support.system import LiveSystem


@pytest.fixture(scope="module")
def resume(system: LiveSystem) -> Json:
    with system.rest("exporter") as rest:
        return rest.resume()


@pytest.fixture
def rest(system: LiveSystem) -> Iterator[Rest]:
    with system.rest("exporter") as client:
        yield client


def wanted(resume: Json, **more: object) -> Json:
    return {"document_id": resume["id"], "format": "txt", **more}


def fresh(**more: object) -> Json:
    """Options that no other test uses, so that the answer cannot come from the cache."""
    return {"options": {"line_spacing": 1.2 + int(uuid4()) % 5_000 / 10_000}, **more}


def test_by_default_the_call_waits_for_the_file(rest: Rest, resume: Json) -> None:
    answer = rest.ask("POST", "/exports", json=wanted(resume, **fresh(format="pdf")))
    export = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/api/v1/exports/{export['id']}"
    assert "Preference-Applied" not in answer.headers
    assert export["state"]["status"] == "completed"
    assert export["state"]["progress"] == 100
    assert export["from_cache"] is False
    assert export["job_title"] == resume["job_title"]
    assert export["document_version"] == 1
    assert rest.file(export).startswith(b"%PDF-")
    assert rest.call("GET", f"/exports/{export['id']}")["sha256"] == export["sha256"]


def test_respond_async_answers_at_once_and_the_events_lead_to_the_file(rest: Rest, resume: Json) -> None:
    answer = rest.ask(
        "POST",
        "/exports",
        json=wanted(resume, **fresh(format="pdf")),
        headers={"Prefer": "respond-async"},
    )
    assert answer.status_code == 202
    assert answer.headers["Preference-Applied"] == "respond-async"
    export = answer.json()
    assert answer.headers["Location"] == f"/api/v1/exports/{export['id']}"
    assert export["state"]["status"] in {"pending", "processing"}
    assert "download_link" not in export

    seen = list(rest.events(export["id"]))

    assert {name for name, _ in seen} == {"export"}
    progress = [data["state"]["progress"] for _, data in seen]
    assert progress == sorted(progress)
    last = seen[-1][1]
    assert last["state"]["status"] == "completed"
    assert rest.file(last)
    again = list(rest.events(export["id"]))  # of an export that has ended: its last state, then the end
    assert [data["state"]["status"] for _, data in again] == ["completed"]


def test_a_shorter_wait_is_honoured(rest: Rest, resume: Json) -> None:
    began = time.perf_counter()
    answer = rest.ask(
        "POST", "/exports", json=wanted(resume, **fresh(format="pdf")), headers={"Prefer": "wait=0"}
    )
    assert answer.status_code == 202
    assert answer.headers["Preference-Applied"] == "wait=0"
    assert time.perf_counter() - began < 3
    rest.ended(answer.json()["id"])
    waited = rest.ask(
        "POST", "/exports", json=wanted(resume, **fresh()), headers={"Prefer": "respond-async, wait=25"}
    )
    assert waited.status_code == 201
    assert waited.headers["Preference-Applied"] == "respond-async, wait=25"


def test_the_same_key_gives_the_same_export_and_another_body_is_refused(rest: Rest, resume: Json) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    body = wanted(resume, **fresh())
    first = rest.call("POST", "/exports", 201, json=body, headers=key)
    second = rest.call("POST", "/exports", 201, json=body, headers=key)
    assert second["id"] == first["id"]
    other = {**body, "format": "html"}
    told = rest.problem("POST", "/exports", 422, "IDEMPOTENCY_KEY_REUSED", json=other, headers=key)
    assert [each["field"] for each in told["errors"]] == ["Idempotency-Key"]


@pytest.mark.parametrize(
    ("path", "body", "other"),
    [
        ("/jobs", {"source_text": "Cook wanted."}, {"source_text": "Baker wanted."}),
        ("/profiles", {"display_name": "A", "content": {}}, {"display_name": "B", "content": {}}),
    ],
)
def test_other_posts_are_repeatable_too(rest: Rest, path: str, body: Json, other: Json) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    first = rest.call("POST", path, 201, json=body, headers=key)
    assert rest.call("POST", path, 201, json=body, headers=key)["id"] == first["id"]
    rest.problem("POST", path, 422, "IDEMPOTENCY_KEY_REUSED", json=other, headers=key)


def test_one_persons_key_is_not_anothers(system: LiveSystem) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    with system.rest("key-one") as one, system.rest("key-two") as two:
        first = one.call("POST", "/jobs", 201, json={"source_text": "Cook."}, headers=key)
        second = two.call("POST", "/jobs", 201, json={"source_text": "Baker."}, headers=key)
    assert first["id"] != second["id"]


def test_the_same_export_again_comes_from_the_cache(rest: Rest, resume: Json) -> None:
    body = wanted(resume, **fresh(format="pdf"))
    first = rest.call("POST", "/exports", 201, json=body)
    began = time.perf_counter()
    second = rest.call("POST", "/exports", 201, json=body)
    seconds = time.perf_counter() - began
    assert (first["from_cache"], second["from_cache"]) == (False, True)
    assert second["id"] != first["id"]
    assert second["sha256"] == first["sha256"]
    assert rest.file(second) == rest.file(first)
    assert seconds < 1, "nothing was rendered"
    rest.call("DELETE", f"/exports/{first['id']}", 204)
    assert rest.file(second), "the file goes with its last record"


def test_the_cache_is_each_persons_own(system: LiveSystem, resume: Json) -> None:
    body = wanted(resume, **fresh())
    with system.rest("exporter") as rest:
        rest.call("POST", "/exports", 201, json=body)
    with system.rest("another") as another:
        mine = another.resume()
        export = another.call("POST", "/exports", 201, json={**body, "document_id": mine["id"]})
    assert export["from_cache"] is False


def test_a_batch_is_queued_whole_or_not_at_all(rest: Rest, resume: Json) -> None:
    formats = ("pdf", "docx", "html", "txt", "markdown")
    options = fresh()
    requests = [wanted(resume, **{**options, "format": each}) for each in formats]
    exports = rest.call("POST", "/exports/batch", 202, json={"requests": requests})["exports"]
    assert [each["format"] for each in exports] == list(formats)
    for each in exports:
        assert rest.ended(each["id"])["state"]["status"] == "completed"
    before = rest.call("GET", "/exports")["total_size"]
    broken = [wanted(resume, **fresh()), wanted(resume, template="nobody_made_this")]
    told = rest.ask("POST", "/exports/batch", json={"requests": broken})
    assert told.status_code in {404, 422}, told.text
    assert "requests[1]" in told.text
    assert rest.call("GET", "/exports")["total_size"] == before
    too_many = [wanted(resume, **fresh()) for _ in range(11)]
    assert rest.ask("POST", "/exports/batch", json={"requests": too_many}).status_code == 422
    assert rest.ask("POST", "/exports/batch", json={"requests": []}).status_code == 422


def test_listing_pages_filters_and_counts(system: LiveSystem) -> None:
    with system.rest("lister") as rest:
        first, second = rest.resume(), rest.resume()
        made = [
            rest.export(document["id"], format, options={"line_spacing": 1.2 + step / 100})["id"]
            for step, (document, format) in enumerate(
                [(first, "txt"), (first, "html"), (second, "txt"), (second, "txt"), (second, "markdown")]
            )
        ]
        everything = rest.call("GET", "/exports")
        assert [each["id"] for each in everything["exports"]] == made[::-1]
        assert everything["total_size"] == 5
        assert everything["next_page_token"] == ""
        assert all("download_link" not in each for each in everything["exports"])

        pages, token = list[str](), ""
        for _ in range(3):
            page = rest.call("GET", "/exports", params={"page_size": 2, "page_token": token})
            assert page["total_size"] == 5
            pages += [each["id"] for each in page["exports"]]
            token = page["next_page_token"]
        assert (pages, token) == (made[::-1], "")

        counted = rest.call("GET", "/exports", params={"limit": 2, "offset": 3})
        assert [each["id"] for each in counted["exports"]] == made[::-1][3:5]

        def found(**filters: str) -> list[str]:
            page = rest.call("GET", "/exports", params=filters)
            assert page["total_size"] == len(page["exports"])
            return [each["id"] for each in page["exports"]][::-1]

        assert found(document_id=first["id"]) == made[:2]
        assert found(format="txt") == [made[0], made[2], made[3]]
        assert found(format="txt", document_id=second["id"]) == made[2:4]
        assert found(job_posting_id=second["job_posting_id"]) == made[2:]
        assert found(status="completed") == made
        assert found(status="failed") == []

        by_day = rest.call("GET", f"/jobs/{first['job_posting_id']}/exports")
        assert by_day["total_exports"] == 2
        assert [each["id"] for day in by_day["days"] for each in day["exports"]] == made[1::-1]
        assert by_day["job_title"] == first["job_title"]

        usage = rest.call("GET", "/usage")
        assert usage["file_count"] == 5
        assert usage["used_bytes"] > 0
        assert {each["format"]: each["count"] for each in usage["by_format"]} == {
            "txt": 3,
            "html": 1,
            "markdown": 1,
        }

        for bad in ({"format": "clay"}, {"status": "asleep"}, {"document_id": "x"}, {"page_size": 101}):
            assert rest.ask("GET", "/exports", params=bad).status_code == 422
        rest.problem("GET", "/exports", 422, "PAGE_TOKEN_INVALID", params={"page_token": "x"})


def test_a_download_leads_to_a_link_that_works(rest: Rest, resume: Json) -> None:
    export = rest.export(resume["id"], "pdf", **fresh())
    answer = rest.ask("GET", f"/exports/{export['id']}/download")
    assert answer.status_code == 302
    file = httpx.get(answer.headers["Location"], trust_env=False)
    assert file.status_code == 200
    assert file.headers["Content-Type"] == "application/pdf"
    assert file.headers["Content-Disposition"].startswith("attachment; ")
    assert export["filename"] in file.headers["Content-Disposition"]
    assert int(file.headers["Content-Length"]) == len(file.content) == export["file_size_bytes"]
    assert file.headers["Cache-Control"] == "private, no-store"
    assert rest.call("GET", f"/exports/{export['id']}")["download_count"] == 1


def test_a_link_that_was_touched_opens_nothing(rest: Rest, resume: Json) -> None:
    export = rest.export(resume["id"])
    other = rest.export(resume["id"], "docx")
    parts = urlsplit(rest.link(export))
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    token = query["token"]

    def answer(path: str = parts.path, **changes: str | int) -> httpx.Response:
        changed = httpx.QueryParams({**query, **changes})
        return httpx.get(urlunsplit((*parts[:2], path, str(changed), "")), trust_env=False)

    assert answer().status_code == 200
    refused = [
        answer(token=token[:-2] + ("AA" if token[-2:] != "AA" else "BB")),
        answer(token="A" + token[1:] if token[0] != "A" else "B" + token[1:]),
        answer(token=""),
        answer(token="ä"),
        answer(token="A" * 1999),
        answer(expires=int(query["expires"]) + 1),
        answer(expires=int(time.time()) - 1),
        answer(expires=2**53),
        answer(path=urlsplit(rest.link(other)).path),
        answer(path=parts.path.replace(".pdf", ".exe")),
    ]
    for each in refused:
        assert each.status_code in {403, 422}, each.text
    told = {(each.json()["code"], each.json()["detail"]) for each in refused if each.status_code == 403}
    assert len(told) == 1, "each refusal says the same"
    assert len([each for each in refused if each.status_code == 403]) >= 8


def test_a_deleted_export_is_gone_with_its_link(rest: Rest, resume: Json) -> None:
    export = rest.export(resume["id"], "html", **fresh())
    link = rest.link(export)
    rest.call("DELETE", f"/exports/{export['id']}", 204)
    for method, path in (
        ("GET", ""),
        ("GET", "/download"),
        ("GET", "/events"),
        ("POST", "/cancel"),
        ("POST", "/retry"),
        ("DELETE", ""),
    ):
        rest.problem(method, f"/exports/{export['id']}{path}", 404, "EXPORT_NOT_FOUND")
    assert httpx.get(link, trust_env=False).status_code == 404


def test_a_cancelled_export_stays_cancelled(rest: Rest, resume: Json) -> None:
    body = {"requests": [wanted(resume, **fresh(format="pdf")) for _ in range(6)]}
    exports = rest.call("POST", "/exports/batch", 202, json=body)["exports"]
    last = exports[-1]["id"]
    cancelled = rest.call("POST", f"/exports/{last}/cancel")
    assert cancelled["state"]["status"] == "cancelled"
    assert rest.call("POST", f"/exports/{last}/cancel")["state"]["status"] == "cancelled"
    rest.problem("GET", f"/exports/{last}/download", 409, "EXPORT_NOT_COMPLETED")
    rest.problem("POST", f"/exports/{last}/retry", 409, "EXPORT_NOT_FAILED")
    for each in exports[:-1]:
        assert rest.ended(each["id"])["state"]["status"] == "completed"
    assert rest.call("GET", f"/exports/{last}")["state"]["status"] == "cancelled"
    done = rest.call("POST", f"/exports/{exports[0]['id']}/cancel")
    assert done["state"]["status"] == "completed", "cancelling what has ended has no effect"


UNKNOWN = str(uuid4())


@pytest.mark.parametrize(
    ("change", "status", "code", "field"),
    [
        ({"template": "nobody_made_this"}, {404, 422}, "UNKNOWN_TEMPLATE", "template"),
        ({"template": "../../etc/passwd"}, {422}, "INVALID_ARGUMENT", "template"),
        ({"format": "clay"}, {422}, "INVALID_ARGUMENT", "format"),
        ({"format": None}, {422}, "INVALID_ARGUMENT", "format"),
        ({"document_id": UNKNOWN}, {404}, "DOCUMENT_NOT_FOUND", None),
        ({"document_id": "x"}, {422}, "INVALID_ARGUMENT", "document_id"),
        ({"document_version": 99}, {404}, None, None),
        ({"document_version": -1}, {422}, "INVALID_ARGUMENT", "document_version"),
        ({"options": {"font_size": 9}}, {422}, "INVALID_ARGUMENT", "options.font_size"),
        ({"options": {"base_font_size_pt": 99}}, {422}, "INVALID_ARGUMENT", "options.base_font_size_pt"),
        ({"options": {"accent_color": "red; } body {"}}, {422}, "INVALID_ARGUMENT", "options.accent_color"),
        ({"options": {"font_family": "Comic Sans"}}, {422}, None, "options.font_family"),
        ({"options": {"page_size": "a0"}}, {422}, "INVALID_ARGUMENT", "options.page_size"),
        ({"docment_id": "x"}, {422}, "INVALID_ARGUMENT", "docment_id"),
    ],
)
def test_what_cannot_be_exported_is_told_with_its_place(
    rest: Rest, resume: Json, change: Json, status: set[int], code: str | None, field: str | None
) -> None:
    answer = rest.ask("POST", "/exports", json={**wanted(resume, format="pdf"), **change})
    told = answer.json()
    assert answer.status_code in status, told
    assert code in {None, told["code"]}, told
    if field is not None:
        assert field in [each["field"] for each in told["errors"]], told


def test_an_export_that_cannot_succeed_says_why(rest: Rest) -> None:
    """What no plan can foresee: the work itself finds that there are too many pages."""
    long = {
        "basics": {"name": "Long"},
        "work": [
            {"name": f"Company {number}", "position": "Engineer", "highlights": ["Built a system."] * 8}
            for number in range(120)
        ],
    }
    answer = rest.ask("POST", "/exports", json=wanted(rest.resume(long, text=None), format="pdf"))
    told = answer.json()
    assert (answer.status_code, told["code"]) == (422, "TOO_MANY_PAGES"), told
    export = rest.call("GET", f"/exports/{told['export_id']}")
    assert export["state"]["status"] == "failed"
    assert export["state"]["error"] == {"reason": told["code"], "message": told["detail"], "retryable": False}
    rest.problem("POST", f"/exports/{told['export_id']}/retry", 409, "EXPORT_ERROR_FINAL")


def test_a_field_has_the_name_it_has_in_the_body(rest: Rest) -> None:
    told = rest.problem("POST", "/profiles", 422, "INVALID_ARGUMENT", json={"display_name": "x"})
    assert [each["field"] for each in told["errors"]] == ["content"]
    assert "profile.content" not in told["detail"]
    told = rest.problem(
        "POST", "/jobs", 422, "INVALID_ARGUMENT", json={"title": "x" * 301, "source_text": "y"}
    )
    assert [each["field"] for each in told["errors"]] == ["title"]


def test_what_is_not_served_yet_says_so(rest: Rest) -> None:
    answer = rest.ask("POST", "/profiles/import", params={"format": "pdf"}, content=b"%PDF-1.7")
    assert answer.status_code == 501, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "UNIMPLEMENTED"


def test_versions_of_a_resume(rest: Rest, resume: Json) -> None:
    versions = rest.call("GET", f"/resumes/{resume['id']}/versions")
    assert [each["version"] for each in versions["versions"]] == [1]
    version = rest.call("GET", f"/resumes/{resume['id']}/versions/1")
    assert version["document"]["resume"] == resume["structure"]
    same = rest.call("GET", f"/resumes/{resume['id']}/diff", params={"base": 1})
    assert same["changes"] == []
    assert rest.ask("GET", f"/resumes/{resume['id']}/versions/2").status_code == 404


def test_a_stale_write_is_refused_by_header_and_by_body(rest: Rest) -> None:
    profile = rest.call("POST", "/profiles", 201, json={"display_name": "Before", "content": {}})
    path = f"/profiles/{profile['id']}?update_mask=display_name"
    seen = rest.ask("GET", f"/profiles/{profile['id']}").headers["ETag"]
    assert seen == f'"{profile["etag"]}"'
    after = rest.call("PATCH", path, json={"display_name": "After"}, headers={"If-Match": seen})
    assert after["display_name"] == "After"
    assert after["etag"] != profile["etag"]

    told = rest.problem(
        "PATCH", path, 412, "ETAG_MISMATCH", json={"display_name": "Lost"}, headers={"If-Match": seen}
    )
    assert told["etag"] == after["etag"]
    body = {"display_name": "Lost", "etag": profile["etag"]}
    told = rest.problem("PATCH", path, 409, "ETAG_MISMATCH", json=body)
    assert told["etag"] == after["etag"]
    assert rest.call("GET", f"/profiles/{profile['id']}")["display_name"] == "After"
    any_state = rest.call("PATCH", path, json={"display_name": "Any"}, headers={"If-Match": "*"})
    assert any_state["display_name"] == "Any"


def test_a_field_mask_changes_what_it_names(rest: Rest) -> None:
    profile = rest.imported()
    path = f"/profiles/{profile['id']}"
    changed = rest.call(
        "PATCH", path, json={"content": {"summary": "New."}}, params={"update_mask": "content.summary"}
    )
    assert changed["content"]["summary"] == "New."
    assert changed["content"]["experience"] == profile["content"]["experience"]
    for mask in ("id", "content.nothing", "", "etag,display_name"):
        answer = rest.ask("PATCH", path, json={}, params={"update_mask": mask})
        assert answer.status_code == 422, (mask, answer.text)


def test_without_a_mask_what_the_body_names_is_changed(rest: Rest) -> None:
    profile = rest.imported()
    path = f"/profiles/{profile['id']}"
    changed = rest.call("PATCH", path, json={"display_name": "Named", "content": {"summary": "Alone."}})
    assert changed["display_name"] == "Named"
    assert changed["content"] == {**profile["content"], "summary": "Alone."}
    cleared = rest.call("PATCH", path, json={}, params={"update_mask": "content.summary"})
    assert cleared["content"]["summary"] == ""
    whole = rest.ask("PATCH", path, json={"display_name": "x"}, params={"update_mask": "*"})
    assert whole.status_code == 422, "replacing all of a profile takes all of a profile"


def test_a_posting_can_go_and_what_was_made_for_it_stays(rest: Rest) -> None:
    resume = rest.resume()
    rest.call("DELETE", f"/jobs/{resume['job_posting_id']}", 204)
    rest.problem("GET", f"/jobs/{resume['job_posting_id']}", 404, "JOB_POSTING_NOT_FOUND")
    kept = rest.call("GET", f"/resumes/{resume['id']}")
    assert kept["job_title"] == resume["job_title"]
    assert kept["job_posting_id"] == ""
    assert rest.export(resume["id"], "txt")


def test_answers_are_readable_json(rest: Rest, resume: Json) -> None:
    raw = rest.ask("GET", f"/resumes/{resume['id']}")
    assert raw.headers["Content-Type"] == "application/json"
    assert json.loads(raw.content)["id"] == resume["id"]
