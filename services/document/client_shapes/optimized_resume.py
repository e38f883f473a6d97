"""The optimized resume of the editor: a resume with its JSON Resume, its analysis and what was improved."""

from collections import Counter
from collections.abc import Mapping

from services.document.client_shapes.values import Json, analysis, improvement_type, improvements, when
from services.document.jsonresume import export_resume
from vitae.generation.v1 import resumes_pb2

_LINKS = ("docx_url", "pdf_url", "txt_url", "generated_at", "expires_at")


def optimized_resume(resume: resumes_pb2.Resume, links: Mapping[str, str] | None = None) -> Json:
    """The whole shape.

    Args:
        resume: At its head version, with structure, match and improvements.
        links: docx_url, pdf_url, txt_url, generated_at, expires_at of exports made in the last day.
    """
    match, qa = resume.match, qa_metrics(resume)
    score = match.tailored_score if match.HasField("tailored_score") else match.original_score
    return {
        "id": resume.id,
        "user_id": resume.created_by or None,
        "original_resume_id": resume.profile_id,
        "job_analysis_id": resume.job_posting_id or None,
        "title": resume.title,
        "optimized_content": resume.content_text,
        "optimization_summary": _summary(resume),
        "match_score": round(100 * score),
        "improvements_made": [each.description for each in resume.improvements],
        "keywords_added": list(match.added_skills),
        "skills_highlighted": list(match.matched_skills),
        "structured_output": structured_output(resume),
        "qa_metrics": qa,
        "export_formats": {name: (links or {}).get(name) for name in _LINKS},
        "created_at": when(resume.create_time),
        "updated_at": when(resume.update_time),
    }


def structured_output(resume: resumes_pb2.Resume) -> Json:
    """ui, resume_json, analysis, qa and tailored_resume_text; iteration_notes are what the composer noted."""
    resume_json, _ = export_resume(resume.structure)
    return {
        "ui": {"preview": {"live_preview_text": resume.content_text, "diff_hints": improvements(resume)}},
        "resume_json": resume_json,
        "analysis": analysis(resume.match),
        "qa": {
            **qa_metrics(resume),
            "findings": [
                {"code": each.code, "line_id": each.line_id, "message": each.message}
                for each in resume.qa.findings
            ],
        },
        "tailored_resume_text": {"ats_plain_text": resume.content_text},
        "iteration_notes": list(resume.notices),
    }


def qa_metrics(resume: resumes_pb2.Resume) -> Json:
    """Coverage, readability and format compliance of 0 to 100; duplicates is a count."""
    qa = resume.qa
    return {
        "coverage": qa.coverage,
        "readability": qa.readability,
        "duplicates": qa.duplicates,
        "format_compliance": qa.format_compliance,
    }


def _summary(resume: resumes_pb2.Resume) -> str:
    """What was done, in a sentence."""
    made = Counter(improvement_type(each.type).replace("_", " ") for each in resume.improvements)
    told = ", ".join(f"{count} × {kind}" for kind, count in made.items())
    return f"Improvements: {told}." if told else "Nothing had to be changed."
