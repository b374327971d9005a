"""Puts pip into an environment of ansible-test, which would download a program of this name from a server of
Ansible's: here Python's own copy of pip installs the version that is asked for, from PyPI."""

import ensurepip
import subprocess
import sys

ensurepip.bootstrap()
packages = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install"] + packages))
