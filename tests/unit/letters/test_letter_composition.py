"""Letters read as a person would have written them, name what is known, and claim nothing that is not."""

from collections.abc import Callable
from datetime import date

import pytest

from services.document.lines import iter_lines
from services.generation.composing.letter_truth import Addressee, letter_untruths
from services.generation.letters.body import WORDS
from services.generation.letters.compose import body_words
from services.generation.skills.table import SkillTable
from services.runtime.errors import InvalidArgument
from tests.unit.letters.conftest import PAIRS, PEOPLE, Write
from vitae.generation.v1 import postings_pb2
from vitae.resume.v1 import common_pb2, cover_letter_pb2, profile_pb2

Person = Callable[[str], profile_pb2.ProfileContent]
Posting = Callable[[str], postings_pb2.JobPosting]
Read = Callable[..., postings_pb2.JobPosting]
TONES = ("professional", "warm")

WARD = """\
Senior Staff Nurse
Cardiff Bay Hospital

Cardiff Bay Hospital needs a Senior Staff Nurse for its acute medical unit.

What you will do
- Take charge of the unit on nights
- Teach newly qualified nurses

Requirements
- Registered nurse
- Acute care experience

Contact: Ms Rhian Pritchard, 029 2000 0000
"""
DRIVES = """\
Leiterin Leistungselektronik (m/w/d)
Die Volthaus AG in Stuttgart sucht eine Leitung für die Leistungselektronik.

Ihre Aufgaben
- Führung eines Teams von 15 Ingenieuren
- EMV-Prüfungen begleiten

Ihr Profil
- Studium der Elektrotechnik
- MATLAB

Ihre Ansprechpartnerin ist Frau Dr. Sabine Weißmann, Telefon 0711 000.
"""


def texts(letter: cover_letter_pb2.StructuredCoverLetter) -> list[str]:
    return [line.text for part in letter.paragraphs for line in part.lines]


def body(letter: cover_letter_pb2.StructuredCoverLetter) -> str:
    return " ".join(texts(letter))


def test_an_english_letter(person: Person, read_posting: Read, write: Write) -> None:
    letter = write(person("en-nurse"), read_posting(WARD)).structure
    assert letter.locale == "en"
    assert letter.recipient.name == "Ms Rhian Pritchard"
    assert letter.recipient.company == "Cardiff Bay Hospital"
    assert letter.salutation.text == "Dear Ms Pritchard,"
    assert letter.subject.text == "Application: Senior Staff Nurse"
    said = body(letter)
    assert said.startswith(
        "I am applying for the position of Senior Staff Nurse at Cardiff Bay Hospital. I currently work as Senior "
        "Staff Nurse at Taff Vale General Hospital and have 9 years of work experience."
    )
    assert "I take charge of a 28-bed acute medical unit on nights." in said
    assert "I also teach IV cannulation to newly qualified nurses every other month." in said
    assert "I cut falls by a third in a year" in said
    assert "“Take charge of the unit on nights” and “Teach newly qualified nurses”" in said
    assert letter.closing.text == "Kind regards,"
    assert letter.signature == "Philippa Nkemelu"


def test_a_german_letter_keeps_din_5008(person: Person, read_posting: Read, write: Write) -> None:
    composition = write(person("de-ingenieurin"), read_posting(DRIVES))
    letter = composition.structure
    assert letter.recipient.name == "Frau Dr. Sabine Weißmann"
    assert letter.salutation.text == "Sehr geehrte Frau Dr. Weißmann,"
    assert letter.subject.text == "Bewerbung: Leiterin Leistungselektronik"
    first = texts(letter)[0]
    assert first.startswith("mit diesem Schreiben bewerbe ich mich auf die Stelle „Leiterin"), first
    assert "bei der Volthaus AG" in first
    said = body(letter)
    assert "führe ich ein Team von zwölf Ingenieurinnen und Ingenieuren an zwei Standorten." in said
    assert "habe ich EMV-Prüfungen nach CISPR 25 aufgebaut und akkreditieren lassen." in said
    assert letter.closing.text == "Mit freundlichen Grüßen"
    assert "20. November 2026" in composition.content_text


