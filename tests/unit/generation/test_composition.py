"""A composed resume says what the person proved, the best first, and tells what it left out."""

from collections.abc import Callable
from datetime import date

import pytest

from services.document.lines import iter_lines
from services.generation.composing.compose import Composition, compose
from services.generation.composing.skills import same_name
from services.generation.composing.truth import untruths
from services.generation.matching.ranking import rank
from services.generation.skills.table import SkillTable
from vitae.generation.v1 import documents_pb2, postings_pb2, resumes_pb2
from vitae.resume.v1 import common_pb2, profile_pb2, resume_pb2

People = Callable[[str], profile_pb2.ProfileContent]
Postings = Callable[..., postings_pb2.JobPosting]
Make = Callable[..., Composition]


@pytest.fixture
def make(skills: SkillTable, today: date) -> Make:
    def build(
        person: profile_pb2.ProfileContent, job: postings_pb2.JobPosting | None = None, **options: object
    ) -> Composition:
        ranking = rank(person, job.analysis if job else None, today, skills)
        chosen = resumes_pb2.TailoringOptions(**options)  # type: ignore[arg-type]
        return compose(person, job, ranking, chosen, today, skills)

    return build


def kinds(structure: resume_pb2.StructuredResume) -> list[str | None]:
    return [each.WhichOneof("content") for each in structure.sections]


def items(structure: resume_pb2.StructuredResume) -> list[common_pb2.Line]:
    return [
        item for section in structure.sections for group in section.skills.categories for item in group.items
    ]


def test_proved_skills_are_surfaced_and_called_what_the_posting_calls_them(
    profile: People, posting: Postings, make: Make
) -> None:
    made = make(profile("platform_engineer_en"), posting("platform_engineer_en"))
    shown = {each.text: each for each in items(made.structure)}

    assert shown["Kubernetes"].provenance.transformation == common_pb2.TRANSFORMATION_TERM_SUBSTITUTED
    assert list(shown["Kubernetes"].alternates) == ["k8s"]
    assert "k8s" not in shown
    assert list(shown["RabbitMQ"].provenance.source_ids) == ["exp-2-a2"]
    assert {"AWS", "Helm", "Java"}.isdisjoint(shown)
    assert set(made.match.added_skills) == {"RabbitMQ", "Incident management"}
    assert made.match.tailored_score > made.match.original_score
    additions = [
        each.after
        for each in made.improvements
        if each.type == documents_pb2.IMPROVEMENT_TYPE_KEYWORD_ADDITION
    ]
    assert set(additions) == {"Kubernetes", "RabbitMQ", "Incident management"}


def test_every_section_of_the_profile_is_carried(profile: People, posting: Postings, make: Make) -> None:
    made = make(profile("platform_engineer_en"), posting("platform_engineer_en"))

    assert kinds(made.structure) == [
        "summary", "skills", "experience", "projects", "education", "certifications", "languages", "awards",
        "publications", "volunteer", "interests", "references",
    ]  # fmt: skip
    for text in (
        "Sailing: Dinghies",
        "Calm in every storm.",
        "Tides for the rest of us",
        "Hack Porto winner",
        "Code Clube",
    ):
        assert text in made.content_text


def test_jobs_stand_latest_first_and_old_ones_are_short(
    profile: People, posting: Postings, make: Make
) -> None:
    made = make(profile("platform_engineer_en"), posting("platform_engineer_en"))
    jobs = [entry for section in made.structure.sections for entry in section.experience.entries]

    assert [each.company for each in jobs] == [
        "Ferrywave",
        "Lighthouse Labs",
        "Harbour IT",
        "Copyshop Ria",
        "Summer Camp Minho",
    ]
    assert [len(each.achievements) for each in jobs] == [5, 3, 2, 2, 1]
    first = [each.text for each in jobs[0].achievements]
    assert "Chose the coffee machine" not in first[:3]
    assert jobs[0].is_current
    assert not jobs[0].HasField("end_date")


