"""Identity providers: tokens of people verified by a published key set (JWKS) or by a shared secret.

    ExternalVerifier(issuer=, audience=, keys=SharedSecret(...) | JwksKeys(...), tenant_claim=None, roles_claim="vitae_roles")
        await .verify(token) -> Identity
    external_verifier(ExternalIdentityConfig) -> ExternalVerifier | None     None when nothing is configured
    stable_id(issuer, value) -> UUID                                         the id of a provider's subject or tenant

The algorithm is fixed by configuration; a token's header never chooses it.
"""
