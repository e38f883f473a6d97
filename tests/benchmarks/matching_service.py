"""What the generation service needs to match ten thousand profiles in one call: over a socket, with PostgreSQL."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text

from deploy.local.system import System, running
from services.runtime.auth import DEFAULT_TENANT, Identity, InternalSigner, Role
from services.runtime.client import open_channel
from services.runtime.db import Database
from services.runtime.external_identity import stable_id
from tests.benchmarks import bench_pipeline
from tests.support.labelled_matches import HALVES, load_postings, load_profiles
from vitae.generation.v1 import (
    matching_pb2,
    matching_pb2_grpc,
    postings_pb2,
    postings_pb2_grpc,
    profiles_pb2,
    profiles_pb2_grpc,
)
from vitae.resume.v1 import profile_pb2

_ROUNDS = 40
_COPY = """
insert into profiles (id, tenant_id, user_id, tenant_owned, display_name, content, revision, create_time, update_time)
select md5(id::text || number)::uuid, tenant_id, user_id, tenant_owned, display_name, content, revision, create_time,
  update_time
from profiles, generate_series(1, :times) as number
"""
_COPY_READINGS = """
insert into match_readings (profile_id, revision, version, reading)
select md5(profile_id::text || number)::uuid, revision, version, reading
from match_readings, generate_series(1, :times) as number
"""


async def service_figures(folder: Path, profiles: int) -> dict[str, float]:
    """Starts the whole system in a folder, fills it with profiles and measures from a client's side."""
    async with running(folder, port=0, say=print) as system:
        async with httpx.AsyncClient(
            base_url=system.url,
            headers={"Authorization": f"Bearer {system.token}"},
            timeout=60,
            trust_env=False,
        ) as client:
            made = await bench_pipeline.generation_figures(system, client, _ROUNDS)
        figures = {each.name: each.median for each in made}
        return figures | await _batch(system, profiles)


async def _batch(system: System, profiles: int) -> dict[str, float]:
    identity = Identity(
        DEFAULT_TENANT, stable_id("vitae", "recruiter"), frozenset({Role.USER, Role.RECRUITER})
    )
    signer = InternalSigner.from_pem(system.credentials.gateway_key, issuer="gateway")
    port = system.processes.ports("generation")["grpc"]
    service = system.processes.pid("generation")
    channel = open_channel(
        f"127.0.0.1:{port}", token=lambda: signer.for_user(identity, audience=["generation"])
    )
    try:
        saving = await _save(profiles_pb2_grpc.ProfileServiceStub(channel))
        databases = Database(system.cluster.database("generation").login_url, application="benchmark")
        async with databases as database, database.user_transaction(identity, shared=True) as connection:
            stored = (await connection.execute(text("select count(*) from profiles"))).scalar_one()
            for copy in (_COPY, _COPY_READINGS):
                await connection.execute(text(copy), {"times": profiles // stored})
        posting = await postings_pb2_grpc.JobPostingServiceStub(channel).CreateJobPosting(
            postings_pb2.CreateJobPostingRequest(
                job_posting=postings_pb2.JobPosting(source_text=load_postings("seen")[0].text)
            )
        )
        matches = matching_pb2_grpc.MatchServiceStub(channel)
        request = matching_pb2.MatchProfilesRequest(job_posting_id=posting.id)
        [_ async for _ in matches.MatchProfiles(request, timeout=300)]
        worked, began = _seconds_of(service), time.perf_counter()
        received = [each async for each in matches.MatchProfiles(request, timeout=300)]
        lasted, worked = time.perf_counter() - began, _seconds_of(service) - worked
        return {
            "save_profile_ms": saving,
            "batch_rpc_profiles": float(len(received)),
            "batch_rpc_per_second": len(received) / lasted,
            "batch_rpc_per_cpu_second": len(received) / worked,
            "service_memory_mb": _most_memory(service) / 2**20,
        }
    finally:
        await channel.close()


async def _save(stub: Any) -> float:
    """Stores the labelled people; mean milliseconds each, reading them for matching included."""
    people: Mapping[str, profile_pb2.ProfileContent] = {
        f"{half} {name}": person for half in HALVES for name, person in load_profiles(half).items()
    }
    began = time.perf_counter()
    for name, person in people.items():
        profile = profile_pb2.Profile(display_name=name, content=person)
        await stub.CreateProfile(profiles_pb2.CreateProfileRequest(profile=profile))
    return (time.perf_counter() - began) * 1000 / len(people)


def _seconds_of(pid: int) -> float:
    """Processor seconds a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _most_memory(pid: int) -> int:
    """The most memory a process ever held, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
