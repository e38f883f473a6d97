"""The main job over REST, as a client does it: any JSON Resume and any posting in, files in every form out."""

import hashlib
import io
import json
from pathlib import Path

import docx
import pypdf
import pytest

from tests.support.rest import POSTING, PROFILE, Json, Rest
from tests.support.system import LiveSystem

PEOPLE = Path(__file__).parents[1] / "data" / "jsonresume"

ODD: dict[str, Json] = {
    "greek-one-line": {
        "basics": {
            "name": "Ελένη Παπαδοπούλου",
            "label": "Μηχανικός λογισμικού",
            "summary": "Χτίζω συστήματα.",
        },
        "skills": [{"name": "Python"}, {"name": "PostgreSQL", "keywords": None}],
    },
    "hebrew-only-work": {
        "basics": {"name": "נועה לוי", "email": "noa@example.co.il"},
        "work": [
            {
                "name": "מעבדות צפון",
                "position": "מהנדסת תוכנה",
                "startDate": "2019",
                "highlights": ["הקמתי מערכת תשלומים ב-Python", "", None, "קיצרתי זמן בנייה ב-40%"],
            }
        ],
    },
    "polish-strange-shapes": {
        "basics": {
            "name": "Zażółć Gęślą-Jaźń",
            "profiles": {"network": "GitHub", "username": "zazolc"},
            "location": "Łódź",
            "phone": 48123456789,
        },
        "work": [
            {"company": "Żółw S.A.", "position": "Tester", "startDate": "2018-13", "endDate": "obecnie"}
        ],
        "education": [{"institution": "Politechnika Łódzka", "gpa": 4.5, "courses": "Bazy danych"}],
        "skills": ["SQL", {"name": "Selenium", "level": 3}],
        "languages": [{"language": "polski"}, "angielski"],
        "x-hobby": {"deep": [[[[[[{"a": [1, 2, {"b": None}]}]]]]]]},
    },
    "nothing-but-a-name": {"basics": {"name": "Õ"}},
    "very-long": {
        "basics": {"name": "Vigdís Þorvaldsdóttir", "summary": "Reynd. " * 300},
        "work": [
            {
                "name": f"Fyrirtæki {number}",
                "position": "Forritari",
                "startDate": f"{1990 + number}-01-15",
                "endDate": f"{1990 + number}-12-31",
                "highlights": [f"Hraðaði afgreiðslu um {step} % með Python." for step in range(6)],
            }
            for number in range(30)
        ],
    },
}


def readable(data: bytes, format: str) -> str:
    """The text of a file, after opening it as its readers do."""
    if format == "pdf":
        reader = pypdf.PdfReader(io.BytesIO(data), strict=True)
        return "\n".join(page.extract_text() for page in reader.pages)
    if format == "docx":
        document = docx.Document(io.BytesIO(data))
        cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
        return "\n".join([each.text for each in document.paragraphs] + cells)
    return data.decode("utf-8")


@pytest.fixture(scope="module")
def templates(system: LiveSystem) -> list[str]:
    with system.rest() as rest:
        return [each["id"] for each in rest.call("GET", "/templates")["templates"]]


def test_the_sample_goes_through_with_its_match_told(system: LiveSystem) -> None:
    with system.rest("sample") as rest:
        imported = rest.call("POST", "/profiles/import", 201, content=PROFILE)
        resume = rest.resume()

    assert imported["profile"]["display_name"]
    match = resume["match"]
    assert 0 < match["original_score"] <= match["tailored_score"] <= 1
    assert match["matched_skills"]
    assert not {each.lower() for each in match["added_skills"]} & {
        each.lower() for each in match["missing_skills"]
    }
    assert resume["structure"]["header"]["full_name"] == imported["profile"]["display_name"]
    assert imported["profile"]["display_name"] in resume["content_text"]


def test_every_template_makes_every_format(system: LiveSystem, templates: list[str]) -> None:
    with system.rest("formats") as rest:
        resume = rest.resume()
        name = resume["structure"]["header"]["full_name"]
        assert {"modern", "ats_optimized"} <= set(templates)
        for template in templates:
            for format in ("pdf", "docx", "html", "txt"):
                export = rest.export(resume["id"], format, template)
                data = rest.file(export)
                assert name in readable(data, format), (template, format)
                assert hashlib.sha256(data).hexdigest() == export["sha256"]
                assert len(data) == export["file_size_bytes"]
                assert export["template"] == template
                assert export["filename"].endswith(f".{format}")
                assert (export["page_count"] > 0) == (format == "pdf")


@pytest.mark.parametrize("name", sorted(path.stem for path in PEOPLE.glob("*.json")))
def test_files_of_many_lands_and_shapes_go_through(system: LiveSystem, name: str) -> None:
    _goes_through(system, name, (PEOPLE / f"{name}.json").read_bytes())


@pytest.mark.parametrize("name", ODD)
def test_files_nobody_expected_go_through(system: LiveSystem, name: str) -> None:
    _goes_through(system, name, json.dumps(ODD[name], ensure_ascii=False).encode())


def _goes_through(system: LiveSystem, name: str, file: bytes) -> None:
    with system.rest(f"person-{name}") as rest:
        profile = rest.imported(file)
        shown = profile["content"]["personal"]["full_name"]
        assert shown
        posting = rest.posting()
        resume = rest.call(
            "POST", "/resumes", 201, json={"profile_id": profile["id"], "job_posting_id": posting["id"]}
        )
        rest.call("GET", f"/resumes/{resume['id']}/json-resume")
        back = rest.ask("GET", f"/profiles/{profile['id']}/export")
        assert back.status_code == 200
        assert rest.imported(back.content)["content"] == profile["content"]
        for template, format in (("modern", "pdf"), ("ats_optimized", "docx"), ("modern", "txt")):
            text = readable(rest.file(rest.export(resume["id"], format, template)), format)
            assert text.strip()
            if format != "pdf":  # PDF text of right-to-left scripts is in visual order
                assert shown in text


