"""Files that tenants bring: who takes them in, who brings them to providers, and who answers for them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from antiphon.file_protocols import FileStore
from antiphon.file_settings import FileSettings
from antiphon.gateway.attachments import Allowance, Attachments
from antiphon.gateway.copies import Copies
from antiphon.gateway.files import FileDesk, FileLimits
from antiphon.gateway.flow import Surroundings
from antiphon.http.file_routes import FileHandlers
from antiphon.http.files import FileEndpoints
from antiphon.http.routes import Handler
from antiphon.http.uploads import UploadEndpoints
from antiphon.providers.discovery import Discovery
from antiphon.providers.instance import ProviderInstance
from antiphon.store.database import SqlDatabase
from antiphon.store.file_copies import SqlFileCopies
from antiphon.store.file_uploads import SqlUploads
from antiphon.store.files import SqlFiles

_SECONDS_PER_DAY: Final = 86_400


class FileParts(Struct, frozen=True):
    """One process's."""

    store: FileStore
    desk: FileDesk
    attachments: Attachments
    copies: Copies


def file_parts(
    settings: FileSettings, database: SqlDatabase, discovery: Discovery, surroundings: Surroundings
) -> FileParts:
    """Everything about files. Opens nothing."""
    days = settings.retention_days
    limits = FileLimits(
        max_bytes=settings.max_bytes,
        tenant_bytes=settings.tenant_bytes,
        retention_seconds=None if days is None else days * _SECONDS_PER_DAY,
        upload_seconds=settings.upload_seconds,
    )
    files = SqlFiles(database, time.time)
    desk = FileDesk(files, SqlUploads(database, time.time), limits, surroundings.clock, surroundings.new_id)
    places = (each for each in discovery.providers.values() if isinstance(each, ProviderInstance))
    couriers = {each.name: courier for each in places if (courier := each.courier()) is not None}
    copies = Copies(files, SqlFileCopies(database, time.time), couriers, settings.max_sent_bytes)
    allowance = Allowance(settings.max_inline_bytes, settings.max_request_bytes)
    return FileParts(files, desk, Attachments(files, copies, allowance), copies)


def file_handlers(
    parts: FileParts, tasks: asyncio.TaskGroup, most_body_bytes: int, ending: Callable[[Handler], Handler]
) -> FileHandlers:
    """The handlers of the routes, long ones `ending` with turns. Begins to tell providers of files that are gone."""
    tasks.create_task(parts.copies.keep())
    files = FileEndpoints(parts.desk, tasks, parts.copies.look)
    uploads = UploadEndpoints(parts.desk, most_body_bytes)
    return FileHandlers(
        create=ending(files.create),
        listed=files.listed,
        retrieve=files.retrieve,
        delete=files.delete,
        content=ending(files.content),
        create_upload=uploads.create,
        add_part=ending(uploads.add_part),
        complete_upload=uploads.complete,
        cancel_upload=uploads.cancel,
    )
