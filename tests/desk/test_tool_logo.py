"""Logos: what may be uploaded, what is kept of it, and where it is shown."""

import struct
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from tests import factories as make
from tests.desk.tool_forms import change, errors_of, filled
from tools import logos

TOO_MANY = "Logo: The image has more than 16 million pixels; the limits are 4,096 per side and 16 million in total."
UNREADABLE = f"Logo: {logos.UNREADABLE}"


@pytest.fixture(autouse=True)
def media(settings, tmp_path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path / "logos"


def picture(kind="PNG", size=(300, 100), colour="red", mode="RGB", **options) -> bytes:
    file = BytesIO()
    Image.new(mode, size, colour).save(file, kind, **options)
    return file.getvalue()


def upload(admin_client, tool, content: bytes, name="logo.png"):
    page = admin_client.get(change(tool))
    return admin_client.post(change(tool), filled(page, logo_file=SimpleUploadedFile(name, content)))


def read(path: Path) -> Image.Image:
    return Image.open(BytesIO(path.read_bytes()))


def claimed_png(width: int, height: int) -> bytes:
    """A small file whose header claims so many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_logo_is_kept_as_webp_and_png_of_256_pixels(admin_client, client, media, kind):
    tool = make.tool()
    assert upload(admin_client, tool, picture(kind, (600, 200))).status_code == 302
    tool.refresh_from_db()
    assert sorted(path.name for path in media.iterdir()) == [f"{tool.logo}.png", f"{tool.logo}.webp"]
    for suffix in ("webp", "png"):
        response = client.get(f"/logos/{tool.logo}.{suffix}")
        image = Image.open(BytesIO(response.content))
        assert (image.format, image.size) == (suffix.upper(), (256, 85))
        assert response.headers["Content-Type"] == f"image/{suffix}"
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_small_logo_is_not_made_larger(admin_client, media):
    tool = make.tool()
    upload(admin_client, tool, picture(size=(20, 10)))
    tool.refresh_from_db()
    assert read(media / f"{tool.logo}.png").size == (20, 10)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"just some text", UNREADABLE),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", UNREADABLE),
        (picture("BMP"), UNREADABLE),
        (picture()[:60], UNREADABLE),
        (picture("JPEG", (300, 300))[:400], UNREADABLE),
        (picture("WEBP")[:40], UNREADABLE),
        (b"", "Logo: The submitted file is empty."),
        (
            claimed_png(4097, 10),
            "Logo: The image has 4,097 × 10 pixels; the limits are 4,096 per side and 16 million in total.",
        ),
        (claimed_png(4096, 4000), TOO_MANY),
        (claimed_png(10_000, 10_000), TOO_MANY),
        (picture() + bytes(3 * 1024 * 1024), "Logo: The file has 3.0 MB; the limit is 2 MB."),
    ],
    ids=["text", "svg", "bmp", "cut-png", "cut-jpeg", "cut-webp", "empty", "wide", "16M", "100M", "3 MB"],
)
def test_what_is_no_logo_is_refused_in_words(admin_client, media, content, said):
    tool = make.tool()
    assert errors_of(upload(admin_client, tool, content)) == [said]
    tool.refresh_from_db()
    assert (tool.logo, media.exists()) == ("", False)


@pytest.mark.parametrize("behind", [b"<html><script>alert(1)</script></html>", b"PK\x03\x04 and the rest of a ZIP"])
def test_what_hides_in_a_picture_is_not_kept(admin_client, media, behind):
    tool = make.tool()
    upload(admin_client, tool, picture() + behind)
    tool.refresh_from_db()
    assert [behind in path.read_bytes() for path in media.iterdir()] == [False, False]


def test_metadata_is_dropped_and_the_picture_turned_as_it_says(admin_client, media):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90°
    exif[0x010E] = "Taken at home"
    tool = make.tool()
    upload(admin_client, tool, picture("JPEG", (200, 100), exif=exif), name="logo.jpg")
    tool.refresh_from_db()
    for suffix in ("png", "webp"):
        image = read(media / f"{tool.logo}.{suffix}")
        assert (image.size, dict(image.getexif())) == ((100, 200), {})
        assert b"Taken at home" not in (media / f"{tool.logo}.{suffix}").read_bytes()


def test_of_an_animation_the_first_frame_is_kept(admin_client, media):
    file = BytesIO()
    frames = [Image.new("RGB", (50, 50), colour) for colour in ("red", "blue")]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    tool = make.tool()
    upload(admin_client, tool, file.getvalue(), name="logo.gif")
    tool.refresh_from_db()
    kept, still = read(media / f"{tool.logo}.webp"), read(media / f"{tool.logo}.png")
    assert (kept.n_frames, still.convert("RGB").getpixel((1, 1))) == (1, (255, 0, 0))


@pytest.mark.parametrize(("mode", "kind"), [("CMYK", "JPEG"), ("L", "PNG"), ("P", "PNG"), ("LA", "PNG"), ("1", "PNG")])
def test_every_way_of_writing_colours_is_read(admin_client, mode, kind):
    tool = make.tool()
    assert upload(admin_client, tool, picture(kind, mode=mode, colour=0)).status_code == 302


def test_replaced_and_removed_logos_leave_no_files(admin_client, media, django_capture_on_commit_callbacks):
    tool = make.tool()
    upload(admin_client, tool, picture())
    tool.refresh_from_db()
    first = tool.logo
    with django_capture_on_commit_callbacks(execute=True):
        upload(admin_client, tool, picture(colour="blue"))
    tool.refresh_from_db()
    assert tool.logo != first
    assert {path.stem for path in media.iterdir()} == {tool.logo}
    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(change(tool), filled(admin_client.get(change(tool)), remove_logo="on"))
    tool.refresh_from_db()
    assert (tool.logo, list(media.iterdir())) == ("", [])


def test_deleted_draft_takes_its_logo_along(admin_client, media, django_capture_on_commit_callbacks):
    tool = make.tool(published_at=None)
    upload(admin_client, tool, picture())
    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(f"/admin/tools/tool/{tool.pk}/delete/", {"post": "yes"})
    assert list(media.iterdir()) == []


def test_logo_of_a_form_that_could_not_be_saved_is_not_kept(admin_client, media, monkeypatch):
    tool = make.tool()

    def fail(**_):
        raise RuntimeError

    monkeypatch.setattr("desk.admin.tools.rescan_mentions", fail)
    page = admin_client.get(change(tool))
    with pytest.raises(RuntimeError):
        admin_client.post(change(tool), filled(page, name="Other", logo_file=SimpleUploadedFile("logo.png", picture())))
    assert list(media.iterdir()) == []


def test_logo_is_shown_where_the_tool_is(admin_client, client):
    one, two = make.tool(slug="one"), make.tool(slug="two")
    upload(admin_client, one, picture())
    one.refresh_from_db()
    shown = (
        f'<picture class="logo"><source srcset="/logos/{one.logo}.webp" type="image/webp">'
        f'<img src="/logos/{one.logo}.png" alt="" width="{{0}}" height="{{0}}"{{1}} decoding="async"></picture>'
    )
    for address in ("/tools/one/", "/compare/one-vs-two/", "/compare/custom/?t=one&t=two&t=" + make.tool().slug):
        page = client.get(address).content.decode()
        assert (page.count(shown.format(56, "")), page.count("<picture")) == (1, 1)
    for address in ("/tools/", one.category.get_absolute_url()):
        assert client.get(address).content.decode().count(shown.format(40, ' loading="lazy"')) == 1
    assert "<picture" not in client.get("/tools/two/").content.decode()
    said = client.get("/compare/one-vs-two.json").json()["tools"]
    assert [tool["logo"] for tool in said] == [f"http://127.0.0.1:8000/logos/{one.logo}.png", None]
    assert two.logo == ""


@pytest.mark.parametrize("address", [f"/logos/{'0' * 32}.png", "/logos/../../etc/passwd.png", f"/logos/{'0' * 32}.svg"])
def test_logo_that_is_not_there_is_not_found(client, db, address):
    assert client.get(address).status_code == 404
