"""The classes of the synchronous face, made by ``python -m tools.sync_face`` from the asynchronous ones."""
