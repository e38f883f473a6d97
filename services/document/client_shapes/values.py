"""Values as the existing clients write them."""

from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from services.document.dates import iso
from services.document.plain import one_line
from vitae.generation.v1 import documents_pb2, matching_pb2, resumes_pb2
from vitae.resume.v1 import common_pb2

Json = dict[str, Any]

PRESENT = "Present"
"""What an end date reads that has not come."""


def when(moment: Timestamp) -> str | None:
    """RFC 3339 in UTC; None for a time that has not come."""
    return moment.ToJsonString() if moment.seconds or moment.nanos else None


def month(date: common_pb2.PartialDate) -> str | None:
    """ISO 8601 of the known parts; the writer's own words where there are no others; None for nothing."""
    return iso(date) or one_line(date.text) or None


def end(date: common_pb2.PartialDate, *, is_current: bool) -> str | None:
    """The last month, "Present" while it lasts."""
    return PRESENT if is_current else month(date)


def texts(lines: Any) -> list[str]:
    """The texts of lines that say something."""
    return [text for each in lines if (text := one_line(each.text))]


def percent(score: float, digits: int = 1) -> float:
    """A score of 0 to 1 on the scale of 0 to 100."""
    return round(100.0 * score, digits)


def status_of(generation: resumes_pb2.GenerationRecord) -> str:
    """The work's status as a small word; what was made and says nothing is completed."""
    status = generation.state.status or common_pb2.WORK_STATUS_COMPLETED
    return common_pb2.WorkStatus.Name(status).removeprefix("WORK_STATUS_").lower()


def analysis(match: matching_pb2.MatchAnalysis) -> Json:
    """Which skills are on which side."""
    return {
        "matched_skills": list(match.matched_skills),
        "missing_skills": list(match.missing_skills),
        "added_skills": list(match.added_skills),
        "skill_comparison": [
            {
                "skill": row.skill,
                "resume_mentions": row.resume_mentions,
                "job_mentions": row.job_mentions,
                "status": matching_pb2.SkillStatus.Name(row.status).removeprefix("SKILL_STATUS_").lower(),
            }
            for row in match.skill_comparison
        ],
    }


def improvements(resume: resumes_pb2.Resume) -> list[Json]:
    """What tailoring changed."""
    return [
        {
            "section": each.section,
            "type": improvement_type(each.type),
            "description": each.description,
            "before": each.before,
            "after": each.after,
        }
        for each in resume.improvements
    ]


def improvement_type(type_: int) -> str:
    """A kind of change as a small word: "keyword_addition"."""
    return documents_pb2.ImprovementType.Name(type_).removeprefix("IMPROVEMENT_TYPE_").lower()  # type: ignore[arg-type]
