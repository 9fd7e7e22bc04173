"""What each agent for the terminal has to be told so that it works on any model of a gateway.

Law: a key goes into a variable, never into an argument, since everybody on a machine sees those.

Codex: https://developers.openai.com/codex/config-reference. Claude Code: https://code.claude.com/docs/en/env-vars and
.../llm-gateway. Gemini CLI: https://geminicli.com/docs/reference/configuration. opencode: https://opencode.ai/docs/config
and .../providers. Read 2026-11, and tried with Codex 0.169, Claude Code 2.1, Gemini CLI 0.61 and opencode 1.18.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from antiphon.cli.listed import Listed

KEY_VARIABLE: Final = "ANTIPHON_API_KEY"
"""Where agents that let us choose a variable find the key, and where ours may be given one."""


class Offer(Struct, frozen=True, kw_only=True):
    """What there is. `root` is the gateway's address without a path; without `model` an agent asks for its own."""

    root: str
    key: str
    model: str | None = None
    small_model: str | None = None
    models: Sequence[Listed] = ()


class Home(Struct, frozen=True, kw_only=True):
    """A home of its own for an agent that is told something by a file alone, unless the user's own says it already.

    `variable` names the home, `file` is the path in it, and `suffices` reads the user's.
    """

    variable: str
    file: str
    text: str
    suffices: Callable[[bytes], bool]


class Setup(Struct, frozen=True, kw_only=True):
    """What is set, what is taken away since it would send the agent elsewhere, and the arguments that come first."""

    variables: Mapping[str, str]
    removed: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    home: Home | None = None


class Agent(Struct, frozen=True, kw_only=True):
    """`own` is how the models begin that it asks for unless it is told which; empty where it has none."""

    program: str
    install: str
    own: str
    setup: Callable[[Offer], Setup]


def needs_model(agent: Agent, offer: Offer) -> bool:
    """Whether nothing on offer goes by the name of the agent's own models: it would ask for one that nobody has."""
    named = (model.id.partition("/") for model in offer.models)
    bare = (rest or first for first, _, rest in named)
    return offer.model is None and bool(offer.models) and not any(name.startswith(agent.own) for name in bare)


def can_work(model: Listed) -> bool:
    """Whether an agent can do anything with it; what nobody has told of is taken to be possible."""
    writes = not model.output_modalities or "text" in model.output_modalities
    return writes and (not model.capabilities or "tools" in model.capabilities)


def _codex(offer: Offer) -> Setup:
    """Arguments are TOML, and single quotes are the ones that every shell passes on.

    Codex asks for a list of models only where a command tells it the key; then its own models, with the tools that are
    made for them, stay beside those of the list. An address of a list would put that in their place.
    """
    command, arguments = _TELLING_A_VARIABLE[sys.platform == "win32"]
    provider = {
        "name": "'Antiphon'",
        "base_url": f"'{offer.root}/v1'",
        "auth.command": f"'{command}'",
        "auth.args": "[" + ", ".join(f"'{word}'" for word in arguments) + "]",
        "wire_api": "'responses'",
        "supports_websockets": "true",
    }
    told = {"model_provider": "'antiphon'"} | {
        f"model_providers.antiphon.{name}": said for name, said in provider.items()
    }
    if offer.model is not None:
        told["model"] = f"'{offer.model}'"
    flags = (flag for name, said in told.items() for flag in ("-c", f"{name}={said}"))
    return Setup(variables={KEY_VARIABLE: offer.key}, arguments=tuple(flags))


_TELLING_A_VARIABLE: Final = (
    ("printenv", (KEY_VARIABLE,)),
    ("cmd", ("/d", "/c", f"echo %{KEY_VARIABLE}%")),
)
"""The program, with its arguments, that prints the key; the second on Windows."""


_CLAUDES_ROLES: Final = ("OPUS", "SONNET", "HAIKU", "FABLE")
_CLAUDES_SMALL: Final = "HAIKU"
_CLAUDES_WINDOW: Final = 200_000
_CLAUDES_OUTPUT: Final = 32_000
"""What Claude Code took a model that it does not know to be able to, in tokens; later versions take a window of a
million for granted, and are told of the real one by another variable."""


_NOT_OTHERS: Final = "-mid_conv_system,-mid_conv_tool_change,-context_management"
"""What it takes a model that it does not know to understand. The templates of many open models refuse a system message
that is not the first."""


def _claude(offer: Offer) -> Setup:
    """The text that names version and session, first in every prompt, spoils the caches of everybody but Anthropic."""
    variables = {
        "ANTHROPIC_BASE_URL": offer.root,
        "ANTHROPIC_AUTH_TOKEN": offer.key,
        "CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY": "1",
        "CLAUDE_CODE_ATTRIBUTION_HEADER": "0",
    }
    if offer.model is not None:
        small = offer.small_model or offer.model
        variables["ANTHROPIC_MODEL"] = offer.model
        for role in _CLAUDES_ROLES:
            variables[f"ANTHROPIC_DEFAULT_{role}_MODEL"] = small if role == _CLAUDES_SMALL else offer.model
        variables["ANTHROPIC_SMALL_FAST_MODEL"] = small
        variables |= _claudes_sizes(_known(offer, offer.model))
        if others := [name for name in dict.fromkeys((offer.model, small)) if "claude" not in name]:
            variables["CLAUDE_CODE_MODEL_CAPABILITIES"] = ";".join(f"{name}={_NOT_OTHERS}" for name in others)
    elif offer.small_model is not None:
        variables[f"ANTHROPIC_DEFAULT_{_CLAUDES_SMALL}_MODEL"] = offer.small_model
        variables["ANTHROPIC_SMALL_FAST_MODEL"] = offer.small_model
    clouds = ("BEDROCK", "VERTEX", "FOUNDRY", "MANTLE", "ANTHROPIC_AWS", "ANTHROPIC_GOOGLE_CLOUD", "GATEWAY")
    elsewhere = tuple(f"CLAUDE_CODE_USE_{cloud}" for cloud in clouds)
    return Setup(variables=variables, removed=("ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN", *elsewhere))


