"""Files that hold tokens and keys: read when they are needed, since others write them anew."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from antiphon.errors import CredentialsFailed

_MAX_BYTES: Final = 1 << 20


def file_text(path: str, what: str) -> str:
    """The file's text without blanks around it. Raises CredentialsFailed, which names `what` and no path."""
    try:
        with Path(path).expanduser().open("rb") as stream:
            content = stream.read(_MAX_BYTES + 1)
        text = content.decode().strip()
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its path leads nowhere"
        raise CredentialsFailed(f"the file with {what} cannot be read: {reason}") from None
    except UnicodeDecodeError:
        raise CredentialsFailed(f"the file with {what} is no text") from None
    except ValueError:
        raise CredentialsFailed(f"the file with {what} cannot be read: its path is none") from None
    if not text or len(content) > _MAX_BYTES:
        raise CredentialsFailed(f"the file with {what} is {'empty' if not text else 'too large'}")
    return text
