"""A generation of the mobile client: one resume or cover letter at its head version."""

from services.document.client_shapes.structured_content import content_structured
from services.document.client_shapes.values import Json, percent, status_of, when
from vitae.generation.v1 import cover_letters_pb2, documents_pb2, matching_pb2, resumes_pb2
from vitae.resume.v1 import document_pb2


def resume_generation(resume: resumes_pb2.Resume) -> Json:
    """A resume. ats_score is 100 times the tailored match score, None without a posting."""
    match = resume.match
    return {
        "generation_id": resume.id,
        "job_id": resume.job_posting_id or None,
        "ranking_id": resume.ranking_id or None,
        "document_type": "resume",
        "status": status_of(resume.generation),
        "content_text": resume.content_text,
        "content_structured": content_structured(document_pb2.Document(resume=resume.structure)),
        "ats_score": percent(match.tailored_score) if match.HasField("tailored_score") else None,
        "ats_feedback": feedback(resume.qa, match),
        "llm_metadata": _made_by(resume.generation),
        "created_at": when(resume.create_time),
    }


def letter_generation(letter: cover_letters_pb2.CoverLetter) -> Json:
    """A cover letter. ats_score is 100 times the profile's match score: a letter has none of its own."""
    return {
        "generation_id": letter.id,
        "job_id": letter.job_posting_id or None,
        "ranking_id": letter.ranking_id or None,
        "document_type": "cover_letter",
        "status": status_of(letter.generation),
        "content_text": letter.content_text,
        "content_structured": content_structured(document_pb2.Document(cover_letter=letter.structure)),
        "ats_score": percent(letter.match_score) if letter.HasField("match_score") else None,
        "ats_feedback": feedback(letter.qa, matching_pb2.MatchAnalysis()),
        "llm_metadata": _made_by(letter.generation),
        "created_at": when(letter.create_time),
    }


def feedback(qa: documents_pb2.QualityReport, match: matching_pb2.MatchAnalysis) -> str:
    """The findings as readable text, a line each."""
    lines = []
    if match.matched_skills:
        lines.append(f"Shown of what the posting asks for: {', '.join(match.matched_skills)}.")
    if match.missing_skills:
        lines.append(f"Asked for and not in the profile: {', '.join(match.missing_skills)}.")
    lines += [each.message for each in qa.findings]
    return "\n".join(lines or ["Nothing to mend."])


def _made_by(generation: resumes_pb2.GenerationRecord) -> Json:
    return {
        "provider": generation.provider or None,
        "model": generation.model or None,
        "iterations": generation.iterations,
        "input_tokens": generation.input_tokens,
        "output_tokens": generation.output_tokens,
        "composer_version": generation.composer_version,
        "tone": generation.tone or None,
        "duration_seconds": generation.state.duration_seconds,
    }
