"""Every RPC of every service, called directly: with bad tokens, by the wrong callers, and for another's things.

The table below decides for each RPC who may call it. A new RPC without a line here fails the first test.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

import grpc
import pytest

from tests.security.conftest import People
from tests.support.intruder import MARK, Ids, bad_external_tokens, bad_internal_tokens, called, rpcs
from tests.support.rest import Json
from tests.support.system import LiveSystem


class Caller(Enum):
    """Who may call an RPC."""

    PERSON = "a person, for their own things"
    ANYBODY = "whoever has a valid token; nothing in it belongs to anybody"
    WORKER = "a render worker"
    OPERATOR = "an operator"
    ADMIN = "an operator, or a tenant's admin for that tenant"
    GENERATION = "the generation service"
    HOLDER = "whoever holds a signed link; the gateway passes it on"


@dataclass(frozen=True)
class Rpc:
    """Who may call, and requests that name another's things ($profile ...) or the caller's own ($my_profile ...)."""

    caller: Caller
    cases: tuple[str, ...]
    destructive: bool = False


def person(*cases: str, destructive: bool = False) -> Rpc:
    return Rpc(Caller.PERSON, cases, destructive)


_DOCUMENT = (
    '{"resume": {"header": {"full_name": "A"}, "sections": [{"summary": {"lines": [{"text": "b"}]}}]}}'
)
_LEASE = '{"export_id": "$export", "owner": "$my_export", "attempt": 1}'
_SHA = "0" * 64
_TENANT = '"tenant_id": "$profile"'

TABLE: Mapping[str, Mapping[str, Rpc]] = {
    "vitae.generation.v1.ProfileService": {
        "CreateProfile": person('{"profile": {"content": {}}}'),
        "ImportProfile": person('{"format": "json_resume", "data": "e30="}'),
        "ExportProfile": person('{"id": "$profile", "format": "json_resume"}'),
        "GetProfile": person('{"id": "$profile"}'),
        "ListProfiles": person("{}"),
        "UpdateProfile": person(
            '{"profile": {"id": "$profile", "display_name": "x", "content": {}},'
            ' "update_mask": {"paths": ["display_name"]}}',
            '{"profile": {"id": "$profile", "etag": "r99", "content": {}},'
            ' "update_mask": {"paths": ["display_name"]}}',
            destructive=True,
        ),
        "DeleteProfile": person('{"id": "$profile"}', destructive=True),
    },
    "vitae.generation.v1.JobPostingService": {
        "CreateJobPosting": person('{"job_posting": {"source_text": "Cook."}}'),
        "GetJobPosting": person('{"id": "$posting"}'),
        "ListJobPostings": person("{}"),
        "DeleteJobPosting": person(
            '{"id": "$posting"}', '{"id": "$posting", "etag": "r99"}', destructive=True
        ),
    },
    "vitae.generation.v1.MatchService": {
        "GetRanking": person(
            '{"profile_id": "$profile", "job_posting_id": "$posting"}',
            '{"profile_id": "$my_profile", "job_posting_id": "$posting"}',
            '{"profile_id": "$profile", "job_posting_id": "$my_posting"}',
        ),
        "AnalyzeMatch": person(
            '{"profile_id": "$profile", "job_posting_id": "$posting"}',
            '{"profile_id": "$my_profile", "job_posting_id": "$posting"}',
            '{"profile_id": "$profile", "job_posting_id": "$my_posting"}',
        ),
        "MatchProfiles": person('{"job_posting_id": "$posting", "profile_ids": ["$profile"]}'),
    },
    "vitae.generation.v1.ResumeService": {
        "GenerateResume": person(
            '{"profile_id": "$profile"}',
            '{"profile_id": "$profile", "job_posting_id": "$my_posting"}',
            '{"profile_id": "$my_profile", "job_posting_id": "$posting"}',
        ),
        "GetResume": person('{"id": "$document"}'),
        "ListResumes": person("{}", '{"profile_id": "$profile"}', '{"job_posting_id": "$posting"}'),
        "UpdateResume": person(
            '{"resume": {"id": "$document", "title": "x"}, "update_mask": {"paths": ["title"]}}',
            destructive=True,
        ),
        "DeleteResume": person('{"id": "$document"}', destructive=True),
        "ExportResumeJson": person('{"id": "$document"}'),
    },
    "vitae.generation.v1.DocumentService": {
        "GetDocumentSnapshot": person(
            '{"document_id": "$document"}',
            '{"document_id": "$letter"}',
            '{"document_id": "$document", "version": 9}',
        ),
        "ListDocumentVersions": person('{"document_id": "$document"}'),
        "GetDocumentVersion": person(
            '{"document_id": "$document", "version": 1}', '{"document_id": "$document", "version": 9}'
        ),
        "DiffDocumentVersions": person('{"document_id": "$document", "base_version": 1}'),
        "RestoreDocumentVersion": person(
            '{"document_id": "$document", "version": 1, "etag": "r1"}', destructive=True
        ),
    },
    "vitae.generation.v1.ClientShapeService": {
        "GetClientShape": person(
            '{"document_id": "$document", "kind": "generation"}',
            '{"document_id": "$document", "kind": "tailored_resume"}',
            '{"document_id": "$document", "kind": "optimized_resume"}',
            '{"document_id": "$letter", "kind": "generation"}',
        ),
    },
    "vitae.generation.v1.CoverLetterService": {
        "GenerateCoverLetter": person(
            '{"profile_id": "$profile", "job_posting_id": "$posting"}',
            '{"profile_id": "$my_profile", "job_posting_id": "$posting"}',
            '{"profile_id": "$profile", "job_posting_id": "$my_posting"}',
        ),
        "GetCoverLetter": person('{"id": "$letter"}', '{"id": "$document"}'),
        "ListCoverLetters": person('{"profile_id": "$profile"}', "{}", '{"job_posting_id": "$posting"}'),
        "UpdateCoverLetter": person(
            '{"cover_letter": {"id": "$letter", "title": "x"}, "update_mask": {"paths": ["title"]}}',
            '{"cover_letter": {"id": "$letter", "etag": "r99"}, "update_mask": {"paths": ["title"]}}',
            destructive=True,
        ),
        "DeleteCoverLetter": person(
            '{"id": "$letter"}', '{"id": "$letter", "etag": "r99"}', '{"id": "$document"}', destructive=True
        ),
        "CreateWritingStyle": person('{"samples": ["' + "I write plainly and to the point. " * 8 + '"]}'),
        "GetWritingStyle": person("{}"),
        "DeleteWritingStyle": person("{}", destructive=True),
    },
    "vitae.generation.v1.TailorSessionService": {
        "CreateTailorSession": person('{"job_posting_id": "$posting", "profile_ids": ["$profile"]}'),
        "GetTailorSession": person('{"id": "$document"}'),
        "ListTailorSessions": person("{}"),
        "CancelTailorSession": person('{"id": "$document"}', destructive=True),
        "ListTailorItems": person('{"session_id": "$document"}'),
        "WatchTailorSession": person('{"id": "$document"}'),
    },
    "vitae.generation.v1.PersonDataService": {
        "ExportPersonData": person("{}"),
        "ErasePersonData": person(
            '{"validate_only": true}', '{"user_id": "$user", "validate_only": true}', destructive=True
        ),
    },
    "vitae.render.v1.RenderService": {
        "Render": Rpc(Caller.ANYBODY, ('{"document": ' + _DOCUMENT + ', "format": "txt"}',)),
        "PlanExport": Rpc(Caller.ANYBODY, ('{"document": ' + _DOCUMENT + ', "format": "txt"}',)),
        "PreviewPages": Rpc(Caller.ANYBODY, ('{"document": ' + _DOCUMENT + "}",)),
        "MeasureFidelity": Rpc(Caller.ANYBODY, ('[{"header": {"format": "txt"}}, {"chunk": "QQ=="}]',)),
    },
    "vitae.render.v1.TemplateService": {
        "ListTemplates": Rpc(Caller.ANYBODY, ("{}",)),
        "GetTemplate": Rpc(Caller.ANYBODY, ('{"id": "modern"}',)),
        "GetTemplatePreview": Rpc(Caller.ANYBODY, ('{"id": "modern", "width_px": 100}',)),
    },
    "vitae.storage.v1.ExportService": {
        "CreateExport": person(
            '{"document_id": "$document", "format": "txt"}',
            '{"document_id": "$document", "document_version": 9, "format": "txt"}',
        ),
        "BatchCreateExports": person(
            '{"requests": [{"document_id": "$my_document", "format": "txt"},'
            ' {"document_id": "$document", "format": "txt"}]}'
        ),
        "GetExport": person('{"id": "$export"}'),
        "WaitExport": person('{"id": "$export", "timeout": "0.1s"}'),
        "WatchExport": person('{"id": "$export"}'),
        "ListExports": person("{}", '{"document_id": "$document"}', '{"job_posting_id": "$posting"}'),
        "ListJobExports": person('{"job_posting_id": "$posting"}'),
        "CancelExport": person('{"id": "$export"}'),
        "RetryExport": person('{"id": "$export"}'),
        "CreateDownloadLink": person('{"id": "$export"}', '{"id": "$export", "count_download": true}'),
        "DownloadExport": person('{"id": "$export"}'),
        "DownloadExportArchive": person('{"ids": ["$export"]}', '{"ids": ["$my_export", "$export"]}'),
        "OpenDownloadLink": Rpc(
            Caller.HOLDER, ('{"token": "$export", "expires": 9999999999, "filename": "resume.txt"}',)
        ),
        "DeleteExport": person('{"id": "$export"}', destructive=True),
    },
    "vitae.storage.v1.UsageService": {"GetUsage": person("{}")},
    "vitae.storage.v1.ObjectService": {
        "PutObject": person(
            '[{"header": {"key": "$export", "size_bytes": 0, "sha256": "' + _SHA + '"}}]', destructive=True
        ),
        "GetObject": person('{"key": "$export.1.txt"}'),
        "StatObject": person('{"key": "$export.1.txt"}'),
        "ListObjects": person('{"prefix": ""}'),
        "DeleteObject": person('{"key": "$export.1.txt"}', destructive=True),
        "PresignObject": person('{"key": "$export.1.txt"}'),
    },
    "vitae.storage.v1.WorkService": {
        "LeaseWork": Rpc(Caller.WORKER, ('{"owner": "$profile", "wait": "0s"}',)),
        "HeartbeatWork": Rpc(Caller.WORKER, ('{"items": [{"lease": ' + _LEASE + ', "progress": 1}]}',)),
        "CompleteWork": Rpc(
            Caller.WORKER, ('[{"header": {"lease": ' + _LEASE + ', "file": {}}}, {"chunk": "QQ=="}]',)
        ),
        "FailWork": Rpc(
            Caller.WORKER, ('{"lease": ' + _LEASE + ', "error": {"reason": "X", "message": "y"}}',)
        ),
        "ReturnWork": Rpc(Caller.WORKER, ('{"leases": [' + _LEASE + "]}",)),
    },
    "vitae.storage.v1.StorageAdminService": {
        "CleanupExports": Rpc(Caller.ADMIN, ("{}",)),
        "AuditStorage": Rpc(Caller.OPERATOR, ("{}",)),
        "DiagnoseStorage": Rpc(Caller.OPERATOR, ("{}",)),
        "UpdateTenantSettings": Rpc(Caller.OPERATOR, ('{"settings": {' + _TENANT + ', "quota_bytes": 1}}',)),
        "GetTenantSettings": Rpc(Caller.ADMIN, ("{" + _TENANT + "}",)),
        "ForgetDocuments": Rpc(
            Caller.GENERATION, ("{" + _TENANT + ', "document_ids": ["$document"], "delete_files": true}',)
        ),
        "EraseOwner": Rpc(Caller.GENERATION, ("{" + _TENANT + ', "user_id": "$user"}',)),
    },
}

ALL = {f"{service}/{method}": rpc for service, methods in TABLE.items() for method, rpc in methods.items()}
PERSONAL = [name for name, rpc in ALL.items() if rpc.caller is Caller.PERSON]

SERVICE_OF = {"generation": "generation", "render": "render", "storage": "storage"}


@pytest.fixture(scope="module")
def channels(system: LiveSystem) -> Iterator[Mapping[str, grpc.Channel]]:
    with (
        system.channel("generation") as generation,
        system.channel("render") as render,
        system.channel("storage") as storage,
    ):
        yield {"generation": generation, "render": render, "storage": storage}


def ask(
    channels: Mapping[str, grpc.Channel], name: str, case: str, ids: Ids, mine: Ids, token: str | None
) -> Json:
    value = json.loads(ids.fill(case, mine))
    requests = value if isinstance(value, list) else [value]
    return called(channels[name.split(".")[1]], name, requests, token)


def test_every_rpc_is_decided_on() -> None:
    assert set(ALL) == set(rpcs()), "give every new RPC a line in TABLE, and drop the lines of removed ones"


@pytest.mark.parametrize("name", ALL)
def test_a_bad_token_opens_nothing(
    system: LiveSystem, channels: Mapping[str, grpc.Channel], name: str
) -> None:
    ids = Ids.unheard_of()
    for about, token in {**bad_external_tokens(system), **bad_internal_tokens(system)}.items():
        answer = ask(channels, name, ALL[name].cases[0], ids, ids, token)
        assert answer["code"] == "UNAUTHENTICATED", (about, answer)
        assert answer["reason"] in {"TOKEN_REQUIRED", "INVALID_TOKEN"}, (about, answer)


def callers(system: LiveSystem) -> dict[str, tuple[str, set[Caller]]]:
    """A token of each kind of caller, and what it may call."""
    everywhere = ["storage", "generation", "render"]
    free = {Caller.ANYBODY, Caller.HOLDER}
    return {
        "person": (system.internal("walker"), {Caller.PERSON, *free}),
        "person with the provider's token": (system.token("walker"), {Caller.PERSON, *free}),
        "person named like the worker": (system.token("render-worker"), {Caller.PERSON, *free}),
        "render worker": (
            system.signer("render-worker").for_service(audience=everywhere),
            {Caller.WORKER, *free},
        ),
        "gateway for itself": (system.signer("gateway").for_service(audience=everywhere), free),
        "recruiter": (system.token("walker", roles=("recruiter",)), {Caller.PERSON, *free}),
        "tenant admin": (
            system.token("walker", roles=("tenant_admin",)),
            {Caller.PERSON, Caller.ADMIN, *free},
        ),
    }


@pytest.mark.parametrize("name", ALL)
def test_each_kind_of_caller_reaches_only_what_it_may(
    system: LiveSystem, channels: Mapping[str, grpc.Channel], name: str
) -> None:
    ids = Ids.unheard_of()
    for about, (token, may) in callers(system).items():
        answer = ask(channels, name, ALL[name].cases[0], ids, ids, token)
        if ALL[name].caller in may:
            assert answer["code"] != "UNAUTHENTICATED", (about, answer)
            if ALL[name].caller is not Caller.ADMIN:
                assert answer.get("reason") not in {"USER_REQUIRED", "ROLE_REQUIRED", "SERVICE_REQUIRED"}, (
                    about,
                    answer,
                )
        else:
            assert answer["code"] in {"PERMISSION_DENIED", "UNIMPLEMENTED"}, (about, answer)


@pytest.mark.parametrize("name", PERSONAL)
def test_anothers_thing_answers_as_one_that_does_not_exist(
    system: LiveSystem, channels: Mapping[str, grpc.Channel], people: People, name: str
) -> None:
    nobody, victim = Ids.unheard_of(), people.victim.ids
    for about, intruder in people.intruders.items():
        for case in ALL[name].cases:
            if "$user" in case and intruder.ids.user == victim.user:
                continue  # people of one name are told apart by their tenant, which is not asked for here
            foreign = ask(channels, name, case, victim, intruder.ids, intruder.internal(system))
            missing = ask(channels, name, case, nobody, intruder.ids, intruder.internal(system))
            told = victim.hidden(json.dumps(foreign, sort_keys=True))
            assert MARK not in told, (about, case)
            if "$" in case.replace("$my_", ""):
                assert told == nobody.hidden(json.dumps(missing, sort_keys=True)), (about, case)
                refusals = {"NOT_FOUND", "UNIMPLEMENTED", "OK", "PERMISSION_DENIED"}
                # An upload goes into the caller's own space, whoever else uses the key; this one has a wrong hash.
                own_space = {"INVALID_ARGUMENT"} if name.endswith("/PutObject") else set()
                assert foreign["code"] in refusals | own_space, foreign


@pytest.mark.parametrize("name", [name for name in PERSONAL if not ALL[name].destructive])
def test_the_owner_is_answered_otherwise(
    system: LiveSystem, channels: Mapping[str, grpc.Channel], people: People, name: str
) -> None:
    """The walk above proves something only if the same requests work for the owner."""
    nobody, victim = Ids.unheard_of(), people.victim
    token = victim.internal(system)
    case = ALL[name].cases[0]
    own = ask(channels, name, case, victim.ids, victim.ids, token)
    missing = ask(channels, name, case, nobody, victim.ids, token)
    assert own["code"] in {"OK", "UNIMPLEMENTED", "FAILED_PRECONDITION"}, own
    if "$" in case and own["code"] != "UNIMPLEMENTED":
        assert own["code"] != missing["code"] or own["answer"] != missing["answer"], own


def test_nothing_of_the_victims_was_touched(system: LiveSystem, people: People) -> None:
    victim = people.victim
    with system.rest(**victim.who) as rest:
        profile = rest.call("GET", f"/profiles/{victim.ids.profile}")
        assert profile["display_name"] == f"Maya {MARK}"
        assert profile["etag"] == "r1"
        assert rest.call("GET", f"/jobs/{victim.ids.posting}")["etag"] == "r1"
        assert rest.call("GET", f"/resumes/{victim.ids.document}")["version"] == 1
        export = rest.call("GET", f"/exports/{victim.ids.export}")
        assert export["state"]["status"] == "completed"
        assert MARK.encode() in rest.file(export)
