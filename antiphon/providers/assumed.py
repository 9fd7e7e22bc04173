"""What is assumed of a provider where its documentation says nothing: what harms nobody if it is wrong."""

from __future__ import annotations

from typing import Final

from antiphon.providers.table_vendors import OPENAI_ONLY
from antiphon.quirks import Quirks

SILENT: Final = Quirks(
    developer_role=False,
    max_tokens_field="max_tokens",
    effort_style="none",
    strict_functions=False,
    parallel_tool_calls=False,
    file_input=False,
    audio_input=False,
    refused_fields=OPENAI_ONLY,
    stores=False,
)
"""A server of chat completions that knows what the API had in 2023, and refuses what it does not know.

Images are passed on, because a model that sees none says so itself; files and audio are not, because a server that does
not know the kind of a part tends to answer as if it were not there.
"""