def test_a_general_resume_needs_no_posting(system: LiveSystem) -> None:
    with system.rest("general") as rest:
        resume = rest.resume(text=None)
        assert resume["job_posting_id"] == ""
        assert rest.export(resume["id"], "txt")["file_size_bytes"] > 100


@pytest.mark.parametrize("kind", ["text/plain; charset=utf-8", "text/html", "application/json"])
def test_a_posting_may_be_text_or_a_page(system: LiveSystem, kind: str) -> None:
    page = "<h1>Data Engineer</h1><p>Requirements: 4+ years of <b>Python</b> and Apache Kafka.</p>"
    content = {"text/html": page, "application/json": json.dumps({"source_text": POSTING})}.get(kind, POSTING)
    with system.rest("postings") as rest:
        posting = rest.call("POST", "/jobs", 201, content=content.encode(), headers={"Content-Type": kind})
        assert posting["id"]
        skills = {each["skill"] for each in posting["analysis"]["skills"]}
        assert "Python" in skills, posting["analysis"]


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"not json",
        b'{"basics": ',
        b"[]",
        b'"text"',
        b'{"basics": "Maya"}',
        b'{"work": 5}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"basics":' * 5000 + b"1" + b"}" * 5000,
    ],
)
def test_a_broken_file_is_told_with_its_place(system: LiveSystem, file: bytes) -> None:
    with system.rest("broken") as rest:
        answer = rest.ask("POST", "/profiles/import", content=file)
    assert answer.status_code in {400, 422}, answer.text
    told = answer.json()
    assert told["errors"], told
    assert all(each["detail"] for each in told["errors"])
    places = [each["field"] for each in told["errors"]]
    assert all(place in {"", "body"} or place.startswith("/") for place in places)  # JSON pointers


def test_a_syntax_error_names_line_and_column(system: LiveSystem) -> None:
    with system.rest("broken") as rest:
        told = rest.ask("POST", "/profiles/import", content=b'{"basics": {\n  "name" "Maya"}}').json()
    assert "line 2" in json.dumps(told)


def test_characters_no_database_holds_do_not_break_an_import(system: LiveSystem) -> None:
    file = {
        "basics": {"name": "Ma\0ya Okonkwo", "summary": "a\0b", "label": "\0"},
        "work": [{"name": "\0", "position": "x\0", "highlights": ["\0", "done\0"]}],
        "x\0y": {"\ud800": "\0"},
    }
    with system.rest("nul") as rest:
        profile = rest.imported(json.dumps(file).encode())
        assert "\0" not in json.dumps(profile)
        resume = rest.call("POST", "/resumes", 201, json={"profile_id": profile["id"]})
        assert rest.export(resume["id"], "pdf")


def test_deeply_nested_extras_survive_every_way_out(system: LiveSystem) -> None:
    deep: object = "core"
    for _ in range(50):
        deep = {"a": [deep]} if isinstance(deep, str) else {"a": deep}
    file = {"basics": {"name": "Deep"}, "x-deep": deep}
    with system.rest("deep") as rest:
        profile = rest.imported(file)
        resume = rest.call("POST", "/resumes", 201, json={"profile_id": profile["id"]})
        rest.call("GET", f"/resumes/{resume['id']}/json-resume")
        assert rest.ask("GET", f"/profiles/{profile['id']}/export").status_code == 200


def test_previews_and_pictures(system: LiveSystem, templates: list[str]) -> None:
    with system.rest("previews") as rest:
        resume = rest.resume()
        body = {"document": {"resume": resume["structure"]}, "template": "modern", "width_px": 400}
        page = rest.ask("POST", "/previews", json=body)
        assert page.headers["Content-Type"] == "image/png"
        assert page.content.startswith(b"\x89PNG")
        pages = int(page.headers["X-Page-Count"])
        last = rest.ask("POST", "/previews", json=body, params={"page": pages})
        assert last.status_code == 200
        beyond = rest.ask("POST", "/previews", json=body, params={"page": pages + 1})
        assert beyond.status_code in {404, 422}, beyond.text
        for template in templates:
            picture = rest.ask("GET", f"/templates/{template}/preview.png", params={"width": 300})
            assert picture.content.startswith(b"\x89PNG"), template


def test_rankings_and_matches(system: LiveSystem) -> None:
    with system.rest("matching") as rest:
        ids = {"profile_id": rest.imported()["id"], "job_posting_id": rest.posting()["id"]}
        ranking = rest.call("GET", "/rankings", params=ids)
        assert ranking == rest.call("GET", "/rankings", params=ids)  # kept, not made anew
        match = rest.call("GET", "/matches", params=ids)
        assert 0 <= match["original_score"] <= 1
        assert match["skill_comparison"]


def test_the_developer_needs_no_account_system(system: LiveSystem) -> None:
    """Two people of one provider share nothing."""
    with system.rest("first") as first, system.rest("second") as second:
        profile = first.imported()
        assert [each["id"] for each in first.call("GET", "/profiles")["profiles"]] == [profile["id"]]
        assert second.call("GET", "/profiles") == {"profiles": [], "next_page_token": "", "total_size": 0}


def test_health_needs_no_token(system: LiveSystem) -> None:
    with Rest(system.url) as rest:
        assert rest.http.get("/health").json() == {"status": "ok"}
