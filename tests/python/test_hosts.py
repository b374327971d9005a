# -*- coding: utf-8 -*-
"""The courier with real connections: ssh, sudo, su, doas, shells; and what is left when something is killed.

Root only, in the mount namespace that `run` makes."""

from __future__ import absolute_import, division, print_function
__metaclass__ = type

import base64
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

import ansible.release

from conftest import NAME, ROOT

VERSION = tuple(int(part) for part in ansible.release.__version__.split('.')[:2])
SECRET = 'never-in-a-file-1f3a'
PLACES = ('/etc', '/home', '/root', '/var/lib', '/tmp', '/var/tmp')

SUDOERS = """
Defaults:needy requiretty
trusted,fisher,seashell ALL=(ALL) NOPASSWD: ALL
asked,needy ALL=(ALL) ALL
"""
DOAS = """
permit nopass trusted
permit asked
"""
USERS = {'trusted': '/bin/bash', 'asked': '/bin/dash', 'needy': '/bin/sh', 'fisher': '/usr/bin/fish', 'seashell': '/bin/tcsh',
         'talker': '/bin/bash'}


@pytest.fixture(scope='module')
def machine(builds):
    machine = Machine(builds(1))
    yield machine
    machine.stop()


@pytest.fixture(autouse=True)
def fresh(machine):
    machine.forget()


class Machine:
    """This machine, with users and an sshd, and a controller with one module."""

    def __init__(self, program):
        assert os.environ.get('OREG_TEST_NAMESPACE'), 'start tests/python/run as root'
        self.directory = '/tmp/controller'
        self.library = self.path('library')
        os.makedirs(self.library)
        shutil.copy(program, os.path.join(self.library, NAME))
        for name in ('host', 'user'):
            subprocess.check_call(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', self.path(name)])
        self.add_users()
        self.port = free_port()
        self.write('sshd_config', SSHD.format(port=self.port, directory=self.directory))
        self.log = self.path('log')
        if not os.path.isdir('/run/sshd'):
            os.mkdir('/run/sshd')
        self.server = subprocess.Popen(['/usr/sbin/sshd', '-D', '-f', self.path('sshd_config'), '-E', self.log])
        wait_for(lambda: answers(self.port))

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text, mode=0o600):
        with open(os.path.join(self.directory, name), 'w') as file:
            file.write(text)
        os.chmod(os.path.join(self.directory, name), mode)
        return os.path.join(self.directory, name)

    def add_users(self):
        for user in USERS:
            subprocess.check_call(['useradd', '-m', '-s', USERS[user], user])
        pairs = '\n'.join('%s:pw-%s' % (user, user) for user in list(USERS) + ['root'])
        process = subprocess.Popen(['chpasswd'], stdin=subprocess.PIPE)
        process.communicate(pairs.encode())
        for name, text, mode in (('/etc/sudoers.d/courier', SUDOERS, 0o440), ('/etc/doas.conf', DOAS, 0o400),
                                 ('/home/talker/.bashrc', 'echo "{banner}"; echo complaint >&2\n', 0o644)):
            self.write(name, text, mode)

    def stop(self):
        self.server.terminate()
        self.server.wait()

    def forget(self):
        """Makes every host one that never had a program."""
        for path in ['/var/lib/oreg', '/root/.local/lib/oreg'] + ['/home/%s/.local' % user for user in USERS]:
            shutil.rmtree(path, ignore_errors=True)

    def variables(self, user, **more):
        variables = {
            'ansible_host': '127.0.0.1', 'ansible_port': self.port, 'ansible_user': user,
            'ansible_ssh_private_key_file': self.path('user'), 'ansible_control_path_dir': self.path('control'),
            'ansible_ssh_common_args': '-F /dev/null -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no '
                                       '-o LogLevel=ERROR'}
        variables.update(more)
        return variables

    def start(self, variables, task=None, arguments=None, environment=None, options=(), action=NAME):
        """Starts a playbook of one task for the host that has these variables."""
        self.write('secret.json', json.dumps({'secret': SECRET}))
        self.write('hosts.json', json.dumps({'all': {'hosts': {'node-1': variables}}}))
        wanted = {'name': 'Task', action: dict(arguments or {}, password='{{ secret }}'), 'register': 'outcome'}
        wanted.update(task or {})
        tell = {'name': 'Tell', 'debug': {'msg': "RESULT{{ outcome | to_json | b64encode }}END"}}
        self.write('play.json', json.dumps([{'name': 'Play', 'hosts': 'all', 'gather_facts': False, 'tasks': [wanted, tell]}]))
        full = dict(os.environ, ANSIBLE_CONFIG=os.path.join(ROOT, 'ansible.cfg'), ANSIBLE_LIBRARY=self.library,
                    ANSIBLE_NOCOLOR='1', ANSIBLE_HOST_KEY_CHECKING='0', HOME='/root', LC_ALL='C.UTF-8')
        full.update(environment or {})
        script = os.path.join(os.path.dirname(sys.executable), 'ansible-playbook')
        if not os.path.exists(script):
            script = os.path.join(os.environ['PYTHONPATH'], 'bin', 'ansible-playbook')
        self.output = open(self.path('output'), 'w+')
        return subprocess.Popen(
            [sys.executable, script, '-i', self.path('hosts.json'), '-e', '@' + self.path('secret.json')] + list(options)
            + [self.path('play.json')], env=full, cwd=self.directory, stdout=self.output, stderr=subprocess.STDOUT,
            stdin=open(os.devnull), preexec_fn=os.setsid)

    def play(self, *given, **more):
        """Runs such a playbook to its end. None of the ways to a host may hang."""
        begin = self.sessions()
        process = self.start(*given, **more)
        deadline = time.time() + 60
        while process.poll() is None:
            if time.time() > deadline:
                os.killpg(process.pid, signal.SIGKILL)
                pytest.fail('hangs')
            time.sleep(0.05)
        self.output.seek(0)
        return Run(process.returncode, self.output.read(), self.sessions()[len(begin):])

    def sessions(self):
        with open(self.log) as file:
            return re.findall(r'Starting session: (command|subsystem)', file.read())


