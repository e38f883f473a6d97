"""Any profile that can be stored makes a resume: in every language, with odd characters, gaps and repetitions."""

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.document.jsonresume.ids import assign_profile_ids
from services.document.locales import supported_languages
from services.generation.composing.compose import compose
from services.generation.matching.ranking import rank
from services.generation.postings.analysis import analyze
from tests.support.skills import skill_table
from vitae.generation.v1 import postings_pb2, resumes_pb2
from vitae.resume.v1 import common_pb2, profile_pb2

TABLE = skill_table()
TODAY = date(2026, 11, 20)

texts = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "",
            " ",
            "• one\n• two",
            "- a\n- b\n\nprose",
            "k8s",
            "C++",
            "Straße\u00a0GROẞ",
            "ﬁnance",
            "e\u0301cole",
            "مهندس",
            "研究者",
            "1/2",
            "2019–2020 50%",
            "İstanbul",
            "a/b/c",
            "x\u2028y",
            "\u200bhidden",
            "A" * 4500,
        ]
    ),
)
dates = st.builds(
    common_pb2.PartialDate,
    year=st.sampled_from([0, 1, 1999, 2015, 2026, 2030, 9999]),
    month=st.sampled_from([0, 1, 12]),
)


@st.composite
def odd_profiles(draw: st.DrawFn) -> profile_pb2.ProfileContent:
    person = profile_pb2.ProfileContent(
        locale=draw(st.sampled_from(["", "en", "de", "xx", "ar", "zh-Hant"])), summary=draw(texts)
    )
    person.personal.full_name, person.personal.headline = draw(texts), draw(texts)
    person.personal.location.CopyFrom(
        common_pb2.Location(
            text=draw(texts)[:300],
            city=draw(texts)[:200],
            country_code=draw(st.sampled_from(["", "DE", "zz", "Deutschland"])),
        )
    )
    for _ in range(draw(st.integers(0, 2))):
        job = person.experience.add(
            title=draw(texts)[:500],
            company=draw(texts)[:500],
            description=draw(texts),
            is_current=draw(st.booleans()),
        )
        job.start_date.CopyFrom(draw(dates))
        if draw(st.booleans()):
            job.end_date.CopyFrom(draw(dates))
        for _ in range(draw(st.integers(0, 3))):
            job.achievements.add(text=draw(texts)[:4000], enhanced_text=draw(texts)[:4000])
        job.technologies.add(name=draw(texts)[:300])
        person.projects.add(
            name=draw(texts)[:500], description=draw(texts), roles=[draw(texts)[:300], draw(texts)[:300]]
        )
    for _ in range(draw(st.integers(0, 3))):
        group = person.skill_groups.add(name=draw(texts)[:300], level=draw(texts)[:100])
        for _ in range(draw(st.integers(0, 2))):
            group.skills.add(name=draw(texts)[:300])
    person.education.add(
        degree=draw(texts)[:300],
        institution=draw(texts)[:500],
        honors=[draw(texts)[:500]],
        coursework=[draw(texts)[:500]],
        description=draw(texts),
    )
    person.languages.add(language=draw(texts)[:100], fluency=draw(texts)[:200])
    person.certifications.add(name=draw(texts)[:500])
    person.volunteer.add(organization=draw(texts)[:500], description=draw(texts))
    person.awards.add(title=draw(texts)[:500], summary=draw(texts))
    person.publications.add(name=draw(texts)[:500], summary=draw(texts))
    person.interests.add(name=draw(texts)[:300], keywords=[draw(texts)[:300]])
    person.references.add(name=draw(texts)[:300], text=draw(texts))
    person.custom_sections.add(title=draw(texts)[:300]).items.add(
        title=draw(texts)[:500], description=draw(texts)
    )
    for source in ("", "exp-1", "exp-1-a1"):
        person.translations.add(
            source_id=source,
            field=draw(st.sampled_from(["summary", "title", "text", "nonsense"])),
            locale=draw(st.sampled_from(["de", "en", "ar"])),
            text=draw(texts),
        )
    return assign_profile_ids(person)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(odd_profiles(), st.text(max_size=200), st.booleans(), st.sampled_from(["", "de", "ja"]))
def test_any_profile_makes_a_resume(
    person: profile_pb2.ProfileContent, text: str, keep: bool, locale: str
) -> None:
    posting = postings_pb2.JobPosting(source_text=f"Requirements\n- Kubernetes\n- finance\n{text}")
    posting.analysis.CopyFrom(analyze(posting, TABLE).analysis)
    options = resumes_pb2.TailoringOptions(preserve_experience=keep, locale=locale)

    for job in (posting, None):
        ranking = rank(person, job.analysis if job else None, TODAY, TABLE)
        made = compose(person, job, ranking, options, TODAY, TABLE)
        assert made.structure.locale


@pytest.mark.parametrize("locale", [*supported_languages(), "ar-EG", "fa", "de-CH", "pt-BR", "xx"])
def test_a_summary_is_written_in_every_language(locale: str) -> None:
    person = profile_pb2.ProfileContent(locale=locale)
    person.experience.add(id="e", title="Köchin", start_date=common_pb2.PartialDate(year=2010, month=3))
    person.skill_groups.add(id="g", name="Cuisine").skills.extend(
        profile_pb2.Skill(id=f"s{number}", name=name)
        for number, name in enumerate(("Patisserie", "Einkauf", "Saucen", "Kalkulation"))
    )

    made = compose(
        person, None, rank(person, None, TODAY, TABLE), resumes_pb2.TailoringOptions(), TODAY, TABLE
    )

    lines = [each.text for each in made.structure.sections[0].summary.lines]
    assert len(lines) == 2
    assert "Köchin" in lines[0]
    assert "Patisserie" in lines[1]
