"""The site as the wheel of rtvi_web_console carries it: Brotli alone, and the list that the package serves it by."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor

from compress import brotli_form
from tree import Files

LIST = "site.json"


def carried(files: Files) -> Files:
    """`files` as Brotli, and the list of them. The list's revision names their content."""
    with ThreadPoolExecutor() as pool:
        forms = list(pool.map(brotli_form, files.values()))
    listed = {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "compressed_size": len(form)}
        for (name, data), form in sorted(zip(files.items(), forms, strict=True))
    }
    revision = hashlib.sha256(json.dumps(listed).encode()).hexdigest()[:12]
    document = json.dumps({"revision": revision, "files": listed}, indent=1).encode()
    return {LIST: document, **{f"{name}.br": form for name, form in zip(files, forms, strict=True)}}