class Run:
    def __init__(self, status, output, sessions):
        self.status, self.output, self.sessions = status, output, sessions
        assert SECRET not in output
        found = re.search(r'RESULT([A-Za-z0-9+/=\s\\]*?)END', output)
        self.result = json.loads(base64.b64decode(found.group(1)).decode('utf-8')) if found else None

    def succeeded(self):
        assert self.status == 0 and self.result['changed'] is True, self.output
        return self

    @property
    def goes_by_the_courier(self):
        return self.result['words'] == '- '


SSHD = """
ListenAddress 127.0.0.1:{port}
HostKey {directory}/host
AuthorizedKeysFile {directory}/user.pub
PidFile none
StrictModes no
UsePAM no
LogLevel VERBOSE
AllowTcpForwarding yes
Subsystem sftp internal-sftp
"""


def free_port():
    with_port = socket.socket()
    with_port.bind(('127.0.0.1', 0))
    port = with_port.getsockname()[1]
    with_port.close()
    return port


def answers(port):
    connection = socket.socket()
    try:
        connection.connect(('127.0.0.1', port))
        return True
    except socket.error:
        return False
    finally:
        connection.close()


def wait_for(condition):
    deadline = time.time() + 20
    while not condition():
        assert time.time() < deadline
        time.sleep(0.05)


