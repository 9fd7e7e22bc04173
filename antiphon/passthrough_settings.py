"""The settings of the way to providers' own APIs (`/p/{provider}/{path}`)."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from antiphon.setting_types import Name

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
PathPattern = Annotated[
    str,
    Meta(
        pattern=r"^/\S*$",
        max_length=512,
        extra={"expected": "a path that begins with '/', such as /v1/files/**"},
    ),
]
TenantPattern = Annotated[
    str,
    Meta(
        pattern=r"^(\*|[a-z0-9][a-z0-9._-]*)$",
        max_length=64,
        extra={"expected": "the name of a tenant, or '*' for all of them"},
    ),
]


class PassingRuleSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What of one provider's own API may be asked for."""

    enabled: Annotated[bool, Meta(description="Whether anything of it may be.")] = True
    methods: Annotated[
        Annotated[list[Method], Meta(min_length=1, max_length=7)] | None,
        Meta(description="The methods that are let through; all when absent."),
    ] = None
    paths: Annotated[
        Annotated[list[PathPattern], Meta(max_length=256)] | None,
        Meta(
            description=(
                "The paths that are let through, as the provider's documentation writes them: `*` stands for one"
                " segment, `**` for any number of them. When absent, all but those about organisations, keys, users"
                " and bills; such a word is let through only by a pattern that spells it."
            )
        ),
    ] = None


class PassthroughSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The providers' own APIs, at `/p/{provider}/{path}`."""

    enabled: Annotated[bool, Meta(description="Whether there is such a way at all.")] = True
    tenants: Annotated[
        list[TenantPattern],
        Meta(
            description=(
                "Who may go it; `*` stands for everybody. What a provider keeps, such as files, belongs to its account"
                " and not to a tenant, so that each of these can see what the others keep there."
            ),
            max_length=10_000,
        ),
    ] = field(default_factory=lambda: ["master"])
    providers: Annotated[
        dict[Name, PassingRuleSettings],
        Meta(description="What may be asked for, by provider; the others are as the defaults say."),
    ] = field(default_factory=dict[str, PassingRuleSettings])
    max_body_bytes: Annotated[
        int,
        Meta(
            description=(
                "The largest body that is passed on. Where a provider wants its requests signed, as AWS does, the body"
                " has to be read first, and `server.max_body_bytes` holds too."
            ),
            ge=1024,
        ),
    ] = 1_073_741_824
    seconds: Annotated[
        float, Meta(description="How long a request may take, from its beginning to its answer's end.", gt=0, le=86_400)
    ] = 3600.0
