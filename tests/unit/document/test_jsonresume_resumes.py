"""Resumes as JSON Resume."""

import json

from services.document.jsonresume import export_resume, import_json_resume
from tests.unit.document.documents import full_resume


def test_a_resume_becomes_json_resume_with_what_it_prints() -> None:
    resume = full_resume()
    resume.sections[2].experience.entries[0].achievements[0].alternates.append("Made it 40% faster")
    value, report = export_resume(resume)
    assert value["basics"]["name"] == "Ana Sørensen"
    assert value["basics"]["label"] == "Staff Engineer"
    assert value["basics"]["summary"] == "Builds payment systems. Leads small teams."
    job = value["work"][0]
    assert (job["name"], job["position"], job["startDate"], job["location"]) == (
        "Acme",
        "Engineer",
        "2021-03",
        "Porto",
    )
    assert "endDate" not in job
    assert job["highlights"] == ["Cut latency by 40%", "Hired four"]
    assert value["skills"][0]["keywords"] == ["C#", "Go"]
    assert value["education"][0]["courses"] == ["Optics"]
    assert value["certificates"][0]["credentialId"] == "XY-17"
    assert value["references"][0]["reference"] == "A careful reader."
    assert value["x-vitae"]["custom_sections"][0]["title"] == "Patents"
    messages = [each.message for each in report.findings]
    assert any("Patents" in each for each in messages)
    assert any("sources" in each for each in messages)
    assert any("other wordings" in each for each in messages)


def test_hidden_sections_are_left_out_and_named() -> None:
    resume = full_resume()
    resume.sections[3].hidden = True
    value, report = export_resume(resume)
    assert "projects" not in value
    assert any("hidden section projects" in each.message for each in report.findings)


def test_the_export_of_a_resume_is_a_file_that_imports() -> None:
    value, _ = export_resume(full_resume())
    profile, _ = import_json_resume(json.dumps(value))
    assert profile.experience[0].is_current
    assert [each.title for each in profile.custom_sections] == ["Patents"]
    assert profile.personal.github == "https://github.com/ana"
