"""Any exception as two sentences for a person; shows nothing itself.

Only our own messages are shown, never `str()` of a driver's or Python's exception: those can quote stored values.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass

from inspector.codecs import CodecError
from inspector.core.edits import EditError
from inspector.core.field_path import FieldPathError
from inspector.services.connection import PasswordWanted
from inspector.services.settings.sealed_file import SealedFileError
from store_adapters.errors import Interrupted, StoreError


@dataclass(frozen=True, slots=True)
class Trouble:
    """`text` says what happened, `remedy` what to do. `is_ours`: a fault of this program."""

    text: str
    remedy: str = ""
    is_ours: bool = False
    is_interrupted: bool = False
    wants_password: bool = False


def describe_trouble(error: BaseException) -> Trouble:
    """Return the sentences for an exception."""
    if isinstance(error, StoreError):
        return Trouble(
            error.message,
            error.remedy,
            is_interrupted=isinstance(error, Interrupted),
            wants_password=isinstance(error, PasswordWanted),
        )
    # Here, as the cookie schemes are many modules and the start of the window needs none of them.
    from inspector.cookies import CookieError

    if isinstance(error, SealedFileError | CodecError | CookieError | EditError | FieldPathError):
        return Trouble(str(error))
    if isinstance(error, OSError) and error.strerror:
        # The system's own words; the name of the file is not among them.
        words = f"The file could not be read or written: {error.strerror}."
        return Trouble(words, "Check its folder, the free space and the permissions.")
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}" if frames else "?"
    return Trouble(
        f"Something went wrong inside the program ({type(error).__name__} at {where}).",
        "Nothing was written. Please report it with this message.",
        is_ours=True,
    )
