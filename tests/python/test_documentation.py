# -*- coding: utf-8 -*-
"""What docs/courier.md says of tests."""

from __future__ import absolute_import, division, print_function
__metaclass__ = type

import io
import os
import re

from conftest import HERE, ROOT


def read(*path):
    with io.open(os.path.join(*path), encoding='utf-8') as file:
        return file.read()


def test_every_test_in_the_table_is_there():
    named = set(re.findall(r'`(test_[a-z0-9_]+)`', read(ROOT, 'docs', 'courier.md')))
    defined = set()
    for name in ('test_courier.py', 'test_hosts.py'):
        defined.update(re.findall(r'^def (test_[a-z0-9_]+)', read(HERE, name), re.M))
    assert len(named) > 50
    assert named - defined == set()
