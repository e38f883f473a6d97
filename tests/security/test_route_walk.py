"""Every route of the REST API: with bad tokens, and for another's things.

The table below names each route once. A new route without a line here fails the first test.
"""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from gateway.routes import ROUTERS
from tests.security.conftest import People
from tests.support.intruder import MARK, Ids, bad_external_tokens, bad_internal_tokens
from tests.support.rest import Rest
from tests.support.system import LiveSystem

PUBLIC = {
    "GET /health": "says nothing",
    "GET /api/v1/exports/download/{filename}": "the signed link is the right; touched links are refused in tests/e2e",
}
"""Routes that need no token, each with the reason."""


@dataclass(frozen=True)
class Call:
    """Path and JSON body, naming another's things ($profile ...) or the caller's own ($my_profile ...)."""

    path: str
    body: str | None = None
    headers: Mapping[str, str] | None = None
    raw: bytes | None = None


def calls(path: str, body: str | None = None, **more: Any) -> tuple[Call, ...]:
    return (Call(path, body, **more),)


_MATCHED = ("$profile", "$posting"), ("$my_profile", "$posting"), ("$profile", "$my_posting")
_NOBODY = "7f9c24e8-3b1a-4f5d-9a64-0d2c8f6b1e37"
_STALE = {"If-Match": '"r99"'}

