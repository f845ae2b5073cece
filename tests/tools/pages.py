"""What is wrong with a folder of pages: dead links, and what is loaded from outside."""

import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup

# Elements that load what they name; an <a href> only leads there.
LOADS = {"src", "srcset", "poster", "data"}
CSS_ADDRESS = re.compile(r"""(?:url\(|@import\s+)\s*["']?([^"')\s]+)""")


def outside_loads(folder: Path) -> list[str]:
    """Each "file: address" that a browser would fetch from another machine."""
    found = []
    for path in sorted(folder.rglob("*.html")):
        for element in parsed(path).find_all(True):
            names = [*LOADS, "href"] if element.name in ("link", "image", "use", "base") else LOADS
            found += [f"{path.name}: {element[n]}" for n in names if _outside(element.get(n, ""))]
            style = element.get("style", "") + (element.text if element.name == "style" else "")
            found += [f"{path.name}: {one}" for one in CSS_ADDRESS.findall(style) if _outside(one)]
    for path in sorted(folder.rglob("*.css")):
        addresses = CSS_ADDRESS.findall(path.read_text(encoding="utf-8"))
        found += [f"{path.name}: {one}" for one in addresses if _outside(one)]
    return found


def dead_links(folder: Path) -> list[str]:
    """Each "file: link" to a file or a place in a file that is not there."""
    pages = {path: parsed(path).find_all(True) for path in sorted(folder.rglob("*.html"))}
    names = {
        path: {e.get(k) for e in elements for k in ("id", "name")} - {None}
        for path, elements in pages.items()
    }
    found = []
    for path, elements in pages.items():
        for element in elements:
            for link in (element.get("href"), element.get("src")):
                parts = urlsplit(link or "#")
                if not link or parts.scheme or parts.netloc:
                    continue
                place = (path.parent / unquote(parts.path)).resolve() if parts.path else path
                fragment = unquote(parts.fragment)
                missing = fragment and place in names and fragment not in names[place]
                if not place.is_file() or missing:
                    found.append(f"{path.relative_to(folder)}: {link}")
    return found


@cache
def parsed(path: Path) -> BeautifulSoup:
    """A page, which is read once: many ask for the same, and none is written anew."""
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def _outside(address: object) -> bool:
    return bool(re.match(r"\s*(https?:)?//", str(address)))
