"""Examples of bodies in the API's documentation; a contract test reads each as the message it stands for."""

from typing import Any

from fastapi import Body
from fastapi.openapi.models import Example

Examples = dict[str, Example]

_DOCUMENT = "7f9c24e8-3b1a-4f5d-9a64-0d2c8f6b1e37"
_PROFILE = "2b9d1c55-64f0-4a9e-8d43-5f1f0b7f7c02"
_POSTING = "c5a7b0d2-90f4-4f0e-a0f1-3a0c3f5d9d11"

PROFILE: Examples = {
    "Profile": {
        "value": {
            "display_name": "Maya Okonkwo",
            "content": {
                "personal": {"full_name": "Maya Okonkwo", "email": "maya@example.com"},
                "summary": "Backend engineer who keeps payment systems running.",
                "experience": [
                    {
                        "title": "Senior Backend Engineer",
                        "company": "Northline Parcel",
                        "start_date": {"year": 2021, "month": 3},
                        "is_current": True,
                        "achievements": [{"text": "Cut the time of a parcel search from 900 ms to 40 ms."}],
                    }
                ],
            },
        }
    }
}

PROFILE_CHANGE: Examples = {
    "Another summary": {"value": {"content": {"summary": "Engineer of systems that may not fail."}}}
}

MATCHES: Examples = {
    "All of mine": {"value": {"job_posting_id": _POSTING}},
    "Some": {"value": {"job_posting_id": _POSTING, "profile_ids": [_PROFILE]}},
}

RESUME: Examples = {
    "For a job posting": {"value": {"profile_id": _PROFILE, "job_posting_id": _POSTING}},
    "General": {"value": {"profile_id": _PROFILE, "title": "General resume"}},
}

RESUME_CHANGE: Examples = {"Another title": {"value": {"title": "Resume for Northline Parcel"}}}

COVER_LETTER: Examples = {
    "In the profile's language": {"value": {"profile_id": _PROFILE, "job_posting_id": _POSTING}},
    "Warm, in German, to a person": {
        "value": {
            "profile_id": _PROFILE,
            "job_posting_id": _POSTING,
            "tone": "warm",
            "recipient_name": "Frau Dr. Huber",
            "options": {"locale": "de-AT"},
        }
    },
}

COVER_LETTER_CHANGE: Examples = {
    "Another recipient": {
        "value": {
            "structure": {
                "recipient": {"name": "Ms Ada Ng", "company": "Northline Parcel"},
                "salutation": {"text": "Dear Ms Ng,"},
            }
        }
    }
}

EXPORT: Examples = {
    "PDF": {"value": {"document_id": _DOCUMENT, "format": "pdf", "template": "modern"}},
    "DOCX with options": {
        "value": {
            "document_id": _DOCUMENT,
            "format": "docx",
            "template": "ats_optimized",
            "options": {"page_size": "a4", "accent_color": "#2563EB"},
        }
    },
}

BATCH: Examples = {
    "Two formats": {
        "value": {
            "requests": [
                {"document_id": _DOCUMENT, "format": "pdf"},
                {"document_id": _DOCUMENT, "format": "docx"},
            ]
        }
    }
}

PREVIEW: Examples = {
    "A summary": {
        "value": {
            "document": {
                "resume": {
                    "header": {"full_name": "Maya Okonkwo", "title": {"text": "Backend Engineer"}},
                    "sections": [{"summary": {"lines": [{"text": "Keeps payment systems running."}]}}],
                }
            },
            "template": "modern",
            "width_px": 816,
        }
    }
}


def json_body(examples: Examples) -> Any:
    """What marks a parameter as the JSON body of its route."""
    return Body(openapi_examples=examples)
