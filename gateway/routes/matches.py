"""How a profile fits a posting: rankings and scores."""

from typing import Annotated

from fastapi import APIRouter, Query

from gateway.bodies import StrictRoute
from gateway.dependencies import Backend
from gateway.identity.bearer import SIGNED_IN
from gateway.protojson import ProtoJson
from vitae.generation.v1 import matching_pb2

router = APIRouter(prefix="/api/v1", tags=["matching"], dependencies=SIGNED_IN, route_class=StrictRoute)

ProfileId = Annotated[str, Query(description="UUID of the profile.")]
PostingId = Annotated[str, Query(description="UUID of the job posting.")]


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
