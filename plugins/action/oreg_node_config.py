"""The courier: runs an oreg module on a host by one remote command (docs/courier.md).

The names of the other modules are links to this file. The program of a module stays on the host, in a directory named
by the program's digest, and reads its arguments from standard input. So arguments are never in a file there, and an
unchanged program is not sent again. Where this cannot work, the module is run by Ansible's own way.

Runs where Ansible runs: from Ansible 2.9 on Python 2.7 to the newest."""

from __future__ import absolute_import, division, print_function
__metaclass__ = type

import contextlib
import hashlib
import json
import os
import re
import struct

try:
    from shlex import quote
except ImportError:  # Python 2
    from pipes import quote

from ansible import constants
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.common.text.converters import to_bytes, to_native, to_text
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import module_loader
from ansible.utils.display import Display

ROOT = os.path.join(os.path.dirname(os.path.realpath(__file__)), '..', '..')

# Where a host keeps the programs: the first of these that is usable.
STORES = ('/var/lib/oreg', '~/.local/lib/oreg', '~/.oreg')

# A directory chosen by the user becomes part of the script, so it must have no character special to a shell.
PLAIN_PATH = re.compile(r'^(/|~/)[A-Za-z0-9._+@:,=/-]+$')

# The last line of every script begins with this, whatever happened to the program.
MARK = 'oreg-courier: '

MAX_ANSWER = 16 << 20

# Digits of a whole number in an answer: more than any module has to say.
LONGEST_NUMBER = 40

# How often the program is sent when another controller, with another version, removes it each time.
ATTEMPTS = 3

# Members of an answer that Ansible would act upon. An answer is another machine's word: it must not add hosts,
# groups or facts, notify handlers, or print texts as Ansible's own.
RESERVED = ('add_host', 'add_group', 'deprecations', 'exception', 'invocation', 'unreachable')

# Control characters, marks that change the direction of writing, and halves of surrogate pairs.
UNPRINTABLE = re.compile(
    u'[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]'
    u'|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]')

# The machine and byte order in the head of a program, and what `uname -m` says on such a machine.
MACHINES = {(62, '<'): 'x86_64', (183, '<'): 'aarch64', (21, '<'): 'ppc64le', (22, '>'): 's390x'}

# The methods of becoming another user that leave standard input to the command.
BECOME_METHODS = ('sudo', 'su', 'doas')

# Where users can give options for ssh.
SSH_OPTIONS = ('ssh_args', 'ssh_common_args', 'ssh_extra_args')

POSIX_SHELLS = ('sh', 'bash', 'dash', 'ash', 'ksh')

display = Display()

# Stands for a variable that is `omit`.
OMITTED = object()


