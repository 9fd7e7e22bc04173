"""Who keeps files, and from what size on they go there: rows of the table, a page of their own.

Sizes in a request are those of the bytes before base64, which makes them a third longer. Read 2026-11:
https://platform.openai.com/docs/guides/pdf-files (50 MB in a request), https://platform.openai.com/docs/api-reference/files,
https://platform.claude.com/docs/en/build-with-claude/files (500 MB; 32 MB in a request),
https://ai.google.dev/gemini-api/docs/files (2 GB; 20 MB in a request, of late 100),
https://docs.x.ai/developers/files (48 MB, documents by name alone),
https://learn.microsoft.com/en-us/azure/foundry/openai/how-to/responses (purpose `assistants`).
"""

from __future__ import annotations

from typing import Final

from antiphon.providers.row import FileRow, Route

_MIB: Final = 1_048_576

OPENAI_FILES: Final = FileRow(
    manner="openai",
    route=Route("/files"),
    one="/files/{file}",
    purpose="user_data",
    dialects=("responses", "chat"),
    no_images=("chat",),
    inline_bytes=32 * _MIB,
    max_bytes=512 * _MIB,
)
AZURE_FILES: Final = FileRow(
    manner="openai",
    route=Route("/openai/v1/files{version_query}"),
    one="/openai/v1/files/{file}{version_query}",
    purpose="assistants",
    dialects=("responses",),
    no_images=("responses",),
    inline_bytes=32 * _MIB,
    max_bytes=512 * _MIB,
)
XAI_FILES: Final = FileRow(
    manner="xai",
    route=Route("/files"),
    one="/files/{file}",
    purpose="assistants",
    dialects=("responses",),
    no_images=("responses",),
    inline_bytes=0,
    max_bytes=48 * _MIB,
    always=True,
)
ANTHROPIC_FILES: Final = FileRow(
    manner="anthropic",
    route=Route("/files", headers={"anthropic-beta": "files-api-2025-04-14"}),
    one="/files/{file}",
    dialects=("messages",),
    inline_bytes=20 * _MIB,
    max_bytes=500 * _MIB,
)
GOOGLE_FILES: Final = FileRow(
    manner="google",
    route=Route("~/upload/v1beta/files?uploadType=multipart"),
    one="/{file}",
    dialects=("gemini",),
    inline_bytes=14 * _MIB,
    max_bytes=2048 * _MIB,
    named=True,
)
