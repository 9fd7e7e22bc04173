"""Signatures against AWS's published test suite, and against AWS's own library.

The suite's cases and signatures are those that AWS's SDK for JavaScript has (aws-sdk-js-v3, packages/signature-v4,
suite.fixture.ts, Apache-2.0, read 2026-11); those that are the same request under another name are here once.
"""

import importlib
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.providers.endpoint import Endpoint
from antiphon.providers.sigv4 import Keys, authorization, signed

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
KEYS = Keys("AKIDEXAMPLE", SECRET)
SCOPE = ("us-east-1", "service")
DATE = {"host": "example.amazonaws.com", "x-amz-date": "20150830T123600Z"}
MOMENT = 1_440_938_160
LETTERS = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
TOKEN = (
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwth"
    "Ax7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAk"
    "iY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
)
FORM = "application/x-www-form-urlencoded"

SUITE: dict[str, tuple[str, str, dict[str, str], dict[str, str], bytes, str]] = {
    "get-header-key-duplicate": (
        "GET", "/", {}, {"my-header1": "value2,value2,value1"}, b"",
        "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
    ),
    "get-header-value-multiline": (
        "GET", "/", {}, {"my-header1": "value1,value2,value3"}, b"",
        "ba17b383a53190154eb5fa66a1b836cc297cc0a3d70a5d00705980573d8ff790",
    ),
    "get-header-value-order": (
        "GET", "/", {}, {"my-header1": "value4,value1,value3,value2"}, b"",
        "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
    ),
    "get-header-value-trim": (
        "GET", "/", {}, {"my-header1": "value1", "my-header2": '"a   b   c"'}, b"",
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    ),
    "get-unreserved": (
        "GET", f"/{LETTERS}", {}, {}, b"", "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
    ),
    "get-utf8": ("GET", "/\u1234", {}, {}, b"", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
    "get-vanilla": ("GET", "/", {}, {}, b"", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    "get-vanilla-empty-query-key": (
        "GET", "/", {"Param1": "value1"}, {}, b"", "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
    ),
    "get-vanilla-query-order-key-case": (
        "GET", "/", {"Param2": "value2", "Param1": "value1"}, {}, b"",
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    "get-vanilla-query-unreserved": (
        "GET", "/", {LETTERS: LETTERS}, {}, b"", "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
    ),
    "get-vanilla-utf8-query": (
        "GET", "/", {"\u1234": "bar"}, {}, b"", "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
    ),
    "post-header-key-sort": (
        "POST", "/", {}, {"my-header1": "value1"}, b"",
        "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
    ),
    "post-header-value-case": (
        "POST", "/", {}, {"my-header1": "VALUE1"}, b"",
        "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
    ),
    "post-sts-header-before": (
        "POST", "/", {}, {"x-amz-security-token": TOKEN}, b"",
        "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
    ),
    "post-vanilla": ("POST", "/", {}, {}, b"", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    "post-vanilla-empty-query-value": (
        "POST", "/", {"Param1": "value1"}, {}, b"", "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
    ),
    "post-vanilla-query-nonunreserved": (
        "POST", "/", {"@#$%^": "", "+": '/,?><`";:\\|][{}'}, {}, b"",
        "66c82657c86e26fb25238d0e69f011edc4c6df5ae71119d7cb98ed9b87393c1e",
    ),
    "post-vanilla-query-space": (
        "POST", "/", {"p": ""}, {}, b"", "e71688addb58a26418614085fb730ba3faa623b461c17f48f2fbdb9361b94a9b",
    ),
    "post-x-www-form-urlencoded": (
        "POST", "/", {}, {"content-type": FORM}, b"Param1=value1",
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ),
    "post-x-www-form-urlencoded-parameters": (
        "POST", "/", {}, {"content-type": FORM + "; charset=utf8"}, b"Param1=value1",
        "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SUITE)
def test_the_published_suite(name: str) -> None:
    method, path, query, headers, body, signature = SUITE[name]
    value = authorization(KEYS, SCOPE, (method, path, urlencode(query)), DATE | headers, body)
    names = ";".join(sorted(DATE | headers))
    assert value == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders={names}, Signature={signature}"
    )


def test_a_request_carries_what_was_signed() -> None:
    endpoint = Endpoint.parse("https://example.amazonaws.com/")
    lines = signed(KEYS, SCOPE, b"POST", endpoint, b"", MOMENT).decode().split("\r\n")
    assert lines[0] == "x-amz-date: 20150830T123600Z"
    assert lines[1].endswith(f"Signature={SUITE['post-vanilla'][-1]}")
    assert lines[2:] == [""]
    with_token = signed(Keys("AKIDEXAMPLE", SECRET, TOKEN), SCOPE, b"POST", endpoint, b"", MOMENT).decode()
    assert f"\r\nx-amz-security-token: {TOKEN}\r\n" in with_token
    assert SUITE["post-sts-header-before"][-1] in with_token


def test_secrets_show_nowhere() -> None:
    assert "hunter2" not in repr(Keys("AK", "hunter2", "hunter2"))


def aws_says(keys: Keys, method: str, url: str, body: bytes) -> str:
    """What AWS's library signs the same request with."""
    auth: Any = importlib.import_module("botocore.auth")
    requests: Any = importlib.import_module("botocore.awsrequest")
    credentials: Any = importlib.import_module("botocore.credentials")
    signer = auth.SigV4Auth(credentials.Credentials(keys.access_key_id, keys.secret_access_key), "bedrock", SCOPE[0])
    headers = {"X-Amz-Date": DATE["x-amz-date"]}
    if keys.token:
        headers["X-Amz-Security-Token"] = keys.token
    request = requests.AWSRequest(method, url, data=body, headers=headers)
    request.context["timestamp"] = DATE["x-amz-date"]
    canonical = signer.canonical_request(request)
    return signer.signature(signer.string_to_sign(request, canonical), request)


SEGMENT = st.text(st.sampled_from(LETTERS + ":@!$&'()*+,;=%"), min_size=1, max_size=12).map(lambda text: "x" + text)
PATH = st.lists(SEGMENT, max_size=4).map(lambda parts: "/" + "/".join(parts).replace("%", "%3A"))
QUERY = st.lists(st.tuples(st.text("abc-_.~ +/&=\u00e9", min_size=1, max_size=5), st.text("xyz +/%", max_size=5)))


@settings(max_examples=settings().max_examples // 3)
@given(path=PATH, query=QUERY, body=st.binary(max_size=50), token=st.text("ab+/=", max_size=20), post=st.booleans())
def test_any_request_is_signed_as_aws_itself_signs_it(
    path: str, query: list[tuple[str, str]], body: bytes, token: str, *, post: bool
) -> None:
    asked = f"?{urlencode(query, quote_via=quote)}" if query else ""
    endpoint = Endpoint.parse(f"https://bedrock-runtime.us-east-1.amazonaws.com{path}{asked}")
    url = f"https://{endpoint.host}{endpoint.target.decode()}"
    keys, method = Keys("AKIDEXAMPLE", SECRET, token), "POST" if post else "GET"
    ours = signed(keys, ("us-east-1", "bedrock"), method.encode(), endpoint, body, MOMENT).decode()
    assert f"Signature={aws_says(keys, method, url, body)}\r\n" in ours
