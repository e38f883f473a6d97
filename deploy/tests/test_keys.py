"""The secrets of deploy.keys are what the processes take."""

import json
import shlex
import subprocess
import sys

import pytest

from deploy import keys
from services.runtime.auth import InternalSigner, InternalVerifier
from services.runtime.external_identity import external_verifier
from services.runtime.settings import ExternalIdentityConfig


@pytest.fixture(scope="module")
def env_file() -> str:
    return keys.env_lines(keys.make("postgres"))


def _values(env_file: str) -> dict[str, str]:
    """As a shell reads the file."""
    return dict(word.split("=", 1) for word in shlex.split(env_file))


@pytest.mark.parametrize(
    ("variable", "issuer"),
    [
        ("VITAE_GATEWAY_SIGNING_KEY", "gateway"),
        ("VITAE_RENDER_SIGNING_KEY", "render-worker"),
        ("VITAE_GENERATION_SIGNING_KEY", "generation"),
    ],
)
def test_a_signing_key_of_the_env_file_is_believed(env_file: str, variable: str, issuer: str) -> None:
    values = _values(env_file)
    signer = InternalSigner.from_pem(values[variable], issuer=issuer)
    verifier = InternalVerifier.from_jwks(values["VITAE_INTERNAL_JWKS"], audience="storage")

    assert verifier.verify(signer.for_service(audience=["storage"])).service == issuer


def test_every_run_makes_other_secrets(env_file: str) -> None:
    again = _values(keys.env_lines(keys.make("postgres")))

    assert not set(_values(env_file).values()) & set(again.values())


def test_each_process_has_a_secret_of_its_own() -> None:
    items = json.loads(keys.kubernetes_list(keys.make("db.example", 6432)))["items"]
    held = {item["metadata"]["name"]: item["stringData"] for item in items}

    assert set(held["vitae-generation"]) == {"database-url", "signing-key"}
    assert set(held["vitae-render-worker"]) == {"signing-key"}
    assert "@db.example:6432/vitae_storage" in held["vitae-storage-owner"]["database-owner-url"]


async def test_a_token_is_one_that_the_gateway_takes(env_file: str) -> None:
    verifier = external_verifier(
        ExternalIdentityConfig(
            "vitae", "vitae", "", "", _values(env_file)["VITAE_IDENTITY_SECRET"], "", "vitae_roles"
        )
    )
    assert verifier is not None

    identity = await verifier.verify(keys.token(env_file, user="someone", roles=["recruiter"]))

    assert identity.user_id is not None
    assert "recruiter" in identity.roles


def test_a_token_without_a_secret_says_what_to_do() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "deploy.keys", "token"], input="", capture_output=True, text=True, check=False
    )

    assert ran.returncode == 1
    assert "deploy.keys compose" in ran.stderr
