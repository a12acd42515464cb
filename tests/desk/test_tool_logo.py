"""Logos: what may be uploaded, what is stored, and where it is shown."""

import struct
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from tests import factories as make
from tests.desk.tool_forms import fill_tool_form, read_errors, tool_url
from tools import logos

TOO_MANY = "Logo: The image has more than 16 million pixels; the limits are 4,096 per side and 16 million in total."
UNREADABLE = f"Logo: {logos.UNREADABLE}"


@pytest.fixture(autouse=True)
def media(settings, tmp_path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path / "logos"


def draw(kind="PNG", size=(300, 100), color="red", mode="RGB", **options) -> bytes:
    file = BytesIO()
    Image.new(mode, size, color).save(file, kind, **options)
    return file.getvalue()


def upload(admin_client, tool, content: bytes, name="logo.png"):
    page = admin_client.get(tool_url(tool))
    return admin_client.post(tool_url(tool), fill_tool_form(page, logo_file=SimpleUploadedFile(name, content)))


def read(path: Path) -> Image.Image:
    return Image.open(BytesIO(path.read_bytes()))


def make_png_header(width: int, height: int) -> bytes:
    """Return a small file whose header claims these dimensions."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_logo_is_stored_as_webp_and_png_of_256_pixels(admin_client, client, media, kind):
    tool = make.tool()
    assert upload(admin_client, tool, draw(kind, (600, 200))).status_code == 302
    tool.refresh_from_db()
    assert sorted(path.name for path in media.iterdir()) == [f"{tool.logo}.png", f"{tool.logo}.webp"]
    for suffix in ("webp", "png"):
        response = client.get(f"/logos/{tool.logo}.{suffix}")
        image = Image.open(BytesIO(response.content))
        assert (image.format, image.size) == (suffix.upper(), (256, 85))
        assert response.headers["Content-Type"] == f"image/{suffix}"
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_small_logo_is_not_enlarged(admin_client, media):
    tool = make.tool()
    upload(admin_client, tool, draw(size=(20, 10)))
    tool.refresh_from_db()
    assert read(media / f"{tool.logo}.png").size == (20, 10)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"just some text", UNREADABLE),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", f"Logo: {logos.VECTOR}"),
        (b"<?xml version='1.0'?>\n<!-- Created by hand -->\n<SVG width='1'/>", f"Logo: {logos.VECTOR}"),
        (draw("BMP"), UNREADABLE),
        (draw()[:60], UNREADABLE),
        (draw("JPEG", (300, 300))[:400], UNREADABLE),
        (draw("WEBP")[:40], UNREADABLE),
        (b"", "Logo: The submitted file is empty."),
        (
            make_png_header(4097, 10),
            "Logo: The image has 4,097 × 10 pixels; the limits are 4,096 per side and 16 million in total.",
        ),
        (make_png_header(4096, 4000), TOO_MANY),
        (make_png_header(10_000, 10_000), TOO_MANY),
        (draw() + bytes(3 * 1024 * 1024), "Logo: The file has 3.0 MB; the limit is 2 MB."),
    ],
    ids=[
        "text",
        "svg",
        "svg-with-prolog",
        "bmp",
        "cut-png",
        "cut-jpeg",
        "cut-webp",
        "empty",
        "wide",
        "16M",
        "100M",
        "3 MB",
    ],
)
def test_invalid_logo_is_refused_with_a_message(admin_client, media, content, expected):
    tool = make.tool()
    assert read_errors(upload(admin_client, tool, content)) == [expected]
    tool.refresh_from_db()
    assert (tool.logo, media.exists()) == ("", False)


@pytest.mark.parametrize("behind", [b"<html><script>alert(1)</script></html>", b"PK\x03\x04 and the rest of a ZIP"])
def test_data_hidden_in_an_image_is_dropped(admin_client, media, behind):
    tool = make.tool()
    upload(admin_client, tool, draw() + behind)
    tool.refresh_from_db()
    assert [behind in path.read_bytes() for path in media.iterdir()] == [False, False]


def test_metadata_is_dropped_and_orientation_applied(admin_client, media):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90°
    exif[0x010E] = "Taken at home"
    tool = make.tool()
    upload(admin_client, tool, draw("JPEG", (200, 100), exif=exif), name="logo.jpg")
    tool.refresh_from_db()
    for suffix in ("png", "webp"):
        image = read(media / f"{tool.logo}.{suffix}")
        assert (image.size, dict(image.getexif())) == ((100, 200), {})
        assert b"Taken at home" not in (media / f"{tool.logo}.{suffix}").read_bytes()


def test_first_frame_of_an_animation_is_stored(admin_client, media):
    file = BytesIO()
    frames = [Image.new("RGB", (50, 50), color) for color in ("red", "blue")]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    tool = make.tool()
    upload(admin_client, tool, file.getvalue(), name="logo.gif")
    tool.refresh_from_db()
    kept, still = read(media / f"{tool.logo}.webp"), read(media / f"{tool.logo}.png")
    assert (kept.n_frames, still.convert("RGB").getpixel((1, 1))) == (1, (255, 0, 0))


@pytest.mark.parametrize(("mode", "kind"), [("CMYK", "JPEG"), ("L", "PNG"), ("P", "PNG"), ("LA", "PNG"), ("1", "PNG")])
def test_every_color_mode_is_read(admin_client, mode, kind):
    tool = make.tool()
    assert upload(admin_client, tool, draw(kind, mode=mode, color=0)).status_code == 302


def test_replaced_and_removed_logos_leave_no_files(admin_client, media, django_capture_on_commit_callbacks):
    tool = make.tool()
    upload(admin_client, tool, draw())
    tool.refresh_from_db()
    first = tool.logo
    with django_capture_on_commit_callbacks(execute=True):
        upload(admin_client, tool, draw(color="blue"))
    tool.refresh_from_db()
    assert tool.logo != first
    assert {path.stem for path in media.iterdir()} == {tool.logo}
    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(tool_url(tool), fill_tool_form(admin_client.get(tool_url(tool)), remove_logo="on"))
    tool.refresh_from_db()
    assert (tool.logo, list(media.iterdir())) == ("", [])


def test_deleting_a_draft_deletes_its_logo(admin_client, media, django_capture_on_commit_callbacks):
    tool = make.tool(published_at=None)
    upload(admin_client, tool, draw())
    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(f"/admin/tools/tool/{tool.pk}/delete/", {"post": "yes"})
    assert list(media.iterdir()) == []


def test_logo_of_a_failed_save_is_deleted(admin_client, media, monkeypatch):
    tool = make.tool()

    def fail(**_):
        raise RuntimeError

    monkeypatch.setattr("desk.admin.tools.rescan_mentions", fail)
    page = admin_client.get(tool_url(tool))
    with pytest.raises(RuntimeError):
        admin_client.post(
            tool_url(tool), fill_tool_form(page, name="Other", logo_file=SimpleUploadedFile("logo.png", draw()))
        )
    assert list(media.iterdir()) == []


def test_logo_is_shown_wherever_the_tool_is(admin_client, client):
    one, two = make.tool(slug="one"), make.tool(slug="two")
    upload(admin_client, one, draw())
    one.refresh_from_db()
    shown = (
        f'<picture class="logo"><source srcset="/logos/{one.logo}.webp" type="image/webp">'
        f'<img src="/logos/{one.logo}.png" alt="" width="{{0}}" height="{{0}}"{{1}} decoding="async"></picture>'
    )
    for address in ("/tools/one/", "/compare/one-vs-two/", "/compare/custom/?t=one&t=two&t=" + make.tool().slug):
        page = client.get(address).content.decode()
        assert (page.count(shown.format(56, "")), page.count("<picture")) == (1, 1)
    for address in ("/tools/", one.category.get_absolute_url()):
        assert client.get(address).content.decode().count(shown.format(36, ' loading="lazy"')) == 1
    assert "<picture" not in client.get("/tools/two/").content.decode()
    tools = client.get("/compare/one-vs-two.json").json()["tools"]
    assert [tool["logo"] for tool in tools] == [f"http://127.0.0.1:8000/logos/{one.logo}.png", None]
    assert two.logo == ""


@pytest.mark.parametrize("address", [f"/logos/{'0' * 32}.png", "/logos/../../etc/passwd.png", f"/logos/{'0' * 32}.svg"])
def test_missing_logo_is_not_found(client, db, address):
    assert client.get(address).status_code == 404
