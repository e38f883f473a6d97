"""TailoredResume of the recruiting portal: a resume beside the profile as it was, with what tailoring changed."""

from services.document.client_shapes.values import Json, analysis, improvements, status_of, when
from services.document.html import write_html
from services.document.markdown import write_markdown
from services.document.view import present
from vitae.generation.v1 import resumes_pb2
from vitae.resume.v1 import resume_pb2


def tailored_resume(
    resume: resumes_pb2.Resume, original: resume_pb2.StructuredResume, *, tailor_id: str = ""
) -> Json:
    """The whole shape.

    Args:
        resume: At its head version, with structure, match, improvements and generation record.
        original: The profile as a resume that no posting shaped.
        tailor_id: Of the tailoring that made it; a resume made alone is its own.
    """
    match, record = resume.match, resume.generation
    added = set(match.added_skills)
    tailored = match.tailored_score if match.HasField("tailored_score") else None
    return {
        "id": resume.id,
        "tailor_id": tailor_id or resume.id,
        "candidate_id": resume.profile_id,
        "job_posting_id": resume.job_posting_id or None,
        "status": status_of(record),
        "original": {
            "content_markdown": write_markdown(present(original)),
            "keywords": [each for each in match.matched_skills if each not in added],
            "match_score": match.original_score,
        },
        "tailored": {
            "content_markdown": write_markdown(present(resume.structure)),
            "content_html": write_html(present(resume.structure)),
            "keywords": list(match.matched_skills),
            "match_score": tailored,
        }
        if resume.HasField("structure")
        else None,
        "job": {
            "id": resume.job_posting_id or None,
            "title": resume.job_title,
            "company": resume.company,
            "keywords": list(resume.job_keywords),
        },
        "analysis": analysis(match),
        "improvements": improvements(resume),
        "score_improvement": match.score_improvement if match.HasField("score_improvement") else None,
        "iterations_used": record.iterations,
        "ai_provider": record.provider or None,
        "ai_model": record.model or None,
        "processing_duration_seconds": record.state.duration_seconds,
        "created_at": when(resume.create_time),
        "completed_at": when(record.state.complete_time),
        "processing_error": record.state.error.message or None,
        "processing_step": record.state.step or None,
        "processing_progress": record.state.progress,
    }


def tailored_resume_item(resume: resumes_pb2.Resume, *, tailor_id: str = "") -> Json:
    """The same in a listing."""
    match = resume.match
    return {
        "id": resume.id,
        "tailor_id": tailor_id or resume.id,
        "job_title": resume.job_title,
        "job_company": resume.company,
        "original_score": match.original_score,
        "tailored_score": match.tailored_score if match.HasField("tailored_score") else None,
        "score_improvement": match.score_improvement if match.HasField("score_improvement") else None,
        "status": status_of(resume.generation),
        "created_at": when(resume.create_time),
    }