class OwnWay(Exception):
    """Why the module has to be run by Ansible's own way."""

    def __init__(self, reason, warn=False, machine=None):
        super(OwnWay, self).__init__(reason)
        self.reason, self.warn, self.machine = reason, warn, machine


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        result = super(ActionModule, self).run(tmp, task_vars)
        task_vars = task_vars or {}
        self._name = self._task.action.split('.')[-1]
        self._host = to_text(self._task.delegate_to or task_vars.get('inventory_hostname') or 'the host')
        self._programs = find_programs(self._name, self._module_path())
        if not self._programs:
            raise AnsibleActionFail('there is no program %s: `make modules` builds it' % self._name)
        arguments = collect(self._task.args, task_vars, self._templar)
        try:
            result.update(self._run_by_courier_or_own_way(arguments, task_vars))
            return result
        except AnsibleConnectionFailure as error:
            if not self._task.delegate_to or self._task.ignore_unreachable:
                raise
            details = to_text(getattr(error, 'message', None) or error)
        return dict(result, **self._not_reached(details, 'oreg_run' in task_vars))

    def _not_reached(self, details, is_control_host):
        """Ansible would call the host unreachable that the task is for, and not the one that it is delegated to."""
        details = excerpt(details).lstrip(': ')
        message = '%s cannot be reached (%s)' % (self._host, details)
        if is_control_host:
            message = ('%s, which speaks to the registries and to the cluster, cannot be reached. Set oreg_control_host to a '
                       'host that can do so. (%s)' % (self._host, details))
        return {'failed': True, 'not_reached': True, 'msg': message, 'details': details}

    def _run_by_courier_or_own_way(self, arguments, task_vars):
        try:
            self._require_pipe(task_vars)
            return self._run_by_courier(self._payload(arguments, task_vars), self._stores(task_vars))
        except OwnWay as reason:
            own_way = reason
        # Out of the except clause: newer versions of Ansible print the exception before this one, too.
        display.vv(u'%s is run by Ansible\'s own way: %s' % (self._name, own_way.reason), host=self._host)
        return self._run_by_own_way(arguments, task_vars, own_way)

    # --- One remote command ----------------------------------------------------------------------

    def _run_by_courier(self, payload, stores):
        for dummy in range(ATTEMPTS):
            report = self._execute(self._run_script(stores), payload)
            if report.state == 'ended':
                return self._read_answer(report)
            if report.state == 'terminal':
                raise OwnWay('ssh is set to give every command a terminal')
            self._install(self._program_for(report.detail), stores)
        raise OwnWay('another controller keeps replacing the program', warn=True)

    def _install(self, program, stores):
        report = self._execute(install_script(program, stores), program.read())
        if report.state not in ('installed', 'lost'):
            raise OwnWay(why_not_installed(report, stores), warn=True, machine=program.machine)

    def _execute(self, script, data):
        """Runs a script of this file on the host, with data on its standard input. Returns its report."""
        with self._open_pipe():
            output = self._low_level_execute_command(self._for_any_shell(script), in_data=data)
        if len(output['stdout']) > MAX_ANSWER:
            self._fail('sent more than %d MiB instead of an answer' % (MAX_ANSWER >> 20))
        report = Report.of(output)
        if report:
            return report
        if self._become() and refuses_without_terminal(output):
            raise OwnWay('the host lets nobody become another user without a terminal')
        self._fail('was cut off: the remote command ended with status %s before it had reported' % output['rc'], output)

    def _fail(self, what, output=None):
        errors = excerpt(output['stderr'] or output['stdout']) if output else ''
        raise AnsibleActionFail('%s on %s %s%s' % (self._name, self._host, what, errors))

    @contextlib.contextmanager
    def _open_pipe(self):
        """Has the connection pass data on, whatever it is set to."""
        options = {}
        if self._transport() == 'local':
            # With a password for becoming another user, the data would be dropped, and the program wait for ever.
            options['pipelining'] = True
        elif self._transport() == 'ssh':
            # ssh_config may ask for a terminal, which would print what it gets, passwords included.
            options['ssh_extra_args'] = (to_native(self._option('ssh_extra_args') or '') + ' -T').strip()
        before = dict((name, self._option(name)) for name in options)
        self._set(options)
        try:
            yield
        finally:
            self._set(before)

    def _set(self, options):
        for name in options:
            self._connection.set_option(name, options[name])
            # Up to Ansible 2.9, ssh looks for its options here.
            if name in SSH_OPTIONS and hasattr(self._play_context, name):
                setattr(self._play_context, name, options[name])

    def _option(self, name):
        """Returns an option of the connection, or None for one that this version of Ansible does not know."""
        if name in SSH_OPTIONS and getattr(self._play_context, name, None) is not None:
            return getattr(self._play_context, name)
        try:
            return self._connection.get_option(name)
        except KeyError:
            return None

    def _for_any_shell(self, script):
        shells = (getattr(self._play_context, 'executable', None), getattr(self._connection._shell, 'executable', None))
        is_posix = all(os.path.basename(shell) in POSIX_SHELLS for shell in shells if shell)
        return script if is_posix else '/bin/sh -c ' + quote(script)

    def _run_script(self, stores):
        command = ' '.join([self._environment(), '"$p"', '"$@"', '-']).strip()
        return run_script(self._name, self._programs.values(), stores, command, self._in_place())

    def _in_place(self):
        """Where this machine itself is the host, its own program can be run where it is."""
        native = self._programs.get(os.uname()[4])
        return native if native and self._transport() == 'local' and not self._become() else None

    def _environment(self):
        # Not in the form that the connection's type of shell wants: the script is for a POSIX shell.
        environment = {}
        self._compute_environment_string(environment)
        return ' '.join('%s=%s' % (name, quote(to_text(environment[name]))) for name in sorted(environment))

    def _payload(self, arguments, task_vars):
        members = dict(arguments)
        self._update_module_args(self._task.action, members, task_vars)
        return to_bytes(json.dumps(members, default=plain_value)) + b'\n'

    def _read_answer(self, report):
        line = report.last_object()
        if line is None:
            if report.detail in ('126', '127'):
                raise OwnWay('the program cannot be started there' + excerpt(report.errors), warn=True)
            self._fail('%s without an answer' % how_ended(report.detail), report.output)
        answer = parse_answer(line)
        if answer is None:
            self._fail('%s, and its answer is damaged: not one whole JSON object' % how_ended(report.detail))
        return answer

    # --- Ansible's own way -----------------------------------------------------------------------

    def _run_by_own_way(self, arguments, task_vars, why):
        program = self._program_for(why.machine or self._ask_machine())
        if os.path.realpath(self._module_path() or '') != program.path:
            # Under the module's name, Ansible would find its documentation. This process is for one task alone.
            module_loader.add_directory(program.directory)
            self._task.collections = []
        answer = self._execute_module(module_name=self._name, module_args=arguments, task_vars=task_vars)
        answer = dict((key, answer[key]) for key in answer if not is_reserved(key) or key.startswith('_ansible_'))
        if why.warn:
            answer['warnings'] = list(answer.get('warnings') or []) + [
                '%s: programs of oreg are sent for each task, by Ansible\'s own way: %s' % (self._host, why.reason)]
        return answer

    def _ask_machine(self):
        output = self._low_level_execute_command(self._for_any_shell(fill(ASK_MACHINE)))
        report = Report.of(output)
        if not report or report.state != 'machine':
            self._fail('cannot be run: a command there ended with status %s' % output['rc'], output)
        return report.detail

    def _program_for(self, machine):
        program = self._programs.get(machine)
        if not program:
            self._fail('cannot be run: there is no program for %s, only for %s' % (
                printable(machine)[:40], ', '.join(sorted(self._programs))))
        return program

    # --- Settings of the task and its connection --------------------------------------------------

    def _module_path(self):
        """Returns the file that Ansible takes for the module, or None."""
        in_collection = __name__.startswith('ansible_collections.')
        name = '.'.join(__name__.split('.')[1:3] + [self._name]) if in_collection else self._name
        return module_loader.find_plugin(name)

    def _stores(self, task_vars):
        chosen = self._variable('oreg_program_dir', task_vars)
        if chosen is None:
            return STORES
        chosen = to_text(chosen)
        if not PLAIN_PATH.match(chosen) or '..' in chosen.split('/'):
            raise AnsibleActionFail(
                'oreg_program_dir must be an absolute path, or begin with ~/, and have no characters but letters, digits '
                'and ._+@:,=- between the slashes')
        return (re.sub('/+', '/', chosen).rstrip('/'),)

    def _variable(self, name, task_vars):
        """Returns a variable of the host that runs the program, or None."""
        if self._task.delegate_to:
            delegates = task_vars.get('ansible_delegated_vars') or {}
            task_vars = delegates.get(self._task.delegate_to) or {}
        return self._templar.template(task_vars[name]) if name in task_vars else None

    def _require_pipe(self, task_vars):
        """Raises OwnWay where standard input does not reach a program as it was sent."""
        wanted = self._variable('oreg_courier', task_vars)
        if wanted is not None and not boolean(wanted):
            raise OwnWay('oreg_courier is false')
        if not getattr(self._connection, 'has_pipelining', False):
            raise OwnWay('the connection %s passes no data to a command' % self._transport())
        if self._become():
            self._require_pipe_to_other_user(self._become())
        if self._transport() == 'ssh' and forces_terminal(self._ssh_options()):
            raise OwnWay('ssh is set to give every command a terminal')

    def _require_pipe_to_other_user(self, become):
        method = to_text(become.name).split('.')[-1]
        if method not in BECOME_METHODS or getattr(become, 'require_tty', False):
            raise OwnWay('%s may need a terminal' % method)
        if method == 'doas' and become.get_option('become_pass', playcontext=self._play_context):
            raise OwnWay('doas reads passwords from a terminal only')

    def _transport(self):
        return to_text(self._connection.transport).split('.')[-1]

    def _become(self):
        return getattr(self._connection, 'become', None)

    def _ssh_options(self):
        return ' '.join(to_native(self._option(name) or '') for name in SSH_OPTIONS)


