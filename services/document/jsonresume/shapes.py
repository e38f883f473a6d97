"""Which key of JSON Resume holds which field of a profile: one table for both ways.

A key has the name JSON Resume 1.0 writes, and the names other versions and tools wrote, which are only read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from google.protobuf.message import Message

from vitae.resume.v1 import profile_pb2

SCHEMA = "https://raw.githubusercontent.com/jsonresume/resume-schema/v1.0.0/schema.json"

EXTENSION = "x-vitae"
"""Key of what JSON Resume has no key for, inside the object it belongs to."""


class Kind(Enum):
    """How a value is written."""

    LINE = auto()
    """Text on one line."""
    TEXT = auto()
    """Text of any number of lines."""
    LINES = auto()
    """List of lines."""
    TAGS = auto()
    """List of short terms, or one text with commas."""
    ACHIEVEMENTS = auto()
    SKILLS = auto()
    DATE = auto()
    END_DATE = auto()
    """Date that may be a word for now."""
    LOCATION = auto()
    FLAG = auto()
    """True or false; read, never written."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key of an object and the field it fills."""

    field: str
    name: str
    aliases: tuple[str, ...] = ()
    kind: Kind = Kind.LINE


@dataclass(frozen=True, slots=True)
class Shape:
    """A section: a list of objects."""

    field: str
    """Field of ProfileContent."""
    name: str
    """Key of the list."""
    message: type[Message]
    keys: tuple[Key, ...]
    aliases: tuple[str, ...] = ()
    text_field: str = ""
    """Field that an entry written as mere text fills; entries of other sections have to be objects."""


def _period(*, kind: Kind = Kind.END_DATE) -> tuple[Key, Key]:
    return (
        Key("start_date", "startDate", ("start_date", "start", "from"), Kind.DATE),
        Key("end_date", "endDate", ("end_date", "end", "to"), kind),
    )


_URL = Key("url", "url", ("website", "link"))
_LOCATION = Key("location", "location", kind=Kind.LOCATION)
_HIGHLIGHTS = Key("achievements", "highlights", ("achievements", "bullets"), Kind.ACHIEVEMENTS)
_TECHNOLOGIES = Key("technologies", "keywords", ("technologies", "tools", "stack"), Kind.SKILLS)
_IS_CURRENT = Key("is_current", "isCurrent", ("is_current", "current"), Kind.FLAG)

SHAPES: tuple[Shape, ...] = (
    Shape(
        "experience",
        "work",
        profile_pb2.Experience,
        (
            Key("company", "name", ("company", "employer", "organization")),
            Key("title", "position", ("title", "role", "jobTitle")),
            _LOCATION,
            Key("company_description", "description", kind=Kind.TEXT),
            _URL,
            *_period(),
            _IS_CURRENT,
            Key("description", "summary", kind=Kind.TEXT),
            _HIGHLIGHTS,
            _TECHNOLOGIES,
        ),
        aliases=("experience",),
    ),
    Shape(
        "volunteer",
        "volunteer",
        profile_pb2.Volunteer,
        (
            Key("organization", "organization", ("name", "company")),
            Key("position", "position", ("title", "role")),
            _LOCATION,
            _URL,
            *_period(),
            _IS_CURRENT,
            Key("description", "summary", ("description",), Kind.TEXT),
            _HIGHLIGHTS,
        ),
        aliases=("volunteering",),
    ),
    Shape(
        "education",
        "education",
        profile_pb2.Education,
        (
            Key("institution", "institution", ("school", "university", "name")),
            _LOCATION,
            _URL,
            Key("field_of_study", "area", ("fieldOfStudy", "field", "major")),
            Key("degree", "studyType", ("degree",)),
            *_period(),
            Key("gpa", "score", ("gpa", "grade")),
            Key("honors", "honors", ("honours",), Kind.LINES),
            Key("coursework", "courses", ("coursework",), Kind.LINES),
            Key("description", "summary", ("description",), Kind.TEXT),
        ),
    ),
    Shape(
        "awards",
        "awards",
        profile_pb2.Award,
        (
            Key("title", "title", ("name",)),
            Key("date", "date", ("releaseDate",), Kind.DATE),
            Key("awarder", "awarder", ("issuer",)),
            Key("summary", "summary", ("description",), Kind.TEXT),
        ),
        text_field="title",
    ),
    Shape(
        "certifications",
        "certificates",
        profile_pb2.Certification,
        (
            Key("name", "name", ("title",)),
            Key("date", "date", ("issueDate", "startDate"), Kind.DATE),
            Key("expiry_date", "expiryDate", ("endDate", "expirationDate", "expires"), Kind.END_DATE),
            Key("url", "url", ("website", "link")),
            Key("issuer", "issuer", ("authority", "organization")),
            Key("credential_id", "credentialId", ("credentialID", "licenseNumber")),
        ),
        aliases=("certifications",),
        text_field="name",
    ),
    Shape(
        "publications",
        "publications",
        profile_pb2.Publication,
        (
            Key("name", "name", ("title",)),
            Key("publisher", "publisher"),
            Key("date", "releaseDate", ("date",), Kind.DATE),
            _URL,
            Key("summary", "summary", ("description",), Kind.TEXT),
        ),
        text_field="name",
    ),
    Shape(
        "skill_groups",
        "skills",
        profile_pb2.SkillGroup,
        (
            Key("name", "name", ("category", "skill")),
            Key("level", "level"),
            Key("skills", "keywords", ("skills", "items"), Kind.SKILLS),
        ),
        text_field="name",
    ),
    Shape(
        "languages",
        "languages",
        profile_pb2.Language,
        (Key("language", "language", ("name",)), Key("fluency", "fluency", ("level", "proficiency"))),
        text_field="language",
    ),
    Shape(
        "interests",
        "interests",
        profile_pb2.Interest,
        (Key("name", "name"), Key("keywords", "keywords", kind=Kind.TAGS)),
        aliases=("hobbies",),
        text_field="name",
    ),
    Shape(
        "references",
        "references",
        profile_pb2.Reference,
        (Key("name", "name"), Key("text", "reference", ("text", "quote"), Kind.TEXT)),
        text_field="text",
    ),
    Shape(
        "projects",
        "projects",
        profile_pb2.Project,
        (
            Key("name", "name", ("title",)),
            Key("description", "description", ("summary",), Kind.TEXT),
            _HIGHLIGHTS,
            _TECHNOLOGIES,
            *_period(),
            _URL,
            Key("roles", "roles", ("role",), Kind.LINES),
            Key("entity", "entity"),
            Key("type", "type"),
        ),
        text_field="name",
    ),
)
"""In the order JSON Resume 1.0 writes them."""

LOCATION: Mapping[str, tuple[str, ...]] = {
    "address": ("address", "street"),
    "postal_code": ("postalCode", "postal_code", "zipCode", "zip", "postcode"),
    "city": ("city", "town", "locality"),
    "country_code": ("countryCode", "country_code", "country"),
    "region": ("region", "state", "province"),
}
"""Fields of a Location and their keys, the one that is written first."""


def shape_of(message: Any) -> Shape:
    """The shape of an entry."""
    return next(each for each in SHAPES if isinstance(message, each.message))
