"""Options that the role leaves to variables: which of them the action plugins take, and which they refuse."""

from __future__ import absolute_import, division, print_function
__metaclass__ = type

import pytest

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

try:
    from ansible.template import trust_as_template
except ImportError:  # before ansible-core 2.19, every text of an inventory may be a template
    def trust_as_template(text):
        return text

TABLE = {'url': 'oreg_url', 'user': 'oreg_auth_user'}


@pytest.fixture
def collect(courier, monkeypatch):
    monkeypatch.setattr(constants, 'INJECT_FACTS_AS_VARS', True, raising=False)

    def run(given, **variables):
        variables.setdefault('inventory_hostname', 'node-1')
        templar = Templar(loader=DataLoader(), variables=variables)
        return courier.collect(given, variables, templar)
    return run


def test_what_the_task_says_outranks_what_is_fixed_and_that_a_variable(collect):
    options = collect({'url': 'task', 'arguments': {'url': 'fixed', 'user': 'fixed'}, 'variables': dict(TABLE, tag='tag')},
                      oreg_url='variable', oreg_auth_user='variable', tag='variable')
    assert options == {'url': 'task', 'user': 'fixed', 'tag': 'variable'}


def test_the_table_may_be_in_a_variable(collect):
    assert collect({'variables': 'table'}, table=TABLE, oreg_url='a') == {'url': 'a'}
    with pytest.raises(AnsibleActionFail) as error:
        collect({'variables': 'tabel'}, table=TABLE)
    assert 'there is no variable tabel' in str(error.value)


def test_a_variable_that_is_not_set_is_left_out(collect):
    assert collect({'variables': TABLE}, oreg_url='a') == {'url': 'a'}
    assert collect({}, oreg_url='a') == {}


def test_templates_are_rendered_and_other_values_kept(collect):
    options = collect({'variables': TABLE}, oreg_url=trust_as_template('{{ host }}/x'), host='h', oreg_auth_user=7)
    assert options == {'url': 'h/x', 'user': 7}


def test_a_variable_that_refers_to_an_undefined_one_is_named(collect):
    with pytest.raises(AnsibleActionFail) as error:
        collect({'variables': TABLE}, oreg_auth_user=trust_as_template('{{ vault_user }}'), oreg_url='s3cret')
    message = str(error.value)
    assert 'oreg_auth_user cannot be read' in message and 'vault_user' in message and 's3cret' not in message


def test_a_fact_is_no_setting_where_facts_outrank_the_inventory(collect, monkeypatch):
    facts = {'oreg_url': 'evil.example.com/x'}
    with pytest.raises(AnsibleActionFail) as error:
        collect({'variables': TABLE}, oreg_url='evil.example.com/x', ansible_facts=facts)
    assert 'oreg_url comes from a fact that node-1 has reported' in str(error.value)
    monkeypatch.setattr(constants, 'INJECT_FACTS_AS_VARS', False, raising=False)
    assert collect({'variables': TABLE}, oreg_url='r.io/x', ansible_facts=facts) == {'url': 'r.io/x'}


def test_what_a_host_says_is_no_template(courier):
    answer = courier.parse_answer('{"changed": false, "msg": "{{ 1 }}", "ansible_facts": {"a": 1}, "add_host": {}}')
    assert answer == {'changed': False, 'failed': False, 'msg': '{{ 1 }}'}
