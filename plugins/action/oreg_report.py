"""Hands settings and results of other tasks to oreg_report, which holds the logic of the playbooks. It is run where
Ansible runs, and no host is spoken to.

Runs where Ansible runs: from Ansible 2.9 on Python 2.7 to the newest."""

from __future__ import absolute_import, division, print_function
__metaclass__ = type

import hashlib
import hmac
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.text.converters import to_bytes, to_native, to_text
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import action_loader, module_loader
from ansible.template import Templar

NAME = 'oreg_report'

# Options of a task that are for this file; all others are for the program.
OWN_OPTIONS = ('fixed', 'file')

# Credentials that must be the same on all hosts, in the order in which they are named.
COMPARED = ('openshift_deployment_type', 'deployment_type', 'oreg_url', 'oreg_auth_user', 'oreg_auth_password',
            'oreg_test_login', 'openshift_additional_registry_credentials')

# Variables that can hold the name of a node, the first that is set.
NODE_NAMES = ('oreg_node_name', 'openshift_kubelet_name_override', 'openshift_node_name')


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        result = super(ActionModule, self).run(tmp, task_vars)
        courier = load_courier()
        run = Run(task_vars, self._templar, self._loader, courier)
        given = dict(self._task.args)
        own = dict((option, given.pop(option, None)) for option in OWN_OPTIONS)
        results = getattr(run, given.get('report', 'nothing'), run.nothing)()
        arguments = courier.collect(given, task_vars, self._templar)
        arguments['results'] = json.dumps(dict(results, passwords=run.passwords()), default=courier.plain_value)
        self._update_module_args(NAME, arguments, task_vars)
        answer = ask(courier, arguments)
        if own['fixed'] and not answer.get('failed'):
            answer['settings'].update(run.fixed(own['fixed']))
        return dict(result, **present(answer, own['file']))


class Run:
    """The variables of the hosts of a run, and what their tasks have registered."""

    def __init__(self, task_vars, templar, loader, courier):
        self.task_vars, self.templar, self.loader, self.courier = task_vars, templar, loader, courier
        self.hostvars = task_vars['hostvars']
        self.hosts = [to_text(host) for host in task_vars['ansible_play_hosts_all']]

    # --- A collection for each report, under the report's name ---

    def nothing(self):
        return {}

    def settings(self):
        groups = self.task_vars['groups']
        nodes = groups.get('nodes', [])
        restarts = boolean(self.value('oreg_restart_nodes', False), strict=False)
        return {
            'hosts': self.hosts, 'masters': groups.get('masters', []), 'nodes': nodes, 'all': groups['all'],
            'control_host': self.value('oreg_control_host'),
            'serial': self.value('openshift_restart_nodes_serial'),
            'node_names': dict((host, self.node_name(host)) for host in self.hosts if host in nodes) if restarts else {},
        }

    def global_settings(self):
        return {'pools': self.value('oreg_pools'), 'global_secret': self.value('oreg_global_secret')}

    def main_registry(self):
        return {'cluster': self.registered('oreg_cluster')}

    def differing(self):
        # The same key for all hosts of this task, and for no other: marks say whether values are equal, and no more.
        key = os.urandom(32)
        return {
            'first': self.task_vars['inventory_hostname'],
            'variables': [[name, dict((host, self.mark(key, host, name)) for host in self.hosts)] for name in COMPARED],
        }

    def target(self):
        return {'target_tag': self.value('oreg_target_tag'), 'test_image': self.value('oreg_test_image')}

    def proof(self):
        tag = self.value('oreg_target_tag') if 'oreg_target' in self.task_vars else None
        return {'proven': self.registered('oreg_proven'), 'target_tag': tag}

    def secrets(self):
        known = dict(self.fixed_settings().get('realm_hosts') or {})
        known.update(self.registered('oreg_proof').get('realm_hosts') or {})
        return {'secrets_answer': self.registered('oreg_secrets'), 'known_realms': sorted(known)}

    def restart_choice(self):
        names = self.fixed_settings()['node_names']
        return {
            'all_nodes': boolean(self.value('oreg_restart_all_nodes', False), strict=False),
            'candidates': [{
                'name': host, 'node_name': names.get(host, host), 'files': self.of_host(host, 'oreg_node_files'),
                'note': self.of_host(host, 'oreg_restart_asked'),
            } for host in self.task_vars['ansible_play_hosts']],
        }

    def restart_check(self):
        return dict(self.left(), known=self.registered('oreg_known'))

    def restart_outcome(self):
        return {'restart': {
            'name': self.task_vars['inventory_hostname'], 'service': to_text(self.value('oreg_node_service')).strip(),
            'control_host': self.fixed_settings()['control_host'],
            'restarted': self.registered('oreg_restarted'), 'awaited': self.registered('oreg_awaited'),
        }}

    def restart_stopped(self):
        hosts = self.of_host('localhost', 'oreg_restart_hosts', [])
        outcomes = dict((host, self.of_host(host, 'oreg_restart').get('outcome') or 'due') for host in hosts)
        return dict(self.left(), outcomes=outcomes, **self.restart_outcome())

    def left(self):
        settings = self.fixed_settings()
        return {'control_host': settings['control_host'], 'nodes': [
            {'name': host, 'files': self.of_host(host, 'oreg_node_files')} for host in settings['nodes']]}

    def verify(self):
        settings = self.fixed_settings()
        accepted = settings.get('proof') or {}
        return dict(
            self.differing(), proven=self.registered('oreg_proven'), secrets=self.registered('oreg_secrets'),
            pools=self.registered('oreg_pools_seen'),
            playbook='verify_global.yml' if 'pools' in settings else 'verify.yml',
            control_host=settings['control_host'], missing_image=accepted.get('missing_image', 'fail'),
            not_proven=accepted.get('not_proven', 'warn'), title=title(self.task_vars.get('ansible_inventory_sources')),
            generated=time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime()),
            nodes=[{
                'name': host, 'groups': self.of_host(host, 'group_names', []),
                'files': self.of_host(host, 'oreg_node_files'), 'stored': self.of_host(host, 'oreg_stored'),
            } for host in self.hosts])

    # --- Variables and results ---

    def fixed(self, wanted):
        """Returns the options that hold for the whole run, from the variables of this host."""
        return dict((part, self.courier.collect({'variables': wanted[part]}, self.task_vars, self.templar))
                    for part in wanted)

    def fixed_settings(self):
        return self.of_host('localhost', 'oreg_fixed')

    def value(self, name, default=None):
        options = self.courier.collect({'variables': {name: name}}, self.task_vars, self.templar)
        value = options.get(name)
        return default if value is None else value

    def node_name(self, host):
        """Returns the variable that holds the name of a node, and its value or why it has none."""
        host_vars = dict(self.hostvars.raw_get(host), hostvars=self.hostvars)
        name = next((name for name in NODE_NAMES if name in host_vars), 'inventory_hostname')
        if name in self.courier.reported_facts(host_vars):
            return {'variable': name, 'error': 'the host itself has reported it as a fact'}
        templar = Templar(loader=self.loader, variables=host_vars)
        value, error = self.courier.read_variable(name, host_vars, templar)
        is_omitted = value is self.courier.OMITTED
        return {'variable': name, 'name': None if is_omitted else value, 'error': error}

    def mark(self, key, host, name):
        try:
            value = self.hostvars[host].get(name)
        except Exception:  # It refers to what is not defined, which the proof names.
            value = None
        text = json.dumps(value, sort_keys=True, default=self.courier.plain_value)
        return hmac.new(key, to_bytes(text), hashlib.sha256).hexdigest()

    def registered(self, name):
        return self.of_host(self.task_vars['inventory_hostname'], name)

    def of_host(self, host, name, default=None):
        """Returns what a task has registered for a host. It is data, and is not taken for a template."""
        return self.hostvars.raw_get(host).get(name) or ({} if default is None else default)

    def passwords(self):
        """Returns the passwords of the inventory as far as they can be read, to mask them in answers of hosts."""
        secrets = []
        for name in ('oreg_auth_password', 'openshift_additional_registry_credentials'):
            value = self.courier.read_variable(name, self.task_vars, self.templar)[0] if name in self.task_vars else None
            members = value if isinstance(value, list) else [{'password': value}]
            members = [] if value is self.courier.OMITTED else members
            secrets += [member.get('password') for member in members if isinstance(member, dict)]
        return [to_text(secret) for secret in secrets if secret and not isinstance(secret, (dict, list))]


