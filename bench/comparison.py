#!/usr/bin/env python3
"""Shows ten registries to oreg, skopeo, crane and regctl, and prints what each says, as a table.

    cargo run -p testbed -- run -- bench/comparison.py OREG DIRECTORY

OREG is the built command, DIRECTORY has crane and regctl (go install). Two registries are real; the others answer
as registries were seen to answer. Passwords are made up for the run."""

import base64
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

OREG, TOOLS = sys.argv[1], sys.argv[2]
IMAGE = "openshift3/ose-pod:v3.11"


class Fake(http.server.ThreadingHTTPServer):
    """A registry with HTTP Basic on a free port, which counts failed logins."""

    def __init__(self, password, body="", has_image=True, status=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.good = "Basic " + base64.b64encode(b"name:" + password.encode()).decode()
        self.body, self.has_image, self.status, self.failed = body, has_image, status, 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def host(self):
        return "127.0.0.1:%d" % self.server_address[1]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server, login = self.server, self.headers.get("Authorization")
        if server.status:
            return self.answer(server.status, server.body)
        if login != server.good:
            server.failed += login is not None
            return self.answer(401, server.body, "WWW-Authenticate: Basic realm=\"r\"")
        if self.path in ("/v2/", "/v2"):
            return self.answer(200, "{}")
        if not server.has_image:
            return self.answer(404, '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}')
        manifest = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
                               "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 2,
                                          "digest": "sha256:" + "0" * 64}, "layers": []})
        return self.answer(200, manifest)

    do_HEAD = do_GET

    def answer(self, status, body, header=None):
        self.send_response(status)
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        self.send_header("Content-Type", "application/vnd.docker.distribution.manifest.v2+json")
        if header:
            self.send_header(*header.split(": ", 1))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


def error(code, message):
    return json.dumps({"errors": [{"code": code, "message": message}]})


def cases():
    env = os.environ
    yield "right, token registry", env["OREG_TOKEN_REGISTRY"], env["OREG_REGISTRY_USER"], env["OREG_REGISTRY_PASSWORD"], None
    yield "right, Basic registry", env["OREG_BASIC_REGISTRY"], env["OREG_BASIC_USER"], env["OREG_BASIC_PASSWORD"], None
    for what, server in (
            ("right", Fake("right-password")),
            ("wrong password", Fake("another", error("UNAUTHORIZED", "authentication required"))),
            ("expired token", Fake("another", error("UNAUTHORIZED", "token has expired"))),
            ("no such image", Fake("right-password", has_image=False)),
            ("too many requests", Fake("right-password", error("TOOMANYREQUESTS", "slow down"), status=429)),
            ("a web page, no registry", Fake("right-password", "<html>portal</html>", status=404))):
        yield what, server.host, "name", "right-password", server
    yield "nothing listens", "127.0.0.1:1", "name", "right-password", None
    yield "no such name", "registry.invalid", "name", "right-password", None


def config(directory, entries):
    directory.mkdir()
    auths = {host: {"auth": base64.b64encode(("%s:%s" % (user, password)).encode()).decode()}
             for host, user, password in entries}
    (directory / "config.json").write_text(json.dumps({"auths": auths}))
    return directory


def run(command, directory, authority):
    env = dict(os.environ, DOCKER_CONFIG=str(directory), REGCTL_CONFIG=str(directory / "regctl.json"), SSL_CERT_FILE=authority)
    begin = time.monotonic()
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)
        status, text = done.returncode, done.stderr.strip() or done.stdout.strip()
    except subprocess.TimeoutExpired:
        status, text = "-", "no answer in 120 s"
    return status, time.monotonic() - begin, text


def brief(text, host):
    """The end of the last line, cut between its clauses."""
    clauses = (text.splitlines() or [""])[-1].replace(host, "HOST").strip(' ":').split(": ")
    words = clauses.pop()
    while clauses and len(words) + len(clauses[-1]) < 70:
        words = clauses.pop() + ": " + words
    return words.replace("|", "\\|").replace("`", "'").replace("<", "&lt;").replace('\\"', '"')[-100:]


def main():
    scratch = pathlib.Path(tempfile.mkdtemp())
    certs = pathlib.Path(os.environ["OREG_CERT_DIR"])
    authority = str(next(certs.glob("*/*.crt")))
    known = list(cases())
    names = {"skopeo": lambda host: ["skopeo", "inspect", "--no-tags", "--raw", "--authfile", "{}/config.json"]
             + (["--cert-dir", str(certs / host)] if (certs / host).is_dir() else ["--tls-verify=false"])
             + ["docker://%s/%s" % (host, IMAGE)],
             "crane": lambda host: [TOOLS + "/crane", "manifest", "%s/%s" % (host, IMAGE)],
             "regctl": lambda host: [TOOLS + "/regctl", "manifest", "head", "%s/%s" % (host, IMAGE)]
             + ([] if (certs / host).is_dir() else ["--host", "reg=%s,tls=disabled" % host])}
    insecure = [word for _, host, *_ in known if not (certs / host).is_dir() for word in ("--insecure", host)]
    images = [word for _, host, *_ in known for word in ("--image", "%s=%s" % (host, IMAGE))]
    everything = config(scratch / "all", [(host, user, password) for _, host, user, password, _ in known])
    check = [OREG, "check", str(everything / "config.json"), "--cert-dir", str(certs), *insecure, *images, "-o", "json"]
    status, seconds, text = run(check, everything, authority)
    rows = {row["host"]: row for row in json.loads(text)["registries"]}
    failed = {"oreg": sum(server.failed for *_, server in known if server)}
    totals = {"oreg": seconds}
    print("| registry | oreg | " + " | ".join(names) + " |")
    print("|---|---|" + "---|" * len(names))
    columns = {}
    for name, command in names.items():
        for *_, server in known:
            if server:
                server.failed = 0
        totals[name] = 0.0
        for number, (what, host, user, password, _) in enumerate(known):
            directory = config(scratch / ("%s-%d" % (name, number)), [(host, user, password)])
            words = [word.replace("{}", str(directory)) for word in command(host)]
            result = run(words, directory, authority)
            totals[name] += result[1]
            columns[name, host] = "%s: %s" % (result[0], "ok" if result[0] == 0 else brief(result[2], host))
        failed[name] = sum(server.failed for *_, server in known if server)
    for what, host, *_ in known:
        row = rows[host]
        cells = [columns[name, host] for name in names]
        print("| %s | `%s`, `%s` | %s |" % (what, row["verdict"], row["reason"], " | ".join(cells)))
    line = lambda title, values: print("| %s | %s |" % (title, " | ".join(values)))
    line("commands", ["1"] + ["10"] * len(names))
    line("exit status of all", [str(status)] + ["0 or 1"] * len(names))
    line("failed logins", [str(failed[name]) for name in ("oreg", *names)])
    line("seconds", ["%.2f" % totals[name] for name in ("oreg", *names)])


main()
