"""Addresses with gaps, such as ``https://bedrock-runtime.{region}.amazonaws.com``, and what fills them."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import Final
from urllib.parse import quote

from antiphon.errors import ConfigError
from antiphon.provider_settings import ProviderSettings

PLACES: Final = ("region", "project", "location", "resource", "api_version")
"""The settings that an address may depend on."""

_GAP: Final = re.compile(r"\{([a-z_]+)\}")
_EVERYWHERE: Final = "global"
_CONTINENTS: Final = frozenset({"us", "eu"})
_VERTEX_VERSION: Final = "v1beta1"

_COMES_FROM: Final = {"aws_domain": "region", "scope": "project"}


def parts_of(settings: ProviderSettings) -> Mapping[str, str]:
    """What is known of the place, by the names that stand in braces; some follow from others."""
    said = {name: getattr(settings, name) for name in PLACES}
    parts: dict[str, str] = {name: quote(value, safe=":") for name, value in said.items() if value is not None}
    location = parts.setdefault("location", _EVERYWHERE)
    parts["vertex_host"] = _vertex_host(location)
    parts["version_query"] = f"?api-version={parts['api_version']}" if "api_version" in parts else ""
    parts.setdefault("api_version", _VERTEX_VERSION)
    if "region" in parts:
        parts["aws_domain"] = "amazonaws.com.cn" if parts["region"].startswith("cn-") else "amazonaws.com"
    if "project" in parts:
        parts["scope"] = f"/projects/{parts['project']}/locations/{location}"
    elif settings.api_key is not None:
        parts["scope"] = (
            ""  # a key tells the project: https://cloud.google.com/vertex-ai/generative-ai/docs/start/express-mode
        )
    return parts


def filled(template: str, parts: Mapping[str, str]) -> str:
    """`template` without gaps, but for the model's. Raises ConfigError: the missing setting's name alone."""

    def value(gap: re.Match[str]) -> str:
        name = gap[1]
        if name == "model":
            return gap[0]
        if name not in parts:
            raise ConfigError(f"`{_COMES_FROM.get(name, name)}`")
        return parts[name]

    return _GAP.sub(value, template)


def missing(template: str, said: Container[str]) -> str | None:
    """The first setting that `template` cannot do without and that is not `said`."""
    names = (_COMES_FROM.get(gap, gap) for gap in _GAP.findall(template))
    return next((name for name in names if name in ("region", "project", "resource") and name not in said), None)


def _vertex_host(location: str) -> str:
    """https://cloud.google.com/vertex-ai/generative-ai/docs/learn/locations, read 2026-11."""
    if location == _EVERYWHERE:
        return "aiplatform.googleapis.com"
    if location in _CONTINENTS:
        return f"aiplatform.{location}.rep.googleapis.com"
    return f"{location}-aiplatform.googleapis.com"
