"""JSON Resume files of many ages, languages and shapes, and broken ones."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from services.document.jsonresume import export_profile, import_json_resume
from services.runtime.errors import InvalidArgument
from vitae.resume.v1 import common_pb2, profile_pb2

FILES = Path(__file__).parents[2] / "data" / "jsonresume"


def imported(name: str) -> profile_pb2.ProfileContent:
    return import_json_resume((FILES / f"{name}.json").read_bytes())[0]


def import_of(value: Any) -> profile_pb2.ProfileContent:
    return import_json_resume(json.dumps(value))[0]


def refusal(data: bytes | str | dict[str, Any]) -> InvalidArgument:
    with pytest.raises(InvalidArgument) as caught:
        import_json_resume(json.dumps(data) if isinstance(data, dict) else data)
    assert caught.value.reason == "JSON_RESUME_INVALID"
    return caught.value


@pytest.mark.parametrize("file", sorted(FILES.glob("*.json")), ids=lambda file: file.stem)
def test_a_file_in_any_language_and_shape_round_trips(file: Path) -> None:
    profile, _ = import_json_resume(file.read_bytes())
    exported = export_profile(profile)
    assert profile.personal.full_name
    assert import_json_resume(json.dumps(exported))[0] == profile


@pytest.mark.parametrize("file", sorted(FILES.glob("*.json")), ids=lambda file: file.stem)
def test_the_export_holds_every_word_of_the_file(file: Path) -> None:
    exported = json.dumps(export_profile(import_json_resume(file.read_bytes())[0]), ensure_ascii=False)
    for pointer, text in texts(json.loads(file.read_bytes())):
        if any(part in pointer for part in ("Date", "date")):
            continue  # a date is written anew; the profile holds the same day
        for word in re.findall(r"\w+", text):
            assert word in exported, pointer


def texts(value: Any, pointer: str = "") -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [each for key, held in value.items() for each in texts(held, f"{pointer}/{key}")]
    if isinstance(value, list):
        return [each for index, held in enumerate(value) for each in texts(held, f"{pointer}/{index}")]
    return [(pointer, value)] if isinstance(value, str) and value.strip() and '"' not in value else []


def test_japanese_dates_lists_and_plain_skills() -> None:
    profile = imported("japanese")
    first, second = profile.experience
    assert first.start_date == common_pb2.PartialDate(year=2018, month=4)
    assert first.is_current
    assert not first.HasField("end_date")
    assert second.start_date == common_pb2.PartialDate(year=2014, month=4)
    assert [each.name for each in first.technologies] == ["Go", "PostgreSQL"]
    assert [each.name for each in profile.skill_groups] == ["Go", "PostgreSQL", "Kubernetes"]
    assert [each.language for each in profile.languages] == ["日本語", "英語"]
    assert profile.personal.location.text == "東京都 港区"
    assert profile.personal.github == "https://github.com/kiritani-example"


def test_arabic_digits_months_and_words_for_now() -> None:
    first, second = imported("arabic").experience
    assert first.start_date == common_pb2.PartialDate(year=2021, month=1)
    assert first.is_current
    assert [each.text for each in first.achievements] == [
        "خفّضت زمن إعداد التقارير بنسبة 30%",
        "درّبت خمسة محللين",
    ]
    assert second.end_date == common_pb2.PartialDate(year=2020, month=12)
    assert not second.is_current


def test_older_keys_are_read() -> None:
    profile = imported("before-one")
    job = profile.experience[0]
    assert (job.company, job.title, job.url) == (
        "Fynbos Press",
        "Senior Editor",
        "http://fynbospress.example.net",
    )
    assert job.is_current
    assert profile.experience[1].start_date == common_pb2.PartialDate(year=2008)
    assert profile.personal.website == "http://thandeka.example.net"
    assert profile.personal.photo.url == "http://images.example.net/thandeka.jpg"
    assert profile.personal.phone == "27115550123"
    assert profile.personal.linkedin == "https://www.linkedin.com/in/thandeka-mp"
    assert [each.username for each in profile.personal.links] == ["thandeka-mp"]
    assert profile.education[0].gpa == "78%"
    assert profile.languages[0].language == "isiXhosa"
    assert profile.publications[0].url == "http://notes.example.net"


def test_german_file_with_lists_numbers_and_maps() -> None:
    profile, report = import_json_resume((FILES / "german.json").read_bytes())
    assert profile.personal.full_name == "Jörg Weißenböck"
    assert profile.personal.email == "joerg@example.de"
    assert json.loads(profile.personal.extras["email"]) == ["joerg@example.de", "jw@example.com"]
    assert profile.personal.location.postal_code == "80331"
    assert profile.personal.linkedin == "https://www.linkedin.com/in/joerg-weissenboeck"
    assert profile.experience[1].start_date == common_pb2.PartialDate(year=2011, month=9, day=1)
    assert profile.education[0].gpa == "1.70"
    assert profile.certifications[0].date == common_pb2.PartialDate(year=2014, text="WS 2014")
    assert profile.volunteer[0].is_current
    outcomes = {each.pointer: each.outcome for each in report.findings}
    assert outcomes["/basics/email"] == "kept"
    assert outcomes["/education/0/score"] == "converted"


def test_nulls_and_empty_strings_leave_nothing_behind() -> None:
    profile, report = import_json_resume((FILES / "nulls.json").read_bytes())
    assert [each.company for each in profile.experience] == ["Vėjas UAB"]
    assert not profile.experience[0].is_current
    assert [each.name for each in profile.skill_groups] == ["Excel"]
    assert [*profile.awards, *profile.references, *profile.interests, *profile.extras] == []
    assert report.findings == ()


def test_unknown_keys_are_kept_and_named() -> None:
    profile, report = import_json_resume((FILES / "unknown-keys.json").read_bytes())
    assert json.loads(profile.extras["patents"]) == [{"title": "Bisagra", "number": "ES-000"}]
    assert profile.experience[0].id == "job-b"
    assert profile.experience[1].id == "exp-2"
    assert json.loads(profile.experience[0].extras["location"]) == {"floor": 3}
    kept = {each.pointer for each in report.findings if each.outcome == "kept"}
    assert {"/patents", "/a~1b~0c", "/basics/pronouns", "/work/0/teamSize"} <= kept
    assert any(each.pointer == "/work/1" and "twice" in each.message for each in report.findings)


def test_a_picture_is_read_from_the_file_and_never_fetched() -> None:
    profile = imported("french")
    assert profile.personal.photo.content_type == "image/png"
    assert profile.personal.photo.data.startswith(b"\x89PNG")


def test_ids_are_given_in_order_and_kept() -> None:
    profile = import_of(
        {"work": [{"name": "A", "highlights": ["x", "y"]}, {"id": "mine", "name": "B", "highlights": ["z"]}]}
    )
    assert [each.id for each in profile.experience] == ["exp-1", "mine"]
    assert [each.id for job in profile.experience for each in job.achievements] == [
        "exp-1-a1",
        "exp-1-a2",
        "mine-a1",
    ]


def test_an_edited_file_wins_over_the_extension() -> None:
    profile = profile_pb2.ProfileContent()
    profile.experience.add(id="exp-1", company="Acme", description="old", enhanced_description="better")
    file = export_profile(profile)
    assert import_of(file) == profile
    file["work"][0]["summary"] = "typed by hand"
    edited, report = import_json_resume(json.dumps(file))
    assert edited.experience[0].description == "typed by hand"
    assert edited.experience[0].enhanced_description == ""
    assert [each.pointer for each in report.findings] == ["/work/0/x-vitae"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "line 1, column 1"),
        (b"{", "line 1"),
        (b'{"basics": {"name": "A",}}', "line 1"),
        (b"\xff\xfe\xff", "not UTF"),
        (b'{"name": "\xe9"}', "save the file as UTF-8"),
        ("[]", "a list"),
        ('"resume"', "text"),
        ("null", "null"),
        ("[" * 100_000, "nested deeper"),
        ('{"a":' * 100_000, "nested deeper"),
        (b" " * (4 * 1024 * 1024 + 1), "larger than 4 MiB"),
        ("%PDF-1.7", "line 1"),
    ],
    ids=[
        "empty",
        "cut",
        "comma",
        "bytes",
        "latin-1",
        "list",
        "text",
        "null",
        "lists",
        "objects",
        "large",
        "pdf",
    ],
)
def test_a_broken_file_says_what_is_wrong(data: bytes | str, words: str) -> None:
    assert words in refusal(data).message


@pytest.mark.parametrize(
    ("file", "pointer", "words"),
    [
        ({"work": {"name": "A"}}, "/work", "brackets"),
        ({"work": "A job"}, "/work", "must be a list"),
        ({"basics": []}, None, ""),
        ({"basics": "Ana"}, "/basics", "must be an object"),
        ({"work": ["A job"]}, "/work/0", "must be an object"),
        ({"work": [{"name": {"a": 1}}]}, "/work/0/name", "must be text"),
        ({"work": [{"name": True}]}, "/work/0/name", "must be text"),
        ({"work": [{"highlights": [{"a": 1}]}]}, "/work/0/highlights/0", "must be text"),
        ({"work": [{"highlights": ["a", "x" * 4001]}]}, "/work/0/highlights/1", "at most 4000 characters"),
        ({"work": [{"highlights": ["a"] * 201}]}, "/work/0/highlights", "at most 200 entries"),
        ({"work": [{"name": "a"}] * 201}, "/work", "at most 200 entries"),
        ({"basics": {"summary": "x" * 10_001}}, "/basics/summary", "at most 10000 characters"),
        ({"education": [{"courses": ["x" * 501]}]}, "/education/0/courses/0", "at most 500 characters"),
        ({"basics": {"profiles": [7]}}, "/basics/profiles/0", "must be an object"),
        ({"basics": {"location": {"city": "x" * 201}}}, "/basics/location/city", "at most 200 characters"),
    ],
)
def test_a_hopeless_value_is_refused_by_its_pointer(
    file: dict[str, Any], pointer: str | None, words: str
) -> None:
    if pointer is None:
        assert import_of(file) == profile_pb2.ProfileContent()
        return
    fields = {each.field: each.description for each in refusal(file).fields}
    assert words in fields[pointer]


def test_all_errors_come_at_once() -> None:
    error = refusal({"work": [{"name": {"a": 1}, "position": {"b": 2}}], "skills": {"c": 3}})
    assert [each.field for each in error.fields] == ["/work/0/name", "/work/0/position", "/skills"]


def test_a_picture_over_two_mebibytes_is_refused() -> None:
    picture = base64.b64encode(b"\x00" * (2 * 1024 * 1024 + 1)).decode()
    error = refusal({"basics": {"image": f"data:image/png;base64,{picture}"}})
    assert error.fields[0].field == "/basics/image"
    assert "at most 2 MiB" in error.fields[0].description


def test_other_pictures_are_kept_as_they_stood() -> None:
    for image in ("data:image/webp;base64,AAAA", "data:image/png;base64,***", "data:text/html,<script>"):
        profile, report = import_json_resume(json.dumps({"basics": {"image": image}}))
        assert not profile.personal.photo.data
        assert json.loads(profile.personal.extras["image"]) == image
        assert [each.pointer for each in report.findings] == ["/basics/image"]


def test_broken_characters_are_removed_and_reported() -> None:
    profile, report = import_json_resume('{"basics": {"name": "A\\u0000n\\u001ba", "label": "x\\ud800y"}}')
    assert profile.personal.full_name == "Ana"
    assert profile.personal.headline == "x\ufffdy"
    assert {each.pointer: each.outcome for each in report.findings} == {
        "/basics/name": "cleaned",
        "/basics/label": "cleaned",
    }


def test_numbers_no_reader_agrees_on_are_text_or_left_out() -> None:
    data = (
        '{"basics": {"name": NaN, "phone": ' + "9" * 5000 + '}, "big": 1e999, "work": [{"name": -Infinity}]}'
    )
    fields = {each.field for each in refusal(data).fields}
    assert fields == {"/basics/phone"}
    profile, _ = import_json_resume('{"education": [{"score": 3.50}, {"score": 123456789012345678901}]}')
    assert [each.gpa for each in profile.education] == ["3.50", "123456789012345678901"]


def test_of_a_repeated_key_the_last_counts_and_it_is_said() -> None:
    profile, report = import_json_resume('{"basics": {"name": "A", "name": "B"}}')
    assert profile.personal.full_name == "B"
    assert [(each.pointer, each.outcome) for each in report.findings] == [("/basics/name", "dropped")]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_files_saved_by_windows_editors_are_read(encoding: str) -> None:
    profile, _ = import_json_resume('{"basics": {"name": "Žofie"}}'.encode(encoding))
    assert profile.personal.full_name == "Žofie"


def test_a_large_file_of_junk_is_answered_quickly() -> None:
    junk = json.dumps({"skills": [1] * 500_000, "x": {f"k{number}": "v" for number in range(100_000)}})
    assert [each.field for each in refusal(junk).fields] == ["/skills"]


def test_a_file_full_of_equal_long_ids_is_read_quickly() -> None:
    jobs = [{"id": "x" * 60 + f"{number:04}", "highlights": ["a"] * 200} for number in range(200)]
    profile = import_of({"work": jobs})
    ids = [each.id for job in profile.experience for each in job.achievements]
    assert len(set(ids)) == 40_000
    assert max(map(len, ids)) <= 64