TABLE: Mapping[str, tuple[Call, ...]] = {
    "POST /api/v1/profiles": calls("/profiles", '{"content": {}}'),
    "POST /api/v1/profiles/import": calls("/profiles/import", raw=b"{}"),
    "GET /api/v1/profiles": calls("/profiles"),
    "GET /api/v1/profiles/{id}": calls("/profiles/$profile"),
    "PATCH /api/v1/profiles/{id}": (
        Call("/profiles/$profile", '{"display_name": "x"}'),
        Call("/profiles/$profile", '{"display_name": "x"}', _STALE),
        Call("/profiles/$profile", '{"display_name": "x", "etag": "r99"}'),
    ),
    "GET /api/v1/profiles/{id}/export": calls("/profiles/$profile/export"),
    "DELETE /api/v1/profiles/{id}": (
        Call("/profiles/$profile"),
        Call("/profiles/$profile", headers=_STALE),
    ),
    "POST /api/v1/jobs": calls("/jobs", '{"source_text": "Cook."}'),
    "GET /api/v1/jobs": calls("/jobs"),
    "GET /api/v1/jobs/{id}": calls("/jobs/$posting"),
    "DELETE /api/v1/jobs/{id}": (Call("/jobs/$posting"), Call("/jobs/$posting", headers=_STALE)),
    "GET /api/v1/jobs/{id}/exports": calls("/jobs/$posting/exports"),
    "GET /api/v1/rankings": tuple(
        Call(f"/rankings?profile_id={profile}&job_posting_id={posting}") for profile, posting in _MATCHED
    ),
    "GET /api/v1/matches": tuple(
        Call(f"/matches?profile_id={profile}&job_posting_id={posting}") for profile, posting in _MATCHED
    ),
    "POST /api/v1/matches/batch": (
        Call("/matches/batch", '{"job_posting_id": "$posting"}'),
        Call("/matches/batch", '{"job_posting_id": "$my_posting", "profile_ids": ["$profile"]}'),
        Call("/matches/batch", '{"job_posting_id": "$posting", "profile_ids": ["$my_profile"]}'),
    ),
    "POST /api/v1/resumes": (
        Call("/resumes", '{"profile_id": "$profile"}'),
        *(
            Call("/resumes", f'{{"profile_id": "{profile}", "job_posting_id": "{posting}"}}')
            for profile, posting in _MATCHED
        ),
    ),
    "GET /api/v1/resumes": (
        Call("/resumes"),
        Call("/resumes?profile_id=$profile"),
        Call("/resumes?job_posting_id=$posting"),
    ),
    "GET /api/v1/resumes/{id}": calls("/resumes/$document"),
    "PATCH /api/v1/resumes/{id}": (
        Call("/resumes/$document", '{"title": "x"}'),
        Call("/resumes/$document", '{"title": "x"}', _STALE),
    ),
    "DELETE /api/v1/resumes/{id}": (
        Call("/resumes/$document"),
        Call("/resumes/$document", headers=_STALE),
    ),
    "GET /api/v1/resumes/{id}/json-resume": calls("/resumes/$document/json-resume"),
    "GET /api/v1/resumes/{id}/versions": calls("/resumes/$document/versions"),
    "GET /api/v1/resumes/{id}/versions/{version}": (
        Call("/resumes/$document/versions/1"),
        Call("/resumes/$document/versions/9"),
    ),
    "POST /api/v1/resumes/{id}/versions/{version}/restore": calls(
        "/resumes/$document/versions/1/restore", headers=_STALE
    ),
    "GET /api/v1/resumes/{id}/diff": calls("/resumes/$document/diff?base=1"),
    "POST /api/v1/cover-letters": tuple(
        Call("/cover-letters", f'{{"profile_id": "{profile}", "job_posting_id": "{posting}"}}')
        for profile, posting in _MATCHED
    ),
    "GET /api/v1/cover-letters": (
        Call("/cover-letters"),
        Call("/cover-letters?profile_id=$profile"),
        Call("/cover-letters?job_posting_id=$posting"),
    ),
    "GET /api/v1/cover-letters/{id}": (Call("/cover-letters/$letter"), Call("/cover-letters/$document")),
    "PATCH /api/v1/cover-letters/{id}": (
        Call("/cover-letters/$letter", '{"title": "x"}'),
        Call("/cover-letters/$letter", '{"title": "x"}', _STALE),
    ),
    "DELETE /api/v1/cover-letters/{id}": (
        Call("/cover-letters/$letter"),
        Call("/cover-letters/$letter", headers=_STALE),
    ),
    "GET /api/v1/cover-letters/{id}/versions": calls("/cover-letters/$letter/versions"),
    "GET /api/v1/cover-letters/{id}/versions/{version}": (
        Call("/cover-letters/$letter/versions/1"),
        Call("/cover-letters/$letter/versions/9"),
    ),
    "POST /api/v1/cover-letters/{id}/versions/{version}/restore": calls(
        "/cover-letters/$letter/versions/1/restore", headers=_STALE
    ),
    "GET /api/v1/cover-letters/{id}/diff": calls("/cover-letters/$letter/diff?base=1"),
    "GET /api/v1/templates": calls("/templates"),
    "GET /api/v1/templates/{id}": calls("/templates/modern"),
    "GET /api/v1/templates/{id}/preview.png": calls("/templates/modern/preview.png?width=100"),
    "POST /api/v1/previews": calls("/previews", '{"document": {"resume": {"header": {"full_name": "A"}}}}'),
    "POST /api/v1/exports": (
        Call("/exports", '{"document_id": "$document", "format": "txt"}'),
        Call("/exports", '{"document_id": "$document", "format": "txt"}', {"Prefer": "respond-async"}),
        Call("/exports", '{"document_id": "$document", "document_version": 9, "format": "txt"}'),
    ),
    "POST /api/v1/exports/pdf": calls("/exports/pdf", '{"generation_id": "$document"}'),
    "POST /api/v1/exports/docx": calls("/exports/docx", '{"generation_id": "$letter"}'),
    "GET /api/v1/exports/templates": calls("/exports/templates"),
    "GET /api/v1/exports/files": calls("/exports/files"),
    "GET /api/v1/exports/files/job/{job_id}": calls("/exports/files/job/$posting"),
    "POST /api/v1/exports/batch": calls(
        "/exports/batch",
        '{"requests": [{"document_id": "$my_document", "format": "txt"},'
        ' {"document_id": "$document", "format": "txt"}]}',
    ),
    "GET /api/v1/exports": (
        Call("/exports"),
        Call("/exports?document_id=$document"),
        Call("/exports?job_posting_id=$posting"),
    ),
    "GET /api/v1/exports/{id}": calls("/exports/$export"),
    "DELETE /api/v1/exports/{id}": calls("/exports/$export"),
    "POST /api/v1/exports/{id}/cancel": calls("/exports/$export/cancel"),
    "POST /api/v1/exports/{id}/retry": calls("/exports/$export/retry"),
    "GET /api/v1/exports/{id}/events": calls("/exports/$export/events"),
    "GET /api/v1/exports/{id}/download": calls("/exports/$export/download"),
    "GET /api/v1/me/data": calls("/me/data"),
    "DELETE /api/v1/me/data": calls("/me/data?validate_only=true"),
    # Whose data is to go is in the path: an unknown user here, real ones in a test of their own below.
    "DELETE /api/v1/users/{user_id}/data": calls(f"/users/{_NOBODY}/data?validate_only=true"),
    "GET /api/v1/usage": calls("/usage"),
}

