"""Makes every secret of a deployment at once: signing keys with their key set, shared secrets, database passwords.

    python -m deploy.keys compose > deploy/.env
    python -m deploy.keys kubernetes --database-host db.example | kubectl apply --namespace vitae --filename -
    python -m deploy.keys token < deploy/.env      a user's token, as a provider with the shared secret would sign it

Every run makes new ones, so keep what it printed where secrets are kept. It needs nothing but services.runtime, so it
also runs inside any of the images where there is no Python environment (deploy/README.md).
"""

import argparse
import json
import secrets
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass

import jwt

from services.runtime.auth import InternalSigner, generate_key, key_set

DATABASES = ("generation", "storage")
"""The services that own a database."""

TOKEN_LIFETIME = 12 * 3600
"""Seconds a token for trying things out is good for."""


@dataclass(frozen=True)
class Secret:
    """One secret value and the two places it goes to."""

    variable: str
    """Its name in an env file."""
    name: str
    """The Kubernetes Secret that holds it; one per process, so that none sees another's."""
    key: str
    value: str


def make(database_host: str, database_port: int = 5432) -> list[Secret]:
    """A fresh set, for a PostgreSQL prepared with services/runtime/database_roles.sql at this host."""
    gateway, worker, generation = generate_key(), generate_key(), generate_key()
    believed = key_set(
        [
            InternalSigner.from_pem(gateway, issuer="gateway"),
            InternalSigner.from_pem(worker, issuer="render-worker"),
            InternalSigner.from_pem(generation, issuer="generation"),
        ]
    )
    made = [
        Secret("VITAE_INTERNAL_JWKS", "vitae-internal-keys", "jwks", believed),
        Secret("VITAE_GATEWAY_SIGNING_KEY", "vitae-gateway", "signing-key", gateway),
        Secret("VITAE_IDENTITY_SECRET", "vitae-gateway", "identity-secret", _random()),
        Secret("VITAE_RENDER_SIGNING_KEY", "vitae-render-worker", "signing-key", worker),
        Secret("VITAE_GENERATION_SIGNING_KEY", "vitae-generation", "signing-key", generation),
        Secret("VITAE_STORAGE_LINK_SECRETS", "vitae-storage", "link-secrets", _random()),
        Secret("POSTGRES_ADMIN_PASSWORD", "vitae-postgres", "admin-password", _random()),
    ]
    for service in DATABASES:
        made += _database(service, f"{database_host}:{database_port}")
    return made


def env_lines(made: Iterable[Secret]) -> str:
    """Lines of an env file, as docker compose and a shell read them."""
    # A PEM key may stand in one line: white space between its parts is all that matters.
    return "".join(f"{each.variable}='{' '.join(each.value.split())}'\n" for each in made)


def kubernetes_list(made: Iterable[Secret]) -> str:
    """A List of Secrets, for kubectl apply."""
    by_name: dict[str, dict[str, str]] = {}
    for each in made:
        by_name.setdefault(each.name, {})[each.key] = each.value
    items = [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": values}
        for name, values in by_name.items()
    ]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=2) + "\n"


def token(env_file: str, *, user: str, roles: Iterable[str] = ()) -> str:
    """A token for `user`, signed with the VITAE_IDENTITY_SECRET of an env file's text; ValueError without one."""
    values = dict(line.split("=", 1) for line in env_file.splitlines() if "=" in line)
    secret = values.get("VITAE_IDENTITY_SECRET", "").strip("'")
    if not secret:
        raise ValueError(
            "VITAE_IDENTITY_SECRET is not in what came in: feed it the output of deploy.keys compose"
        )
    now = int(time.time())
    claims = {"iss": "vitae", "aud": "vitae", "sub": user, "iat": now, "exp": now + TOKEN_LIFETIME}
    return jwt.encode({**claims, "vitae_roles": list(roles)}, secret, algorithm="HS256")


def _database(service: str, host: str) -> list[Secret]:
    """One service's two roles and their addresses, as database_roles.sql names them."""
    owner, login = _random(), _random()
    upper, database = service.upper(), f"{host}/vitae_{service}"
    return [
        Secret(f"POSTGRES_{upper}_OWNER_PASSWORD", "vitae-postgres", f"{service}-owner-password", owner),
        Secret(f"POSTGRES_{upper}_LOGIN_PASSWORD", "vitae-postgres", f"{service}-login-password", login),
        Secret(
            f"VITAE_{upper}_DATABASE_OWNER_URL",
            f"vitae-{service}-owner",
            "database-owner-url",
            f"postgresql://vitae_{service}_owner:{owner}@{database}",
        ),
        Secret(
            f"VITAE_{upper}_DATABASE_URL",
            f"vitae-{service}",
            "database-url",
            f"postgresql://vitae_{service}:{login}@{database}",
        ),
    ]


def _random() -> str:
    return secrets.token_hex(32)


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m deploy.keys", description="Make a deployment's secrets.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb, what in (("compose", "print an env file"), ("kubernetes", "print Secrets for kubectl apply")):
        added = verbs.add_parser(verb, help=what)
        added.add_argument(
            "--database-host", default="postgres", help="host of PostgreSQL (default postgres)"
        )
        added.add_argument("--database-port", default=5432, type=int)
    user = verbs.add_parser("token", help="print a user's token, from an env file on standard input")
    user.add_argument("--user", default="developer", help="the token's subject")
    user.add_argument("--role", action="append", default=[], help="recruiter, tenant_admin or operator")
    arguments = parser.parse_args()
    if arguments.verb == "token":
        try:
            sys.stdout.write(token(sys.stdin.read(), user=arguments.user, roles=arguments.role) + "\n")
        except ValueError as error:
            sys.stderr.write(f"{error}\n")
            return 1
        return 0
    made = make(arguments.database_host, arguments.database_port)
    sys.stdout.write(env_lines(made) if arguments.verb == "compose" else kubernetes_list(made))
    return 0


if __name__ == "__main__":
    sys.exit(main())