def test_nothing_is_left_out_silently(profile: People, posting: Postings, make: Make) -> None:
    person = profile("platform_engineer_en")
    made = make(person, posting("platform_engineer_en"), max_achievements=2)

    printed = {line.line.text for line in iter_lines(made.structure)}
    removed = {
        each.before for each in made.improvements if each.type == documents_pb2.IMPROVEMENT_TYPE_REMOVAL
    }
    for entry in person.experience:
        for each in entry.achievements:
            assert (each.text in printed) != (each.text in removed)
            assert each.text in printed or any(each.text in notice for notice in made.notices)
    assert any("headline" in notice for notice in made.notices)
    assert any("Master" in notice for notice in made.notices)


def test_a_line_that_alone_answers_the_posting_stays(
    profile: People, read_posting: Postings, make: Make
) -> None:
    job = read_posting("Requirements\n- Grafana\n- Python\n- Kubernetes\n- Terraform")

    made = make(profile("platform_engineer_en"), job, max_achievements=1)

    assert "Built dashboards in Grafana" in made.content_text


def test_the_person_writes_their_own_summary(profile: People, posting: Postings, make: Make) -> None:
    person = profile("nurse_en")
    made = make(person, posting("nurse_en"))

    assert [each.text for each in made.structure.sections[0].summary.lines] == person.summary.split("\n")
    person.enhanced_summary = "Calm intensive care nurse."
    made = make(person, posting("nurse_en"))
    assert [each.text for each in made.structure.sections[0].summary.lines] == ["Calm intensive care nurse."]


def test_a_missing_summary_is_made_of_facts_alone(profile: People, make: Make) -> None:
    person = profile("electrician_de")
    person.summary = ""

    made = make(person)

    lines = made.structure.sections[0].summary.lines
    assert lines[0].text == "Elektroniker mit 10 Jahren Berufserfahrung."
    assert lines[0].provenance.transformation == common_pb2.TRANSFORMATION_REWRITTEN
    assert {"exp-1", "exp-2"} <= set(lines[0].provenance.source_ids)


def test_bullets_typed_into_a_description_are_bullets(profile: People, posting: Postings, make: Make) -> None:
    made = make(profile("nurse_en"), posting("nurse_en"))
    job = next(entry for section in made.structure.sections for entry in section.experience.entries)

    assert "Medication administration and IV therapy" in [each.text for each in job.achievements]
    assert not job.HasField("description")
    assert {source for each in job.achievements for source in each.provenance.source_ids} == {"exp-1"}


def test_experience_keeps_its_wording_unless_told_otherwise(
    profile: People, posting: Postings, make: Make
) -> None:
    person, job = profile("platform_engineer_en"), posting("platform_engineer_en")

    assert "Moved 40 services to k8s" in make(person, job).content_text
    free = make(person, job, preserve_experience=False)
    assert "Moved 40 services to Kubernetes" in free.content_text
    changed = next(each.line for each in iter_lines(free.structure) if "to Kubernetes" in each.line.text)
    assert changed.provenance.transformation == common_pb2.TRANSFORMATION_TERM_SUBSTITUTED
    assert changed.alternates[0].startswith("Moved 40 services to k8s")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("k8s", "Kubernetes", True),
        ("Postgres", "PostgreSQL", True),
        ("NodeJS", "Node.js", True),
        ("NLP", "Natural language processing", True),
        ("Microservice", "microservices", True),
        ("Docker", "Docker Compose", False),
        ("Java", "JavaScript", False),
        ("Führerschein Klasse B", "Führerschein Klasse CE", False),
        ("on-call", "incident management", False),
        ("C", "C++", False),
        ("C", "C#", False),
        ("Wundversorgung", "Wundmanagement", False),
    ],
)
def test_only_spellings_of_one_name_are_exchanged(one: str, other: str, *, same: bool) -> None:
    assert same_name(one, other) is same
    assert same_name(other, one) is same


