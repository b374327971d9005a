#!/usr/bin/env python3
"""Lays out the collection oreg.openshift in a directory: `collection.py STAGE PROGRAMS [LICENSES]`.

PROGRAMS has a directory for each architecture with the executables in it; LICENSES is a file with the licenses of
what is linked into them. The sources of the collection
are those of the checkout, changed where a collection must differ:

* Names are full ones (oreg.openshift.oreg_validate, ansible.builtin.debug), as Galaxy's checkers ask. In
  the checkout they are short, because modules in library/ have no others.
* Modules are a Python file each, with the documentation alone, since ansible-doc, Galaxy and ansible-test
  read nothing else. The programs are in plugins/plugin_utils/bin, where the action plugin finds them.
* Playbooks that are only parts of others are out of sight, in playbooks/parts.
* Links to what a collection does not hold lead to the repository.

scripts/build-collection packs the result. Runs with the Python of an Ansible environment, for PyYAML.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
NAMESPACE = "oreg.openshift"

# Where files of the checkout are in the collection.
MOVED = [
    (r"playbooks/roles/", "roles/"),
    (r"playbooks/part_(.*)", r"playbooks/parts/\1"),
    (r"library/(.*)\.yml", r"plugins/modules/\1.py"),
    (r"collection/README\.md", "README.md"),
]

# Versions of ansible-core whose `ansible-test sanity` is run, or will be.
SANITY_VERSIONS = ["2.14", "2.15", "2.16", "2.17", "2.18", "2.19", "2.20", "2.21"]

STUB = '''#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""The documentation of a compiled module. plugins/action runs its program on the host."""

from __future__ import absolute_import, division, print_function
__metaclass__ = type

'''

ACTION = '''# SPDX-License-Identifier: Apache-2.0
"""Runs a compiled module of this name on the host, as oreg_node_config.py does it for all of them."""

from __future__ import absolute_import, division, print_function
__metaclass__ = type

from ansible_collections.oreg.openshift.plugins.action.oreg_node_config import ActionModule, remember_digests

__all__ = ["ActionModule"]

