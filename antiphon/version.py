"""Which version this is: apart, so that what the package offers by name can need everything else of it."""

__version__ = "0.1.0"