def load_courier():
    """Returns the module of the action plugin oreg_node_config, which lies beside this file."""
    if __name__.startswith('ansible_collections.'):
        return importlib.import_module(__name__.rpartition('.')[0] + '.oreg_node_config')
    plugin = action_loader.get('oreg_node_config', class_only=True)
    return sys.modules[plugin.__module__]


def ask(courier, arguments):
    """Runs the program with these arguments and returns its answer."""
    program = find_program(courier)
    # As a module with several names, it is told which one it is to be.
    command = [NAME, '-'] if program.file == NAME else ['oreg', 'module', NAME, '-']
    process = subprocess.Popen(command, executable=program.path, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    stdout, stderr = process.communicate(to_bytes(json.dumps(arguments, default=courier.plain_value)))
    line = to_text(stdout).strip()
    answer = courier.parse_answer(line) if line.startswith('{') else None
    if answer is None:
        raise AnsibleActionFail('%s ended with status %s without an answer%s' % (
            NAME, process.returncode, courier.excerpt(to_text(stderr))))
    return answer


def find_program(courier):
    in_collection = __name__.startswith('ansible_collections.')
    name = '.'.join(__name__.split('.')[1:3] + [NAME]) if in_collection else NAME
    programs = courier.find_programs(NAME, module_loader.find_plugin(name))
    machine = os.uname()[4]
    if machine not in programs:
        raise AnsibleActionFail('there is no program %s for %s, the machine of Ansible: `make modules` builds it' % (
            NAME, machine))
    return programs[machine]


def present(answer, file):
    """Returns the answer as Ansible shows it. One that has nothing but lines is shown without -v, too."""
    page, document = answer.pop('page', None), answer.pop('document', None)
    if file and document:
        write(os.path.abspath(os.path.expanduser(to_native(file))), page, document)
    if 'figures' in answer:
        answer['ansible_stats'] = {'data': {'oreg': answer['figures']}, 'per_host': False, 'aggregate': False}
    if answer.get('lines') and set(answer) <= set(['changed', 'failed', 'lines', 'msg', 'warnings', 'registries']):
        answer.setdefault('msg', answer.pop('lines'))
        answer['_ansible_verbose_always'] = True
    return answer


def write(path, page, document):
    """Replaces the file as a whole. Its name decides its form."""
    is_page = path.endswith(('.html', '.htm'))
    text = page if is_page else json.dumps(document, indent=2, sort_keys=True) + '\n'
    directory = os.path.dirname(path)
    try:
        with tempfile.NamedTemporaryFile(dir=directory, prefix='.oreg-report.', delete=False) as temporary:
            temporary.write(to_bytes(text))
        os.chmod(temporary.name, 0o644)
        os.rename(temporary.name, path)
    except (IOError, OSError) as error:
        raise AnsibleActionFail('oreg_report_file: cannot write %s: %s' % (path, to_native(error)))


def title(sources):
    names = [os.path.basename(to_text(source).rstrip('/')) for source in sources or []]
    return ', '.join(name for name in names if name) or None