remember_digests(__name__.rsplit('.', 1)[-1])
'''

# Sections of CHANGELOG.md, as antsibull-changelog names them.
SECTIONS = {
    "Added": "minor_changes", "Changed": "breaking_changes", "Deprecated": "deprecated_features",
    "Removed": "removed_features", "Fixed": "bugfixes", "Security": "security_fixes",
}


def main():
    stage, programs = map(pathlib.Path, sys.argv[1:3])
    about = {field: output("packaging/about", field) for field in ("version", "repository", "homepage")}
    modules, commands = programs_by_name("modules"), programs_by_name("commands")

    write_galaxy(stage, about)
    write_modules(stage, modules)
    copy_programs(stage, programs, {**commands, **modules})
    copy_plugins(stage, modules)
    copy_playbooks(stage, modules)
    copy_documents(stage, about)
    for licenses in sys.argv[3:]:
        shutil.copy(licenses, stage / "docs/THIRD-PARTY-LICENSES.txt")
    write_changelog(stage, about["version"])


def output(*command):
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_galaxy(stage, about):
    text = read("collection/galaxy.yml")
    for field, value in about.items():
        text = text.replace(f"@{field}@", value)
    text = re.sub(r"^# Galaxy prints.*\nversion: .*$", "version: " + about["version"], text, flags=re.M)
    write(stage / "galaxy.yml", text)
    write(stage / "meta/runtime.yml", read("collection/runtime.yml"))


def write_modules(stage, modules):
    for module in modules:
        write(stage / f"plugins/modules/{module}.py", stub(read(f"library/{module}.yml"), modules))
    licensed = ["plugins/inventory/oreg.py"] + [f"plugins/modules/{module}.py" for module in sorted(modules)]
    ignored = "".join(f"{path} validate-modules:missing-gplv3-license # Apache-2.0\n" for path in licensed)
    for version in SANITY_VERSIONS:
        write(stage / f"tests/sanity/ignore-{version}.txt", ignored)


def stub(documentation, modules):
    """Makes the Python file of a module from its documentation, whose three parts begin a line each."""
    parts = re.split(r"^(DOCUMENTATION|EXAMPLES|RETURN):(?: \|)?\n", documentation, flags=re.M)[1:]
    text = STUB
    for name, body in zip(parts[::2], parts[1::2]):
        body = re.sub(r"^  ", "", body, flags=re.M).strip("\n")
        if name == "EXAMPLES":
            body = with_full_names(body, modules)
        else:
            body = re.sub(r"\bM\((\w+)\)", rf"M({NAMESPACE}.\1)", body)
            body = body.replace("- The oreg authors", "- The oreg authors (@oreg)")
        text += f"{name} = r'''\n---\n{body}\n'''\n\n"
    return text.rstrip("\n") + "\n"


def programs_by_name(kind):
    return dict(line.split() for line in output("scripts/programs", kind).splitlines())


def copy_programs(stage, programs, names):
    """Puts each executable there once per architecture; the other names are links to it."""
    for architecture in sorted(directory.name for directory in programs.iterdir()):
        target = stage / "plugins/plugin_utils/bin" / architecture
        target.mkdir(parents=True)
        for executable in sorted(set(names.values())):
            shutil.copy(programs / architecture / executable, target / executable)
            (target / executable).chmod(0o755)
        for name, executable in names.items():
            if name != executable:
                (target / name).symlink_to(executable)


def copy_plugins(stage, modules):
    """A link to another action plugin would be a redirection for the tools that read documentation, and take
    the module with it; so what is a link in the checkout is a file."""
    for source in sorted((ROOT / "plugins/action").glob("*.py")):
        if not source.is_symlink():
            write(stage / "plugins/action" / source.name, source.read_text(encoding="utf-8"))
    for module in modules:
        if not (stage / f"plugins/action/{module}.py").exists():
            write(stage / f"plugins/action/{module}.py", ACTION)
    # Ansible 2.9 compares the name in a source with this one.
    inventory = read("plugins/inventory/oreg.py").replace("NAME = 'oreg'", f"NAME = '{NAMESPACE}.oreg'")
    write(stage / "plugins/inventory/oreg.py", inventory)


def copy_playbooks(stage, modules):
    for source in sorted((ROOT / "playbooks").glob("*.yml")):
        name = source.name.replace("part_", "parts/")
        text = source.read_text(encoding="utf-8").replace("import_playbook: part_", "import_playbook: parts/")
        write(stage / "playbooks" / name, with_full_names(text, modules))
    for source in sorted((ROOT / "playbooks/roles").rglob("*")):
        if source.is_file():
            text = source.read_text(encoding="utf-8")
            if source.suffix == ".yml" and source.parent.name in ("tasks", "handlers"):
                text = with_full_names(text, modules)
            write(stage / "roles" / source.relative_to(ROOT / "playbooks/roles"), text)


def with_full_names(text, modules):
    """Gives modules and the role their full names. A module is the first key of a task after its name, or
    the task's only line."""
    builtin = ("add_host|assert|command|copy|debug|fail|file|find|group_by|import_playbook|import_role|import_tasks|"
               "include_role|include_tasks|meta|pause|raw|service|set_fact|set_stats|shell|slurp|stat|"
               "systemd|template|wait_for")
    text = re.sub(rf"^(\s*(?:- )?)({builtin}):(?=\s|$)", r"\1ansible.builtin.\2:", text, flags=re.M)
    text = re.sub(rf"^(\s*(?:- )?)({'|'.join(modules)}):(?=\s|$)", rf"\1{NAMESPACE}.\2:", text, flags=re.M)
    return re.sub(r"^(\s+(?:- role|name)): oreg$", rf"\1: {NAMESPACE}.oreg", text, flags=re.M)


def copy_documents(stage, about):
    documents = ["collection/README.md", "playbooks/roles/oreg/README.md"]
    documents += [str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").rglob("*.md"))
                  if "docs/site" not in str(path)]
    base = f"{about['repository']}/blob/v{about['version']}/"
    for document in documents:
        text = with_working_links(read(document), document, documents, base, moved)
        write(stage / moved(document), text)
    for name in ("LICENSE", "CHANGELOG.md", "CODE_OF_CONDUCT.md"):
        write(stage / name, read(name))


def moved(path):
    for pattern, replacement in MOVED:
        path = re.sub(f"^{pattern}", replacement, path)
    return path


def with_working_links(text, document, documents, base, moved):
    """Leads links to other documents to their places by `moved`, and those to anything else to the repository."""
    def replace(match):
        target, _, anchor = match[2].partition("#")
        if not target or re.match(r"[a-z]+:", target):
            return match[0]
        path = os.path.normpath(os.path.join(os.path.dirname(document), target))
        if path in documents:
            link = os.path.relpath(moved(path), os.path.dirname(moved(document)) or ".")
        else:
            link = base + path
        return f"{match[1]}{link}{'#' + anchor if anchor else ''})"
    return re.sub(r"(\]\()([^)\s]+)\)", replace, text)


def write_changelog(stage, version):
    """Makes changelogs/changelog.yaml of CHANGELOG.md; the section without a date is the version to come."""
    releases = {}
    heading = r"^## \[([^\]]+)\](?: - (\S+))?$"
    parts = re.split(heading, read("CHANGELOG.md"), flags=re.M)[1:]
    for name, date, body in zip(parts[::3], parts[1::3], parts[2::3]):
        sections = re.split(r"^### (\w+)$", body, flags=re.M)[1:]
        changes = {SECTIONS[title]: entries(text) for title, text in zip(sections[::2], sections[1::2])}
        name = version if name == "Unreleased" else name
        if changes and name not in releases:
            releases[name] = {"changes": changes, "release_date": date or build_date()}
    write(stage / "changelogs/changelog.yaml",
          yaml.safe_dump({"ancestor": None, "releases": releases}, width=100, allow_unicode=True))


def build_date():
    return output("date", "--utc", "--date=@" + output("packaging/epoch"), "+%Y-%m-%d")


def entries(text):
    # A line that heads a group of entries ends the one before it.
    found = (entry.split("\n\n")[0] for entry in re.split(r"^- ", text, flags=re.M)[1:])
    return [restructured(" ".join(entry.split())) for entry in found]


def restructured(markdown):
    """The entry as reStructuredText, which antsibull-changelog takes: code, and links by their words alone, since
    they lead into the checkout."""
    text = re.sub(r"\[([^\]]+)\]\([^)\s]+\)", r"\1", markdown)
    code = re.split(r"(`[^`]*`)", text)
    return "".join(f"`{part}`" if part.startswith("`") else part.replace("*", "\\*") for part in code)


if __name__ == "__main__":
    main()
