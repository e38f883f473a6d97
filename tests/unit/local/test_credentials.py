"""The one-machine system's secrets: made once, completed by a newer version, readable by their owner only."""

import json
from dataclasses import asdict
from pathlib import Path

from deploy.local.credentials import Credentials
from services.runtime.auth import InternalSigner, InternalVerifier


def test_they_are_made_once(tmp_path: Path) -> None:
    made = Credentials.kept_in(tmp_path / "new")
    assert Credentials.kept_in(tmp_path / "new") == made
    assert (tmp_path / "new" / "credentials.json").stat().st_mode & 0o777 == 0o600


def test_what_an_older_version_did_not_have_is_added_once(tmp_path: Path) -> None:
    older = asdict(Credentials.kept_in(tmp_path))
    del older["generation_key"]
    (tmp_path / "credentials.json").write_text(json.dumps(older))

    completed = Credentials.kept_in(tmp_path)

    assert {**asdict(completed), **older} == asdict(completed)
    assert Credentials.kept_in(tmp_path) == completed
    assert [each.name for each in tmp_path.iterdir()] == ["credentials.json"]
    assert (tmp_path / "credentials.json").stat().st_mode & 0o777 == 0o600


def test_every_process_with_a_key_is_believed_under_its_own_name(tmp_path: Path) -> None:
    kept = Credentials.kept_in(tmp_path)
    verifier = InternalVerifier.from_jwks(kept.public_keys(), audience="storage")
    for key, issuer in (
        (kept.gateway_key, "gateway"),
        (kept.worker_key, "render-worker"),
        (kept.generation_key, "generation"),
    ):
        signer = InternalSigner.from_pem(key, issuer=issuer)
        assert verifier.verify(signer.for_service(audience=["storage"])).service == issuer
