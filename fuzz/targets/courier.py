"""What the courier makes of a host's output. Any output gives a report and an answer, or none; an answer can be
written as JSON, has nothing that Ansible would act upon, and shows no control character. A program's last line that is
an object of plain members is found whatever stood before it."""

import json
import os
import sys

import atheris

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'plugins', 'action'))

with atheris.instrument_imports(include=['oreg_node_config']):
    import oreg_node_config as courier


def check_report(text):
    output = {'rc': 0, 'stdout': text, 'stderr': text[-200:], 'stdout_lines': []}
    report = courier.Report.of(output)
    if report is None:
        return
    courier.how_ended(report.detail)
    courier.excerpt(report.text)
    courier.why_not_installed(report, courier.STORES)
    line = report.last_object()
    if line is not None:
        check_answer(courier.parse_answer(line))


def check_answer(answer):
    if answer is None:
        return
    assert isinstance(answer['changed'], bool) and isinstance(answer['failed'], bool)
    assert not [key for key in answer if courier.is_reserved(key)], answer
    assert all(isinstance(warning, str) for warning in answer.get('warnings', [])), answer
    written = json.dumps(answer, ensure_ascii=False, allow_nan=False)
    written.encode('utf-8')
    assert not [text for text in texts(answer) if courier.UNPRINTABLE.search(text)], answer


def texts(value):
    if isinstance(value, dict):
        for key in value:
            yield key
            yield from texts(value[key])
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, str):
        yield value


def check_found(banner):
    """The answer of a program behind whatever a login shell printed."""
    text = banner + '\n{"changed": true, "msg": "x"}\n\n' + courier.MARK + 'done 0\n'
    line = courier.Report.of({'rc': 0, 'stdout': text, 'stderr': '', 'stdout_lines': []}).last_object()
    answer = courier.parse_answer(line)
    assert answer == {'changed': True, 'failed': False, 'msg': 'x'}, (banner, line)


def fuzz(data):
    text = data.decode('utf-8', 'surrogateescape')
    check_report(text)
    check_found(text)


atheris.Setup(sys.argv, fuzz)
atheris.Fuzz()
