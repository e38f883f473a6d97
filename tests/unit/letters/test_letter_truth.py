"""No lie gets into a letter, whoever wrote it; what is honest is not refused."""

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.generation.composing.letter_truth import Addressee, letter_untruths, require_truth
from services.generation.letters import evidence
from services.generation.letters.pen import POSTING_ID
from services.generation.letters.wording import Worded
from services.generation.skills.table import SkillTable
from services.runtime.errors import Internal
from tests.unit.letters.conftest import Write
from vitae.generation.v1 import postings_pb2
from vitae.resume.v1 import common_pb2, cover_letter_pb2, profile_pb2

Letter = cover_letter_pb2.StructuredCoverLetter
Lie = Callable[[Letter], object]


def say(letter: Letter, text: str, *sources: str) -> None:
    line = letter.paragraphs[1].lines.add(text=text)
    line.provenance.source_ids.extend(sources or ("exp-1", "exp-1-a1"))
    line.provenance.transformation = common_pb2.TRANSFORMATION_REWRITTEN


LIES: dict[str, Lie] = {
    "a number in a frame": lambda a: say(a, "At Ferrywave, I moved 80 services to k8s."),
    "a number outside of any": lambda a: say(a, "Under my hands 80 services went to k8s."),
    "a skill in a frame": lambda a: say(a, "At Ferrywave, I moved 40 services to Azure."),
    "a skill as a strength": lambda a: say(a, "Of the skills you ask for, I bring Azure.", "skills-1-s1"),
    "an employer": lambda a: say(a, "At Globex, I moved 40 services to k8s."),
    "an employer the posting names": lambda a: say(a, "I currently work as Senior Platform Engineer at Saltmarsh."),
    "another job's deed": lambda a: say(a, "At Ferrywave, I administered 60 Linux servers.", "exp-1"),
    "a certificate": lambda a: say(a, "I hold the certification PMP.", "cert-1"),
    "a degree": lambda a: say(a, "I studied Law at Universidade do Porto (PhD).", "edu-1"),
    "years": lambda a: say(a, "I currently work as Engineer at Ferrywave and have 30 years of work experience."),
    "a fluency": lambda a: say(a, "I speak English (Native).", "lang-2"),
    "no source": lambda a: a.paragraphs[1].lines.add(text="I am the best."),
    "an unknown source": lambda a: say(a, "At Ferrywave, I moved 40 services to k8s.", "exp-99"),
    "a posting's skill behind the posting": lambda a: say(a, "I bring years of Photoshop.", POSTING_ID),
    "a number behind the posting": lambda a: say(a, "I would earn you 9 million a year.", POSTING_ID),
    "another's name": lambda a: setattr(a, "signature", "Dr. Ines Albarran"),
    "another company": lambda a: setattr(a.recipient, "company", "Globex"),
    "a person nobody named": lambda a: setattr(a.recipient, "name", "Ms Jane Doe"),
    "another day": lambda a: setattr(a.date, "year", 2031),
    "a mail address": lambda a: setattr(a.sender, "email", "ceo@example.org"),
    "an alternate": lambda a: a.paragraphs[1].lines[0].alternates.append("At Ferrywave, I saved 9 million."),
}  # fmt: skip


@pytest.fixture
def profile(person: Callable[[str], profile_pb2.ProfileContent]) -> profile_pb2.ProfileContent:
    return person("platform_engineer_en")


@pytest.fixture
def job(posting: Callable[[str], postings_pb2.JobPosting]) -> postings_pb2.JobPosting:
    return posting("platform_engineer_en")


@pytest.fixture
def letter(write: Write, profile: profile_pb2.ProfileContent, job: postings_pb2.JobPosting) -> Letter:
    return write(profile, job).structure