def _claudes_sizes(model: Listed) -> dict[str, str]:
    """What it cannot know, and where the model can do less than it would take for granted."""
    sizes: dict[str, str] = {}
    if model.context_window is not None:
        sizes["CLAUDE_CODE_MAX_CONTEXT_TOKENS"] = str(model.context_window)
        if model.context_window < _CLAUDES_WINDOW:
            sizes["CLAUDE_CODE_AUTO_COMPACT_WINDOW"] = str(model.context_window)
    if model.max_output_tokens is not None and model.max_output_tokens < _CLAUDES_OUTPUT:
        sizes["CLAUDE_CODE_MAX_OUTPUT_TOKENS"] = str(model.max_output_tokens)
    return sizes


_BY_KEY: Final = "gemini-api-key"


class _GeminiAuth(Struct, frozen=True, rename="camel"):
    selected_type: str = ""


class _GeminiSecurity(Struct, frozen=True):
    auth: _GeminiAuth = _GeminiAuth()


class _GeminiSettings(Struct, frozen=True):
    security: _GeminiSecurity = _GeminiSecurity()


def _signs_in_by_key(settings: bytes) -> bool:
    try:
        return msgspec.json.decode(settings, type=_GeminiSettings).security.auth.selected_type == _BY_KEY
    except msgspec.DecodeError:
        return False


def _gemini(offer: Offer) -> Setup:
    """How it signs in only a file of settings says: else it goes to Google as it did last, or ends at once."""
    variables = {"GOOGLE_GEMINI_BASE_URL": f"{offer.root}/gemini", "GEMINI_API_KEY": offer.key}
    if offer.model is not None:
        variables["GEMINI_MODEL"] = offer.model
    elsewhere = ("GOOGLE_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GENAI_USE_GCA", "GOOGLE_VERTEX_BASE_URL")
    settings = _GeminiSettings(_GeminiSecurity(_GeminiAuth(_BY_KEY)))
    home = Home(
        variable="GEMINI_CLI_HOME",
        file=".gemini/settings.json",
        text=msgspec.json.encode(settings).decode(),
        suffices=_signs_in_by_key,
    )
    return Setup(variables=variables, removed=elsewhere, home=home)


def _opencode(offer: Offer) -> Setup:
    """It knows of a provider's models what its configuration says."""
    named = [Listed(id=name) for name in (offer.model, offer.small_model) if name is not None]
    models = {model.id: model for model in (*named, *filter(can_work, offer.models))}
    provider = {
        "npm": "@ai-sdk/openai",
        "name": "Antiphon",
        "options": {"baseURL": f"{offer.root}/v1", "apiKey": f"{{env:{KEY_VARIABLE}}}"},
        "models": _fitting(models),
    }
    config: dict[str, Any] = {"provider": {"antiphon": provider}}
    if offer.model is not None:
        config["model"] = f"antiphon/{offer.model}"
        config["small_model"] = f"antiphon/{offer.small_model or offer.model}"
    elif offer.small_model is not None:
        config["small_model"] = f"antiphon/{offer.small_model}"
    variables = {KEY_VARIABLE: offer.key, "OPENCODE_CONFIG_CONTENT": msgspec.json.encode(config).decode()}
    return Setup(variables=variables)


_LONGEST: Final = 122_880
"""No program is started on Linux with a variable of more than 128 KiB: this much of it is for models."""


def _fitting(models: Mapping[str, Listed]) -> dict[str, dict[str, Any]]:
    """As many as there is room for."""
    told: dict[str, dict[str, Any]] = {}
    room = _LONGEST
    for name, model in models.items():
        told[name] = _opencodes(model)
        room -= len(msgspec.json.encode({name: told[name]}))
        if room < 0:
            del told[name]
            break
    return told


_OPENCODES_INPUT: Final = ("text", "image", "audio", "video", "pdf")


def _opencodes(model: Listed) -> dict[str, Any]:
    told: dict[str, Any] = {"name": model.id, "tool_call": True}
    if model.capabilities:
        told["reasoning"] = "reasoning" in model.capabilities
    if model.input_modalities:
        kinds = {"pdf" if kind == "file" else kind for kind in model.input_modalities}
        told["attachment"] = bool(kinds - {"text"})
        told["modalities"] = {"input": [kind for kind in _OPENCODES_INPUT if kind in kinds], "output": ["text"]}
    if model.context_window is not None:
        told["limit"] = {
            "context": model.context_window,
            "output": model.max_output_tokens or model.context_window // 4,
        }
    return told


def _known(offer: Offer, name: str) -> Listed:
    return next((model for model in offer.models if model.id == name), Listed(id=name))


AGENTS: Final[Mapping[str, Agent]] = {
    "codex": Agent(program="codex", install="npm install -g @openai/codex", own="gpt-", setup=_codex),
    "claude": Agent(program="claude", install="npm install -g @anthropic-ai/claude-code", own="claude-", setup=_claude),
    "gemini": Agent(program="gemini", install="npm install -g @google/gemini-cli", own="gemini-", setup=_gemini),
    "opencode": Agent(program="opencode", install="npm install -g opencode-ai", own="", setup=_opencode),
}