def test_a_swiss_letter_has_no_eszett_but_in_names(person: Person, read_posting: Read, write: Write) -> None:
    profile = person("de-ingenieurin")
    profile.personal.full_name = "Käthe Großmann"
    profile.experience[0].achievements[0].text = "Führt Großprojekte mit 12 Straßenfahrzeugen."
    composition = write(profile, read_posting(DRIVES), locale="de-CH")
    letter = composition.structure
    assert letter.salutation.text == "Sehr geehrte Frau Dr. Weißmann"
    assert letter.closing.text == "Freundliche Grüsse"
    assert texts(letter)[0][0].isupper()
    assert "Grossprojekte mit 12 Strassenfahrzeugen" in body(letter)
    assert "«Leiterin Leistungselektronik»" in body(letter)
    for name in ("Großmann", "Weißmann"):
        assert name in composition.content_text
    rest = composition.content_text.replace("Großmann", "").replace("Weißmann", "")
    assert "ß" not in rest


def test_an_austrian_letter_is_german_with_its_own_date(
    person: Person, read_posting: Read, write: Write
) -> None:
    letter = write(person("de-azubi"), read_posting(DRIVES), locale="de-AT")
    assert letter.structure.closing.text == "Mit freundlichen Grüßen"
    assert "20. November 2026" in letter.content_text


def test_a_french_letter(person: Person, posting: Posting, write: Write) -> None:
    letter = write(person("teacher_fr"), posting("teacher_fr")).structure
    assert letter.salutation.text == "Madame, Monsieur,"
    said = body(letter)
    assert "au Lycée Jean-Moulin" in said
    assert "l'enseignement des mathématiques à 4 classes de 30 élèves" in said


@pytest.mark.parametrize(
    ("given", "locale", "tone", "greeting"),
    [
        ("Ms Ada Ng", "en", "professional", "Dear Ms Ng,"),
        ("Ada Ng", "en", "professional", "Dear Ada Ng,"),
        ("Dr. Ada Ng", "en", "warm", "Dear Dr. Ng,"),
        ("Mr Jan van der Berg", "en", "professional", "Dear Mr van der Berg,"),
        ("Herr Prof. Dr. Jan Huber", "de", "professional", "Sehr geehrter Herr Prof. Dr. Huber,"),
        ("Frau Huber", "de", "warm", "Guten Tag Frau Huber,"),
        ("Robin Huber", "de", "professional", "Guten Tag Robin Huber,"),
        ("Ms Ada Ng", "de", "professional", "Sehr geehrte Frau Ng,"),
        ("Madame Roux", "fr", "professional", "Madame,"),
        ("Camille Roux", "fr", "professional", "Madame, Monsieur,"),
        ("", "en", "professional", "Dear Hiring Team,"),
        ("", "en", "warm", "Dear Saltmarsh team,"),
        ("", "de", "professional", "Sehr geehrte Damen und Herren,"),
        ("", "de", "warm", "Guten Tag,"),
    ],
)
def test_people_are_greeted_as_the_language_greets(
    person: Person, posting: Posting, write: Write, given: str, locale: str, tone: str, greeting: str
) -> None:
    made = write(
        person("platform_engineer_en"), posting("platform_engineer_en"), tone, recipient=given, locale=locale
    )
    assert made.structure.salutation.text == greeting