HARMLESS = {name for name in TABLE if name.startswith("GET ") and "$" in TABLE[name][0].path}
"""Reads of one thing: asked by its owner too, to see that the walk's requests are good ones."""


def routes() -> set[str]:
    """Every route the gateway has, by method and pattern."""
    found = [route for router in ROUTERS for route in router.routes]
    assert all(isinstance(route, APIRoute) for route in found)
    return {
        f"{method} {route.path}"
        for route in found
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }


def asked(
    http: httpx.Client, name: str, call: Call, ids: Ids, mine: Ids, token: str | None
) -> httpx.Response:
    headers = {**(call.headers or {})}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}".strip()
    content = call.raw
    if call.body is not None:
        headers["Content-Type"], content = "application/json", ids.fill(call.body, mine).encode()
    path = f"/api/v1{ids.fill(call.path, mine)}"
    return http.request(name.split(" ", maxsplit=1)[0], path, headers=headers, content=content)


def comparable(answer: httpx.Response, ids: Ids) -> str:
    """Status, headers that could tell, and body, without ids and without what differs for every request."""
    try:
        body = answer.json()
    except ValueError:
        body = answer.text
    if isinstance(body, dict):
        body.pop("request_id", None)
    told = {name: answer.headers.get(name) for name in ("Location", "ETag", "Content-Type", "Retry-After")}
    return ids.hidden(json.dumps([answer.status_code, told, body], sort_keys=True))


@pytest.fixture(scope="module")
def http(system: LiveSystem) -> Any:
    with httpx.Client(base_url=system.url, timeout=30, trust_env=False) as client:
        yield client


def test_every_route_is_decided_on() -> None:
    assert set(TABLE) | set(PUBLIC) == routes(), "give every new route a line in TABLE, or a reason in PUBLIC"
    assert not set(TABLE) & set(PUBLIC)


@pytest.mark.parametrize("name", TABLE)
def test_a_bad_token_opens_nothing(system: LiveSystem, http: httpx.Client, name: str) -> None:
    ids = Ids.unheard_of()
    internal = {
        "an internal token": system.internal("maya"),
        "the worker's credential": system.signer("render-worker").for_service(
            audience=["gateway", "storage"]
        ),
    }
    tokens = {**bad_external_tokens(system), **bad_internal_tokens(system), **internal}
    for about, token in tokens.items():
        answer = asked(http, name, TABLE[name][0], ids, ids, token)
        assert answer.status_code == 401, (about, answer.text)
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        told = answer.json()
        assert told["code"] in {"UNAUTHENTICATED", "INVALID_TOKEN"}, (about, told)
        assert "errors" not in told


