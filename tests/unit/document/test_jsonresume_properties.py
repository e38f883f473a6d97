"""What holds for every JSON Resume file and every profile."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.document.jsonresume import export_profile, import_json_resume
from services.runtime.errors import InvalidArgument
from services.runtime.validation import violations
from tests.unit.document.profiles import JUNK, files, profiles, tidy_files
from vitae.resume.v1 import profile_pb2

quick = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def import_or_refusal(data: bytes | str) -> profile_pb2.ProfileContent | InvalidArgument:
    try:
        return import_json_resume(data)[0]
    except InvalidArgument as error:
        return error


def without_extensions(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_extensions(each) for name, each in value.items() if name != "x-vitae"}
    return [without_extensions(each) for each in value] if isinstance(value, list) else value


def reimported(profile: profile_pb2.ProfileContent) -> profile_pb2.ProfileContent:
    return import_json_resume(json.dumps(export_profile(profile)).encode())[0]


@quick
@given(profiles())
def test_every_profile_comes_back_from_its_export(profile: profile_pb2.ProfileContent) -> None:
    assert violations(profile) == []
    assert reimported(profile) == profile


@quick
@given(files())
def test_a_file_is_refused_by_name_or_becomes_a_valid_profile_that_round_trips(file: dict[str, Any]) -> None:
    imported = import_or_refusal(json.dumps(file))
    if isinstance(imported, InvalidArgument):
        assert imported.fields
        assert all(each.field == "" or each.field.startswith("/") for each in imported.fields)
    else:
        assert violations(imported) == []
        assert reimported(imported) == imported


@quick
@given(st.one_of(st.binary(max_size=200), JUNK.map(json.dumps), st.text(max_size=200)))
def test_junk_is_never_more_than_an_invalid_argument(data: bytes | str) -> None:
    imported = import_or_refusal(data)
    if isinstance(imported, InvalidArgument):
        assert imported.reason == "JSON_RESUME_INVALID"
    else:
        assert violations(imported) == []


@quick
@given(files())
def test_the_same_file_always_gives_the_same_profile(file: dict[str, Any]) -> None:
    first, second = (import_or_refusal(json.dumps(file)) for _ in range(2))
    assert str(first) == str(second)


@quick
@given(tidy_files())
def test_a_file_as_the_standard_writes_it_comes_back_key_for_key(file: dict[str, Any]) -> None:
    profile, _ = import_json_resume(json.dumps(file))
    exported = export_profile(profile)
    assert without_extensions(exported) == file
