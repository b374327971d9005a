# -*- coding: utf-8 -*-
"""What the courier does on a host, and what it never does. The host's shell is real."""

from __future__ import absolute_import, division, print_function
__metaclass__ = type

import datetime
import os
import pty
import shutil
import subprocess
import threading
import time

import pytest

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError

from conftest import NAME, Host

SECRET = 'pass-w0rd!"\'$x\\'


def failure(host, *words, **arguments):
    with pytest.raises(AnsibleActionFail) as error:
        host.run(password=SECRET, **arguments)
    message = str(error.value)
    assert SECRET not in message
    for word in words:
        assert word in message
    return message


def own_way(host, warning=None):
    """The task is run by Ansible's own way, with its arguments as they were."""
    result = host.run(password=SECRET)
    call, = host.connection.own_way
    assert call['module_name'] == NAME and call['module_args'] == {'password': SECRET}
    if warning is None:
        assert 'warnings' not in result
    else:
        text, = result['warnings']
        assert text.startswith('node-1: ') and warning in text
    return result


def files_with(text, directory):
    return subprocess.call(['grep', '-rqF', '-e', text, directory]) == 0


# --- The store ----------------------------------------------------------------------------------

def test_an_unchanged_run_is_one_command(host):
    assert host.run(password=SECRET)['version'] == 1
    assert len(host.connection.commands) == 3
    result = host.run(password=SECRET)
    assert result['changed'] is True and result['words'] == '- ' and result['version'] == 1
    assert len(host.connection.commands) == 1


def test_the_store_is_for_its_user_alone(host):
    host.run()
    digest, = os.listdir(host.store)
    assert len(digest) == 64
    for path in ('', digest, os.path.join(digest, NAME)):
        assert oct(os.stat(os.path.join(host.store, path)).st_mode)[-3:] == '700'


def test_arguments_are_neither_in_files_nor_in_commands(host):
    host.run(password=SECRET)
    assert any(SECRET.encode() in data.replace(b'\\"', b'"').replace(b'\\\\', b'\\') for data in host.connection.sent)
    assert not files_with('pass-w0rd', host.directory)
    assert 'pass-w0rd' not in ''.join(host.connection.commands)


def test_a_new_version_replaces_the_old_one(host):
    host.run()
    old = host.programs()
    host.carry(2)
    assert host.run()['version'] == 2
    assert len(host.programs()) == 1 and host.programs() != old
    assert os.listdir(host.store) == [os.path.dirname(host.programs()[0])]


def test_programs_of_other_modules_stay(host):
    host.run()
    host.carry(2, name='oreg_validate')
    host.run('oreg_validate')
    host.carry(3)
    host.run()
    assert sorted(os.path.basename(path) for path in host.programs()) == [NAME, 'oreg_validate']


