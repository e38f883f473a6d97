"""The REST API's document: valid OpenAPI 3.1, complete, true to the contracts, and not changed by accident."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from gateway import examples
from gateway.app import DOCS_POLICY, document
from gateway.protojson import from_json
from services.runtime.validation import validate
from tests.support.gateway import gateway
from tests.support.messages import message_types
from vitae.generation.v1 import cover_letters_pb2, matching_pb2, resumes_pb2
from vitae.render.v1 import render_pb2
from vitae.resume.v1 import profile_pb2
from vitae.storage.v1 import exports_pb2

SNAPSHOT = Path(__file__).parent / "openapi.json"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def described() -> Json:
    return document()


def operations(described: Json) -> Iterator[tuple[str, Json]]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_the_document_is_the_one_in_the_repository(described: Json) -> None:
    """A change here is a change for clients: look at the difference, then run `make openapi`."""
    assert json.loads(json.dumps(described)) == json.loads(SNAPSHOT.read_text("utf-8"))


def test_the_document_is_valid(described: Json) -> None:
    assert described["openapi"] == "3.1.0"
    problems = list(OpenAPIV31SpecValidator(described).iter_errors())
    assert not problems, [each.message for each in problems]


def test_every_operation_is_told_of(described: Json) -> None:
    tags = {each["name"] for each in described["tags"]}
    for name, operation in operations(described):
        assert operation["summary"].strip(), name
        assert not operation["summary"].endswith("."), name
        assert operation["description"].strip(), name
        assert len(operation["tags"]) == 1, name
        assert set(operation["tags"]) <= tags, name
        assert re.fullmatch(r"[a-z]+_[a-z_]+", operation["operationId"]), name
        assert "default" in operation["responses"], name
        for parameter in operation.get("parameters", []):
            documented = parameter.get("description") or parameter["in"] == "path"
            assert documented, (name, parameter["name"])
    ids = Counter(operation["operationId"] for _, operation in operations(described))
    assert max(ids.values()) == 1, ids.most_common(3)


def test_everything_but_health_and_links_asks_for_a_token(described: Json) -> None:
    free = {name for name, operation in operations(described) if not operation.get("security")}
    assert free == {"GET /health", "GET /api/v1/exports/download/{filename}"}


def test_every_body_has_a_schema_and_an_example(described: Json) -> None:
    for name, operation in operations(described):
        for kind, content in operation.get("requestBody", {}).get("content", {}).items():
            assert content["schema"], (name, kind)
            if kind == "application/json":
                assert content.get("example") or content.get("examples"), name


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (examples.PROFILE, profile_pb2.Profile),
        (examples.PROFILE_CHANGE, profile_pb2.Profile),
        (examples.MATCHES, matching_pb2.MatchProfilesRequest),
        (examples.RESUME, resumes_pb2.GenerateResumeRequest),
        (examples.RESUME_CHANGE, resumes_pb2.Resume),
        (examples.COVER_LETTER, cover_letters_pb2.GenerateCoverLetterRequest),
        (examples.COVER_LETTER_CHANGE, cover_letters_pb2.CoverLetter),
        (examples.EXPORT, exports_pb2.CreateExportRequest),
        (examples.BATCH, exports_pb2.BatchCreateExportsRequest),
        (examples.PREVIEW, render_pb2.PreviewPagesRequest),
    ],
)
def test_the_examples_are_good_bodies(described: Json, given: examples.Examples, kind: Any) -> None:
    schema = {**described, "$ref": f"#/components/schemas/{kind.DESCRIPTOR.name}"}
    for each in given.values():
        message = from_json(each["value"], kind)
        if given is not examples.PROFILE_CHANGE:  # a change need not be a whole profile
            validate(message)
            assert not list(OAS31Validator(schema).iter_errors(each["value"]))


def test_no_two_messages_share_a_name() -> None:
    """Components are named by message alone."""
    names = Counter(kind.DESCRIPTOR.name for kind in message_types())
    assert max(names.values()) == 1, names.most_common(3)


def test_every_component_is_described(described: Json) -> None:
    for name, schema in described["components"]["schemas"].items():
        assert schema["description"], name
        for field, about in schema["properties"].items():
            assert name == "Problem" or about["description"], (name, field)


async def test_the_page_of_the_documentation_needs_nothing_from_elsewhere() -> None:
    async with gateway() as made:
        transport = httpx.ASGITransport(made.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://vitae.test") as http:
            page = await http.get("/docs")
            used = re.findall(r'(?:href|src)="([^"]+)"|url: \'([^\']+)\'', page.text)
            addresses = ["".join(each) for each in used]
            assets = [await http.get(each) for each in addresses if each.startswith("/")]
    assert page.status_code == 200
    assert page.headers["Content-Security-Policy"] == DOCS_POLICY
    assert "http" not in DOCS_POLICY
    assert not re.search(r"(https?:)?//[a-z0-9-]+\.", page.text.split("<script>")[0])
    assert '"validatorUrl": null' in page.text
    assert len(assets) == 3
    assert [each.status_code for each in assets] == [200, 200, 200]
    css = next(each for each in assets if each.headers["Content-Type"].startswith("text/css"))
    assert not re.search(r"url\(\s*['\"]?(https?:)?//|@import", css.text)
    assert resources.files("fastapi_offline").joinpath("static").is_dir()