def password_files():
    """Files of this machine that hold the password. The controller's own hold its variables."""
    found = subprocess.Popen(['grep', '-rlF', '-e', SECRET, '/run/upper', '/tmp', '/var/tmp', '/dev/shm'],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output, _ = found.communicate()
    return [path for path in output.decode().splitlines() if not path.startswith('/tmp/controller/')]


BECOME = {'ansible_become': True}


@pytest.mark.parametrize('user, more, uid', [
    ('root', {}, 0), ('trusted', {}, None), ('fisher', {}, None), ('seashell', {}, None), ('talker', {}, None),
    ('trusted', BECOME, 0), ('fisher', BECOME, 0), ('seashell', BECOME, 0),
    ('asked', dict(BECOME, ansible_become_password='pw-asked'), 0),
    ('trusted', dict(BECOME, ansible_become_user='talker'), None),
    ('asked', dict(BECOME, ansible_become_method='su', ansible_become_password='pw-root'), 0),
    ('root', dict(BECOME, ansible_become_method='su', ansible_become_user='talker'), None),
    ('trusted', {'ansible_shell_executable': '/bin/tcsh'}, None),
    ('root', {'ansible_ssh_pipelining': True}, 0),
], ids=lambda value: ' '.join(sorted(map(str, value.values()))) if isinstance(value, dict) else str(value))
def test_an_unchanged_run_is_one_command(machine, user, more, uid):
    variables = machine.variables(user, **more)
    first = machine.play(variables).succeeded()
    assert first.goes_by_the_courier and first.sessions == ['command'] * 3
    second = machine.play(variables).succeeded()
    assert second.sessions == ['command']
    if uid is not None:
        assert second.result['uid'] == uid
    assert password_files() == []


def test_a_jump_host(machine):
    jump = ('-o ProxyCommand="ssh -F /dev/null -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -o LogLevel=ERROR '
            '-i %s -p %d -W %%h:%%p trusted@127.0.0.1"' % (machine.path('user'), machine.port))
    variables = machine.variables('root')
    variables['ansible_ssh_common_args'] += ' ' + jump
    assert machine.play(variables).succeeded().goes_by_the_courier


def test_a_jump_host_of_ssh_config(machine):
    config = machine.write('jump_config', 'Host node\n  HostName 127.0.0.1\n  ProxyJump jump\n'
                           'Host jump\n  HostName 127.0.0.1\n  User trusted\n  IdentityFile %s\n'
                           'Host *\n  Port %d\n  UserKnownHostsFile /dev/null\n  StrictHostKeyChecking no\n  LogLevel ERROR\n'
                           % (machine.path('user'), machine.port))
    variables = machine.variables('root', ansible_host='node', ansible_ssh_common_args='-F ' + config)
    assert machine.play(variables).succeeded().goes_by_the_courier


@pytest.mark.parametrize('more', [
    {'ansible_ssh_extra_args': '-tt'}, {'ansible_ssh_extra_args': '-o RequestTTY=force'}, {'oreg_courier': False},
    {'ansible_user': 'needy', 'ansible_become': True, 'ansible_become_password': 'pw-needy'}],
    ids=lambda more: ' '.join(sorted(map(str, more.values()))))
def test_ways_on_which_data_does_not_pass(machine, more):
    run = machine.play(machine.variables('root', **more)).succeeded()
    assert not run.goes_by_the_courier and 'subsystem' in run.sessions
    assert 'warnings' not in run.result


def test_a_terminal_that_ssh_config_forces(machine):
    config = machine.write('ssh_config', 'Host *\n  RequestTTY force\n  UserKnownHostsFile /dev/null\n'
                           '  StrictHostKeyChecking no\n  LogLevel ERROR\n')
    run = machine.play(machine.variables('root', ansible_ssh_common_args='-F ' + config), options=['-vvvv']).succeeded()
    assert run.goes_by_the_courier


# What left Ansible for collections after 2.9. `testbed/setup courier` puts it there.
COLLECTIONS = os.path.join(os.environ.get('OREG_CACHE') or os.path.expanduser('~/.cache/oreg'), 'collections')
OF_COLLECTIONS = {'ANSIBLE_COLLECTIONS_PATHS': COLLECTIONS, 'ANSIBLE_COLLECTIONS_PATH': COLLECTIONS}


def named(name, collection):
    """The name of a plugin to this version of Ansible."""
    return name if VERSION == (2, 9) else collection + '.' + name


@pytest.mark.parametrize('user, shell, become', [
    ('seashell', 'csh', {}), ('fisher', 'fish', {}), ('fisher', 'fish', BECOME),
    # Ansible 2.9 refuses the pair itself.
    pytest.param('seashell', 'csh', BECOME, marks=pytest.mark.skipif(VERSION == (2, 9), reason='not in this version'))])
def test_every_type_of_shell(machine, user, shell, become):
    """ansible_shell_type, with the login shell that it is for."""
    variables = machine.variables(user, ansible_shell_type=named(shell, 'ansible.posix'), **become)
    task = {'environment': {'COURIER_TEST': "a 'b' $c"}}
    first = machine.play(variables, task, environment=OF_COLLECTIONS).succeeded()
    assert first.goes_by_the_courier and first.result['variable'] == "a 'b' $c"
    assert machine.play(variables, task, environment=OF_COLLECTIONS).succeeded().sessions == ['command']


@pytest.mark.skipif(VERSION != (2, 9), reason='newer versions take it')
def test_a_type_of_shell_that_ansible_refuses(machine):
    run = machine.play(machine.variables('seashell', ansible_shell_type='csh', **BECOME))
    assert run.status == 2 and 'incompatible with the sudo become plugin' in run.output


@pytest.mark.parametrize('user, password, courier', [('trusted', None, True), ('asked', 'pw-asked', False)])
def test_doas(machine, user, password, courier):
    more = dict(BECOME, ansible_become_method=named('doas', 'community.general'))
    if password:
        more['ansible_become_password'] = password
    run = machine.play(machine.variables(user, **more), environment=OF_COLLECTIONS).succeeded()
    assert run.goes_by_the_courier is courier and run.result['uid'] == 0


@pytest.mark.parametrize('more', [
    {}, BECOME, dict(BECOME, ansible_become_method='su', ansible_become_user='talker'),
    dict(BECOME, ansible_become_user='asked')], ids=lambda more: ' '.join(sorted(map(str, more.values()))))
def test_a_local_connection(machine, more):
    run = machine.play(dict({'ansible_connection': 'local'}, **more)).succeeded()
    assert run.goes_by_the_courier
    assert os.path.exists('/var/lib/oreg') == (more == BECOME)


def test_a_local_connection_with_a_password_for_sudo(machine):
    """As a user, since root is never asked for one. Without pipelining this would hang from Ansible 2.14 on."""
    variables = {'ansible_connection': 'local', 'ansible_become': True, 'ansible_become_password': 'pw-asked',
                 'ansible_become_method': 'sudo', 'ansible_become_flags': '-H -S -k'}
    run = machine.play(variables).succeeded()
    assert run.goes_by_the_courier


@pytest.mark.parametrize('task', [
    {'environment': {'COURIER_TEST': 'a $b'}}, {'no_log': True}, {'check_mode': True, 'diff': True},
    {'retries': 2, 'until': 'outcome.version == 1', 'delay': 0}, {'delegate_to': 'node-1'}, {'loop': [1, 2]}],
    ids=lambda task: sorted(task)[0])
def test_keywords_of_a_task(machine, task):
    machine.play(machine.variables('root')).succeeded()
    run = machine.play(machine.variables('root'), task)
    assert run.status == 0, run.output
    assert run.sessions == ['command'] * len(task.get('loop', [1]))
    result = run.result.get('results', [run.result])[0]
    assert result['variable'] == task.get('environment', {}).get('COURIER_TEST', '')
    assert result['check'] is task.get('check_mode', False)


def test_a_task_is_tried_again(machine):
    machine.play(machine.variables('root')).succeeded()
    run = machine.play(machine.variables('root'), {'retries': 2, 'until': 'outcome.version == 2', 'delay': 0})
    assert run.status == 2 and len(run.sessions) >= 2 and set(run.sessions) == {'command'}


def test_an_answer_is_no_template(machine):
    run = machine.play(machine.variables('root'))
    assert run.result['text'] == '{{ 6 * 7 }}'


def test_async_is_refused(machine):
    run = machine.play(machine.variables('root'), {'async': 10, 'poll': 1})
    assert run.status == 2 and 'async' in run.output


@pytest.mark.skipif(VERSION == (2, 9), reason='the keyword is newer')
def test_a_timeout(machine):
    machine.play(machine.variables('root')).succeeded()
    run = machine.play(machine.variables('root'), {'timeout': 1}, {'act': 'sleep'})
    assert run.status == 2 and re.search('time(out| frame)', ' '.join(run.output.lower().split()))
    kill(VICTIMS['program'])


def test_files_that_ansible_is_to_keep(machine):
    run = machine.play(machine.variables('root'), environment={'ANSIBLE_KEEP_REMOTE_FILES': '1'}).succeeded()
    assert run.goes_by_the_courier and password_files() == []


def test_files_with_a_password_would_be_found(machine):
    """By Ansible's own way they stay where Ansible is to keep files."""
    variables = machine.variables('root', oreg_courier=False)
    machine.play(variables, environment={'ANSIBLE_KEEP_REMOTE_FILES': '1'}).succeeded()
    assert password_files() != []
    shutil.rmtree('/root/.ansible')


COLLECTION = 'collections/ansible_collections/acme/tools/plugins'


@pytest.fixture
def collection(machine, builds):
    """The layout of a collection: documentation in place of the modules, and programs by machine."""
    plugins = machine.path(COLLECTION)
    programs = os.path.join(plugins, 'plugin_utils/bin', os.uname()[4])
    for directory in (os.path.join(plugins, 'modules'), programs):
        os.makedirs(directory)
    shutil.copytree(os.path.join(ROOT, 'plugins/action'), os.path.join(plugins, 'action'), symlinks=True)
    machine.write(COLLECTION + '/modules/%s.py' % NAME, 'DOCUMENTATION = "module: %s"\n' % NAME, 0o644)
    shutil.copy(builds(1), os.path.join(programs, NAME))
    yield {'ANSIBLE_COLLECTIONS_PATHS': machine.path('collections'), 'ANSIBLE_COLLECTIONS_PATH': machine.path('collections'),
           'ANSIBLE_LIBRARY': '/nonexistent', 'ANSIBLE_ACTION_PLUGINS': '/nonexistent'}
    shutil.rmtree(machine.path('collections'))


@pytest.mark.parametrize('courier', [True, False])
@pytest.mark.parametrize('task, action', [({}, 'acme.tools.' + NAME), ({'collections': ['acme.tools']}, NAME)],
                         ids=['full name', 'keyword'])
def test_a_collection(machine, collection, task, action, courier):
    variables = machine.variables('root', oreg_courier=courier)
    run = machine.play(variables, task, environment=collection, action=action).succeeded()
    assert run.goes_by_the_courier is courier
    assert os.path.exists('/var/lib/oreg') is courier


def test_a_machine_without_a_program(machine, collection):
    programs = machine.path(COLLECTION + '/plugin_utils/bin')
    with open(os.path.join(programs, os.uname()[4], NAME), 'r+b') as file:
        file.seek(18)
        file.write(b'\x15\x00')
    for courier in (True, False):
        variables = machine.variables('root', oreg_courier=courier)
        run = machine.play(variables, environment=collection, action='acme.tools.' + NAME)
        assert run.status == 2
        assert 'there is no program for %s, only for ppc64le' % os.uname()[4] in ' '.join(run.output.split())


@pytest.mark.parametrize('verbosity', ['-v', '-vvvvv'])
def test_arguments_are_never_shown(machine, verbosity):
    machine.play(machine.variables('root'), options=[verbosity]).succeeded()


def test_a_program_that_is_killed(machine):
    run = machine.play(machine.variables('root'), arguments={'act': 'half'})
    assert run.status == 2 and 'was ended by signal 9' in run.output


def test_a_status_of_255_does_not_make_a_host_unreachable(machine):
    run = machine.play(machine.variables('root'), arguments={'act': 'status 255'}, environment={'ANSIBLE_SSH_RETRIES': '2'})
    run.succeeded()


VICTIMS = {'connection': 'sshd: root@notty', 'program': '^/var/lib/oreg/.*/' + NAME}


def kill(pattern):
    if pattern:
        subprocess.call(['pkill', '-KILL', '-f', pattern])


@pytest.mark.parametrize('victim', ['controller', 'connection', 'program'])
def test_what_is_killed_leaves_no_password(machine, victim):
    """At moments from the start of the controller to the end of the program, on first contact and later."""
    variables = machine.variables('root')
    machine.play(variables).succeeded()
    for moment in range(6):
        if moment % 2:
            machine.forget()
        process = machine.start(variables, arguments={'act': 'sleep'})
        time.sleep(0.4 + moment * 0.2)
        if victim == 'controller':
            os.killpg(process.pid, signal.SIGKILL)
        # A connection of the play before may still be open.
        wait_for(lambda: kill(VICTIMS.get(victim)) or process.poll() is not None)
        assert password_files() == []
        kill(VICTIMS['program'])


@pytest.mark.parametrize('user', ['root', 'trusted'])
def test_a_running_program_is_not_removed(machine, builds, user):
    variables = machine.variables(user)
    store = '/var/lib/oreg' if user == 'root' else '/home/trusted/.local/lib/oreg'
    process = machine.start(variables, arguments={'act': 'sleep'})
    wait_for(lambda: running(store))
    shutil.copy(builds(2), os.path.join(machine.library, NAME))
    assert machine.play(variables).succeeded().result['version'] == 2
    assert len(os.listdir(store)) == 2 and process.poll() is None
    kill('^' + store)
    wait_for(lambda: process.poll() is not None)
    shutil.copy(builds(3), os.path.join(machine.library, NAME))
    assert machine.play(variables).succeeded().result['version'] == 3
    assert len(os.listdir(store)) == 1
    shutil.copy(builds(1), os.path.join(machine.library, NAME))


def running(path):
    return subprocess.call(['pgrep', '-f', '^' + path], stdout=subprocess.PIPE) == 0


def test_first_contact_of_many_controllers_at_once(machine):
    hosts = dict(('node-%d' % number, machine.variables('root')) for number in range(10))
    machine.write('many.json', json.dumps({'all': {'hosts': hosts}}))
    variables = machine.variables('root')
    process = machine.start(variables, options=['-i', machine.path('many.json'), '-f', '10'])
    assert process.wait() == 0
    digest, = os.listdir('/var/lib/oreg')
    assert os.listdir(os.path.join('/var/lib/oreg', digest)) == [NAME]
