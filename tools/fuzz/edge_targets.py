"""Decoders at the edges: forms, queries, ranges, paths, addresses, and what an owner writes."""

from __future__ import annotations

import base64
import tempfile
import urllib.parse
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from functools import cache
from pathlib import Path
from typing import Any, Final

from antiphon.config.environment import Environment
from antiphon.config.loading import load
from antiphon.config.redact import redacted
from antiphon.config.references import References, interpolated
from antiphon.errors import CallerError, ConfigError
from antiphon.gateway.file_kinds import begun, named, told
from antiphon.http.call import Call, Message, header_text
from antiphon.http.gemini_paths import google_path, is_googles
from antiphon.http.multipart import FormLimits, parts
from antiphon.http.passing_headers import handed_back, passed_on, query_passed_on
from antiphon.http.queries import flag, included, number, page
from antiphon.http.ranges import range_of
from antiphon.http.routes import canonical, placed, tongue_of
from antiphon.http.websocket_transport import offered
from antiphon.providers.addresses import Reach, reach_of
from antiphon.providers.egress import Egress
from antiphon.providers.endpoint import Endpoint, header_block
from antiphon.providers.model_names import names_of
from antiphon.wire.files import plain_name, type_of
from antiphon.wire.ids import is_well_formed
from antiphon.wire.pictures import media_tokens
from antiphon.wire.tokens import text_tokens
from tools.fuzz.target import LawError, Target, chosen, done, pieces, split

_BOUNDARY: Final = b"----x"
_FORM: Final = (
    b'------x\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n'
    b'------x\r\nContent-Disposition: form-data; name="file"; filename="a\xc3\xa9.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\n"
    b"abc\r\n------x--\r\n"
)
_LIMITS: Final = FormLimits(body_bytes=1 << 20, field_bytes=1 << 16, parts=32)


def _call(headers: Sequence[tuple[bytes, bytes]], body: Sequence[bytes] = (), **scope: Any) -> Call:
    """A request whose body comes in these pieces, and nobody who takes an answer."""
    last = len(body) - 1
    messages: list[Message] = [
        {"type": "http.request", "body": piece, "more_body": place < last} for place, piece in enumerate(body)
    ]
    coming = iter(messages)

    async def receive() -> Message:
        return next(coming, {"type": "http.disconnect"})

    async def send(_: Message) -> None:
        raise LawError("a decoder answers nobody")

    told_of = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers, **scope}
    return Call(told_of, receive, send, "req_1")


async def _read(call: Call) -> None:
    async with aclosing(parts(call, _LIMITS)) as coming:
        async for part in coming:
            if part.filename is None:
                await part.text()
            else:
                async for _ in part:
                    pass


def _form(data: bytes) -> None:
    """A form in the usual boundary, or in one of its own."""
    choice, data = split(data)
    own, _, rest = data.partition(b"\0")
    boundary, body = (own[:100], rest) if choice & 128 else (_BOUNDARY, data)
    headers = [(b"content-type", b"multipart/form-data; boundary=" + boundary)]
    done(_read(_call(headers, pieces(body, choice))))


def _query(data: bytes) -> None:
    """Paging, flags and lists in a query."""
    call = _call([], query_string=data)
    values = call.query()
    for read in (page, included):
        try:
            read(values)
        except CallerError:
            continue
    for name in ("stream", "limit", "starting_after"):
        try:
            flag(values, name)
            number(values, name, 5, 0, 100)
        except CallerError:
            continue


def _range(data: bytes) -> None:
    size, data = split(data)
    wanted = range_of(_call([(b"range", data), (b"if-range", b'"tag"')]), size * 1000, b'"tag"')
    if wanted is not None and not 0 <= wanted.start < wanted.stop <= size * 1000:
        raise LawError(f"{wanted} of {size * 1000}")


def _path(data: bytes) -> None:
    """A path, however it is spelt."""
    path = "/" + data.decode("latin-1")
    call = _call([])
    for each in (path, urllib.parse.unquote(path)):
        routed = canonical(each)
        if canonical(routed) != routed and not each.startswith(("/openai", "/anthropic", "/gemini", "/api/llm")):
            google_path(routed)
        is_googles(each, routed)
        _ = placed(each)[1] or tongue_of(call)
    text = data.decode("utf-8", "replace")
    is_well_formed(text)
    if not header_text(text).decode("ascii").isprintable():
        raise LawError("a header that writes headers")


def _address(data: bytes) -> None:
    """A URL that somebody wants fetched. Raises ValueError for what is none."""
    text = data.decode("utf-8", "replace")
    reach_of(text)
    endpoint = Endpoint.parse(text)
    heads = (endpoint.post_head, endpoint.get_head, endpoint.behind("?a=b").get_head)
    for head in heads:
        if head.count(b"\r\n") != head.count(b"\n") or head.count(b"\r\n") != 3:
            raise LawError("an address that writes headers")
    egress = Egress(allow_http=True)
    if egress.objection(endpoint) is None and egress.permits(endpoint.host):
        reach = reach_of(endpoint.host)
        if reach is not Reach.PUBLIC:
            raise LawError(f"{endpoint.host} is let through")


def _headers(data: bytes) -> None:
    """What passes through to a provider, and back."""
    lines = [(name.strip().lower(), value) for name, _, value in (line.partition(b":") for line in data.split(b"\n"))]
    passed_on(lines, lambda key: key == b"sk")
    list(handed_back(lines, lambda _: None, b"http://h"))
    query_passed_on(data, lambda key: key == b"sk")
    offered(data[:100], lines)
    try:
        header_block({name.decode("latin-1"): value.decode("latin-1") for name, value in lines})
    except ValueError:
        return


