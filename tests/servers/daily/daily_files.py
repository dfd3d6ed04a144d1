"""What stands in for Daily in a page: the real daily-js, and a call machine and a room of ours."""

from pathlib import Path

from downloads import npm_packages
from paths import BUILD

HERE = Path(__file__).parent
OURS = ("room.js", "call-machine-object-bundle.js")


def daily_js() -> Path:
    """The npm package."""
    return npm_packages(BUILD / "npm" / "daily-js") / "@daily-co" / "daily-js"


def daily_files() -> dict[str, bytes]:
    """The content of each file, by its name. A page loads ``daily.js`` and ``room.js``; daily-js loads the third."""
    return {"daily.js": (daily_js() / "dist" / "daily.js").read_bytes()} | {
        name: (HERE / name).read_bytes() for name in OURS
    }
