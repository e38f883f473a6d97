"""The paragraphs of a letter: for what, on what evidence, why, and what comes next."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from babel.units import format_unit

from services.document.locales import cldr, guess_language
from services.generation.composing import header as headers
from services.generation.composing.beginners import is_graduate, is_learning
from services.generation.composing.context import Context, squeeze
from services.generation.letters.evidence import Entry, Proof, choose
from services.generation.letters.pen import Pen, Told
from services.generation.letters.strengths import Strengths
from services.generation.matching.facts import SUMMARY_ID
from services.generation.matching.tenure import tenure
from vitae.resume.v1 import common_pb2, profile_pb2

WORDS = (200, 350)
"""Words of the body below which a letter is filled up, and the most anybody reads."""
_OPENING_SKILLS, _MORE_SKILLS = 4, 4

Line = common_pb2.Line
_Ranked = tuple[int, Line | None]
"""A sentence on what else speaks for the person, and its place among the others."""
(
    _SUMMARY,
    _WORK,
    _STUDIES,
    _COURSES,
    _EARLIER,
    _CERTIFICATES,
    _SKILLS,
    _TOOLS,
    _PUBLISHED,
    _AWARDS,
    _LANGUAGES,
) = range(11)


class Body:
    """The paragraphs of one letter."""

    def __init__(self, pen: Pen, context: Context, frame: dict[str, Told], found: Strengths) -> None:
        self._pen = pen
        self._context = context
        self._frame = frame
        self._strengths = found
        self._standing = ""
        """Id of the job that the opening names."""
        self._studies_told = False
        self._words = 0

    def opening(self) -> list[Line]:
        """For what, from where, and the strongest reason."""
        pen = self._pen
        lines = [
            pen.say("opening.{tone}.apply", self._frame, continues=pen.language.continues),
            self._stands(),
        ]
        wanted = self._strengths.wanted[:_OPENING_SKILLS]
        if wanted:
            lines.append(pen.say("opening.{tone}.skills", {"skills": pen.list_of(wanted)}))
        elif self._strengths.listed:
            listed = {"skills": pen.list_of(self._strengths.listed[:_OPENING_SKILLS])}
            lines.append(pen.say("opening.{tone}.strengths", listed))
        return self._kept(lines)

    def evidence(self, found: Sequence[Entry], most: int) -> list[list[Line]]:
        """A paragraph on the strongest work, one on other work, and what else speaks for the person."""
        chosen = choose(found, most)
        paragraphs = [self._kept(self._told(each, number)) for number, each in enumerate(chosen)]
        first = paragraphs[0] if paragraphs else []
        second = [line for part in paragraphs[1:] for line in part]
        said = " ".join(line.text for line in (*first, *second))
        told = {each.id for each in chosen} | {self._standing}
        ranked = [(rank, line) for rank, each in self._asked_for(said) for line in self._kept([each])]
        for rank, each in self._filling([entry for entry in found if entry.id not in told]):
            if self._words < WORDS[0]:
                ranked += [(rank, line) for line in self._kept([each])]
        third = [line for _, line in sorted(ranked, key=lambda each: each[0])]
        if not second or (len(third) < 2 and third):
            return [first, second + third]
        return [first, second, third]

    def motivation(self, found: Sequence[tuple[Told, bool]]) -> list[Line]:
        """Why this work: the posting's own words, and a wish. Nothing that the profile would have to prove."""
        pen, base = self._pen, "motivation.{tone}."
        values = dict(self._frame)
        for name, (task, _) in zip(("task", "other_task"), found, strict=False):
            values[name] = Told(pen.quoted(task.text), task.sources)
        if not found:
            return self._kept([pen.say(f"{base}general", values)])
        wish = f"{base}{'close' if all(proved for _, proved in found) else 'new'}"
        if len(found) == 1 and pen.language.variants(f"{wish}_one".format(tone=pen.tone)):
            wish += "_one"
        return self._kept([pen.say(f"{base}tasks", values), pen.say(wish, self._frame)])

    def further(self) -> list[Line]:
        """What a letter that is still short can add without a claim."""
        lines: list[Line] = []
        for each in self._pen.all_of("motivation.{tone}.further"):
            if self._words < WORDS[0]:
                lines += self._kept([each])
        return lines

    def ending(self) -> list[Line]:
        """What comes next."""
        return self._kept(self._pen.all_of("ending.{tone}.lines"))

    def _kept(self, lines: Iterable[Line | None]) -> list[Line]:
        kept = [line for line in lines if line is not None]
        self._words += sum(len(line.text.split()) for line in kept)
        return kept

    def _stands(self) -> Line | None:
        """The latest job; the latest studies where there is none, or where they are what the person comes from."""
        jobs = [
            job
            for job in sorted(self._context.profile.experience, key=headers.recent_first)
            if job.title.strip() or job.company.strip()
        ]
        study = next(iter(_latest_studies(self._context.profile)), None)
        if not jobs and study is None:
            return None
        if study is not None and (not jobs or is_graduate(self._context)):
            name = "studies" if _goes_on(study, self._context.today) else "studied"
            self._studies_told = True
            return self._pen.say(f"opening.{{tone}}.{name}", self._study(study))
        job = jobs[0]
        self._standing = job.id
        years = Told("", ()) if is_learning(job.title) or is_graduate(self._context) else self._years()
        values = {**self._job(job.id, job.title, job.company), "years": years}
        lasts = job.is_current or bool(
            job.start_date.year and not job.end_date.year and not job.end_date.text
        )
        return self._pen.say(f"opening.{{tone}}.{'works' if lasts else 'worked'}", values)

    def _job(self, job_id: str, title: str, employer: str) -> dict[str, Told]:
        return {
            "job": Told(squeeze(title), (job_id,)),
            "at": Told(self._pen.at(employer), (job_id,)),
        }

    def _years(self) -> Told:
        worked = tenure(self._context.profile.experience, self._context.today)
        if worked.years < 1:
            return Told("", ())
        text = format_unit(
            int(worked.years), "duration-year", length="long", locale=cldr(self._pen.language.locale)
        )
        return Told(text, tuple(job_id for job_id, _ in worked.by_job))

    def _told(self, entry: Entry, number: int) -> list[Line | None]:
        """The sentences on one entry: clauses first, then a list of tasks, then quotations."""
        pen, lines = self._pen, list[Line | None]()
        values = self._job(entry.id, entry.title, entry.name)
        values["name"] = Told(entry.name, (entry.id,))
        known = entry.kind == "job" and (entry.id == self._standing or number == 2)
        if entry.kind == "job" and number == 2:
            values.pop("job")
        by_kind: dict[str, list[Proof]] = {}
        for proof in entry.proofs:
            by_kind.setdefault(proof.worded.kind, []).append(proof)
        if len(by_kind.get("noun", ())) < pen.language.least_nouns:
            by_kind.setdefault("quote", []).extend(by_kind.pop("noun", []))
        for proof in by_kind.get("clause", ()):
            first = not any(lines)
            name = f"evidence.{'known_job' if known else entry.kind}" if first else "evidence.follow"
            said = {
                **values,
                "clause": Told(proof.worded.text, (proof.source,)),
                "also": Told(proof.worded.also, (proof.source,)),
            }
            lines.append(pen.say(name, said, relevance=proof.relevance))
        for kind, plural in (("noun", "nouns"), ("quote", "quotes")):
            proofs = by_kind.get(kind, ())
            if not proofs:
                continue
            items = pen.list_of(Told(each.worded.text, (each.source,)) for each in proofs)
            suffix = "_follow" if any(lines) else "" if entry.kind == "job" else f"_{entry.kind}"
            name = f"evidence.{plural}{suffix}"
            if not entry.lasting and pen.language.variants(f"{name}_ended"):
                name = f"{name}_ended"
            relevance = max(each.relevance for each in proofs)
            lines.append(pen.say(name, {**values, "items": items}, relevance=relevance))
        return lines

    def _asked_for(self, said: str) -> Iterator[_Ranked]:
        """Studies, certificates, languages and further skills, as far as the posting asks for them."""
        pen, profile = self._pen, self._context.profile
        asks_degree = (
            self._context.wanted is not None and self._context.wanted.analysis.education_requirements
        )
        if asks_degree:
            yield _STUDIES, self._studied()
        certificates = [each for each in self._strengths.certificates if each[1]]
        yield _CERTIFICATES, self._certified([told for told, _ in certificates])
        if self._strengths.languages_asked:
            yield _LANGUAGES, pen.say("more.languages", {"items": pen.list_of(_languages(profile))})
        folded = said.casefold()
        more = [
            each for each in self._strengths.wanted[_OPENING_SKILLS:] if each.text.casefold() not in folded
        ][:_MORE_SKILLS]
        if more:
            yield _SKILLS, pen.say("more.skills", {"skills": pen.list_of(more)})

    def _filling(self, others: Sequence[Entry]) -> Iterator[_Ranked]:
        """What a letter with little to tell can add, most telling first."""
        pen, profile = self._pen, self._context.profile
        yield _STUDIES, self._studied()
        yield _SUMMARY, self._summed_up()
        worked = [
            Told(squeeze(f"{each.title} {self._pen.at(each.name)}"), (each.id,))
            for each in others
            if each.kind == "job" and each.title
        ]
        if worked:
            yield _WORK, pen.say("more.worked", {"items": pen.list_of(worked[:2])})
        for each in others:
            values = {"at": Told(pen.at(each.name), (each.id,)), "name": Told(each.name, (each.id,))}
            if each.kind != "job" and each.name:
                yield _WORK, pen.say(f"more.{each.kind}", values)
        if not any(asked for _, asked in self._strengths.certificates):
            yield _CERTIFICATES, self._certified([told for told, _ in self._strengths.certificates])
        courses = [
            Told(squeeze(course), (study.id,))
            for study in _latest_studies(profile)
            for course in study.coursework
            if course.strip()
        ]
        if courses:
            yield _COURSES, pen.say("more.courses", {"items": pen.list_of(courses[:3])})
        told, *earlier = _latest_studies(profile) or [profile_pb2.Education()]
        # The same subject once more would only be the same sentence with another school.
        other = [
            each for each in earlier if not each.field_of_study or each.field_of_study != told.field_of_study
        ]
        for study in other[:1]:
            if not _goes_on(study, self._context.today):
                yield _EARLIER, pen.say("more.studied_too", self._study(study))
        published = [
            Told(
                squeeze(f"{pen.quoted(each.name)} {f'({each.publisher})' if each.publisher else ''}"),
                (each.id,),
            )
            for each in profile.publications
            if each.name.strip()
        ]
        if published:
            yield _PUBLISHED, pen.say("more.published", {"items": pen.list_of(published[:2])})
        if not self._strengths.languages_asked and len(profile.languages) > 1:
            yield _LANGUAGES, pen.say("more.languages", {"items": pen.list_of(_languages(profile))})
        awards = [Told(squeeze(each.title), (each.id,)) for each in profile.awards if each.title.strip()]
        if awards:
            yield _AWARDS, pen.say("more.award", {"items": pen.list_of(awards[:1])})
        if self._strengths.wanted and len(self._strengths.listed) > 1:
            tools = pen.list_of(self._strengths.listed[:_MORE_SKILLS])
            yield _TOOLS, pen.say("more.tools", {"skills": tools})

    def _summed_up(self) -> Line | None:
        """The first sentence of the person's own summary, where it is in the letter's language."""
        text = squeeze(self._context.profile.enhanced_summary or self._context.profile.summary)
        first = re.split(r"(?<=[.!?])\s", text, maxsplit=1)[0].rstrip(".")
        if not 6 <= len(first.split()) <= 30 or guess_language([text]) not in (self._pen.language.tag, ""):
            return None
        return self._pen.say("more.summary", {"items": Told(first, (SUMMARY_ID,))})

    def _studied(self) -> Line | None:
        study = next(iter(_latest_studies(self._context.profile)), None)
        if study is None or self._studies_told:
            return None
        self._studies_told = True
        name = "more.studies" if _goes_on(study, self._context.today) else "more.studied"
        return self._pen.say(name, self._study(study))

    def _study(self, study: profile_pb2.Education) -> dict[str, Told]:
        return {
            "degree": Told(squeeze(study.degree), (study.id,)),
            "field": Told(squeeze(study.field_of_study), (study.id,)),
            "school": Told(self._pen.at(study.institution), (study.id,)),
        }

    def _certified(self, certificates: Sequence[Told]) -> Line | None:
        if not certificates:
            return None
        name = "more.certificate" if len(certificates) == 1 else "more.certificates"
        return self._pen.say(name, {"items": self._pen.list_of(certificates[:3])})


def _latest_studies(profile: profile_pb2.ProfileContent) -> list[profile_pb2.Education]:
    named = [each for each in profile.education if each.degree or each.field_of_study or each.institution]
    return sorted(named, key=lambda each: -(each.end_date.year or 9999))


def _goes_on(study: profile_pb2.Education, today: date) -> bool:
    end = study.end_date
    if not end.year:
        return bool(study.start_date.year and not end.text)
    return (end.year, end.month or 1) > (today.year, today.month)


def _languages(profile: profile_pb2.ProfileContent) -> list[Told]:
    return [
        Told(
            squeeze(f"{each.language} ({each.fluency})" if each.fluency.strip() else each.language),
            (each.id,),
        )
        for each in profile.languages
        if each.language.strip()
    ]
