"""The whole gateway inside another program: an application to mount, and clients that need no socket."""
