#!/usr/bin/env python3
"""Checks every link inside a site or between Markdown files: `check_links.py DIRECTORY`.

A link to a file that is not there, or to a place in a page that has no such anchor, is printed, and the status is
1. Addresses of other sites are not asked."""

import html.parser
import pathlib
import re
import sys
import urllib.parse


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.links, self.anchors = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.anchors.update(attributes[name] for name in ("id", "name") if attributes.get(name))
        self.links += [attributes[name] for name in ("href", "src") if attributes.get(name)]


class Document:
    """A page of Markdown; anchors are GitHub's."""

    def __init__(self, text):
        text = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
        self.links = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", text))
        self.anchors = {slug(heading) for heading in re.findall(r"^#+ (.*)$", text, flags=re.M)}


def slug(heading):
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def main(directory):
    root = pathlib.Path(directory)
    pages = {path.resolve(): read(path) for path in root.rglob("*") if path.suffix in (".html", ".md")}
    broken = [f"{path.relative_to(root.resolve())}: {link}" for path, page in pages.items()
              for link in page.links if not works(path, link, pages)]
    print("\n".join(sorted(broken)) or f"check_links: {len(pages)} pages, no broken link")
    sys.exit(bool(broken))


def read(path):
    text = path.read_text(encoding="utf-8")
    return Page(text) if path.suffix == ".html" else Document(text)


def works(page, link, pages):
    parts = urllib.parse.urlsplit(link)
    if parts.scheme or parts.netloc:
        return True
    target = (page.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else page
    known = pages.get(target)
    if known is None or not parts.fragment:
        return target.exists()
    return urllib.parse.unquote(parts.fragment) in known.anchors


main(sys.argv[1])
