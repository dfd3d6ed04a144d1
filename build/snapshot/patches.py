"""What is changed in a copy of Pyodide's loader, which is not made for a snapshot that arrives in another form."""

from dataclasses import dataclass

from paths import BuildError


@dataclass(frozen=True)
class Patch:
    """One replacement in a text. `name` says what it is for."""

    name: str
    old: str
    new: str


LOADER = (
    Patch(
        "the caller instantiates the WebAssembly",
        "instantiateWasm:Ie(e.indexURL)",
        "instantiateWasm:e._instantiateWasm(K)",
    ),
    Patch(
        # Not by an address: a page's policy may refuse data: addresses.
        "the standard library may be given as bytes",
        "function he(e){let t=j(e);",
        "function he(e){let t=e;",
    ),
)
"""Those of pyodide.mjs."""


def patched(text: str, patches: tuple[Patch, ...], file: str) -> str:
    """`text` with every patch applied.

    Raises:
        BuildError: a patch does not match exactly once.
    """
    for patch in patches:
        if (found := text.count(patch.old)) != 1:
            raise BuildError(
                f"The patch of {file} “{patch.name}” must match once, and matches {found} times: "
                "adapt build/snapshot/patches.py to this version of Pyodide, or build with SNAPSHOT=0"
            )
        text = text.replace(patch.old, patch.new)
    return text