@pytest.mark.parametrize("header", ["Basic bWF5YTpwYXNz", "Bearer", "Token x", "bearer a b", ","])
def test_other_authorization_headers_open_nothing(http: httpx.Client, header: str) -> None:
    answer = http.get("/api/v1/profiles", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.json()["status"] == 401


def test_a_token_in_the_address_opens_nothing(system: LiveSystem, http: httpx.Client) -> None:
    for name in ("token", "access_token", "authorization"):
        assert http.get("/api/v1/profiles", params={name: system.token()}).status_code == 401
        cookie = {"Cookie": f"{name}={system.token()}"}
        assert http.get("/api/v1/profiles", headers=cookie).status_code == 401


@pytest.mark.parametrize("name", TABLE)
def test_anothers_thing_answers_as_one_that_does_not_exist(
    system: LiveSystem, http: httpx.Client, people: People, name: str
) -> None:
    nobody, victim = Ids.unheard_of(), people.victim.ids
    for about, intruder in people.intruders.items():
        token = system.token(**intruder.who)
        for call in TABLE[name]:
            foreign = comparable(asked(http, name, call, victim, intruder.ids, token), victim)
            assert MARK not in foreign, (about, call)
            if "$" in f"{call.path}{call.body}".replace("$my_", ""):
                missing = comparable(asked(http, name, call, nobody, intruder.ids, token), nobody)
                assert foreign == missing, (about, call)
                assert foreign.startswith(("[404,", "[501,", "[200,")), (about, call, foreign)


@pytest.mark.parametrize("name", sorted(HARMLESS))
def test_the_owner_is_answered_otherwise(
    system: LiveSystem, http: httpx.Client, people: People, name: str
) -> None:
    victim = people.victim
    answer = asked(http, name, TABLE[name][0], victim.ids, victim.ids, system.token(**victim.who))
    assert answer.status_code in {200, 302}, answer.text


def test_lists_hold_only_the_callers_own(system: LiveSystem, people: People) -> None:
    lists = {
        "/profiles": "profiles",
        "/jobs": "job_postings",
        "/resumes": "resumes",
        "/cover-letters": "cover_letters",
        "/exports": "exports",
    }
    victim = people.victim
    secret = {
        victim.ids.profile,
        victim.ids.posting,
        victim.ids.document,
        victim.ids.letter,
        victim.ids.export,
    }
    for path, key in lists.items():
        with system.rest(**victim.who) as rest:
            own = rest.call("GET", path, params={"page_size": 100})
            assert {each["id"] for each in own[key]} & secret, path
        for about, intruder in people.intruders.items():
            with system.rest(**intruder.who) as rest:
                seen = rest.call("GET", path, params={"page_size": 100})
                assert not {each["id"] for each in seen[key]} & secret, (about, path)
                assert seen["total_size"] == len(seen[key]), (about, path)


def test_only_the_tenants_admin_may_have_a_user_erased(
    system: LiveSystem, http: httpx.Client, people: People
) -> None:
    victim = people.victim
    with system.rest(**victim.who) as rest:
        user_id = rest.call("GET", f"/resumes/{victim.ids.document}")["created_by"]
        own = rest.call("DELETE", "/me/data", params={"validate_only": True})
    assert own["erased"]
    for about, intruder in people.intruders.items():
        if intruder.user == victim.user:
            continue  # the same person to the identity provider: it is their own data in another tenant they may erase
        headers = {"Authorization": f"Bearer {system.token(**intruder.who)}"}
        params = {"validate_only": "true"}
        real, unknown = (
            http.delete(f"/api/v1/users/{each}/data", headers=headers, params=params)
            for each in (user_id, _NOBODY)
        )
        told = [{**each.json(), "request_id": ""} for each in (real, unknown)]
        assert (real.status_code, told[0]) == (unknown.status_code, told[1]), about
        if "tenant_admin" in intruder.roles:
            assert "erased" not in told[0] or not told[0]["erased"]
        else:
            assert real.status_code == 403


def test_an_archive_holds_nothing_of_others(system: LiveSystem, http: httpx.Client, people: People) -> None:
    for about, intruder in people.intruders.items():
        headers = {"Authorization": f"Bearer {system.token(**intruder.who)}"}
        answer = http.get("/api/v1/me/data", headers=headers)
        assert answer.headers["Content-Type"] == "application/zip"
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert "README.txt" in archive.namelist()
            for name in archive.namelist():
                assert MARK.encode() not in archive.read(name), (about, name)


def test_a_recruiter_shares_the_documents_of_the_own_tenant_and_no_other(
    system: LiveSystem, people: People
) -> None:
    victim = people.victim.ids
    with system.rest("our-recruiter", roles=("recruiter",)) as rest:
        assert MARK in rest.call("GET", f"/profiles/{victim.profile}")["display_name"]
        assert MARK in rest.call("GET", f"/resumes/{victim.document}")["content_text"]
        assert victim.profile in {
            each["id"] for each in rest.call("GET", "/profiles", params={"page_size": 100})["profiles"]
        }
        export = rest.export(victim.document, "txt")
        assert MARK.encode() in rest.file(export)
        assert rest.ask("GET", f"/exports/{victim.export}").status_code == 404, "files are each person's own"
    with system.rest("their-recruiter", tenant="rivals", roles=("recruiter",)) as rest:
        assert rest.ask("GET", f"/profiles/{victim.profile}").status_code == 404
        listed = rest.call("GET", "/profiles", params={"page_size": 100})["profiles"]
        assert listed, "the recruiter sees the own tenant's"
        assert MARK not in json.dumps(listed)


def test_a_role_that_was_not_granted_is_not_taken(system: LiveSystem, people: People) -> None:
    for claim in (
        {"role": "recruiter"},
        {"groups": ["recruiter"]},
        {"vitae_roles": "Recruiter"},
        {"vitae_roles": {"recruiter": True}},
    ):
        with Rest(system.url, system.token("pretender", **claim)) as rest:
            assert rest.ask("GET", f"/profiles/{people.victim.ids.profile}").status_code == 404, claim


def test_nothing_of_the_victims_was_touched(system: LiveSystem, people: People) -> None:
    victim = people.victim
    with system.rest(**victim.who) as rest:
        assert rest.call("GET", f"/profiles/{victim.ids.profile}")["etag"] == "r1"
        assert rest.call("GET", f"/jobs/{victim.ids.posting}")["etag"] == "r1"
        assert rest.call("GET", f"/resumes/{victim.ids.document}")["version"] == 1
        assert rest.call("GET", f"/cover-letters/{victim.ids.letter}")["version"] == 1
        assert rest.call("GET", f"/exports/{victim.ids.export}")["state"]["status"] == "completed"
        link = httpx.get(victim.ids.link, trust_env=False)
        assert MARK.encode() in link.content


@pytest.mark.parametrize("path", ["/api/v1/profiles/import", "/api/v1/jobs", "/api/v1/exports"])
@pytest.mark.parametrize("signed_in", [True, False])
def test_a_body_of_20_mb_is_refused(
    system: LiveSystem, http: httpx.Client, path: str, signed_in: bool
) -> None:
    headers = {"Content-Type": "application/json"}
    if signed_in:
        headers["Authorization"] = f"Bearer {system.token()}"
    answer = http.post(path, content=b" " * 20_000_000, headers=headers)
    assert answer.status_code == 413
    assert answer.json()["code"] == "BODY_TOO_LARGE"
    assert http.get("/health").status_code == 200


def test_the_documentation_holds_no_secret_and_needs_no_token(http: httpx.Client) -> None:
    for path in ("/docs", "/openapi.json"):
        assert http.get(path).status_code == 200
    assert http.get("/docs/assets/../../../config.py").status_code == 404
    assert http.get("/docs/assets/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd").status_code == 404