def _file(data: bytes) -> None:
    """What a file is, going by its name and by how it begins."""
    name, _, content = data.partition(b"\0")
    text = name.decode("utf-8", "replace")
    named(text)
    begun(content)
    told(type_of(text), content)
    if "/" in (plain := plain_name(text, "file")) or "\n" in plain:
        raise LawError(f"{plain!r} is no plain name")


def _tokens(data: bytes) -> None:
    """What texts and pictures cost."""
    choice, data = split(data)
    text_tokens(data.decode("utf-8", "surrogatepass" if choice & 1 else "replace"))
    kinds: Any = ("tiles", "area", "fixed")
    address = "data:image/png;base64," + data.decode("latin-1")
    for kind in kinds:
        if media_tokens({"type": "input_image", "image_url": address}, kind) <= 0:
            raise LawError("a picture for nothing")


def _pictured(data: bytes) -> None:
    """The size of a picture, going by its bytes."""
    address = "data:;base64," + base64.b64encode(data).decode()
    for kind in ("tiles", "area"):
        if media_tokens({"type": "input_image", "image_url": address}, kind) <= 0:
            raise LawError("a picture for nothing")


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="antiphon-fuzz-"))


def _settings(data: bytes) -> None:
    """A configuration file, from its text to settings that hold, and back to what `antiphon config` shows."""
    text = data.decode("utf-8", "replace")
    variables = {"A": "1", "OPENAI_API_KEY": "sk-1"}
    loaded = load(Environment(variables, _folder()), text=text)
    redacted(loaded.settings)


def _reference(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    interpolated(text, {"A": "1"})
    if not text.startswith("file:/"):
        References({"A": "1", "B": text}, _folder()).resolved(text)


def _variables(data: bytes) -> None:
    """The same from variables, one a line."""
    lines = data.decode("utf-8", "replace").replace("\0", "").split("\n")
    variables = {name: value for name, _, value in (line.partition("=") for line in lines) if name}
    variables.pop("ANTIPHON_CONFIG", None)
    load(Environment(variables, _folder()))


def _names(data: bytes) -> None:
    """The names that a model is known by."""
    if len(list(names_of(data.decode("utf-8", "replace")))) > 1000:
        raise LawError("a name with too many names")


_YAML: Final = (
    b"providers:\n  openai:\n    api_key: ${A}\nmodels:\n  fast:\n    targets: [openai/gpt-5-mini]\n",
    b"server: {port: 1, workers: 2}\nkeys:\n  - name: a\n    key: sk-aaaaaaaaaaaaaaaaaaaaaaaa\n",
    b"a: &a [*a]\n<<: *a\n",
    b"database: {url: 'postgresql://u:p@h/d'}\nwebhooks:\n  - url: https://h/\n    events: [response.completed]\n",
)
_PATHS: Final = (
    b"v1/responses/resp_1/input_items",
    b"api/llm/api/inference/openai/responses",
    b"gemini/v1beta/models/gemini-2.5-pro:streamGenerateContent",
    b"v1/projects/p/locations/l/publishers/anthropic/models/m:rawPredict",
    b"p/openai/v1/../%2e%2e/files",
)
_URLS: Final = (
    b"https://user@[::ffff:169.254.169.254]:8443/a?b#c",
    b"http://0x7f.1/",
    b"http://2130706433/",
    b"http://xn--nxasmq6b.example/%zz",
    b"https://example.com:443/a b",
    b"http://[fe80::1%25eth0]/",
)


def _query_seeds() -> Iterable[bytes]:
    return [b"limit=5&order=asc&after=msg_1&include[]=message.output_text.logprobs", b"stream=true&starting_after=%31"]


_REFUSALS: Final = (CallerError,)

TARGETS: Final = (
    Target("form", _form, _REFUSALS, lambda: chosen(0, [_FORM, _FORM.replace(b"\r\n", b"\n"), _FORM[:-4]])),
    Target("query", _query, _REFUSALS, _query_seeds),
    Target("range", _range, _REFUSALS, lambda: chosen(1, [b"bytes=0-1", b"bytes=-5", b"bytes=5-", b"bytes=1-0"])),
    Target("path", _path, (), lambda: _PATHS, (":generateContent", "/v1beta/", "publishers/", "%2F")),
    Target("address", _address, (ValueError,), lambda: _URLS),
    Target("headers", _headers, (), lambda: [b"Connection: close, x\nX: y\nLocation: http://h/a\nSet-Cookie: a"]),
    Target(
        "file-kind", _file, (), lambda: [b"a.png\0\x89PNG", b"../../etc/passwd\0%PDF-", b"a\\b.tar.gz\0RIFF    WEBP"]
    ),
    Target(
        "tokens", _tokens, (UnicodeDecodeError,), lambda: chosen(0, [b"Hello, world", "Żółć 漢字 \U0001f600".encode()])
    ),
    Target(
        "picture",
        _pictured,
        (),
        lambda: [
            b"\x89PNG\r\n\x1a\n" + bytes(16),
            b"GIF89a\x01\x00\x01\x00",
            b"\xff\xd8\xff\xc0\x00\x11\x08\x00\x01\x00\x01",
        ],
    ),
    Target("settings", _settings, (ConfigError,), lambda: _YAML, ("providers", "targets", "${A}", "file:")),
    Target("reference", _reference, (ConfigError,), lambda: [b"${A:-${B}}$${A}", b"file:nothing", b"${A"]),
    Target(
        "variables", _variables, (ConfigError,), lambda: [b"ANTIPHON_SERVER_PORT=5\nOPENAI_API_KEY=x\nVLLM_BASE_URL=h"]
    ),
    Target("model-names", _names, (), lambda: [b"us.anthropic.claude-sonnet-4-5-20250929-v1:0", b"models/a/b:free@x"]),
)