def test_the_title_under_the_name(profile: People, posting: Postings, make: Make) -> None:
    assert make(profile("nurse_en"), posting("nurse_en")).structure.header.title.text == "Staff Nurse"
    beginner = profile_pb2.ProfileContent(locale="de")
    assert make(beginner).structure.header.title.text == "Fachkraft"
    beginner.personal.headline = "Auszubildende Bäckerin"
    assert make(beginner).structure.header.title.text == "Auszubildende Bäckerin"


def test_graduates_show_their_studies_first(make: Make) -> None:
    person = profile_pb2.ProfileContent(locale="en", summary="Curious.")
    person.education.add(id="d", degree="BSc", institution="Elm College").end_date.year = 2026
    person.experience.add(id="e", title="Intern", start_date=common_pb2.PartialDate(year=2026, month=6))
    person.skill_groups.add(id="g", name="Python")

    assert kinds(make(person).structure) == ["summary", "education", "skills", "experience"]


def test_figures_about_the_person(profile: People, make: Make) -> None:
    figures = make(profile("platform_engineer_en")).structure.metadata

    assert figures.total_years_experience == 15.9
    assert (figures.total_projects, figures.total_certifications) == (1, 1)
    assert len(figures.top_skills) <= 10
    assert {"Kubernetes", "Terraform"} <= set(figures.top_skills)
    assert list(make(profile("nurse_en")).structure.metadata.industries) == ["Healthcare"]


def test_a_translation_is_chosen_by_locale(profile: People, make: Make) -> None:
    person = profile("electrician_de")
    person.locale = "de"
    person.translations.add(source_id="exp-1", field="title", locale="en", text="Electrician")
    person.translations.add(
        source_id="", field="summary", locale="en-GB", text="Electrician who enjoys clean work."
    )

    english = make(person, locale="en").content_text
    german = make(person).content_text

    assert "Experience\n" in english
    assert "Electrician who enjoys clean work." in english
    assert "Elektroinstallation in 120 Wohnungen" in english
    assert "Berufserfahrung\n" in german
    assert "Electrician" not in german


def test_an_empty_profile_makes_an_empty_resume(make: Make) -> None:
    made = make(profile_pb2.ProfileContent())

    assert kinds(made.structure) == []
    assert made.structure.header.title.text == "Professional"
    assert made.qa.format_compliance < 50


def test_very_long_texts_are_cut_and_said_so(make: Make) -> None:
    person = profile_pb2.ProfileContent(locale="en")
    person.experience.add(id="e", title="Writer", description="I wrote a book. " * 500)

    made = make(person)

    entry = made.structure.sections[-1].experience.entries[0]
    assert len(entry.description.text) <= 4000
    assert entry.description.text.endswith("book.")
    assert any("cut before" in notice for notice in made.notices)


@pytest.mark.parametrize(
    "name", ["platform_engineer_en", "electrician_de", "nurse_en", "teacher_fr", "luthier_en"]
)
def test_every_line_and_entry_names_its_sources(
    name: str, profile: People, posting: Postings, make: Make, skills: SkillTable, today: date
) -> None:
    person = profile(name)
    made = make(person, posting(name))

    assert untruths(made.structure, person, today, skills) == []
    for each in iter_lines(made.structure):
        assert each.line.provenance.source_ids
        assert each.line.id
    ids = [each.line.id for each in iter_lines(made.structure)]
    assert len(ids) == len(set(ids))


def test_skills_are_surfaced_from_text_without_spaces(read_posting: Postings, make: Make) -> None:
    person = profile_pb2.ProfileContent(locale="zh", summary="工程师")
    person.experience.add(id="e", title="工程师").achievements.add(id="a", text="使用Python开发机器学习系统")

    made = make(person, read_posting("任职要求\n- 机器学习\n- Python", "zh"))

    assert {each.text for each in items(made.structure)} == {"机器学习", "Python"}
