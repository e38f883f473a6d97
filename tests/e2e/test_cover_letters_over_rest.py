"""A cover letter over REST, from profile and posting to files in every format, and back through its versions."""

import io
import zipfile
from collections.abc import Iterator

import pypdf
import pytest

from tests.support.rest import Json, Rest
from tests.support.system import LiveSystem

FORMATS = ("pdf", "docx", "html", "txt", "markdown")


@pytest.fixture
def rest(system: LiveSystem) -> Iterator[Rest]:
    with system.rest("letter-writer") as client:
        yield client


def written(rest: Rest, **more: object) -> Json:
    body = {"profile_id": rest.imported()["id"], "job_posting_id": rest.posting()["id"], **more}
    return rest.call("POST", "/cover-letters", 201, json=body)


def words_of(file: bytes, format: str) -> str:
    """All words of a file, with single spaces."""
    if format == "pdf":
        text = "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(file)).pages)
    elif format == "docx":
        text = zipfile.ZipFile(io.BytesIO(file)).read("word/document.xml").decode()
    else:
        text = file.decode()
    return " ".join(text.split())


def test_a_letter_comes_out_in_every_format(rest: Rest) -> None:
    letter = written(rest, tone="warm", recipient_name="Ms Ada Ng")
    assert letter["generation"]["tone"] == "warm"
    sentence = letter["structure"]["paragraphs"][1]["lines"][0]["text"]
    for format in FORMATS:
        export = rest.export(letter["id"], format)
        assert export["document_type"] == "cover_letter"
        assert export["filename"].startswith("cover_letter_modern_")
        words = words_of(rest.file(export), format)
        assert "Dear Ms Ng," in words, format
        assert sentence.split(",")[0] in words, format
        assert letter["structure"]["signature"] in words, format


@pytest.mark.parametrize("template", ["modern", "classic", "creative", "ats_optimized"])
def test_a_composed_letter_fits_one_page(rest: Rest, template: str) -> None:
    assert rest.export(written(rest)["id"], "pdf", template)["page_count"] == 1


def test_an_export_after_a_save_holds_the_edit_and_the_versions_lead_back(rest: Rest) -> None:
    letter = written(rest)
    change = {"structure": {"closing": {"text": "See you soon,"}}}
    path = f"/cover-letters/{letter['id']}"
    mask = {"update_mask": "structure.closing", "note": "friendlier"}
    saved = rest.call("PATCH", path, json=change, params=mask, headers={"If-Match": letter["etag"]})
    assert saved["version"] == 2
    assert saved["structure"]["paragraphs"] == letter["structure"]["paragraphs"]
    assert b"See you soon," in rest.file(rest.export(letter["id"], "txt"))
    rest.problem(
        "PATCH", path, 412, "ETAG_MISMATCH", json=change, params=mask, headers={"If-Match": letter["etag"]}
    )
    versions = rest.call("GET", f"{path}/versions")["versions"]
    assert [(each["version"], each["note"]) for each in versions] == [(2, "friendlier"), (1, "")]
    told = rest.call("GET", f"{path}/diff", params={"base": 1})
    assert [each["place"] for each in told["changes"]] == ["Closing"]
    restored = rest.call("POST", f"{path}/versions/1/restore", headers={"If-Match": saved["etag"]})
    assert restored["version"] == 3
    assert rest.call("GET", path)["structure"] == letter["structure"]
    assert (
        rest.call("GET", f"{path}/versions/2")["document"]["cover_letter"]["closing"]["text"]
        == "See you soon,"
    )


def test_letters_are_listed_and_deleted(system: LiveSystem) -> None:
    with system.rest("letter-lister") as rest:
        resume = rest.resume()
        letter = written(rest)
        listed = rest.call("GET", "/cover-letters")
        assert [each["id"] for each in listed["cover_letters"]] == [letter["id"]]
        assert listed["total_size"] == 1
        rest.call("DELETE", f"/cover-letters/{letter['id']}", 204, headers={"If-Match": letter["etag"]})
        rest.problem("GET", f"/cover-letters/{letter['id']}", 404, "COVER_LETTER_NOT_FOUND")
        body = {"document_id": letter["id"], "format": "pdf"}
        rest.problem("POST", "/exports", 404, "DOCUMENT_NOT_FOUND", json=body)
        assert rest.call("GET", "/resumes")["resumes"][0]["id"] == resume["id"]


def test_wishes_that_cannot_be_met_name_the_field(rest: Rest) -> None:
    body = {"profile_id": rest.imported()["id"], "job_posting_id": rest.posting()["id"]}
    told = rest.problem(
        "POST", "/cover-letters", 422, "LETTER_LANGUAGE_UNKNOWN", json={**body, "options": {"locale": "ja"}}
    )
    assert [each["field"] for each in told["errors"]] == ["options.locale"]
    assert rest.ask("POST", "/cover-letters", json={**body, "tone": "shouted"}).status_code == 422