@pytest.mark.parametrize('shell', [['dash'], ['bash'], ['busybox', 'sh']], ids=' '.join)
def test_a_running_program_is_not_removed(host, shell):
    host.bin_sh = shell
    host.run()
    running = os.path.join(host.store, host.programs()[0])
    process = subprocess.Popen([running, '-'], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write(b'{"act": "sleep"}')
    process.stdin.close()
    process.stdout.read(1)
    host.carry(2)
    host.run()
    assert len(host.programs()) == 2
    process.kill()
    process.wait()
    host.carry(3)
    host.run()
    assert len(host.programs()) == 1


def test_what_a_killed_installation_left_goes(host):
    host.run()
    ended = subprocess.Popen(['true'])
    ended.wait()
    left = os.path.join(host.store, 'new.%d' % ended.pid)
    open(left, 'w').close()
    host.carry(2)
    host.run()
    assert not os.path.exists(left)


def test_a_copy_cut_short_by_a_power_failure_is_sent_again(host):
    host.run()
    path = os.path.join(host.store, host.programs()[0])
    with open(path, 'r+b') as file:
        file.truncate(4096)
    assert host.run()['version'] == 1
    assert len(host.connection.commands) == 3


def test_several_controllers_at_once(host, directory, courier, builds, monkeypatch):
    results = []

    def control(number):
        other = Host.__new__(Host)
        other.__dict__.update(host.__dict__)
        results.append(other.run(number=number)['version'])
    threads = [threading.Thread(target=control, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [1] * 8 and len(host.programs()) == 1


def test_a_controller_with_another_version_only_costs_time(host):
    """It removes the program between the installation and the run."""
    host.run()
    removals = []

    def execute(command, data):
        if len(removals) < 3:
            removals.append(shutil.rmtree(host.store, ignore_errors=True))
        return host.really_execute(command, data)
    host.execute = execute
    assert host.run()['version'] == 1

    def always(command, data):
        shutil.rmtree(host.store, ignore_errors=True)
        return host.really_execute(command, data)
    host.execute = always
    own_way(host, 'another controller keeps replacing the program')


def test_a_program_that_is_not_sent_whole_is_not_run(host):
    host.execute = lambda command, data: host.really_execute(command, data[:-1])
    own_way(host, 'damaged')
    assert host.programs() == []


@pytest.mark.parametrize('mode', [0o755, 0o770, 0o702])
def test_a_store_that_others_can_enter_is_not_used(host, mode):
    os.mkdir(host.store)
    os.chmod(host.store, mode)
    own_way(host, 'another user could write there')
    assert host.programs() == []


def test_a_program_that_others_can_write_is_not_run(host):
    host.run()
    os.chmod(os.path.join(host.store, host.programs()[0]), 0o722)
    assert host.run()['version'] == 1
    assert len(host.connection.commands) == 3


@pytest.mark.parametrize('mode', [0o770, 0o707, 0o777, 0o1777])
def test_a_directory_on_the_way_that_others_can_write_is_not_used(host, mode):
    between = os.path.join(host.directory, 'between')
    os.mkdir(between)
    os.chmod(between, mode)
    host.variables['oreg_program_dir'] = between + '/deeper/store'
    own_way(host, 'another user could write there')
    assert os.listdir(between) == []


def test_links_are_not_followed(host):
    elsewhere = os.path.join(host.directory, 'elsewhere')
    os.mkdir(elsewhere, 0o700)
    os.symlink(elsewhere, host.store)
    own_way(host, 'it is a link')
    os.unlink(host.store)
    host.run()
    os.rename(host.store, os.path.join(elsewhere, 'store'))
    os.symlink(os.path.join(elsewhere, 'store'), host.store)
    own_way(host, 'it is a link')


@pytest.mark.skipif(os.getuid() != 0, reason='only root can give a directory away')
def test_a_store_of_another_user_is_not_used(host):
    host.run()
    os.chown(host.store, 1234, 1234)
    own_way(host, 'another user')


def test_the_first_usable_store_is_taken(host, courier, monkeypatch):
    unsafe = os.path.join(host.directory, 'unsafe')
    os.mkdir(unsafe)
    os.chmod(unsafe, 0o777)
    monkeypatch.setattr(courier, 'STORES', ('/proc/oreg', unsafe + '/oreg', '~/.local/lib/oreg', '~/.oreg'))
    del host.variables['oreg_program_dir']
    assert host.run()['version'] == 1
    assert os.listdir(os.path.join(host.directory, 'home')) == ['.local']
    host.run()
    assert len(host.connection.commands) == 1
    os.chmod(os.path.join(host.directory, 'home', '.local'), 0o775)
    host.run()
    assert sorted(os.listdir(os.path.join(host.directory, 'home'))) == ['.local', '.oreg']


def test_a_host_without_any_usable_store(host, courier, monkeypatch):
    monkeypatch.setattr(courier, 'STORES', ('/proc/oreg', '~/.oreg'))
    del host.variables['oreg_program_dir']
    monkeypatch.setenv('HOME', '')
    result = own_way(host, '/proc/oreg: it cannot be made')
    assert '~/.oreg: it cannot be made' in result['warnings'][0]


@pytest.mark.skipif(os.getuid() != 0, reason='only root can mount')
@pytest.mark.parametrize('options, reason', [('noexec', 'noexec'), ('size=16k', 'the disk may be full')])
def test_a_file_system_that_holds_no_program(host, options, reason):
    os.mkdir(host.store, 0o700)
    subprocess.check_call(['mount', '-t', 'tmpfs', '-o', 'mode=0700,' + options, 'tmpfs', host.store])
    try:
        own_way(host, reason)
        assert host.programs() == []
    finally:
        subprocess.check_call(['umount', host.store])


def test_a_program_that_a_policy_forbids_to_start(host):
    def execute(command, data):
        if data is None:
            return host.really_execute(command, data)
        return 0, b'\noreg-courier: ended 126\n', b'sh: Operation not permitted'
    host.execute = execute
    own_way(host, 'the program cannot be started there: sh: Operation not permitted')


@pytest.mark.parametrize('path', ['relative', '/with space', "/a'b", '/a$b', '/a;b', '/a/../b', '~other/x', '', '/a\nb', '/a!b'])
def test_a_store_must_be_a_plain_path(host, path):
    host.variables['oreg_program_dir'] = path
    failure(host, 'oreg_program_dir')


def test_a_store_in_the_home_directory(host):
    host.variables['oreg_program_dir'] = '~/tools/oreg/'
    host.run()
    assert os.path.isdir(os.path.join(host.directory, 'home/tools/oreg'))


def test_a_variable_may_be_a_template(host):
    try:
        from ansible.template import trust_as_template
    except ImportError:
        def trust_as_template(text):
            return text
    host.variables['oreg_program_dir'] = trust_as_template('{{ base }}/other')
    host.variables['base'] = host.directory
    host.run()
    assert os.path.isdir(os.path.join(host.directory, 'other'))


def test_a_host_that_is_delegated_to_has_its_own_store(host):
    other = os.path.join(host.directory, 'other')
    host.variables['ansible_delegated_vars'] = {'node-2': {'oreg_program_dir': other}}
    host.run(task={'delegate_to': 'node-2'})
    assert os.path.isdir(other) and not os.path.exists(host.store)


# --- Programs -----------------------------------------------------------------------------------

def unreachable(host):
    def execute(command, data):
        raise AnsibleConnectionFailure('Failed to connect to the host via ssh: no route\x1b[2J')
    host.execute = execute


def test_a_host_that_is_not_reached(host):
    unreachable(host)
    with pytest.raises(AnsibleConnectionFailure):
        host.run()


def test_a_host_that_is_delegated_to_and_not_reached(host):
    """Ansible would call the host of the task unreachable, and end the play for it."""
    unreachable(host)
    answer = host.run(task={'delegate_to': 'node-2'})
    assert answer['failed'] is True and answer['not_reached'] is True and 'unreachable' not in answer
    assert answer['msg'] == u'node-2 cannot be reached (Failed to connect to the host via ssh: no route\ufffd[2J)'
    with pytest.raises(AnsibleConnectionFailure):
        host.run(task={'delegate_to': 'node-2', 'ignore_unreachable': True})
    host.variables['oreg_run'] = {}
    message = host.run(task={'delegate_to': 'node-2'})['msg']
    assert 'node-2, which speaks to the registries' in message and 'Set oreg_control_host' in message


def test_a_machine_without_a_program(host):
    shutil.rmtree(os.path.join(host.directory, 'checkout'))
    for machine, number in (('aarch64', 183), ('ppc64le', 21)):
        path = host.carry(1, machine=machine)
        with open(path, 'r+b') as file:
            file.seek(18)
            file.write(bytes(bytearray([number, 0])))
    failure(host, NAME, 'node-1', 'there is no program for x86_64, only for aarch64, ppc64le')


def test_a_checkout_that_was_not_built(host):
    shutil.rmtree(os.path.join(host.directory, 'checkout'))
    failure(host, 'there is no program oreg_node_config', 'make modules')


def test_documentation_is_no_program(courier, directory):
    for name, head in (('stub', b'DOCUMENTATION = ""'), ('empty', b''), ('short', b'\x7fELF'), ('script', b'#!/bin/sh\n' * 9),
                       ('i386', b'\x7fELF\x01\x01' + b'\0' * 12 + b'\x03\0')):
        with open(os.path.join(directory, name), 'wb') as file:
            file.write(head)
        assert courier.machine_of(os.path.join(directory, name)) is None
    assert courier.machine_of(directory) is None


@pytest.mark.parametrize('machine, head', [
    ('x86_64', [1, 62, 0]), ('aarch64', [1, 183, 0]), ('ppc64le', [1, 21, 0]), ('s390x', [2, 0, 22]),
    (None, [2, 0, 21]), (None, [1, 8, 0])])
def test_the_head_of_a_program_names_its_machine(courier, directory, machine, head):
    path = os.path.join(directory, 'program')
    with open(path, 'wb') as file:
        file.write(b'\x7fELF\x02' + bytes(bytearray(head[:1])) + b'\0' * 12 + bytes(bytearray(head[1:])))
    assert courier.machine_of(path) == machine


def test_a_program_is_read_once(host, courier, monkeypatch):
    monkeypatch.setattr(courier, 'ROOT', os.path.join(host.directory, 'checkout'))
    path = host.carry(1)
    read = []
    monkeypatch.setattr(courier.Program, 'read', lambda self: read.append(self.path) or b'x')
    courier.remember_digests(NAME)
    for _ in range(3):
        program, = courier.find_programs(NAME, None).values()
        assert len(program.digest) == 64
    assert len(read) == 1
    host.carry(2)
    program, = courier.find_programs(NAME, None).values()
    assert program.digest and len(read) == 2
    os.unlink(path)
    os.symlink('/nonexistent', path)
    courier.remember_digests(NAME)


def test_a_program_of_several_modules_is_told_which(host):
    host.carry(2, name='oreg')
    host.carry(2, name='oreg_validate', link='oreg')
    assert host.run('oreg_validate')['words'] == 'module oreg_validate'
    assert os.path.basename(host.programs()[0]) == 'oreg'
    host.carry(2, name='oreg_nodes_ready', link='oreg')
    assert host.run('oreg_nodes_ready')['words'] == 'module oreg_nodes_ready'
    assert len(host.connection.commands) == 1


# --- Shells -------------------------------------------------------------------------------------

SHELLS = [['dash'], ['bash', '--posix'], ['bash'], ['busybox', 'sh'], ['mksh'], ['ksh'], ['tcsh'], ['fish']]


@pytest.mark.parametrize('shell', SHELLS, ids=' '.join)
def test_every_shell_as_login_shell(host, shell):
    require(shell)
    host.shell = shell
    assert host.run(task={'environment': [{'COURIER_TEST': "a 'b' $c"}]})['variable'] == "a 'b' $c"


@pytest.mark.parametrize('shell', SHELLS[:6], ids=' '.join)
def test_every_posix_shell_as_bin_sh(host, shell):
    require(shell)
    host.bin_sh = shell
    assert host.run(task={'environment': [{'COURIER_TEST': "a 'b' $c"}]})['variable'] == "a 'b' $c"
    host.carry(2)
    assert host.run()['version'] == 2 and len(host.programs()) == 1


def test_a_host_with_nothing_but_busybox(host, monkeypatch):
    require(['busybox'])
    tools = os.path.join(host.directory, 'tools')
    os.mkdir(tools)
    busybox = subprocess.check_output(['which', 'busybox']).strip().decode()
    subprocess.check_call([busybox, '--install', '-s', tools])
    host.bin_sh = [os.path.join(tools, 'sh')]
    monkeypatch.setenv('PATH', tools)
    assert host.run()['version'] == 1
    host.run()
    assert len(host.connection.commands) == 1
    monkeypatch.undo()


@pytest.mark.parametrize('shell', ['tcsh', 'fish', 'zsh', 'bash'])
def test_every_shell_that_ansible_is_told_to_use(courier, host, shell):
    """ansible_shell_executable"""
    host.executable = '/usr/bin/' + shell

    def execute(command, data):
        assert command.startswith('/usr/bin/%s -c ' % shell)
        assert ("-c '/bin/sh -c " in command) == (shell != 'bash')
        host.shell = ['/bin/sh']
        return host.really_execute(command.replace('/usr/bin/' + shell, '/bin/sh', 1), data)
    host.execute = execute
    assert host.run()['version'] == 1


def require(shell):
    assert subprocess.call(['which', shell[0]], stdout=subprocess.PIPE) == 0, 'install ' + shell[0]


def test_scripts_have_no_character_that_a_login_shell_takes_for_its_own(courier):
    for script in (courier.RUN, courier.INSTALL, courier.RESOLVE, courier.IN_PLACE, courier.CHOOSE, courier.ASK_MACHINE):
        for character in '\n\r\\!\'`':
            assert character not in script


# --- Answers ------------------------------------------------------------------------------------

def test_banners_are_no_answer(host):
    host.run()

    def execute(command, data):
        status, output, errors = host.really_execute(command, data)
        return status, b'{"changed": false}\nWelcome {to}\r\n' + output.replace(b'\n', b'\r\n') + b'{bye}\nlogout\n', b'x\n' + errors
    host.execute = execute
    assert host.run()['version'] == 1


def test_an_answer_that_is_cut(host):
    host.run()
    failure(host, 'node-1', 'was ended by signal 9', 'damaged', act='half')


def test_a_program_without_an_answer(host):
    host.run()
    failure(host, 'ended with status 3 without an answer: nothing to say', act='silence')


def test_status_255_does_not_make_a_host_unreachable(host):
    host.run()
    statuses = []

    def execute(command, data):
        result = host.really_execute(command, data)
        statuses.append(result[0])
        return result
    host.execute = execute
    assert host.run(act='status 255')['changed'] is True
    assert statuses == [0]


def test_a_connection_that_breaks_in_the_middle(host):
    host.run()
    host.execute = lambda command, data: (137, b'{"changed": true, "vers', b'Killed')
    failure(host, 'was cut off', 'status 137')
    # Even where the answer seems whole, it may be from somewhere else.
    host.execute = lambda command, data: (0, b'{"changed": true}\n', b'')
    failure(host, 'was cut off')


def test_an_answer_is_limited(host):
    host.run()
    failure(host, 'more than 16 MiB', act='huge')


@pytest.mark.parametrize('line', [
    '{"a": NaN}', '{"a": Infinity}', '{"a": 1e999}', '{"a": [-1e999]}', '{"a": ' + '9' * 41 + '}', '{"a": [-' + '9' * 41 + ']}',
    '{"changed": tru', '[]', '{} {}', '{"a": ' + '[' * 100000 + ']' * 100000 + '}'])
def test_what_is_no_answer(courier, line):
    assert courier.parse_answer(line) is None


def test_an_answer_is_another_machines_word(courier):
    answer = courier.parse_answer(
        '{"ansible_facts": {"a": 1}, "ansible_user": "x", "_ansible_notify": ["h"], "_ansible_no_log": true, "add_host": {},'
        ' "add_group": {}, "ansible_stats": {}, "unreachable": true, "exception": "e", "deprecations": ["d"],'
        ' "invocation": {}, "changed": "yes", "failed": 0, "warnings": "one", "files": [{"path\\u001b": "a\\u001b[2Jb\\u202e\\ud800c\\td"}]}')
    assert answer == {'changed': True, 'failed': False, 'warnings': ['one'],
                      'files': [{u'path\ufffd': u'a\ufffd[2Jb\ufffd\ufffdc\td'}]}


def test_numbers_are_read_as_they_are(courier):
    assert courier.parse_answer('{"a": [1, -2, 0.5, -%s]}' % (10 ** 39))['a'] == [1, -2, 0.5, -10 ** 39]


def test_a_number_of_a_million_digits_takes_no_time(courier):
    begin = time.time()
    assert courier.parse_answer('{"a": %s}' % ('9' * 4000000)) is None
    assert time.time() - begin < 2


def test_a_pair_of_surrogates_is_one_character(courier):
    assert courier.parse_answer('{"a": "\\ud83d\\ude00"}')['a'] == u'\U0001f600'


def test_messages_hold_no_control_characters(host):
    host.run()
    host.execute = lambda command, data: (1, b'', b'\x1b[2Jgone')
    assert '\x1b' not in failure(host, 'gone')


# --- The task -----------------------------------------------------------------------------------

def test_environment(host):
    value = "a 'b' $c; `d` $(e) *"
    assert host.run(task={'environment': [{'COURIER_TEST': value}]})['variable'] == value


def test_an_environment_is_no_part_of_the_script(host):
    assert host.run(task={'environment': [{'COURIER_TEST': '@mark@@stores@'}]})['variable'] == '@mark@@stores@'


def test_check_mode_and_diff(host):
    assert host.run()['check'] is False
    context = {'check_mode': True, 'diff': True}
    result = host.run(task=context)
    assert result['check'] is True and result['diff_wanted'] is True


def test_values_that_json_does_not_know(host):
    assert host.run(day=datetime.date(2024, 1, 2))['version'] == 1
    assert b'"day": "2024-01-02"' in host.connection.sent[-1]


def test_arguments_are_not_changed(host):
    arguments = {'a': {'b': 1}}
    host.run(**arguments)
    assert arguments == {'a': {'b': 1}}


def test_async_is_refused(host):
    with pytest.raises(AnsibleError) as error:
        host.run(task={'async_val': 10})
    assert 'async' in str(error.value)


class Interrupt(BaseException):
    pass


def test_a_timeout_ends_the_task(host):
    """Ansible raises it in the middle of the call, as what is no Exception."""
    host.transport = 'local'

    def execute(command, data):
        raise Interrupt
    host.execute = execute
    with pytest.raises(Interrupt):
        host.run()
    assert host.connection.options['pipelining'] is False


def test_the_setting_oreg_courier(host):
    host.variables['oreg_courier'] = 'no'
    own_way(host)


# --- Ways to a host -----------------------------------------------------------------------------

def test_a_local_connection_runs_the_program_in_place(host):
    host.transport = 'local'
    host.run()
    assert len(host.connection.commands) == 1 and not os.path.exists(host.store)


def test_a_local_program_that_cannot_be_started_is_copied(host):
    host.transport = 'local'
    os.chmod(host.carry(1), 0o600)
    assert host.run()['version'] == 1
    assert os.path.exists(host.store)


def test_a_local_connection_passes_data_on(host):
    host.transport = 'local'
    seen = []

    def execute(command, data):
        seen.append(host.connection.options['pipelining'])
        return host.really_execute(command, data)
    host.execute = execute
    host.run()
    assert seen == [True] and host.connection.options['pipelining'] is False


class Become:
    require_tty = False

    def __init__(self, name, password=None):
        self.name, self.password = name, password

    def get_option(self, option, *rest, **more):
        return {'become_pass': self.password, 'become_user': 'other'}.get(option)

    def build_become_command(self, command, shell):
        return command


def test_another_local_user_has_a_store(host):
    host.transport, host.become = 'local', Become('sudo')
    host.run()
    assert os.path.exists(host.store)


@pytest.mark.parametrize('become', ['sudo', 'su', 'doas', 'ansible.builtin.sudo', 'community.general.doas'])
def test_becoming_another_user(host, become):
    host.become = Become(become)
    assert host.run()['version'] == 1


@pytest.mark.parametrize('become, password', [('machinectl', None), ('pbrun', 'x'), ('doas', 'x'), ('community.general.doas', 'x')])
def test_becoming_another_user_by_a_terminal(host, become, password):
    host.become = Become(become, password)
    own_way(host)


def test_a_method_that_wants_a_terminal(host):
    host.become = Become('sudo')
    host.become.require_tty = True
    own_way(host)


@pytest.mark.parametrize('errors', [
    'sudo: sorry, you must have a tty to run sudo', 'sudo: Entschuldigung, Sie müssen ein TTY haben', 'standard in must be a tty',
    'su: must be run from a terminal', 'doas: a tty is required'])
def test_a_host_that_refuses_without_a_terminal(host, errors):
    host.become = Become('sudo')
    first = []

    def execute(command, data):
        if data is not None:
            first.append(command)
            return 1, b'', errors.encode('utf-8') if str is not bytes else errors
        return host.really_execute(command, data)
    host.execute = execute
    own_way(host)
    assert len(first) == 1


def test_a_refusal_is_told_and_not_tried_again(host):
    host.become = Become('sudo')
    host.execute = lambda command, data: (1, b'', b'cdash is not in the sudoers file.\n')
    failure(host, 'status 1', 'cdash is not in the sudoers file')
    assert len(host.connection.commands) == 1 and not host.connection.own_way


def test_a_connection_that_passes_no_data(host):
    host.options['has_pipelining'] = False
    own_way(host)


@pytest.mark.parametrize('options, forces', [
    ('-tt', True), ('-C -tt -o X=y', True), ('-Ctt', True), ('-t -t', True), ('-o RequestTTY=force', True),
    ('-oRequestTTY=yes', True), ("-o 'requesttty force'", True), ('-o RequestTTY=no', False), ('-o ControlPath=/a-tt', False),
    ('-o ProxyCommand="ssh -W %h:%p jump"', False), ('-J jump -T', False), ('', False)])
def test_options_that_force_a_terminal(courier, host, options, forces):
    assert courier.forces_terminal(options) is forces
    host.options['ssh_extra_args'] = options
    if forces:
        own_way(host)
        assert not any(host.connection.sent)
    else:
        assert host.run()['version'] == 1


def test_a_terminal_that_nothing_announced(host):
    """As RequestTTY in ssh_config. The program is not started, since it would read for ever."""
    def execute(command, data):
        if data is None:
            return host.really_execute(command, data)
        leader, follower = pty.openpty()
        process = subprocess.Popen(['/bin/sh', '-c', command], stdin=follower, stdout=subprocess.PIPE)
        output, _ = process.communicate()
        os.close(leader)
        os.close(follower)
        return process.returncode, output, b''
    host.execute = execute
    begin = time.time()
    own_way(host)
    assert time.time() - begin < 5


# --- Ansible's own way --------------------------------------------------------------------------

def test_the_own_way_returns_nothing_that_ansible_would_act_upon(host):
    host.options['has_pipelining'] = False
    host.own_answer = {'changed': True, 'ansible_facts': {'a': 1}, 'add_host': {}, '_ansible_parsed': True, 'files': []}
    result = own_way(host)
    assert result == {'changed': True, '_ansible_parsed': True, 'files': []}


def test_the_own_way_takes_the_program_for_the_machine(host, courier):
    from ansible.plugins.loader import module_loader
    host.options['has_pipelining'] = False
    own_way(host)
    found = module_loader.find_plugin(NAME)
    assert os.path.realpath(found).startswith(os.path.realpath(host.directory))


def test_the_own_way_on_a_machine_without_a_program(host):
    host.options['has_pipelining'] = False
    host.execute = lambda command, data: (0, b'banner\r\n\r\noreg-courier: machine mips64\r\nShared connection closed.\r\n', b'')
    failure(host, 'there is no program for mips64, only for x86_64')
