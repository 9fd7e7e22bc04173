"""An AI gateway: a durable, resumable ``/v1/responses`` over any model. Importing this opens nothing."""

__all__ = ["__version__"]

__version__ = "0.1.0"
