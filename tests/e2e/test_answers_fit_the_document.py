"""What the running system answers is what its OpenAPI document says: each JSON answer is checked against its schema."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
from openapi_schema_validator import OAS31Validator

from tests.support.rest import Json, Rest
from tests.support.system import LiveSystem


class Checked(Rest):
    """A client that believes no answer before the document allows it."""

    document: Json
    seen: set[str]

    def ask(self, method: str, path: str, **content: Any) -> httpx.Response:
        """The answer, checked."""
        answer = super().ask(method, path, **content)
        pattern, operation = self._operation(method, answer.request.url.path)
        responses: Mapping[str, Json] = operation["responses"]
        told = responses.get(str(answer.status_code), responses["default"])
        kind = answer.headers.get("Content-Type", "").split(";")[0]
        if answer.content:
            assert kind in told.get("content", {}), (pattern, answer.status_code, kind)
            if kind.endswith("json"):
                schema = {"components": self.document["components"], **told["content"][kind]["schema"]}
                problems = [f"{each.json_path}: {each.message}" for each in _errors(schema, answer.json())]
                assert not problems, (pattern, problems[:5])
        self.seen.add(f"{method} {pattern} {answer.status_code}")
        return answer

    def _operation(self, method: str, path: str) -> tuple[str, Json]:
        fitting = [
            pattern
            for pattern, methods in self.document["paths"].items()
            if method.lower() in methods and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path)
        ]
        best = min(fitting, key=lambda pattern: pattern.count("{"))
        operation: Json = self.document["paths"][best][method.lower()]
        return best, operation


def _errors(schema: Json, value: Any) -> Iterator[Any]:
    errors: Iterator[Any] = OAS31Validator(schema).iter_errors(value)
    return errors


@pytest.fixture
def rest(system: LiveSystem) -> Iterator[Checked]:
    with Checked(system.url, system.token("checked")) as client:
        client.document = client.http.get("/openapi.json").json()
        client.seen = set()
        yield client


def test_every_answer_is_as_documented(rest: Checked) -> None:
    resume = rest.resume()
    ids = {"profile_id": resume["profile_id"], "job_posting_id": resume["job_posting_id"]}
    export = rest.export(resume["id"], "pdf")
    waiting = rest.call(
        "POST",
        "/exports",
        202,
        json={"document_id": resume["id"], "format": "html"},
        headers={"Prefer": "respond-async"},
    )
    rest.ended(waiting["id"])
    rest.call(
        "POST", "/exports/batch", 202, json={"requests": [{"document_id": resume["id"], "format": "txt"}]}
    )
    rest.call("PATCH", f"/profiles/{ids['profile_id']}", json={"display_name": "x"})
    for path in (
        "/profiles",
        f"/profiles/{ids['profile_id']}",
        f"/profiles/{ids['profile_id']}/export",
        "/jobs",
        f"/jobs/{ids['job_posting_id']}",
        f"/jobs/{ids['job_posting_id']}/exports",
        "/resumes",
        f"/resumes/{resume['id']}",
        f"/resumes/{resume['id']}/json-resume",
        f"/resumes/{resume['id']}/versions",
        f"/resumes/{resume['id']}/versions/1",
        f"/resumes/{resume['id']}/diff?base=1",
        "/templates",
        "/templates/modern",
        "/templates/modern/preview.png?width=100",
        "/exports",
        f"/exports/{export['id']}",
        "/usage",
    ):
        assert rest.ask("GET", path).status_code == 200, path
    for path in ("/rankings", "/matches"):
        rest.call("GET", path, params=ids)
    many = {"job_posting_id": ids["job_posting_id"], "profile_ids": [ids["profile_id"]]}
    assert rest.ask("POST", "/matches/batch", json=many).json()["rank"] == 1
    preview = {"document": {"resume": resume["structure"]}, "width_px": 100}
    assert rest.ask("POST", "/previews", json=preview).status_code == 200
    assert rest.ask("GET", f"/exports/{export['id']}/download").status_code == 302
    assert rest.ask("POST", f"/exports/{export['id']}/retry").status_code == 409
    assert rest.ask("POST", f"/exports/{export['id']}/cancel").status_code == 200
    assert rest.ask("DELETE", f"/exports/{export['id']}").status_code == 204
    assert rest.ask("GET", f"/exports/{export['id']}").status_code == 404
    assert rest.ask("POST", "/exports", json={"format": "clay"}).status_code == 422
    assert len(rest.seen) > 30, sorted(rest.seen)
