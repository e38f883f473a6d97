"""Editing, restoring and deleting over REST, through every process: what was saved is what is exported."""

from collections.abc import Iterator

import pytest

from tests.support.rest import Json, Rest
from tests.support.system import LiveSystem


@pytest.fixture
def rest(system: LiveSystem) -> Iterator[Rest]:
    with system.rest("editor") as client:
        yield client


def saved(rest: Rest, resume: Json, phone: str, **headers: str) -> Json:
    body = {"structure": {"header": {"phone": phone}}}
    path = f"/resumes/{resume['id']}?update_mask=structure.header.phone"
    answer: Json = rest.call("PATCH", path, json=body, headers=headers)
    return answer


def test_an_export_after_a_save_contains_the_edit(rest: Rest) -> None:
    resume = rest.resume()
    before = saved(rest, resume, "+1 555 0001", **{"If-Match": f'"{resume["etag"]}"'})
    assert (before["version"], "+1 555 0001" in before["content_text"]) == (2, True)
    export = rest.call("POST", "/exports", 201, json={"document_id": resume["id"], "format": "txt"})
    assert export["document_version"] == 2
    assert b"+1 555 0001" in rest.file(export)
    versions = rest.call("GET", f"/resumes/{resume['id']}/versions")["versions"]
    assert [(each["version"], each["exported"]) for each in versions] == [(2, True), (1, False)]


def test_a_stale_save_is_refused_with_the_current_etag(rest: Rest) -> None:
    resume = rest.resume()
    after = saved(rest, resume, "+1")
    path = f"/resumes/{resume['id']}?update_mask=title"
    stale = {"If-Match": f'"{resume["etag"]}"'}
    told = rest.problem("PATCH", path, 412, "ETAG_MISMATCH", json={"title": "x"}, headers=stale)
    assert told["etag"] == after["etag"]
    rest.problem("PATCH", path, 409, "ETAG_MISMATCH", json={"title": "x", "etag": resume["etag"]})
    assert rest.call("GET", f"/resumes/{resume['id']}") == after


def test_a_bad_structure_names_the_place_as_the_body_has_it(rest: Rest) -> None:
    resume = rest.resume()
    body = {"structure": {"sections": [{"summary": {"lines": [{"text": "one\ntwo"}]}}]}}
    path = f"/resumes/{resume['id']}?update_mask=structure.sections"
    told = rest.problem("PATCH", path, 422, "STRUCTURE_INVALID", json=body)
    assert [each["field"] for each in told["errors"]] == ["structure.sections[0].summary.lines[0].text"]


def test_an_old_version_comes_back(rest: Rest) -> None:
    resume = rest.resume()
    after = saved(rest, resume, "+1")
    fresh = {"If-Match": f'"{after["etag"]}"'}
    version = rest.call("POST", f"/resumes/{resume['id']}/versions/1/restore", headers=fresh)
    assert (version["version"], version["origin"]) == (3, "restored")
    now = rest.call("GET", f"/resumes/{resume['id']}")
    assert (now["version"], now["structure"]) == (3, resume["structure"])


def test_a_deleted_resume_is_exported_no_more_and_its_file_stays_to_its_end(rest: Rest) -> None:
    resume = rest.resume()
    export = rest.call("POST", "/exports", 201, json={"document_id": resume["id"], "format": "txt"})
    assert rest.ask("DELETE", f"/resumes/{resume['id']}").status_code == 204
    rest.problem("GET", f"/resumes/{resume['id']}", 404, "RESUME_NOT_FOUND")
    again = {"document_id": resume["id"], "format": "html"}
    rest.problem("POST", "/exports", 404, "DOCUMENT_NOT_FOUND", json=again)
    assert rest.file(
        rest.call("GET", f"/exports/{export['id']}") | {"download_link": export["download_link"]}
    )


def test_a_deleted_profile_takes_its_resumes_along(rest: Rest) -> None:
    resume = rest.resume()
    assert rest.ask("DELETE", f"/profiles/{resume['profile_id']}").status_code == 204
    rest.problem("GET", f"/resumes/{resume['id']}", 404, "RESUME_NOT_FOUND")