# --- Options that the role leaves to variables ----------------------------------------------------

def collect(given, task_vars, templar):
    """Returns the options of a task: its own, else those of the dict `arguments`, else the values of variables.

    `variables` is a dict of options and the names of their variables, or the name of a variable with such a dict. An option whose variable is not set, or is
    `omit`, is left out. One that cannot be read is an error: left out, a credential would be taken from files."""
    options = dict(given)
    variables = options.pop('variables', None) or {}
    if not isinstance(variables, dict):
        # A name costs no template, which Ansible would compile for each host.
        if variables not in task_vars:
            raise AnsibleActionFail('variables: there is no variable %s' % printable(variables))
        variables = templar.template(task_vars[variables])
    arguments = options.pop('arguments', None) or {}
    for option in sorted(variables):
        if option not in options and option not in arguments and variables[option] in task_vars:
            add_value(options, option, variables[option], task_vars, templar)
    return dict(arguments, **options)


def add_value(options, option, name, task_vars, templar):
    value, problem = read_variable(name, task_vars, templar)
    # Out of the except clause: newer versions of Ansible print the lines of the inventory around the cause.
    if problem is not None:
        raise AnsibleActionFail('%s cannot be read: %s' % (name, problem))
    if name in reported_facts(task_vars):
        raise AnsibleActionFail(
            '%s comes from a fact that %s has reported: a host must not choose it. Set it in the inventory, or '
            'inject_facts_as_vars = False in ansible.cfg' % (name, task_vars.get('inventory_hostname')))
    # Up to Ansible 2.16, `omit` is a text that no other value has.
    if value is not OMITTED and value != task_vars.get('omit', OMITTED):
        options[option] = value


