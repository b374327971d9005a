#!/usr/bin/env python3
"""Lays out the pages of docs/ for Sphinx: `site_pages.py DIRECTORY`. Links to what the site does not hold lead
to the repository."""

import pathlib
import shutil
import sys

from collection import ROOT, output, read, with_working_links, write

# Pages from elsewhere, by their name in the site.
ELSEWHERE = {"playbooks/roles/oreg/README.md": "role.md", "CHANGELOG.md": "changelog.md"}


def main():
    target = pathlib.Path(sys.argv[1])
    documents = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").rglob("*.md"))]
    documents = [path for path in documents if not path.startswith(("docs/site/", "docs/README.md"))]
    base = output("packaging/about", "repository") + "/blob/main/"
    for document in documents + list(ELSEWHERE):
        text = with_working_links(read(document), document, documents + list(ELSEWHERE), base, moved)
        write(target / moved(document), text)
    shutil.copytree(ROOT / "docs/site", target, dirs_exist_ok=True)


def moved(path):
    return ELSEWHERE.get(path, path.removeprefix("docs/"))


main()
