#!/usr/bin/python
"""The peer of oreg_node_config: one registry per call, merged into a config.json the short way, as
Python modules do that a play calls in a loop."""

import base64
import json
import os

from ansible.module_utils.basic import AnsibleModule


def main():
    module = AnsibleModule({
        "path": {"type": "path", "required": True},
        "registry": {"type": "str", "required": True},
        "username": {"type": "str", "required": True},
        "password": {"type": "str", "required": True, "no_log": True},
    }, supports_check_mode=True)
    given = module.params
    auth = base64.b64encode(f"{given['username']}:{given['password']}".encode()).decode()
    document = read(given["path"])
    auths = document.setdefault("auths", {})
    changed = auths.get(given["registry"], {}).get("auth") != auth
    if changed and not module.check_mode:
        auths[given["registry"]] = {"auth": auth}
        os.makedirs(os.path.dirname(given["path"]), mode=0o700, exist_ok=True)
        with open(given["path"], "w", encoding="utf-8") as file:
            json.dump(document, file, indent=2)
    module.exit_json(changed=changed)


def read(path):
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        return json.load(file)


if __name__ == "__main__":
    main()