def read_variable(name, task_vars, templar):
    """Returns the value of a variable and None, or None and why it has none."""
    try:
        return templar.template(task_vars[name]), None
    except AnsibleError as error:
        if type(error).__name__ == 'AnsibleValueOmittedError':  # ansible-core 2.19
            return OMITTED, None
        return None, to_native(getattr(error, 'message', None) or error).strip().split('\n')[0]


def reported_facts(task_vars):
    """Returns the facts that outrank the variables of the inventory."""
    return (task_vars.get('ansible_facts') or {}) if getattr(constants, 'INJECT_FACTS_AS_VARS', True) else {}


# --- Programs on the controller -------------------------------------------------------------------

# Digests by file and version.
DIGESTS = {}


class Program:
    """A program for one kind of machine. Several modules can be one program, under names that link to it."""

    def __init__(self, path, machine):
        self.machine, self.directory = machine, os.path.dirname(os.path.abspath(path))
        self.path = os.path.realpath(path)
        self.file = os.path.basename(self.path)

    @property
    def size(self):
        return os.stat(self.path).st_size

    @property
    def digest(self):
        status = os.stat(self.path)
        # Another file in its place has another inode, or was written later.
        version = (self.path, status.st_dev, status.st_ino, status.st_size, status.st_mtime)
        if version not in DIGESTS:
            DIGESTS[version] = hashlib.sha256(self.read()).hexdigest()
        return DIGESTS[version]

    def read(self):
        with open(self.path, 'rb') as file:
            return file.read()


