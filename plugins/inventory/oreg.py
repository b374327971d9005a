"""The nodes of an OKD / OpenShift 3.11 cluster, by the executable oreg_inventory. Runs where Ansible
runs, on Python 2.7 too, and leaves all decisions to the executable."""

from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r'''
name: oreg
short_description: Nodes of an OKD / OpenShift 3.11 cluster
description:
  - Lists the nodes of a cluster with groups and variables, as C(docs/inventory.md) tells.
  - The source is a file whose name ends in C(.oreg.yml) or C(.oreg.yaml).
  - A cluster that does not answer, or refuses, is an error, and adds no host.
  - With I(cache), nodes are cached. Nothing is when the settings ask for credentials.
extends_documentation_fragment:
  - constructed
  - inventory_cache
options:
  plugin:
    description: Marks the file as a source of this plugin.
    required: true
    choices: [oreg, oreg.openshift.oreg]
  settings:
    description:
      - The settings as a mapping, or the path of a settings file. Relative paths start at the source.
      - Left out, C(oreg_inventory) looks for its settings in the usual places.
    type: raw
  executable:
    description: The path of C(oreg_inventory), instead of the one that C(make modules) builds.
    type: str
'''

EXAMPLES = r'''
# nodes.oreg.yml
plugin: oreg
settings:
  kubeconfig: ~/.kube/config
  osev3: true
compose:
  ansible_user: "'core' if openshift_is_atomic else 'root'"
keyed_groups:
  - key: architecture
    prefix: arch
groups:
  pressed: conditions.MemoryPressure | default('False') == 'True'
'''

import json
import os
import re
import subprocess

from ansible.errors import AnsibleParserError
from ansible.module_utils.common.text.converters import to_bytes, to_native, to_text
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.unsafe_proxy import wrap_var

# A cache may be older than the executable, and `keyed_groups` make groups of which it knows nothing.
HOST = re.compile(r'(?:[0-9a-z](?:[-0-9a-z]*[0-9a-z])?(?:\.[0-9a-z](?:[-0-9a-z]*[0-9a-z])?)*|[0-9a-f:.]*:[0-9a-f:.]*)\Z', re.I)
ROOT = os.path.join(os.path.dirname(os.path.realpath(__file__)), '..', '..')


def find_executable():
    """Returns the program for this machine: of a collection, which has one for each kind, or of a checkout."""
    packed = os.path.join(ROOT, 'plugins', 'plugin_utils', 'bin', os.uname()[4], 'oreg_inventory')
    return packed if os.path.exists(packed) else os.path.join(ROOT, 'bin', 'oreg_inventory')


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    NAME = 'oreg'

    def verify_file(self, path):
        is_file = super(InventoryModule, self).verify_file(path)
        return is_file and path.endswith(('.oreg.yml', '.oreg.yaml'))

    def parse(self, inventory, loader, path, cache=True):
        super(InventoryModule, self).parse(inventory, loader, path, cache)
        self._read_config_data(path)
        document = self._document(path, cache)
        hostvars = document.pop('_meta')['hostvars']
        for name in sorted(document):
            self._add_group(name, document[name])
        for host in sorted(hostvars):
            self._add_variables(host, hostvars[host])
        hosts = set(host for group in document.values() for host in group.get('hosts', []))
        check_hosts(hosts.union(hostvars), inventory.groups)

    def _document(self, path, cache):
        """Returns the executable's answer, from the cache if that is wanted and possible."""
        if not self.get_option('cache'):
            return read(self._run(path))
        self.load_cache_plugin()
        key = self.get_cache_key(path)
        if cache:
            try:
                return read(self._cache[key])
            except KeyError:
                pass
        text = self._run(path)
        document = read(text)
        # Only credentials are variables of groups. They do not belong into a cache.
        if not any('vars' in document[name] for name in document):
            self._cache[key] = text
        return document

    def _run(self, path):
        directory = os.path.dirname(os.path.abspath(path))
        executable = os.path.expanduser(self.get_option('executable') or find_executable())
        command = [os.path.join(directory, executable), '--list']
        settings = self.get_option('settings')
        if settings is not None:
            is_mapping = isinstance(settings, dict)
            command += ['--settings', '-' if is_mapping else os.path.join(directory, os.path.expanduser(settings))]
        try:
            process = subprocess.Popen(command, cwd=directory, stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        except OSError as error:
            raise AnsibleParserError('cannot run %s: %s; "make modules" builds it for this machine, %s' % (
                command[0], to_native(error), os.uname()[4]))
        stdout, stderr = process.communicate(to_bytes(json.dumps(settings)))
        if process.returncode != 0:
            message = to_native(stderr).strip() or '%s ended with status %s' % (command[0], process.returncode)
            raise AnsibleParserError(message)
        return to_text(stdout)

    def _add_group(self, name, group):
        self.inventory.add_group(name)
        for host in group.get('hosts', []):
            self.inventory.add_host(host, group=name)
        for child in group.get('children', []):
            self.inventory.add_group(child)
            self.inventory.add_child(name, child)
        for variable, value in group.get('vars', {}).items():
            self.inventory.set_variable(name, variable, value)

    def _add_variables(self, host, variables):
        for name in variables:
            self.inventory.set_variable(host, name, variables[name])
        strict = self.get_option('strict')
        self._set_composite_vars(self.get_option('compose'), variables, host, strict)
        self._add_host_to_composed_groups(self.get_option('groups'), variables, host, strict)
        self._add_host_to_keyed_groups(self.get_option('keyed_groups'), variables, host, strict)


def check_hosts(hosts, groups):
    """Rejects names that Ansible would hand to ssh as options, or take for a group."""
    groups = set(group.lower() for group in groups)
    for host in sorted(hosts):
        if not HOST.match(host):
            raise AnsibleParserError('%r cannot be a host: expected a DNS name or an IP address' % to_native(host[:80]))
        if host.lower() in groups:
            raise AnsibleParserError('host %s has the name of a group: rename the group, or change hostname_preference '
                                     'in the settings' % to_native(host))


def read(text):
    """Reads the executable's answer. Text that it marks must not be taken for a template."""
    def plain(pairs):
        return wrap_var(pairs['__ansible_unsafe']) if '__ansible_unsafe' in pairs else pairs
    try:
        return json.loads(text, object_hook=plain)
    except ValueError as error:
        raise AnsibleParserError('the answer of oreg_inventory is not JSON: %s' % to_native(error))
