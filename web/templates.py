"""How our templates are loaded."""

import re

from django.template import Origin
from django.template.loaders import filesystem

_INDENTATION = re.compile(r"\n[ \t]+")


class Loader(filesystem.Loader):
    """Loads templates without the indentation of their HTML: it is 3% of a compressed comparison and shows nowhere.

    Lines stay lines, so errors name the right ones. What variables hold is not touched.
    """

    def get_contents(self, origin: Origin) -> str:
        contents: str = super().get_contents(origin)
        return _INDENTATION.sub("\n", contents) if origin.name.endswith(".html") else contents