@pytest.mark.parametrize("lie", LIES)
def test_a_planted_lie_is_caught(
    letter: Letter,
    profile: profile_pb2.ProfileContent,
    job: postings_pb2.JobPosting,
    skills: SkillTable,
    today: date,
    lie: str,
) -> None:
    assert letter_untruths(letter, profile, Addressee(job), today, skills) == []
    LIES[lie](letter)
    assert letter_untruths(letter, profile, Addressee(job), today, skills)
    with pytest.raises(Internal) as caught:
        require_truth(letter, profile, Addressee(job), today, skills)
    assert caught.value.reason == "UNPROVED_CONTENT"
    assert "Globex" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "sources"),
    [
        ("At Ferrywave, I moved 40 services to k8s.", ("exp-1", "exp-1-a1")),
        ("In addition, I run the on-call rotation and write postmortems.", ("exp-1-a3",)),
        ("I am applying for the position of Senior Platform Engineer at Saltmarsh.", (POSTING_ID,)),
        ("Your posting names “Automate everything with Terraform” among the tasks.", (POSTING_ID,)),
        ("Thank you for considering my application.", ("personal",)),
    ],
)  # fmt: skip
def test_what_is_honest_is_not_refused(
    letter: Letter,
    profile: profile_pb2.ProfileContent,
    job: postings_pb2.JobPosting,
    skills: SkillTable,
    today: date,
    text: str,
    sources: tuple[str, ...],
) -> None:
    say(letter, text, *sources)
    assert letter_untruths(letter, profile, Addressee(job), today, skills) == []


def test_what_the_person_typed_passes(
    letter: Letter,
    profile: profile_pb2.ProfileContent,
    job: postings_pb2.JobPosting,
    skills: SkillTable,
    today: date,
) -> None:
    say(letter, "I can fly.")
    line = letter.paragraphs[1].lines[-1]
    line.provenance.transformation = common_pb2.TRANSFORMATION_USER_EDIT
    assert letter_untruths(letter, profile, Addressee(job), today, skills) == []


WORDS = st.sampled_from(
    "Led Runs Cut Built Wartung Führt Encadre Two teams of nurses and und et 40 12% the a der k8s Python; care "
    "planning, patients Kubernetes for in by from 2019 writes reports. Über".split()
)


@settings(max_examples=60, deadline=None)
@given(
    lines=st.lists(st.lists(WORDS, min_size=2, max_size=9).map(" ".join), min_size=1, max_size=4),
    company=st.sampled_from(["Acme", "Weiß GmbH", "at the Mill", "Self-employed", "R&D, Inc.", ""]),
    locale=st.sampled_from(["en", "de", "de-CH", "fr"]),
    tone=st.sampled_from(["professional", "warm"]),
    lasting=st.booleans(),
)
def test_whatever_a_profile_holds_its_letter_is_true(
    write: Write,
    skills: SkillTable,
    today: date,
    read_posting: Callable[..., postings_pb2.JobPosting],
    lines: list[str],
    company: str,
    locale: str,
    tone: str,
    lasting: bool,
) -> None:
    profile = profile_pb2.ProfileContent(
        locale=locale, personal=profile_pb2.PersonalInfo(full_name="Ada Weiß", email="ada@example.org")
    )
    job = profile.experience.add(id="j", title="Nurse", company=company, is_current=lasting)
    job.start_date.year = 2018
    if not lasting:
        job.end_date.year = 2024
    for number, text in enumerate(lines):
        job.achievements.add(id=f"j-{number}", text=text)
    posting = read_posting(
        "Senior Nurse\nElm Clinic\n\nElm Clinic needs a nurse. Requirements: Python, care planning."
    )
    letter = write(profile, posting, tone, locale=locale).structure
    assert letter_untruths(letter, profile, Addressee(posting), today, skills) == []


def test_a_sentence_that_cannot_be_proved_is_left_out_and_told(
    write: Write,
    profile: profile_pb2.ProfileContent,
    job: postings_pb2.JobPosting,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Were the composer to lie in every wording, the letter would go without that line."""

    def lie(line: str, *_: object, **__: object) -> Worded:
        return Worded("quote", "Saved 999 million" if "40 services" in line else line)

    monkeypatch.setattr(evidence, "worded", lie)
    monkeypatch.setattr(evidence.Entry, "quoting", lambda entry, _: entry)
    made = write(profile, job)
    assert "999" not in made.content_text
    assert any("999 million" in each for each in made.notices)
    assert made.structure.paragraphs
