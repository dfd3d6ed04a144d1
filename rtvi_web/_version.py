"""The version, in one place: the wheel, ``rtvi_client_version`` and ``client-ready`` read it from here."""

__version__ = "0.1.0"
