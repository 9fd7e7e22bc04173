"""Files and uploads as clients are shown them, in OpenAI's words and in Anthropic's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from antiphon.conversation_protocols import Page
from antiphon.file_protocols import FileList, StoredFile, StoredUpload
from antiphon.http.call import Tongue

Json = dict[str, Any]

PAGE_MARK: Final = "page_"
"""What Anthropic's cursors begin with."""


def shown(file: StoredFile, tongue: Tongue) -> Json:
    """One file."""
    if tongue == "anthropic":
        return {
            "id": file.id,
            "type": "file",
            "filename": file.filename,
            "mime_type": file.media_type,
            "size_bytes": file.bytes,
            "created_at": _moment(file.created_at),
            "expires_at": None if file.expires_at is None else _moment(file.expires_at),
            "downloadable": True,
        }
    return {
        "id": file.id,
        "object": "file",
        "bytes": file.bytes,
        "created_at": file.created_at,
        "expires_at": file.expires_at,
        "filename": file.filename,
        "purpose": file.purpose,
        "status": file.status,
        "status_details": None,
    }


def shown_list(found: FileList, page: Page, tongue: Tongue) -> Json:
    """A page of files. Anthropic's newer clients go on by `next_page`, its older ones by the ids at the ends."""
    ends = (found.files[0].id, found.files[-1].id) if found.files else (None, None)
    data = [shown(file, tongue) for file in found.files]
    listed: Json = {"data": data, "has_more": found.has_more, "first_id": ends[0], "last_id": ends[1]}
    if tongue != "anthropic":
        return {"object": "list", **listed}
    forwards = found.has_more and page.before is None
    return {**listed, "next_page": f"{PAGE_MARK}{ends[1]}" if forwards else None}


def shown_deleted(file_id: str, tongue: Tongue) -> Json:
    """What is left of a file."""
    if tongue == "anthropic":
        return {"id": file_id, "type": "file_deleted"}
    return {"id": file_id, "object": "file", "deleted": True}


def shown_upload(upload: StoredUpload, file: StoredFile | None = None) -> Json:
    """An upload, with the file that it became."""
    return {
        "id": upload.id,
        "object": "upload",
        "bytes": upload.bytes,
        "created_at": upload.created_at,
        "expires_at": upload.expires_at,
        "filename": upload.filename,
        "purpose": upload.purpose,
        "mime_type": upload.media_type,
        "status": "pending" if upload.status == "completing" else upload.status,
        "file": None if file is None else shown(file, "openai"),
    }


def shown_part(part: StoredFile, upload: StoredUpload) -> Json:
    """A part of an upload."""
    return {"id": part.id, "object": "upload.part", "created_at": part.created_at, "upload_id": upload.id}


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
