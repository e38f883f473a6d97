"""Tasks that a posting names, to be quoted: those nearest to what the person has done."""

import re

from services.generation.composing.context import Context, squeeze
from services.generation.composing.localized import source_of
from services.generation.letters.language import letter_language
from services.generation.letters.pen import POSTING_ID, Told
from services.generation.postings.language import guess_posting_language
from services.generation.skills.extraction import find_skills
from services.generation.skills.stems import stem
from services.generation.skills.tokens import PAUSE, STOP
from vitae.generation.v1 import postings_pb2

_MOST = 2
_WORDS = (2, 14)
_NEAR = 2
"""Words a task and the profile share before the one counts as near to the other; a skill in common suffices alone."""


def tasks(context: Context, posting: postings_pb2.JobPosting, tag: str) -> list[tuple[Told, bool]]:
    """At most two tasks with their proofs, and whether the profile is near to them; none in another language.

    A task that names a skill the profile lacks is not quoted: a letter that dwells on a gap helps nobody.
    """
    spoken = posting.locale or guess_posting_language(posting.analysis.text)
    own = letter_language(spoken)
    if own is not None and own.tag != tag:
        return []
    known = context.reading.stems(tag).keys()
    found = []
    for place, each in enumerate(posting.analysis.responsibilities):
        text = squeeze(each).strip(" .;,:•*–-")
        if not _WORDS[0] <= len(text.split()) <= _WORDS[1] or re.search(r"[“”„«»\"…]|[.!?]\s", text):
            continue
        table = context.reading.table
        tokens = table.tokens(text)
        skills = [mention.skill.name for mention in find_skills(tokens, table)]
        if any(name not in context.reading.skills for name in skills):
            continue
        sources = [
            source_of(naming.fact.id) for name in skills for naming in context.reading.skills[name][:3]
        ]
        shared = len(
            {stem(key, tag) for key in tokens.keys if key not in (PAUSE, STOP) and len(key) > 3} & known
        )
        near = bool(skills) or shared >= _NEAR
        told = Told(text, (POSTING_ID, *dict.fromkeys(sources)))
        found.append((-len(set(skills)), -shared, place, told, near))
    found.sort(key=lambda each: each[:3])
    chosen = [(told, near) for _, _, _, told, near in found[:_MOST]]
    near_only = [each for each in chosen if each[1]]
    return near_only or chosen