@pytest.mark.parametrize(
    ("line", "greeting"),
    [
        ("Contact: Peter O'Neill", "Dear Peter O'Neill,"),
        ("Your contact is Mrs Ola Nordmann.", "Dear Ms Nordmann,"),
        ("Contact: Human Resources", "Dear Hiring Team,"),
        ("Contact: jobs@example.org", "Dear Hiring Team,"),
        ("Contact: Saltmarsh Careers", "Dear Hiring Team,"),
        ("Contact us today", "Dear Hiring Team,"),
    ],
)
def test_the_contact_of_a_posting_is_greeted_and_an_office_is_not(
    person: Person, read_posting: Read, write: Write, line: str, greeting: str
) -> None:
    text = f"Platform Engineer\nSaltmarsh\n\nSaltmarsh runs logistics.\nRequirements: Kubernetes.\n\n{line}\n"
    made = write(person("platform_engineer_en"), read_posting(text))
    assert made.structure.salutation.text == greeting


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("name", PAIRS)
def test_every_line_is_sourced_and_proved(
    person: Person,
    posting: Posting,
    write: Write,
    skills: SkillTable,
    today: date,
    name: str,
    tone: str,
) -> None:
    profile, job = person(name), posting(name)
    letter = write(profile, job, tone).structure
    for ref in iter_lines(letter):
        assert ref.line.id
        assert ref.line.provenance.source_ids, ref
        assert ref.line.provenance.transformation != common_pb2.TRANSFORMATION_UNSPECIFIED
    assert letter_untruths(letter, profile, Addressee(job), today, skills) == []


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("file", sorted(path.stem for path in PEOPLE.iterdir() if path.suffix == ".json"))
def test_anybody_gets_a_letter_in_any_language_it_is_written_in(
    person: Person, read_posting: Read, write: Write, file: str, tone: str
) -> None:
    profile = person(file)
    for locale in ("en", "de", "fr"):
        made = write(profile, read_posting(WARD), tone, locale=locale)
        words = body_words(made.structure)
        assert 60 < words <= WORDS[1], (locale, words)
        sentences = texts(made.structure)
        assert len(set(sentences)) == len(sentences)
        for sentence in sentences:
            assert sentence == sentence.strip()
            assert not sentence.endswith(("..", "…."))
            assert "{" not in sentence.replace("${x}", "").replace("{{y}}", "")
        assert made.qa.duplicates == 0, made.qa.findings


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("name", ["platform_engineer_en", "electrician_de"])
def test_a_person_with_something_to_tell_gets_a_full_page(
    person: Person, posting: Posting, write: Write, name: str, tone: str
) -> None:
    made = write(person(name), posting(name), tone)
    assert WORDS[0] - 10 <= body_words(made.structure) <= WORDS[1]
    assert made.qa.readability == 100
    assert made.qa.format_compliance == 100
    assert not [each.code for each in made.qa.findings if each.code == "CLICHE"]


def test_the_same_input_gives_the_same_bytes(person: Person, posting: Posting, write: Write) -> None:
    first, second = (
        write(person("nurse_en"), posting("nurse_en")).structure.SerializeToString(deterministic=True)
        for _ in range(2)
    )
    assert first == second


def test_a_letter_in_a_language_nobody_wrote_is_refused_by_name(
    person: Person, posting: Posting, write: Write
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        write(person("nurse_en"), posting("nurse_en"), locale="ja")
    assert caught.value.reason == "LETTER_LANGUAGE_UNKNOWN"
    assert caught.value.fields[0].field == "options.locale"
    assert "de, en, fr" in caught.value.fields[0].description


def test_lines_in_another_language_stay_out_and_the_person_is_told(
    person: Person, posting: Posting, write: Write
) -> None:
    made = write(person("nurse_en"), posting("nurse_en"), locale="de")
    assert "medication administration" not in made.content_text.lower()
    assert any("translations" in each for each in made.notices)
    assert any("options.locale “en”" in each for each in made.notices)


def test_a_skill_that_only_the_posting_names_is_never_said(
    person: Person, posting: Posting, write: Write
) -> None:
    made = write(person("platform_engineer_en"), posting("platform_engineer_en"))
    for absent in ("AWS", "Java", "Helm", "Photoshop", "SAP"):
        assert absent not in body(made.structure).split()


def test_a_letter_goes_with_a_posting_that_says_nothing(
    person: Person, read_posting: Read, write: Write
) -> None:
    made = write(person("en-minimal"), read_posting("Help wanted."))
    assert made.structure.salutation.text == "Dear Hiring Team,"
    assert not made.structure.subject.text or made.structure.subject.text != "Application: "
    assert {"LETTER_TOO_SHORT", "RECIPIENT_MISSING"} <= {each.code for each in made.qa.findings}


def test_somebody_without_work_tells_of_studies(read_posting: Read, write: Write) -> None:
    profile = profile_pb2.ProfileContent(
        personal=profile_pb2.PersonalInfo(full_name="Ida Frost", email="ida@example.org")
    )
    profile.education.add(
        id="s1",
        degree="BSc",
        field_of_study="Biology",
        institution="University of Hull",
        start_date=common_pb2.PartialDate(year=2024, month=9),
    )
    profile.projects.add(id="p1", name="Tidepool survey").achievements.add(
        id="p1-a1", text="Counted 4,000 limpets on 12 beaches."
    )
    said = body(write(profile, read_posting(WARD)).structure)
    assert "I am studying Biology at the University of Hull." in said
    assert "In the project Tidepool survey, I counted 4,000 limpets on 12 beaches." in said
