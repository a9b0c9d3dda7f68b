"""Logos: decoded and encoded anew, so that nothing but the picture is kept and served."""

import hashlib
import io
import warnings
from dataclasses import dataclass

from django.utils.translation import gettext as _
from PIL import Image, UnidentifiedImageError

MOST_BYTES = 1024 * 1024
_FORMATS = ("PNG", "JPEG")
#: Twice what the pages show, for dense screens.
_SHOWN = (480, 96)
_MOST_PIXELS = 16_000_000


class NotALogo(ValueError):
    """The file is no picture that can be shown."""


@dataclass(frozen=True, slots=True)
class Logo:
    content: bytes
    media_type: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()[:16]


def read(content: bytes) -> Logo:
    """Return the picture, as large as it is shown and without anything else the file held.

    :raises NotALogo: with a sentence for whoever chose the file.
    """
    if len(content) > MOST_BYTES:
        raise NotALogo(_("The file is larger than 1 MB. Choose a smaller one."))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
                return _encoded(picture)
    except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning,
            OSError, ValueError, SyntaxError) as error:  # fmt: skip
        if isinstance(error, NotALogo):
            raise
        raise NotALogo(
            _("This is no PNG or JPEG that can be read. Choose another file.")
        ) from error


def _encoded(picture: Image.Image) -> Logo:
    width, height = picture.size
    if width * height > _MOST_PIXELS:
        raise NotALogo(_("The picture has more than 16 million pixels. Choose a smaller one."))
    is_png = picture.format == "PNG"
    plain = picture.convert("RGBA" if is_png else "RGB")
    plain.thumbnail(_SHOWN)
    plain.info.clear()
    written = io.BytesIO()
    if is_png:
        plain.save(written, "PNG", optimize=True)
        return Logo(written.getvalue(), "image/png")
    plain.save(written, "JPEG", quality=88)
    return Logo(written.getvalue(), "image/jpeg")
