"""Every shape that existing clients were promised, built from a real document and checked field by field."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from services.runtime.errors import InvalidArgument, NotFound
from tests.support.editing import generated, imported, posted, save
from tests.support.generation_service import Caller, GenerationHarness
from vitae.generation.v1 import (
    client_shapes_pb2,
    cover_letters_pb2,
    postings_pb2,
    resumes_pb2,
)

Json = dict[str, Any]
GENERATION = client_shapes_pb2.CLIENT_SHAPE_KIND_GENERATION
TAILORED = client_shapes_pb2.CLIENT_SHAPE_KIND_TAILORED_RESUME
OPTIMIZED = client_shapes_pb2.CLIENT_SHAPE_KIND_OPTIMIZED_RESUME
IMPROVEMENTS = {"keyword_addition", "reordering", "rewording", "emphasis", "removal", "formatting"}


async def shape(caller: Caller, document_id: str, kind: int) -> Json:
    request = client_shapes_pb2.GetClientShapeRequest(document_id=document_id, kind=kind)  # type: ignore[arg-type]
    value: Json = json.loads((await caller.shapes.GetClientShape(request)).json)
    return value


def is_time(text: str) -> bool:
    return text.endswith("Z") and datetime.fromisoformat(text) is not None


def has_fields(value: Mapping[str, Any], names: str) -> None:
    assert set(value) == set(names.split()), set(value) ^ set(names.split())


async def test_a_resume_is_a_generation_of_the_mobile_client(generation: GenerationHarness) -> None:
    maya = generation.user()
    resume = await generated(maya)
    value = await shape(maya, resume.id, GENERATION)
    has_fields(
        value,
        "generation_id job_id ranking_id document_type status content_text content_structured ats_score "
        "ats_feedback llm_metadata created_at",
    )
    assert value["generation_id"] == resume.id
    assert value["job_id"] == resume.job_posting_id
    assert value["ranking_id"] == resume.ranking_id
    assert str(UUID(value["ranking_id"])) == resume.ranking_id
    assert (value["document_type"], value["status"]) == ("resume", "completed")
    assert value["content_text"] == resume.content_text
    assert value["ats_score"] == round(100 * resume.match.tailored_score, 1)
    assert 0 < value["ats_score"] <= 100
    assert all(each in value["ats_feedback"] for each in resume.match.missing_skills)
    has_fields(
        value["llm_metadata"],
        "provider model iterations input_tokens output_tokens composer_version tone duration_seconds",
    )
    assert value["llm_metadata"]["provider"] is None
    assert is_time(value["created_at"])


async def test_content_structured_is_a_json_text_of_the_clients_fields(generation: GenerationHarness) -> None:
    maya = generation.user()
    resume = await generated(maya)
    text = (await shape(maya, resume.id, GENERATION))["content_structured"]
    assert isinstance(text, str)
    content = json.loads(text)
    has_fields(content, "header sections metadata")
    has_fields(content["header"], "name title email phone location linkedin github website")
    assert content["header"]["title"] == resume.structure.header.title.text
    assert content["header"]["name"] == resume.structure.header.full_name
    by_type = {each["type"]: each for each in content["sections"]}
    assert set(by_type) == {"professional_summary", "skills", "experience", "projects", "education"}
    has_fields(by_type["professional_summary"], "type content")
    categories = by_type["skills"]["categories"]
    for category in categories:
        has_fields(category, "name items")
        assert category["items"]
    names = [each["name"] for each in categories]
    assert names[0] == "Technical Skills"
    assert set(names) <= {"Technical Skills", "Soft Skills", "Languages", "Certifications"}
    for job in by_type["experience"]["entries"]:
        has_fields(
            job,
            "id title company location start_date end_date is_current description achievements",
        )
        assert job["end_date"] == "Present" if job["is_current"] else job["end_date"]
        assert isinstance(job["achievements"], list)
    assert any(job["is_current"] for job in by_type["experience"]["entries"])
    shown = next(each.experience for each in resume.structure.sections if each.HasField("experience"))
    assert [each["id"] for each in by_type["experience"]["entries"]] == [each.id for each in shown.entries]
    for project in by_type["projects"]["entries"]:
        has_fields(project, "id name description technologies url start_date end_date")
        assert isinstance(project["technologies"], list)
    for study in by_type["education"]["entries"]:
        has_fields(study, "id degree field_of_study institution start_date end_date gpa honors")
    metadata = content["metadata"]
    has_fields(metadata, "total_years_experience top_skills industries total_projects total_certifications")
    assert len(metadata["top_skills"]) <= 10
    assert len(metadata["industries"]) <= 5
    assert metadata["total_years_experience"] == resume.structure.metadata.total_years_experience
    for achievement in (line.text for job in shown.entries for line in job.achievements):
        assert achievement in text


async def test_the_generation_follows_an_edit(generation: GenerationHarness) -> None:
    maya = generation.user()
    resume = await generated(maya)
    edit = resumes_pb2.Resume(id=resume.id, etag=resume.etag)
    edit.structure.header.full_name = "Maya O."
    await save(maya, edit, ["structure.header.full_name"])
    content = json.loads((await shape(maya, resume.id, GENERATION))["content_structured"])
    assert content["header"]["name"] == "Maya O."


async def test_a_cover_letter_is_a_generation_too(generation: GenerationHarness) -> None:
    maya = generation.user()
    profile, posting = await imported(maya), await posted(maya)
    letter = await maya.letters.GenerateCoverLetter(
        cover_letters_pb2.GenerateCoverLetterRequest(profile_id=profile.id, job_posting_id=posting.id)
    )
    value = await shape(maya, letter.id, GENERATION)
    assert (value["generation_id"], value["document_type"]) == (letter.id, "cover_letter")
    assert value["job_id"] == posting.id
    assert value["ats_score"] == round(100 * letter.match_score, 1)
    assert value["llm_metadata"]["tone"] == "professional"
    content = json.loads(value["content_structured"])
    section = content["sections"][0]
    has_fields(section, "type date recipient subject salutation paragraphs closing signature")
    assert section["type"] == "cover_letter"
    assert section["paragraphs"][0].startswith("I am applying for")
    assert len(section["paragraphs"]) == len(letter.structure.paragraphs)
    for kind in (TAILORED, OPTIMIZED):
        with pytest.raises(NotFound):
            await shape(maya, letter.id, kind)


async def test_a_resume_is_a_tailored_resume_of_the_portal(generation: GenerationHarness) -> None:
    maya = generation.user()
    resume = await generated(maya)
    value = await shape(maya, resume.id, TAILORED)
    has_fields(
        value,
        "id tailor_id candidate_id job_posting_id status original tailored job analysis improvements "
        "score_improvement iterations_used ai_provider ai_model processing_duration_seconds created_at completed_at "
        "processing_error processing_step processing_progress",
    )
    assert (value["id"], value["tailor_id"]) == (resume.id, resume.id)
    assert value["candidate_id"] == resume.profile_id
    assert value["status"] == "completed"
    has_fields(value["original"], "content_markdown keywords match_score")
    has_fields(value["tailored"], "content_markdown content_html keywords match_score")
    name = resume.structure.header.full_name
    for side in ("original", "tailored"):
        assert value[side]["content_markdown"].startswith(f"# {name}\n")
        assert 0 <= value[side]["match_score"] <= 1
    assert value["original"]["content_markdown"] != value["tailored"]["content_markdown"]
    assert f"<h1>{name}</h1>" in value["tailored"]["content_html"]
    assert value["tailored"]["match_score"] == resume.match.tailored_score
    assert value["score_improvement"] == round(
        value["tailored"]["match_score"] - value["original"]["match_score"], 4
    )
    assert set(value["tailored"]["keywords"]) - set(value["original"]["keywords"]) == set(
        value["analysis"]["added_skills"]
    )
    has_fields(value["job"], "id title company keywords")
    assert (value["job"]["title"], value["job"]["company"]) == (resume.job_title, resume.company)
    assert value["job"]["keywords"]
    has_fields(value["analysis"], "matched_skills missing_skills added_skills skill_comparison")
    for row in value["analysis"]["skill_comparison"]:
        has_fields(row, "skill resume_mentions job_mentions status")
        assert row["status"] in {"matched", "missing", "extra"}
    assert value["improvements"]
    for each in value["improvements"]:
        has_fields(each, "section type description before after")
        assert each["type"] in IMPROVEMENTS
    assert value["processing_progress"] == 100
    assert value["processing_error"] is None
    assert (value["ai_provider"], value["ai_model"], value["iterations_used"]) == (None, None, 0)
    assert value["processing_duration_seconds"] >= 0
    assert is_time(value["created_at"])
    assert is_time(value["completed_at"])


async def test_the_posting_goes_and_the_tailored_resume_keeps_its_name(generation: GenerationHarness) -> None:
    maya = generation.user()
    resume = await generated(maya)
    await maya.postings.DeleteJobPosting(postings_pb2.DeleteJobPostingRequest(id=resume.job_posting_id))
    value = await shape(maya, resume.id, TAILORED)
    assert value["job_posting_id"] is None
    assert value["job"]["title"] == resume.job_title
    assert value["job"]["keywords"]


async def test_a_resume_is_an_optimized_resume_of_the_editor(generation: GenerationHarness) -> None:
    maya = generation.user()
    resume = await generated(maya)
    value = await shape(maya, resume.id, OPTIMIZED)
    has_fields(
        value,
        "id user_id original_resume_id job_analysis_id title optimized_content optimization_summary match_score "
        "improvements_made keywords_added skills_highlighted structured_output qa_metrics export_formats created_at "
        "updated_at",
    )
    assert value["user_id"] == str(maya.identity.user_id)
    assert value["original_resume_id"] == resume.profile_id
    assert value["job_analysis_id"] == resume.job_posting_id
    assert value["title"] == resume.title
    assert value["optimized_content"] == resume.content_text
    assert value["optimization_summary"].startswith("Improvements: ")
    assert type(value["match_score"]) is int
    assert value["match_score"] == round(100 * resume.match.tailored_score)
    assert value["improvements_made"] == [each.description for each in resume.improvements]
    assert value["keywords_added"] == list(resume.match.added_skills)
    assert value["skills_highlighted"] == list(resume.match.matched_skills)
    output = value["structured_output"]
    has_fields(output, "ui resume_json analysis qa tailored_resume_text iteration_notes")
    has_fields(output["ui"]["preview"], "live_preview_text diff_hints")
    assert output["tailored_resume_text"]["ats_plain_text"] == resume.content_text
    assert output["resume_json"]["basics"]["name"] == resume.structure.header.full_name
    has_fields(value["qa_metrics"], "coverage readability duplicates format_compliance")
    assert value["qa_metrics"]["coverage"] == resume.qa.coverage
    assert type(value["qa_metrics"]["duplicates"]) is int
    has_fields(value["export_formats"], "docx_url pdf_url txt_url generated_at expires_at")
    assert is_time(value["created_at"])
    assert is_time(value["updated_at"])


async def test_a_general_resume_has_no_scores_and_every_shape(generation: GenerationHarness) -> None:
    maya = generation.user()
    profile = await imported(maya)
    resume = await maya.resumes.GenerateResume(resumes_pb2.GenerateResumeRequest(profile_id=profile.id))
    made = await shape(maya, resume.id, GENERATION)
    assert (made["job_id"], made["ats_score"]) == (None, None)
    tailored = await shape(maya, resume.id, TAILORED)
    assert tailored["tailored"]["match_score"] is None
    assert tailored["score_improvement"] is None
    assert tailored["tailored"]["content_markdown"] == tailored["original"]["content_markdown"]
    assert (await shape(maya, resume.id, OPTIMIZED))["match_score"] == 0


async def test_a_shape_is_the_owners_and_has_to_be_named(generation: GenerationHarness) -> None:
    maya = generation.user()
    resume = await generated(maya)
    with pytest.raises(NotFound):
        await shape(generation.user(), resume.id, GENERATION)
    with pytest.raises(InvalidArgument) as caught:
        await shape(maya, resume.id, 0)
    assert [each.field for each in caught.value.fields] == ["kind"]


async def test_html_in_a_profile_is_text_in_the_html(generation: GenerationHarness) -> None:
    maya = generation.user()
    resume = await generated(maya)
    edit = resumes_pb2.Resume(id=resume.id, etag=resume.etag)
    edit.structure.header.full_name = '<script>alert("x")</script> & Co'
    await maya.resumes.UpdateResume(
        resumes_pb2.UpdateResumeRequest(
            resume=edit, update_mask=FieldMask(paths=["structure.header.full_name"])
        )
    )
    html = (await shape(maya, resume.id, TAILORED))["tailored"]["content_html"]
    assert "<script" not in html
    assert "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; Co" in html
