"""Many profiles against one posting, over a real socket and a real database."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from grpc_health.v1 import health_pb2, health_pb2_grpc
from sqlalchemy import text

from services.runtime.auth import Role
from services.runtime.errors import NotFound
from tests.support.generation_service import Caller, GenerationHarness
from tests.support.labelled_matches import load_postings, load_profiles
from vitae.generation.v1 import matching_pb2, postings_pb2, profiles_pb2
from vitae.resume.v1 import profile_pb2

RECRUITER = frozenset({Role.USER, Role.RECRUITER})


async def store(caller: Caller, name: str, content: profile_pb2.ProfileContent) -> profile_pb2.Profile:
    profile = profile_pb2.Profile(display_name=name, content=content)
    return await caller.profiles.CreateProfile(profiles_pb2.CreateProfileRequest(profile=profile))


async def post(caller: Caller, source: str) -> postings_pb2.JobPosting:
    posting = postings_pb2.JobPosting(source_text=source)
    return await caller.postings.CreateJobPosting(postings_pb2.CreateJobPostingRequest(job_posting=posting))


async def match(
    caller: Caller, posting: postings_pb2.JobPosting, *profile_ids: str
) -> list[matching_pb2.ProfileMatch]:
    request = matching_pb2.MatchProfilesRequest(job_posting_id=posting.id, profile_ids=profile_ids)
    return [each async for each in caller.matches.MatchProfiles(request)]


async def count_readings(generation: GenerationHarness, caller: Caller) -> int:
    async with generation.database.user_transaction(caller.identity, shared=True) as connection:
        return int((await connection.execute(text("select count(*) from match_readings"))).scalar_one())


async def test_everybody_is_ranked_with_the_score_of_their_own_analysis(
    generation: GenerationHarness,
) -> None:
    recruiter = generation.user(roles=RECRUITER)
    people = dict(list(load_profiles("seen").items())[::4])
    people["jonas"] = load_profiles("seen")["jonas"]
    names = {(await store(recruiter, name, person)).id: name for name, person in people.items()}
    posting = await post(recruiter, next(e for e in load_postings("seen") if e.name == "frontend_en").text)

    matches = await match(recruiter, posting)

    assert {each.profile_id for each in matches} == set(names)
    assert names[matches[0].profile_id] == "jonas"
    assert [each.score for each in matches] == sorted((each.score for each in matches), reverse=True)
    assert matches[0].rank == 1
    for each in matches:
        one = await recruiter.matches.AnalyzeMatch(
            matching_pb2.AnalyzeMatchRequest(profile_id=each.profile_id, job_posting_id=posting.id)
        )
        assert each.score == one.original_score
        assert each.matched_skills == one.matched_skills
        assert each.missing_skills == one.missing_skills
    assert matches == await match(recruiter, posting)


async def test_a_recruiter_sees_the_tenants_profiles_and_others_their_own(
    generation: GenerationHarness,
) -> None:
    recruiter = generation.user(roles=RECRUITER)
    colleague = generation.user(tenant=recruiter.identity.tenant_id)
    stranger = generation.user(roles=RECRUITER)
    person = next(iter(load_profiles("seen").values()))
    mine, theirs, foreign = [(await store(each, "x", person)).id for each in (recruiter, colleague, stranger)]
    everybody = await post(recruiter, "Baker\n\nRequirements\n- Python")
    own = await post(colleague, "Baker\n\nRequirements\n- Python")

    assert {each.profile_id for each in await match(recruiter, everybody)} == {mine, theirs}
    assert [each.profile_id for each in await match(colleague, own)] == [theirs]
    named = await match(colleague, own, mine, theirs, foreign)
    assert [(each.profile_id, bool(each.error)) for each in named] == [
        (theirs, False),
        *sorted((each, True) for each in (mine, foreign)),
    ]
    # What is not there and what may not be seen read alike.
    nobody = str(uuid4())
    assert {each.error for each in (*named[1:], *await match(colleague, own, nobody))} == {
        "No profile has this id."
    }
    with pytest.raises(NotFound):
        await match(stranger, everybody)


async def test_name_photo_and_address_move_nobody(generation: GenerationHarness) -> None:
    recruiter = generation.user(roles=RECRUITER)
    person = load_profiles("seen")["aoife"]
    other = profile_pb2.ProfileContent()
    other.CopyFrom(person)
    other.personal.full_name, other.personal.location.city = "Emergency Nurse Triage", "Phlebotomy"
    other.personal.location.country_code = "IE"
    first, second = await store(recruiter, "a", person), await store(recruiter, "b", other)
    labelled = next(each for each in load_postings("seen") if each.name == "emergency_nurse_en")
    posting = await post(recruiter, labelled.text)

    one, two = await match(recruiter, posting, first.id, second.id)

    assert (one.score, one.rank) == (two.score, two.rank)
    assert one.score > 0.3


async def test_a_changed_profile_is_scored_as_it_is_now(generation: GenerationHarness) -> None:
    person = generation.user()
    profile = await store(person, "x", load_profiles("seen")["barry"])
    posting = await post(person, "Cook\n\nRequirements\n- Kubernetes\n- Terraform")
    (before,) = await match(person, posting)

    profile.content.skill_groups[0].skills.add(name="Kubernetes")
    await person.profiles.UpdateProfile(
        profiles_pb2.UpdateProfileRequest(profile=profile, update_mask=FieldMask(paths=["content"]))
    )
    (after,) = await match(person, posting)

    assert (list(before.matched_skills), list(after.matched_skills)) == ([], ["Kubernetes"])
    assert after.score > before.score


async def test_readings_that_are_missing_old_or_of_another_version_are_made_again(
    generation: GenerationHarness,
) -> None:
    recruiter = generation.user(roles=RECRUITER)
    owner = generation.user(tenant=recruiter.identity.tenant_id)
    people = list(load_profiles("seen").items())[:6]
    for name, person in people:
        await store(owner, name, person)
    posting = await post(recruiter, load_postings("seen")[0].text)
    expected = await match(recruiter, posting)

    for damage in (
        "delete from match_readings",
        "update match_readings set version = 'another', reading = ''",
        "update match_readings set revision = 0, reading = ''",
        # A replica of the last release writes profiles and knows nothing of readings.
        "update profiles set revision = revision + 1",
    ):
        async with generation.database.user_transaction(owner.identity) as connection:
            await connection.execute(text(damage))
        assert await match(recruiter, posting) == expected
        assert await count_readings(generation, recruiter) == len(people)


async def test_one_that_cannot_be_read_does_not_stop_the_others(generation: GenerationHarness) -> None:
    person = generation.user()
    good = await store(person, "good", load_profiles("seen")["jonas"])
    bad = await store(person, "bad", load_profiles("seen")["mei"])
    async with generation.database.user_transaction(person.identity) as connection:
        change = text("update profiles set content = '\\xff', revision = 2 where id = :id")
        await connection.execute(change, {"id": bad.id})
    posting = await post(person, load_postings("seen")[0].text)

    first, second = await match(person, posting)

    assert (first.profile_id, first.error, first.rank) == (good.id, "", 1)
    assert (second.profile_id, second.rank) == (bad.id, 0)
    assert "cannot be read" in second.error


async def test_a_reading_goes_with_its_profile(generation: GenerationHarness) -> None:
    person = generation.user()
    profile = await store(person, "x", load_profiles("seen")["mei"])
    assert await count_readings(generation, person) == 1

    await person.profiles.DeleteProfile(profiles_pb2.DeleteProfileRequest(id=profile.id))

    assert await count_readings(generation, person) == 0


async def test_nobody_reads_or_writes_the_readings_of_others_in_the_database(
    generation: GenerationHarness,
) -> None:
    owner = generation.user()
    colleague = generation.user(tenant=owner.identity.tenant_id)
    await store(owner, "x", load_profiles("seen")["mei"])

    async with generation.database.user_transaction(colleague.identity) as connection:
        seen = (await connection.execute(text("select count(*) from match_readings"))).scalar_one()
        changed = await connection.execute(text("update match_readings set reading = ''"))

    assert (seen, changed.rowcount) == (0, 0)


async def test_health_checks_are_answered_while_hundreds_are_read_and_scored(
    generation: GenerationHarness,
) -> None:
    recruiter = generation.user(roles=RECRUITER)
    people = list(load_profiles("seen").values())
    for _ in range(4):
        await asyncio.gather(*(store(recruiter, "x", person) for person in people))
    posting = await post(recruiter, load_postings("seen")[0].text)
    async with generation.database.user_transaction(recruiter.identity, shared=True) as connection:
        await connection.execute(text("delete from match_readings"))
    health: Any = health_pb2_grpc.HealthStub(recruiter.channel)  # its types describe the blocking one

    matching = asyncio.create_task(match(recruiter, posting))
    answers = 0
    while not matching.done():
        await health.Check(health_pb2.HealthCheckRequest(), timeout=30)
        answers += not matching.done()

    assert len(await matching) == 4 * len(people)
    # Blocked by two hundred readings in a row, the loop would have answered before and after, and not in between.
    assert answers >= 5
