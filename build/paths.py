"""Where the build reads and writes."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
STATIC = ROOT / "static"
DIST = ROOT / "dist"
CACHE = ROOT / ".cache"
DOWNLOADS = CACHE / "downloads"
TEST_DIST = CACHE / "test-dist"


class BuildError(Exception):
    """The build cannot go on; the message says why and what to do."""
