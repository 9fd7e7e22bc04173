"""The HTTP client that the clients of OpenAI and Anthropic are made of: httpx2, httpx for their older versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx2 as httpx
else:
    try:
        import httpx2 as httpx
    except ImportError:
        try:
            import httpx
        except ImportError as error:
            raise ImportError("This needs httpx2, which comes with OpenAI's client: pip install openai") from error

__all__ = ["httpx"]
