"""Every decoder that takes bytes from somebody else, by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tools.fuzz import client_targets, edge_targets, provider_targets, service_targets, wire_targets
from tools.fuzz.target import Target

TARGETS: Final[Mapping[str, Target]] = {
    target.name: target
    for module in (wire_targets, provider_targets, client_targets, service_targets, edge_targets)
    for target in module.TARGETS
}
