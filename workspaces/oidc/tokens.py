"""The authorization code flow with PKCE: the address to begin at, and the claims at its end."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import jwt
from django.utils.translation import gettext_lazy as _

from workspaces.oidc.discovery import read_keys, send
from workspaces.oidc.errors import SignInFailed

SCOPES = "openid email profile"
# Signatures with the provider's public keys. Never "none", nor HMAC with what an attacker may know.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
LEEWAY = timedelta(seconds=60)
LIFETIME = timedelta(minutes=15)


@dataclass(frozen=True)
class Attempt:
    """One try to sign in, kept in the session until the provider sends the person back."""

    state: str
    nonce: str
    verifier: str
    begun_at: float

    @classmethod
    def begin(cls, *, at: datetime) -> Attempt:
        return cls(
            secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48), at.timestamp()
        )

    def require_state(self, state: str, *, at: datetime) -> None:
        """Raise SignInFailed unless the answer belongs to this try, and in time."""
        is_late = at.timestamp() - self.begun_at > LIFETIME.total_seconds()
        if is_late or not is_same(self.state, state):
            raise build_stale()


def is_same(one: str, other: str) -> bool:
    # As bytes: compare_digest refuses texts with other than ASCII letters. Lone surrogates come from JSON.
    return hmac.compare_digest(one.encode(errors="surrogatepass"), other.encode(errors="surrogatepass"))


def build_stale() -> SignInFailed:
    return SignInFailed(
        _("This sign-in was begun too long ago, or in another window. Begin again."), code="state_unknown"
    )


@dataclass(frozen=True)
class Client:
    """What sign-in needs of a connection; ``secret`` is in the clear, for one request."""

    issuer: str
    client_id: str
    secret: str
    discovered: dict[str, Any]
    redirect_uri: str


def build_address(client: Client, attempt: Attempt, *, hint: str = "") -> str:
    """Return where the person signs in at the provider."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest()).rstrip(b"=")
    values = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uri,
        "scope": SCOPES,
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": challenge.decode(),
        "code_challenge_method": "S256",
    } | ({"login_hint": hint} if hint else {})
    address: str = client.discovered["authorization_endpoint"]
    return f"{address}{'&' if '?' in address else '?'}{urlencode(values)}"


def exchange_code(client: Client, attempt: Attempt, code: str, *, at: datetime) -> dict[str, Any]:
    """Return the verified claims of the person. Two or three requests, outside of any transaction.

    Raises SignInFailed for a code that the provider refuses and for a token that is not meant for us.
    """
    answer = _ask_for_tokens(client, attempt, code)
    claims = _verify(client, str(answer.get("id_token") or ""), nonce=attempt.nonce)
    if "email" not in claims and client.discovered.get("userinfo_endpoint") and answer.get("access_token"):
        more = _read_userinfo(client, str(answer["access_token"]))
        if more.get("sub") == claims["sub"]:
            claims = {**more, **claims}
    return claims


def _ask_for_tokens(client: Client, attempt: Attempt, code: str) -> dict[str, Any]:
    values = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client.redirect_uri,
        "code_verifier": attempt.verifier,
        "client_id": client.client_id,
    }
    headers = {"content-type": "application/x-www-form-urlencoded"}
    if client.discovered.get("sends_secret_in_body"):
        values["client_secret"] = client.secret
    else:
        # Both are form-encoded before they are joined (RFC 6749, section 2.3.1).
        pair = f"{quote(client.client_id, safe='')}:{quote(client.secret, safe='')}"
        headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    response = send(
        client.discovered["token_endpoint"],
        method="POST",
        headers=headers,
        content=urlencode(values).encode(),
    )
    try:
        answer = json.loads(response.body)
    except (ValueError, RecursionError):
        answer = None
    if response.status == 200 and isinstance(answer, dict):
        return answer
    error = str(answer.get("error", ""))[:60] if isinstance(answer, dict) else ""
    if error in ("invalid_client", "unauthorized_client") or response.status == 401:
        raise SignInFailed(
            _("The identity provider refuses this application. An admin should enter its secret again."),
            code="client_refused",
        )
    raise SignInFailed(
        _("The identity provider did not confirm the sign-in (%(error)s). Begin again.")
        % {"error": error or response.status},
        code="code_refused",
    )


def _read_userinfo(client: Client, token: str) -> dict[str, Any]:
    response = send(client.discovered["userinfo_endpoint"], headers={"authorization": f"Bearer {token}"})
    try:
        found = json.loads(response.body) if response.status == 200 else {}
    except (ValueError, RecursionError):
        found = {}
    return found if isinstance(found, dict) else {}


def _verify(client: Client, token: str, *, nonce: str) -> dict[str, Any]:
    try:
        header = jwt.get_unverified_header(token)
        if header.get("alg") not in ALGORITHMS:
            raise jwt.InvalidAlgorithmError("not a signature with a public key")
        key = _find_key(client, header)
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=ALGORITHMS,
            audience=client.client_id,
            issuer=client.issuer,
            leeway=LEEWAY,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
    except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError) as error:
        raise SignInFailed(
            _(
                "The answer of the identity provider is too old or from the future. Its clock and that of"
                " this server may differ by at most %(seconds)d seconds."
            )
            % {"seconds": LEEWAY.total_seconds()},
            code="clock_differs",
        ) from error
    except (jwt.InvalidAudienceError, jwt.InvalidIssuerError) as error:
        raise SignInFailed(
            _("The answer is for another application. An admin should check issuer and client id."),
            code="audience_differs",
        ) from error
    except jwt.PyJWTError as error:
        raise SignInFailed(
            _("The answer of the identity provider is not signed as it should be. Nobody was signed in."),
            code="signature_wrong",
        ) from error
    audience = claims["aud"]
    if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != client.client_id:
        raise SignInFailed(
            _("The answer is for another application. An admin should check issuer and client id."),
            code="audience_differs",
        )
    if not is_same(str(claims.get("nonce", "")), nonce):
        raise build_stale()
    return claims


def _find_key(client: Client, header: dict[str, Any]) -> Any:
    """Return the key that signed; the keys are read anew when there is none, as providers change theirs."""
    for keys in (lambda: client.discovered["jwks"], lambda: read_keys(client.discovered["jwks_uri"])):
        for key in keys()["keys"]:
            is_it = header.get("kid") in (None, key.get("kid")) and key.get("use", "sig") == "sig"
            if is_it and key.get("kty") in ("RSA", "EC", "OKP"):
                return jwt.PyJWK(key, algorithm=str(header.get("alg"))).key
    raise jwt.InvalidKeyError("no such key")