def find_programs(name, module_path):
    """Returns the programs of a module by machine.

    They are in plugin_utils/bin/MACHINE of a collection or a checkout; and the one that was built for this machine is
    the module itself, as far as Ansible is concerned, in a directory of modules."""
    programs = {}
    binaries = os.path.join(ROOT, 'plugins', 'plugin_utils', 'bin')
    paths = [os.path.join(binaries, machine, name) for machine in list_directory(binaries)]
    for path in paths + [os.path.join(ROOT, 'library', name), module_path]:
        machine = path and machine_of(path)
        if machine:
            programs[machine] = Program(path, machine)
    return programs


def list_directory(path):
    return os.listdir(path) if os.path.isdir(path) else []


def machine_of(path):
    """Returns the kind of machine that a program is for, by its ELF header; None for what is no such program."""
    try:
        with open(path, 'rb') as file:
            head = file.read(20)
    except (IOError, OSError):
        return None
    if len(head) < 20 or head[:4] != b'\x7fELF':
        return None
    order = '<' if head[5:6] == b'\x01' else '>'
    return MACHINES.get((struct.unpack(order + 'H', head[18:20])[0], order))


# --- Scripts --------------------------------------------------------------------------------------
#
# One line each, for any POSIX shell. Without line breaks, exclamation marks, backslashes and single quotes, because the
# line passes the login shell as well, which can be a csh or a fish.

# Ends a script. What is left of standard input is read before anything is printed: up to Ansible 2.16, a local
# connection drops what is printed before it has sent all data.
#
# safe PATH: whether all directories from the root to PATH belong to root or to this user, are no links, and can be
# written by nobody else; and what is in the store $d, and the store itself, only by this user. ls has nine columns for
# each; the test for an owner, and stat, are not POSIX. A program of another size is a copy that a power failure cut short.
COMMON = (
    'end() { cat >/dev/null; echo; echo "@mark@$1"; exit 0; }; '
    'safe() { q=$1; set -- /; while [ "$q" ]; do set -- "$@" "$q"; q=${q%/*}; done; c=$(($# * 9)); '
    'set -f; set -- $(LC_ALL=C ls -ldn "$@" 2>/dev/null); set +f; [ $# = $c ] || return 1; '
    'while [ $# -gt 0 ]; do case "$9" in '
    '"$d/$g/$n") case "$1 $3 $5" in -rwx------*" $u $z") ;; *) return 1 ;; esac ;; '
    '"$d"|"$d/$g") case "$1 $3" in drwx--[-S]---*" $u") ;; *) return 1 ;; esac ;; '
    '*) case "$1 $3" in d????-??-*" 0"|d????-??-*" $u") ;; *) return 1 ;; esac ;; esac; shift 9; done; }; '
    'u=$(id -u); h=; ')

# The home directory may be reached by links, as on Atomic Host. It is not asked for where it is not needed.
RESOLVE = (
    'case "$d" in /*) ;; *) [ "$h" ] || h=$(cd -P -- "$HOME/" 2>/dev/null && pwd -P); h=${h%/}; h=${h:-/dev/null}; '
    'd=$h/${d#??} ;; esac; ')

# Nothing is known of a terminal before it is there, when ssh_config says so. Reading from it would never end.
RUN = (
    'if [ -t 0 ]; then echo; echo "@mark@terminal"; exit 0; fi; ' + COMMON + '@in_place@'
    'for d in @stores@; do @resolve@for k in @keys@; do g=${k%%:*}; k=${k#*:}; z=${k%%:*}; n=${k#*:}; p=$d/$g/$n; '
    'if [ -x "$p" ] && safe "$p"; then @choose@@command@; end "ended $?"; fi; done; done; '
    'end "missing $(uname -m)"')

