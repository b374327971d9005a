#!/usr/bin/env python3
"""Holds the tasks of controller.yml to the options of awx.awx: `validate.py PLAYBOOK`.

Names, types, choices and what is required are checked by Ansible's own code, from the documentation of the modules,
which their sanity tests hold equal to their code. Surveys and the schedule have forms of their own, checked here.
Runs with the Python of an environment that has `ansible`.
"""

import json
import pathlib
import re
import subprocess
import sys

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.dataloader import DataLoader

QUESTION = {"question_name", "question_description", "variable", "type", "default", "required", "choices", "min", "max"}
QUESTION_TYPES = {"text", "textarea", "password", "multiplechoice", "multiselect", "integer", "float"}


def main(playbook):
    tasks = DataLoader().load_from_file(playbook)[0]["tasks"]
    calls = [(task["name"], *module_of(task)) for task in tasks]
    documents = describe({module for _, module, _ in calls})
    faults = [f"{name}: {fault}" for name, module, options in calls
              for fault in faults_of(documents[module]["doc"]["options"], options)]
    playbooks = pathlib.Path(playbook).resolve().parents[2]
    faults += [f"{name}: there is no {options['playbook']}" for name, _, options in calls
               if "playbook" in options and not (playbooks / options["playbook"]).is_file()]
    sys.exit("\n".join(faults) or None)


def module_of(task):
    return next((key, value) for key, value in task.items() if key.startswith("awx.awx."))


def describe(modules):
    command = [pathlib.Path(sys.executable).parent / "ansible-doc", "--json", *sorted(modules)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def faults_of(documentation, options):
    # A template has the type that the module wants once it is filled in.
    plain = {name: value for name, value in options.items() if not (isinstance(value, str) and "{{" in value)}
    templates = set(options) - set(plain)
    specification = {name: argument(option, name in templates) for name, option in documentation.items()}
    yield from ArgumentSpecValidator(specification).validate(plain).error_messages
    yield from (f"unknown option {name}" for name in templates - set(documentation))
    for question in options.get("survey_spec", {}).get("spec", []):
        yield from (f"a survey's question has no {name}" for name in set(question) - QUESTION)
        if question["type"] not in QUESTION_TYPES:
            yield f"no type of a survey's question: {question['type']}"
    if "rrule" in options and not re.fullmatch(r"DTSTART(;TZID=\S+)?:\d{8}T\d{6}Z? RRULE:FREQ=\S+", options["rrule"]):
        yield f"no rule of recurrence: {options['rrule']}"


def argument(option, given):
    fields = {name: option[name] for name in ("type", "elements", "choices", "aliases", "required") if name in option}
    if given:
        fields.pop("required", None)
    if "suboptions" in option:
        fields["options"] = {name: argument(sub, False) for name, sub in option["suboptions"].items()}
    return fields


main(sys.argv[1])
