"""The devices and the sound of a page, for both clients: microphone, camera, screen, speaker, levels and streams.

:class:`PageMedia` is what a transport of your own composes as its ``media``.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rtvi_web.media.page_media import PageMedia

__all__ = ["PageMedia"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from rtvi_web.media.page_media import PageMedia  # late: most importers want one small module of this folder

    return PageMedia


def __dir__() -> list[str]:
    return __all__
