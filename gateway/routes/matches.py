"""How a profile fits a posting: rankings and scores."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from gateway import examples, ndjson
from gateway.bodies import StrictRoute
from gateway.dependencies import Backend
from gateway.examples import json_body
from gateway.identity.bearer import SIGNED_IN
from gateway.protojson import ProtoJson
from vitae.generation.v1 import matching_pb2

router = APIRouter(prefix="/api/v1", tags=["matching"], dependencies=SIGNED_IN, route_class=StrictRoute)

ProfileId = Annotated[str, Query(description="UUID of the profile.")]
PostingId = Annotated[str, Query(description="UUID of the job posting.")]

_MANY = 300
"""Seconds that ten thousand profiles may take which were never read for matching before."""


@router.get("/rankings", summary="Rank a profile's parts for a posting")
async def ranking(
    backend: Backend, profile_id: ProfileId, job_posting_id: PostingId
) -> Annotated[matching_pb2.Ranking, ProtoJson()]:
    """Experience, projects, skills and achievements, best first, each with its reasons."""
    request = matching_pb2.GetRankingRequest(profile_id=profile_id, job_posting_id=job_posting_id)
    return await backend.matches.GetRanking(request)


@router.get("/matches", summary="Score a profile against a posting")
async def match(
    backend: Backend, profile_id: ProfileId, job_posting_id: PostingId
) -> Annotated[matching_pb2.MatchAnalysis, ProtoJson()]:
    """The score of the profile as it is written, with the evidence of every point."""
    request = matching_pb2.AnalyzeMatchRequest(profile_id=profile_id, job_posting_id=job_posting_id)
    return await backend.matches.AnalyzeMatch(request)


@router.post(
    "/matches/batch",
    summary="Score many profiles against a posting",
    response_class=StreamingResponse,
    responses=ndjson.documented(
        matching_pb2.ProfileMatch, "A line of JSON for each profile, best first; last, those without a score."
    ),
)
async def match_many(
    backend: Backend,
    body: Annotated[matching_pb2.MatchProfilesRequest, ProtoJson(), json_body(examples.MATCHES)],
) -> StreamingResponse:
    """Up to 10,000 profiles named, or all the caller sees: their own, a recruiter's whole tenant. Blind to name, photo,
    gender, age and address; the scores are those of `GET /matches`. Each line is one profile with its `rank`; one that
    cannot be scored says why in `error`, and the others go on.
    """
    return await ndjson.lines(backend.matches.MatchProfiles(body, timeout=_MANY))
