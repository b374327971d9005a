"""The courier in front of a host that is this machine: what Ansible hands to a connection is run by a real shell.

For pytest 4.6 on Python 2.7 to the newest, and every version of Ansible that is promised to work."""

from __future__ import absolute_import, division, print_function
__metaclass__ = type

import importlib
import os
import shutil
import subprocess
import sys
import tempfile

try:
    from shlex import quote
except ImportError:  # Python 2
    from pipes import quote

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

# Ansible reads its settings when it is imported.
os.environ['ANSIBLE_CONFIG'] = os.path.join(ROOT, 'ansible.cfg')
os.environ['ANSIBLE_LIBRARY'] = os.devnull

from ansible.parsing.dataloader import DataLoader  # noqa: E402
from ansible.playbook.play_context import PlayContext  # noqa: E402
from ansible.plugins import loader  # noqa: E402
from ansible.plugins.connection import ConnectionBase  # noqa: E402
from ansible.template import Templar  # noqa: E402

if hasattr(loader, 'init_plugin_loader'):
    loader.init_plugin_loader([])

NAME = 'oreg_node_config'


def plugin_module(action):
    return importlib.import_module(loader.action_loader.get(action, class_only=True).__module__)


@pytest.fixture(scope='session')
def courier():
    """The module of the plugin."""
    loader.action_loader.add_directory(os.path.join(ROOT, 'plugins', 'action'))
    return plugin_module(NAME)


@pytest.fixture(scope='session')
def builds():
    """Programs, compiled once: VERSION -> path."""
    directory = tempfile.mkdtemp()

    def build(version):
        path = os.path.join(directory, str(version))
        if not os.path.exists(path):
            subprocess.check_call(['cc', '-O1', '-static', '-DVERSION=%d' % version, '-o', path,
                                   os.path.join(HERE, 'program.c')])
        return path
    yield build
    shutil.rmtree(directory)


@pytest.fixture
def directory():
    """A directory that nobody else can write to, up to the root. So it is not below /tmp."""
    path = tempfile.mkdtemp(prefix='courier-', dir=os.environ.get('OREG_TEST_HOME') or os.path.expanduser('~'))
    yield path
    subprocess.call(['chmod', '-R', 'u+rwx', path])
    shutil.rmtree(path)


@pytest.fixture
def host(directory, courier, builds, monkeypatch):
    return Host(directory, courier, builds, monkeypatch)


class Host:
    """A host with a store of its own, and a controller with one program for it."""

    def __init__(self, directory, courier, builds, monkeypatch):
        self.directory, self.courier, self.builds, self.monkeypatch = directory, courier, builds, monkeypatch
        self.store = os.path.join(directory, 'store')
        self.variables = {'inventory_hostname': 'node-1', 'oreg_program_dir': self.store}
        self.connection = self.become = None
        self.executable = '/bin/sh'
        self.transport = 'ssh'
        self.options = {'pipelining': False}
        self.shell = ['/bin/sh']
        self.bin_sh = None
        self.own_answer = {'changed': False, '_ansible_parsed': True}
        self.machine = os.uname()[4]
        monkeypatch.setenv('HOME', os.path.join(directory, 'home'))
        os.mkdir(os.path.join(directory, 'home'), 0o700)
        self.carry(1)

    def carry(self, version, machine=None, name=NAME, link=None):
        """Puts a program where the controller finds it."""
        binaries = os.path.join(self.directory, 'checkout', 'plugins', 'plugin_utils', 'bin', machine or self.machine)
        if not os.path.isdir(binaries):
            os.makedirs(binaries)
        path = os.path.join(binaries, name)
        if os.path.lexists(path):
            os.unlink(path)
        if link:
            os.symlink(link, path)
        else:
            shutil.copy(self.builds(version), path)
        return path

    def run(self, action=NAME, task=None, **arguments):
        """Runs a task with these arguments. Returns its result."""
        # Each name is a module of its own to Python.
        self.monkeypatch.setattr(plugin_module(action), 'ROOT', os.path.join(self.directory, 'checkout'))
        context = PlayContext()
        context.executable = self.executable
        context.check_mode, context.diff = (bool((task or {}).get(name)) for name in ('check_mode', 'diff'))
        self.connection = Connection(context, self)
        template = Templar(loader=DataLoader(), variables=self.variables)
        plugin = loader.action_loader.get(
            action, task=Task(action, arguments, **(task or {})), connection=self.connection, play_context=context,
            loader=DataLoader(), templar=template, shared_loader_obj=loader)
        plugin._execute_module = self.own_way
        return plugin.run(task_vars=dict(self.variables))

    def own_way(self, **call):
        self.connection.own_way.append(call)
        return dict(self.own_answer)

    def execute(self, command, data):
        """A test replaces this where the connection is to spoil something."""
        return self.really_execute(command, data)

    def really_execute(self, command, data):
        if self.bin_sh:
            assert command.startswith("/bin/sh -c '") and command.endswith("'")
            script = command[len("/bin/sh -c '"):-1].replace("'\"'\"'", "'")
            command = ' '.join(map(quote, self.bin_sh + ['-c', script]))
        process = subprocess.Popen(self.shell + ['-c', command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        output, errors = process.communicate(data)
        return process.returncode, output, errors

    def programs(self):
        """What is in the store, as DIGEST/NAME."""
        found = []
        for place, _, files in os.walk(self.store):
            found += [os.path.relpath(os.path.join(place, name), self.store) for name in files]
        return sorted(found)


class Task:
    """What a plugin asks of a task."""
    async_val = 0
    check_mode = diff = no_log = ignore_unreachable = False
    collections = ()
    delegate_to = delegate_facts = None
    environment = ()
    module_defaults = ()
    ignore_unknown_extensions = False
    retries = 0

    def __init__(self, action, args, **more):
        self.action, self.args = action, args
        self.resolved_action = self.action
        for name in more:
            setattr(self, name, more[name])


class Connection(ConnectionBase):
    """Runs commands on this machine, and spoils what they print as the host says."""
    transport = 'ssh'
    has_pipelining = True

    def __init__(self, context, host):
        super(Connection, self).__init__(context, None)
        self.host, self.commands, self.own_way, self.sent = host, [], [], []
        self.transport = host.transport
        self.become = host.become
        self.options = dict(host.options)
        self.has_pipelining = self.options.get('has_pipelining', True)
        self._shell = loader.shell_loader.get('sh')
        self._shell.set_options()

    def set_option(self, option, value, *rest, **more):
        self.options[option] = value

    def get_option(self, option, *rest, **more):
        return self.options[option]

    def _connect(self):
        return self

    def exec_command(self, cmd, in_data=None, sudoable=True):
        self.commands.append(cmd)
        self.sent.append(in_data)
        return self.host.execute(cmd, in_data)

    put_file = fetch_file = close = None


Connection.__abstractmethods__ = frozenset()
sys.dont_write_bytecode = True
