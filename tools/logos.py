"""Logos. An uploaded image becomes two small files of our own, stored under a random name.

The uploaded file itself is not stored. It is decoded, scaled down, and only its pixels are encoded again, so metadata
or a second file appended to the first are lost.
"""

import secrets
from dataclasses import dataclass
from io import BytesIO

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.urls import reverse
from PIL import Image, ImageOps

from web.caching import process_cache

MAX_BYTES = 2 * 1024 * 1024
MAX_SIDE = 4096  # pixels
MAX_PIXELS = 16_000_000
SIDE = 256  # pixels of the longer side of a stored logo
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MAX_SVG_PROLOG = 4096  # bytes in which an SVG file says what it is
TYPES = {"webp": "image/webp", "png": "image/png"}
STEM_PATTERN = r"[0-9a-f]{32}"

UNREADABLE = "This file cannot be read as PNG, JPEG, WebP, or GIF. It may be truncated or of another type."
VECTOR = "This is an SVG drawing, which is not accepted because it may contain scripts. Export it as PNG."

# Pillow checks the size in the header when it opens a file, and refuses one of more than twice this.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS


@dataclass(frozen=True, slots=True)
class Logo:
    """The two files of a logo, each at most SIDE × SIDE pixels."""

    webp: bytes
    png: bytes


def read(upload: File) -> Logo:
    """Decode an uploaded image and return it as a logo. Of an animation, only the first frame is used.

    Raises ValidationError with a message for the form unless the file is a PNG, JPEG, WebP, or GIF within MAX_BYTES,
    MAX_SIDE, and MAX_PIXELS. The size in the header is checked before any pixel is decoded.
    """
    if upload.size > MAX_BYTES:
        raise ValidationError(f"The file has {upload.size / 1024**2:.1f} MB; the limit is 2 MB.")
    upload.seek(0)
    try:
        with Image.open(upload, formats=FORMATS) as image:
            _check_size(*image.size)
            turned = ImageOps.exif_transpose(image).convert("RGBA")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValidationError(_too_large("more than 16 million")) from error
    except ValidationError:
        raise
    except Exception as error:  # decoders raise many kinds of errors on broken files
        upload.seek(0)
        is_svg = b"<svg" in upload.read(MAX_SVG_PROLOG).lower()
        raise ValidationError(VECTOR if is_svg else UNREADABLE) from error
    turned.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    pixels = Image.new("RGBA", turned.size)
    pixels.paste(turned)
    return Logo(webp=_encode(pixels, "WEBP", quality=90, method=6), png=_encode(pixels, "PNG", optimize=True))


def _check_size(width: int, height: int) -> None:
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise ValidationError(_too_large(f"{width:,} × {height:,}"))


def _too_large(size: str) -> str:
    return f"The image has {size} pixels; the limits are {MAX_SIDE:,} per side and 16 million in total."


def _encode(image: Image.Image, kind: str, **options: int) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def store(logo: Logo) -> str:
    """Write the files of a logo and return the random stem of their names, for `Tool.logo`.

    Raises OSError, and leaves nothing behind, on a full disk.
    """
    stem = secrets.token_hex(16)
    try:
        default_storage.save(_path(stem, "webp"), ContentFile(logo.webp))
        default_storage.save(_path(stem, "png"), ContentFile(logo.png))
    except OSError:
        remove(stem)
        raise
    return stem


def remove(stem: str) -> None:
    """Delete the files of a logo. Idempotent; does nothing for ""."""
    for kind in TYPES if stem else ():
        default_storage.delete(_path(stem, kind))


def list_file_names(stem: str) -> list[str]:
    """Return the names of a logo's files in MEDIA_ROOT."""
    return [_path(stem, kind) for kind in TYPES]


def read_file(stem: str, kind: str) -> bytes:
    """Return a logo's file; `kind` is `webp` or `png`. Raises FileNotFoundError."""
    with default_storage.open(_path(stem, kind)) as file:
        return file.read()


@process_cache(maxsize=8192)
def file_url(stem: str, kind: str) -> str:
    """Return the URL path of a logo's file, cached; "" without a logo."""
    return reverse("logo", args=[stem, kind]) if stem else ""


def _path(stem: str, kind: str) -> str:
    return f"logos/{stem}.{kind}"