IN_PLACE = 'p=@path@; n=@file@; if [ -x "$p" ]; then @choose@@command@; end "ended $?"; fi; '

# A program that serves several modules takes the name of the module as an argument.
CHOOSE = 'case "$n" in @name@) set -- ;; *) set -- module @name@ ;; esac; '

ASK_MACHINE = 'echo; echo "@mark@machine $(uname -m)"'

# A file of one empty command shows whether programs can be started in the store. The program becomes visible by a
# rename, when it is whole. Then older programs of the same name go, but not one that is running: /proc shows the command
# line of every process, but not the program file of one that protects its memory.
INSTALL = (
    COMMON + 'umask 077; w=; n=@file@; g=@digest@; z=@size@; for d in @stores@; do @resolve@'
    'q=$d; until [ -d "$q" ]; do q=${q%/*}; q=${q:-/}; done; '
    'safe "$q" || { w="$w unsafe"; continue; }; '
    'mkdir -p "$d" 2>/dev/null && safe "$d" || { w="$w closed"; continue; }; '
    't=$d/new.$$; { echo : >"$t" && chmod 700 "$t"; } 2>/dev/null || { rm -f "$t"; w="$w full"; continue; }; '
    '"$t" </dev/null >/dev/null 2>&1 || { rm -f "$t"; w="$w noexec"; continue; }; '
    'cat 2>/dev/null >"$t" || { rm -f "$t"; end "unusable$w full"; }; '
    'c=$(sha256sum <"$t" 2>/dev/null); [ "${c%% *}" = "$g" ] || { rm -f "$t"; end "unusable$w damaged"; }; '
    '{ mkdir -p "$d/$g" && mv -f "$t" "$d/$g/$n"; } 2>/dev/null || { rm -f "$t"; end lost; }; '
    'for o in "$d"/*/"$n"; do case "$o" in "$d/$g/$n") continue ;; esac; [ -f "$o" ] || continue; '
    'case "$(cat /proc/[0-9]*/cmdline 2>/dev/null)" in *"$o"*) ;; *) rm -f "$o"; rmdir "${o%/*}" 2>/dev/null ;; esac; done; '
    'for o in "$d"/new.*; do kill -0 "${o##*.}" 2>/dev/null || rm -f "$o"; done; '
    'end installed; done; end "unusable$w"')

REASONS = {
    'unsafe': 'another user could write there, or it is a link',
    'closed': 'it cannot be made, or is not for this user alone',
    'full': 'it cannot be written, the disk may be full',
    'noexec': 'no program can be started there (noexec)',
    'damaged': 'the program arrived damaged, or sha256sum is missing',
}


def run_script(name, programs, stores, command, in_place):
    more = dict(choose=fill(CHOOSE, name=name), command=command)
    first = fill(IN_PLACE, path=quote(in_place.path), file=in_place.file, **more) if in_place else ''
    keys = sorted('%s:%d:%s' % (program.digest, program.size, program.file) for program in programs)
    return fill(RUN, in_place=first, stores=quoted(stores), keys=' '.join(keys), **more)


def install_script(program, stores):
    return fill(INSTALL, digest=program.digest, size=str(program.size), stores=quoted(stores), file=program.file)


def fill(template, **values):
    """Replaces each @NAME@ of a template. What a value contains stays as it is."""
    values.update(mark=MARK, resolve=RESOLVE)
    return re.sub('@([a-z_]+)@', lambda match: to_native(values[match.group(1)]), template)


def quoted(stores):
    return ' '.join('"%s"' % store for store in stores)


def why_not_installed(report, stores):
    words = report.detail.split()
    return '; '.join('%s: %s' % (store, REASONS[word])
                     for store, word in zip(stores, words) if word in REASONS) or 'the host does not say why'


# --- Output of a remote command -------------------------------------------------------------------

