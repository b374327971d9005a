#!/usr/bin/env python3
"""Prints the licence texts of everything that is linked into the programs: `licenses.py ZIG_ENVIRONMENT`.

Crates come from Cargo's metadata for the four architectures, without what only builds or tests. Rust's library,
musl and LLVM's libunwind follow, from the toolchains that put them in. A crate that ships no text gets that of its
licence; one whose licence has none here is an error.
"""

import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TRIPLES = ("x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl",
           "powerpc64le-unknown-linux-gnu", "s390x-unknown-linux-gnu")
NAMES = ("LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE")

MIT = """Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE."""


def main():
    components = crates() + toolchains(pathlib.Path(sys.argv[1]))
    by_text = {}
    for title, text in components:
        by_text.setdefault(text.strip(), []).append(title)
    print("Licenses of what is linked into the programs of oreg. oreg itself is under the Apache License 2.0.\n")
    for text, titles in sorted(by_text.items(), key=lambda item: sorted(item[1])):
        print("=" * 98)
        print("\n".join(sorted(titles)) + "\n")
        print(text + "\n")


def crates():
    linked = {}
    for triple in TRIPLES:
        command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", triple]
        metadata = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
        linked.update(linked_packages(metadata))
    return [(f"{package['name']} {package['version']} ({package['license']})", text)
            for package in linked.values() for text in texts(package)]


def linked_packages(metadata):
    """Follows normal dependencies from oreg; what runs at compile time is not linked."""
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    found, left = {}, [metadata["resolve"]["root"]]
    while left:
        for dependency in nodes[left.pop()]["deps"]:
            package = packages[dependency["pkg"]]
            is_normal = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            is_macro = any("proc-macro" in target["kind"] for target in package["targets"])
            if is_normal and not is_macro and package["id"] not in found:
                found[package["id"]] = package
                left.append(package["id"])
    return found


def texts(package):
    directory = pathlib.Path(package["manifest_path"]).parent
    files = [path for path in sorted(directory.iterdir()) if path.is_file() and path.name.upper().startswith(NAMES)]
    if files:
        return [path.read_text(encoding="utf-8", errors="replace") for path in files]
    authors = ", ".join(package["authors"]) or f"the authors of {package['name']}"
    if "MIT" in package["license"]:
        return [f"Copyright (c) {authors}\n\n{MIT}"]
    if "Apache-2.0" in package["license"]:
        return [(ROOT / "LICENSE").read_text(encoding="utf-8")]
    sys.exit(f"licenses: {package['name']} ships no text of its license, {package['license']}")


def toolchains(environment):
    sysroot = subprocess.run(["rustc", "--print", "sysroot"], cwd=ROOT, check=True, capture_output=True, text=True)
    rust = pathlib.Path(sysroot.stdout.strip()) / "share/doc/rust"
    zig = next(environment.glob("lib/python*/site-packages/ziglang"))
    parts = [("the library of Rust (MIT OR Apache-2.0)", rust / "licenses/MIT.txt"),
             ("the library of Rust (MIT OR Apache-2.0)", rust / "licenses/Apache-2.0.txt"),
             ("musl, in the programs for x86_64 and aarch64 (MIT)", zig / "lib/libc/musl/COPYRIGHT"),
             ("libunwind of LLVM (Apache-2.0 WITH LLVM-exception)", zig / "lib/libunwind/LICENSE.TXT")]
    return [(title, path.read_text(encoding="utf-8", errors="replace")) for title, path in parts]


if __name__ == "__main__":
    main()
