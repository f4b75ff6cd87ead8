"""ID tokens: only one that the provider signed for us, now and for this try, says who somebody is."""

from __future__ import annotations

import hashlib
import hmac
import time
from base64 import urlsafe_b64encode as encode
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from workspaces.oidc.errors import SignInFailed
from workspaces.oidc.tokens import Client, _verify

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
JWK = jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True) | {"kid": "1", "use": "sig"}
CLIENT = Client(
    "https://id.test", "us", "secret", {"jwks": {"keys": [JWK]}, "jwks_uri": ""}, "https://x.test"
)
PUBLIC = KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


def make(key: Any = KEY, algorithm: str = "RS256", kid: str = "1", **claims: Any) -> str:
    now = int(time.time())
    values = {"iss": "https://id.test", "aud": "us", "sub": "1", "iat": now, "exp": now + 60, "nonce": "n"}
    values = {name: value for name, value in (values | claims).items() if value is not None}
    return jwt.encode(values, key, algorithm=algorithm, headers={"kid": kid})


@pytest.mark.parametrize("claims", [{}, {"aud": ["us"]}, {"aud": ["us", "them"], "azp": "us"}, {"exp": 0}])
def test_a_good_token_counts_within_the_tolerated_clock_skew(claims: dict[str, Any]) -> None:
    if claims == {"exp": 0}:
        claims = {"exp": int(time.time()) - 50}
    assert _verify(CLIENT, make(**claims), nonce="n")["sub"] == "1"


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"key": OTHER}, "signature_wrong"),
        ({"iss": "https://evil.test"}, "audience_differs"),
        ({"aud": "them"}, "audience_differs"),
        ({"aud": ["us", "them"]}, "audience_differs"),
        ({"aud": ["us", "them"], "azp": "them"}, "audience_differs"),
        ({"exp": int(time.time()) - 600}, "clock_differs"),
        ({"iat": int(time.time()) + 3600}, "clock_differs"),
        ({"nonce": "other"}, "state_unknown"),
        ({"nonce": None}, "state_unknown"),
        ({"nonce": "ñ"}, "state_unknown"),
        ({"nonce": "\ud800"}, "state_unknown"),
        ({"sub": None}, "signature_wrong"),
        ({"exp": None}, "signature_wrong"),
    ],
)
def test_any_other_is_refused(claims: dict[str, Any], code: str) -> None:
    with pytest.raises(SignInFailed) as refusal:
        _verify(CLIENT, make(**claims), nonce="n")
    assert refusal.value.code == code


def test_weak_signatures_are_refused() -> None:
    head, body, _signature = make().split(".")
    unsigned = jwt.encode({"sub": "1"}, "", algorithm="none")
    # The public key as the secret of an HMAC: the classic confusion of algorithms.

    fake_head = encode(b'{"alg":"HS256","kid":"1","typ":"JWT"}').rstrip(b"=").decode()
    signed = f"{fake_head}.{body}"
    mac = encode(hmac.new(PUBLIC, signed.encode(), hashlib.sha256).digest()).rstrip(b"=").decode()
    for token in (unsigned, f"{signed}.{mac}", f"{head}.{body}.", "nonsense", ""):
        with pytest.raises(SignInFailed) as refusal:
            _verify(CLIENT, token, nonce="n")
        assert refusal.value.code == "signature_wrong"