class Report:
    """What a script printed: the state in its last line, with detail, and the text before that line."""

    def __init__(self, state, detail, text, output):
        self.state, self.detail, self.text, self.output = state, detail, text, output
        self.errors = output['stderr']

    @classmethod
    def of(cls, output):
        """Returns None where the script did not come to its end."""
        text, mark, last = to_text(output['stdout']).replace('\r\n', '\n').rpartition('\n' + MARK)
        words = last.split('\n')[0].split(' ', 1)
        return cls(words[0], words[-1], text, output) if mark else None

    def last_object(self):
        """Returns the last line that can be a JSON object. A login shell may have printed something before."""
        # Not splitlines: U+2028 and others, which a JSON text may hold, end lines there.
        lines = [line for line in self.text.split('\n') if line.startswith('{')]
        return lines[-1] if lines else None


def parse_answer(line):
    """Returns the members of an answer that are the module's to give, fit to be printed; or None."""
    try:
        answer = clean(json.loads(line, parse_constant=refuse_constant, parse_int=whole_number, parse_float=fraction))
    # RuntimeError: nested too deeply. Neither text is shown, as it would quote the answer.
    except (ValueError, RuntimeError):
        return None
    if not isinstance(answer, dict):
        return None
    answer = dict((key, answer[key]) for key in answer if not is_reserved(key))
    for key in ('changed', 'failed'):
        answer[key] = answer.get(key, False) not in (False, None)
    if 'warnings' in answer:
        warnings = answer['warnings'] if isinstance(answer['warnings'], list) else [answer['warnings']]
        answer['warnings'] = [to_text(warning) for warning in warnings]
    return answer


def refuse_constant(name):
    raise ValueError(name)


def whole_number(text):
    # Longer ones take Python older than 3.11 a time that grows with the square of their length.
    if len(text.lstrip('-')) > LONGEST_NUMBER:
        raise ValueError(text[:1])
    return int(text)


def fraction(text):
    number = float(text)
    # JSON has no name for what is beyond the range of a float, and Ansible would print one.
    if number - number != 0:
        raise ValueError(text[:1])
    return number


def is_reserved(key):
    return key in RESERVED or key.startswith(('ansible_', '_ansible_'))


def clean(value):
    if isinstance(value, dict):
        return dict((clean(key), clean(value[key])) for key in value)
    if isinstance(value, list):
        return [clean(item) for item in value]
    return UNPRINTABLE.sub(u'\ufffd', value) if isinstance(value, type(u'')) else value


def printable(text):
    return UNPRINTABLE.sub(u'\ufffd', to_text(text))


def excerpt(text):
    """Returns the end of what a command printed, as the end of a message."""
    text = ' '.join(printable(line).strip() for line in to_text(text).split('\n')).strip()
    return ': ' + text[-300:] if text else ''


def how_ended(status):
    number = int(status) if status.isdigit() else 0
    if number > 128:
        return 'was ended by signal %d' % (number - 128)
    return 'ended with status %s' % printable(status)[:10]


def refuses_without_terminal(output):
    """Whether sudo, su or doas refused, which means that nothing was run."""
    return output['rc'] == 1 and not output['stdout'].strip() and re.search(
        r'\b(tty|terminal)\b', to_text(output['stderr']), re.I) is not None


# --- What the task hands over ---------------------------------------------------------------------

def plain_value(value):
    """Turns what JSON does not know into text: dates, and vaulted text of Ansible up to 2.16."""
    return value.isoformat() if hasattr(value, 'isoformat') else to_text(value)


def forces_terminal(options):
    """Whether options of ssh ask for a terminal, even for a command that reads data."""
    options = ' ' + options
    return (re.search(r'\s-[46AaCfGgKkMNnqsTtVvXxYy]*t', options) is not None
            or re.search(r'RequestTTY[\s=]*["\']?(force|yes)', options, re.I) is not None)


def remember_digests(name):
    for program in find_programs(name, None).values():
        try:
            program.digest
        except (IOError, OSError):  # The task will say so, if it needs the program.
            pass


# Ansible imports this file once, and then makes a process for each host: they need not read the programs.
remember_digests(__name__.rsplit('.', 1)[-1])
