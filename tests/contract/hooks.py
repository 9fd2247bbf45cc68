"""What schemathesis sends where the document says too little, and what it must leave alone."""

import io
import os
import zipfile
from typing import Any

import schemathesis
from hypothesis import strategies as st
from PIL import Image

from cli.demo import as_frame
from cli.portraits import eileen_collins

_PORTRAIT = as_frame(eileen_collins())


def _empty(kind: str) -> bytes:
    """A picture of that kind in which there is nobody."""
    encoded = io.BytesIO()
    Image.new("RGB", (160, 120), (90, 120, 150)).save(encoded, kind)
    return encoded.getvalue()


def _archive() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("Eileen_Collins_0001.jpg", _PORTRAIT)
    return written.getvalue()


_GOOD = {
    "image/jpeg": (_PORTRAIT, _empty("JPEG")),
    "image/png": (_empty("PNG"),),
    "image/webp": (_empty("WEBP"),),
    "image/heic": (),
    "image/heif": (),
    "application/zip": (_archive(),),
}

for media_type, good in _GOOD.items():
    damaged = [content[: len(content) // 2] for content in good]
    schemathesis.openapi.media_type(
        media_type, st.sampled_from([*good, *damaged, b"no picture"]) | st.binary(max_size=200)
    )


@schemathesis.hook
def filter_case(_context: Any, case: schemathesis.Case) -> bool:
    """Leave alone what the cases themselves are sent with: without it all that follow are 401."""
    ours = {os.environ[f"CONTRACT_{name}_ID"] for name in ("KIOSK", "TOKEN", "INVITED_PERSON", "INVITATION")}
    return case.method == "GET" or not ours & set(map(str, (case.path_parameters or {}).values()))


@schemathesis.hook
def before_call(_context: Any, case: schemathesis.Case, _kwargs: dict[str, Any]) -> None:
    """Rotate another kiosk's token, for the same reason."""
    ours = f"Bearer {os.environ['CONTRACT_KIOSK_TOKEN']}"
    if case.path == "/v1/kiosk/token" and case.headers.get("Authorization") == ours:
        case.headers["Authorization"] = f"Bearer {os.environ['CONTRACT_OTHER_KIOSK_TOKEN']}"
