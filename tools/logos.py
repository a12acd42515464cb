"""Logos: what an editor uploads becomes two small pictures of our own making, kept under a random name.

Nothing of the uploaded file is kept: it is decoded, made small, and its pixels alone are written anew. So what else a
file carries (metadata, a second file behind the first) ends here.
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
SIDE = 256  # pixels of the longer side of what is kept
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
TYPES = {"webp": "image/webp", "png": "image/png"}
STEM_PATTERN = r"[0-9a-f]{32}"

UNREADABLE = "This is no PNG, JPEG, WebP or GIF that can be read: the file may be cut short, or be something else."

# Pillow looks at the size that a header claims when it opens a file, and refuses to go on at twice this.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS


@dataclass(frozen=True, slots=True)
class Logo:
    """The two files of a logo, at most SIDE × SIDE pixels."""

    webp: bytes
    png: bytes


def read(upload: File) -> Logo:
    """Decode an uploaded picture and make a logo of it; of an animation, of its first frame.

    Raises ValidationError, in words for the form, for anything but a PNG, JPEG, WebP or GIF of at most MOST_BYTES,
    MOST_SIDE and MOST_PIXELS. What the header claims is checked before a pixel is decoded.
    """
    if upload.size > MAX_BYTES:
        raise ValidationError(f"The file has {upload.size / 1024**2:.1f} MB; a logo has at most 2 MB.")
    upload.seek(0)
    try:
        with Image.open(upload, formats=FORMATS) as image:
            _check_size(*image.size)
            turned = ImageOps.exif_transpose(image).convert("RGBA")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValidationError(_too_large("more than 16 million")) from error
    except ValidationError:
        raise
    except Exception as error:  # decoders of broken files raise whatever they stumble over
        raise ValidationError(UNREADABLE) from error
    turned.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    pixels = Image.new("RGBA", turned.size)
    pixels.paste(turned)
    return Logo(webp=_encoded(pixels, "WEBP", quality=90, method=6), png=_encoded(pixels, "PNG", optimize=True))


def _check_size(width: int, height: int) -> None:
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise ValidationError(_too_large(f"{width:,} × {height:,}"))


def _too_large(said: str) -> str:
    return f"The picture has {said} pixels; a logo has at most {MAX_SIDE:,} on a side, and 16 million in all."


def _encoded(image: Image.Image, kind: str, **options: int) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def store(logo: Logo) -> str:
    """Write the files of a logo, and return the random stem of their names, which `Tool.logo` holds."""
    stem = secrets.token_hex(16)
    default_storage.save(_path(stem, "webp"), ContentFile(logo.webp))
    default_storage.save(_path(stem, "png"), ContentFile(logo.png))
    return stem


def remove(stem: str) -> None:
    """Delete the files of a logo; "" and one that is gone already are no error."""
    for kind in TYPES if stem else ():
        default_storage.delete(_path(stem, kind))


def read_file(stem: str, kind: str) -> bytes:
    """A file of a logo, `kind` being `webp` or `png`. Raises FileNotFoundError."""
    with default_storage.open(_path(stem, kind)) as file:
        return file.read()


@process_cache(maxsize=8192)
def file_url(stem: str, kind: str) -> str:
    """The path of a file of a logo, remembered; "" without a logo."""
    return reverse("logo", args=[stem, kind]) if stem else ""


def _path(stem: str, kind: str) -> str:
    return f"logos/{stem}.{kind}"
