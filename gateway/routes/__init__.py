"""The resource API: a file for each resource. A new resource is one file here and one line in `ROUTERS`."""

from gateway.compat import mobile
from gateway.routes import (
    cover_letters,
    exports,
    health,
    jobs,
    matches,
    persons,
    previews,
    profiles,
    resumes,
    templates,
    usage,
)

TAGS = {
    "profiles": "Everything true about a person, from which resumes are made.",
    "jobs": "Job postings and what was read from them.",
    "matching": "How a profile fits a posting, with the evidence.",
    "resumes": "Resumes made of a profile, and their versions.",
    "cover-letters": "Cover letters made of a profile for a posting, and their versions.",
    "templates": "How documents can look.",
    "previews": "Documents as pictures, nothing stored.",
    "exports": "Files of documents: asked for, watched, downloaded.",
    "persons": "Everything held about a person: taken along or erased.",
    "mobile-client": "Exports as the mobile client asks for them.",
    "usage": "What is kept, against what may be kept.",
    "health": "Whether the gateway answers.",
}
"""What the groups of the documentation are about."""

ROUTERS = (
    profiles.router,
    jobs.router,
    matches.router,
    resumes.router,
    cover_letters.router,
    templates.router,
    previews.router,
    exports.downloads,
    mobile.router,
    exports.router,
    persons.router,
    usage.router,
    health.router,
)
"""In the order of the documentation; signed downloads and the mobile client's paths before exports, whose
{id} would swallow them."""
