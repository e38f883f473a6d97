"""Section names that parsers know, by type: the usual ones of every language, and more that English resumes use."""

from collections.abc import Mapping
from functools import cache

from services.document.locales import section_titles
from services.render.fidelity.texts import normalised

# Names that resume parsers list as section starts; PARSERS measured that others are read as text of the section before.
_ENGLISH: Mapping[str, tuple[str, ...]] = {
    "summary": (
        "summary",
        "professional summary",
        "profile",
        "professional profile",
        "about",
        "about me",
        "objective",
        "career objective",
        "career summary",
        "executive summary",
        "personal statement",
    ),
    "skills": (
        "skills",
        "technical skills",
        "key skills",
        "core skills",
        "skills & tools",
        "skills and tools",
        "core competencies",
        "competencies",
        "technologies",
        "areas of expertise",
        "expertise",
    ),
    "experience": (
        "experience",
        "work experience",
        "professional experience",
        "employment",
        "employment history",
        "work history",
        "career history",
        "relevant experience",
        "professional background",
    ),
    "projects": (
        "projects",
        "personal projects",
        "selected projects",
        "key projects",
        "side projects",
        "open source",
        "open-source projects",
        "portfolio",
    ),
    "education": (
        "education",
        "academic background",
        "education and training",
        "education & training",
        "academic history",
        "qualifications",
    ),
    "languages": ("languages", "language skills"),
    "certifications": (
        "certifications",
        "certificates",
        "licenses & certifications",
        "licenses and certifications",
        "certifications & licenses",
        "professional certifications",
        "training",
    ),
    "volunteer": ("volunteer experience", "volunteering", "volunteer work", "volunteer", "community service"),
    "awards": (
        "awards",
        "honors",
        "honours",
        "honors & awards",
        "honors and awards",
        "awards & honors",
        "achievements",
        "awards and honors",
    ),
    "publications": ("publications", "papers", "selected publications", "publications & talks"),
    "interests": ("interests", "hobbies", "hobbies & interests", "hobbies and interests"),
    "references": ("references", "recommendations", "testimonials"),
}


def is_known(title: str, section: str) -> bool:
    """Whether parsers know a title for a type of section ("experience"). A section of the person's own may have any."""
    return section == "custom" or normalised(title) in _known().get(section, frozenset())


@cache
def _known() -> Mapping[str, frozenset[str]]:
    names = {section: set(titles) for section, titles in _ENGLISH.items()}
    for section, found in section_titles().items():
        names.setdefault(section, set()).update(map(normalised, found))
    return {section: frozenset(titles) for section, titles in names.items()}
