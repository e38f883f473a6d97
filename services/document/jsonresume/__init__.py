"""JSON Resume 1.0 and its older keys, both ways."""

from services.document.jsonresume.exporting import export_profile
from services.document.jsonresume.importing import import_json_resume
from services.document.jsonresume.report import Finding, ImportReport, Outcome
from services.document.jsonresume.resumes import export_resume

__all__ = ["Finding", "ImportReport", "Outcome", "export_profile", "export_resume", "import_json_resume"]
