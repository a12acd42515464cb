"""The fonts of the browser tests: the project's own, so that a page is as wide and as long on every machine.

Chromium finds fonts through fontconfig, and FONTCONFIG_FILE names the file that lists them. There are two sets, one as
narrow as a reader's fonts get and one as wide; what is promised in pixels or pages must hold with both.
"""

import os
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[2]
FONTS = Path(__file__).with_name("font_files")
SHARE_IMAGES = ROOT / "comparisons" / "pictures" / "fonts"  # scripts other than Latin, and emoji
FAMILIES = {
    "narrow": {"sans-serif": "Arimo", "serif": "Tinos", "monospace": "DejaVu Sans Mono"},
    "wide": {"sans-serif": "DejaVu Sans", "serif": "DejaVu Serif", "monospace": "DejaVu Sans Mono"},
}
# Chromium asks for "sans" where a page says system-ui, and for the other names where it says the generic name.
NAMES = {
    "sans-serif": ("sans-serif", "sans", "system-ui", "Arial"),
    "serif": ("serif", "Times New Roman"),
    "monospace": ("monospace", "Monospace", "Courier New"),
}


def write_font_config(*, width: str, folder: Path) -> Path:
    """Write the fontconfig file of a set, "narrow" or "wide", into the folder, and return its path.

    Rendering options are part of it, because hinting changes how wide a word is.
    """
    aliases = "".join(
        f"<match><test name='family'><string>{name}</string></test>"
        f"<edit name='family' mode='assign' binding='same'><string>{FAMILIES[width][generic]}</string></edit></match>"
        for generic, names in NAMES.items()
        for name in names
    )
    folders = "".join(f"<dir>{escape(str(path))}</dir>" for path in (FONTS / width, FONTS / "both", SHARE_IMAGES))
    # Some builds ask for the font of a desktop instead, which is none of the set: the last resort is sans-serif.
    aliases += (
        f"<match><edit name='family' mode='append_last'><string>{FAMILIES[width]['sans-serif']}</string></edit></match>"
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"fonts-{width}.conf"
    unfinished = path.with_suffix(f".{os.getpid()}")
    unfinished.write_text(
        "<?xml version='1.0'?><!DOCTYPE fontconfig SYSTEM 'urn:fontconfig:fonts.dtd'>"
        f"<fontconfig>{folders}<cachedir>{escape(str(folder / 'font-cache'))}</cachedir>{aliases}"
        "<match target='font'><edit name='hinting' mode='assign'><bool>false</bool></edit>"
        "<edit name='antialias' mode='assign'><bool>true</bool></edit>"
        "<edit name='rgba' mode='assign'><const>none</const></edit></match></fontconfig>"
    )
    unfinished.replace(path)
    return path
