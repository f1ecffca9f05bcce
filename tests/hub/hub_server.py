"""A server that answers as the Hugging Face hub does, with a second one, of another port, from which the large files come. It holds what the
folder REPOS holds: ORG/NAME/REVISION/files. As a program it prints its address and serves until its standard input ends."""

import hashlib
import http.server
import json
import pathlib
import re
import ssl
import sys
import threading
import urllib.parse

LARGE = 1000  # bytes from which a file lies with the second server


def blob_hash(data):
    """Git's own hash of a file."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Who asked has gone away: that is what some tests are about."""


class Hub:
    """faults: what goes wrong, by the name of a file. requests: (server, method, path, headers) of all that was asked. certificate: a file
    with key and certificate, for https."""

    def __init__(self, repos, certificate=None):
        self.repos = pathlib.Path(repos)
        self.token = ""            # without it nothing is told, where it is set
        self.gated = set()         # names of models
        self.renamed = {}          # old name: new name
        self.cut = {}              # file: number of bytes after which the connection is cut, once
        self.cut_always = set()    # files of which no byte ever comes
        self.wrong = set()         # files that come with one byte changed
        self.no_ranges = set()     # files that always come from their beginning
        self.size = {}             # file: the size that is published, where it is not the true one
        self.hold = {}             # file: bytes after which nothing comes until go is set
        self.held, self.go = threading.Event(), threading.Event()
        self.status = None         # of every answer
        self.requests = []
        self._servers = [Server(("127.0.0.1", 0), self._handler(name)) for name in ("hub", "cdn")]
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            for server in self._servers:
                server.socket = context.wrap_socket(server.socket, server_side=True)
        for server in self._servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url, self.cdn = (f"http{'s' if certificate else ''}://127.0.0.1:{server.server_port}" for server in self._servers)

    def close(self):
        self.go.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def commit(self, model, revision):
        """Made of the model's and the revision's names; nothing where there is no such revision."""
        for folder in sorted((self.repos / model).iterdir()):
            commit = hashlib.sha1(f"{model}@{folder.name}".encode()).hexdigest()
            if revision in (folder.name, commit):
                return commit, folder
        return None, None

    def asked(self, server, path=""):
        return [one for one in self.requests if one[0] == server and path in one[2]]

    def _handler(hub, name):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                hub.requests.append((name, self.command, self.path, dict(self.headers)))
                try:
                    (self.hub if name == "hub" else self.lying)()
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            do_HEAD = do_GET

            def answer(self, status, data=b"", **headers):
                self.send_response(status)
                for key, value in headers.items():
                    self.send_header(key.replace("_", "-"), str(value))
                if "Content_Length" not in headers:
                    self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

            def refuse(self, status, code):
                self.answer(status, b'{"error": "no"}', X_Error_Code=code, X_Error_Message="no")

            def hub(self):
                path = urllib.parse.unquote(self.path)
                if hub.status:
                    return self.refuse(hub.status, "")
                listed = re.fullmatch(r"/api/models/(.+?)/(refs)", path)
                asked = listed or re.fullmatch(r"/api/models/(.+?)/revision/(.+)", path) or re.fullmatch(r"/(.+?)/resolve/([^/]+)/(.+)", path)
                if not asked:
                    return self.refuse(404, "")
                model, revision, *file = asked.groups()
                if model in hub.renamed:
                    return self.answer(307, Location=self.path.replace(model, hub.renamed[model], 1))
                may = not hub.token or self.headers.get("Authorization") == f"Bearer {hub.token}"
                if not may or not (hub.repos / model).is_dir():  # alike for both, as the hub does
                    return self.refuse(401 if "Authorization" not in self.headers or not may else 404, "RepoNotFound")
                if listed:
                    refs = [{"name": one.name, "ref": f"refs/heads/{one.name}", "targetCommit": hub.commit(model, one.name)[0]}
                            for one in sorted((hub.repos / model).iterdir())]
                    return self.answer(200, json.dumps({"branches": refs[1:], "converts": [], "tags": refs[:1]}).encode())
                commit, folder = hub.commit(model, revision)
                if not commit:
                    return self.refuse(404, "RevisionNotFound")
                if not file:
                    names = [{"rfilename": str(one.relative_to(folder))} for one in sorted(folder.rglob("*")) if one.is_file()]
                    return self.answer(200, json.dumps({"id": model, "sha": commit, "siblings": names}).encode())
                if model in hub.gated:
                    return self.refuse(403 if "Authorization" in self.headers else 401, "GatedRepo")
                if not (folder / file[0]).is_file():
                    return self.refuse(404, "EntryNotFound")
                data = (folder / file[0]).read_bytes()
                if len(data) < LARGE:
                    return self.send(file[0], data, ETag=f'"{blob_hash(data)}"', X_Repo_Commit=commit)
                self.answer(302, b"", Location=f"{hub.cdn}/{urllib.parse.quote(str((folder / file[0]).relative_to(hub.repos)))}",
                            X_Repo_Commit=commit, X_Linked_Etag=f'"{hashlib.sha256(data).hexdigest()}"',
                            X_Linked_Size=hub.size.get(file[0], len(data)), ETag='"of-the-redirection"')

            def lying(self):
                path = hub.repos / urllib.parse.unquote(self.path).lstrip("/")
                self.send(path.name, path.read_bytes(), ETag='"of-the-store"')

            def send(self, file, data, **headers):
                if self.command == "HEAD":
                    return self.answer(200, data, **headers)
                if file in hub.wrong:
                    data = bytes([data[0] ^ 1]) + data[1:]
                begin = 0
                asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
                if asked and file not in hub.no_ranges:
                    begin = int(asked[1])
                    headers["Content_Range"] = f"bytes {begin}-{len(data) - 1}/{len(data)}"
                part = data[begin:]
                if file in hub.cut_always:
                    self.close_connection = True
                    return
                stop = hub.cut.pop(file, None) if file in hub.cut else hub.hold.get(file)
                holding = file in hub.hold
                self.send_response(206 if "Content_Range" in headers else 200)
                for key, value in {**headers, "Content_Length": len(part)}.items():
                    self.send_header(key.replace("_", "-"), str(value))
                self.end_headers()
                if stop is None:
                    self.wfile.write(part)
                    return
                self.wfile.write(part[:stop])
                self.wfile.flush()
                if not holding:
                    self.close_connection = True
                    return
                hub.held.set()
                hub.go.wait()
                self.wfile.write(part[stop:])

        return Handler


def main():
    hub = Hub(sys.argv[1])
    print(hub.url, flush=True)
    for line in sys.stdin:
        command, *words = line.split()
        if command == "hold":  # FILE BYTES
            hub.hold[words[0]] = int(words[1])
        elif command == "cut":  # FILE BYTES
            hub.cut[words[0]] = int(words[1])
        elif command == "wrong":  # FILE
            hub.wrong.add(words[0])
        elif command == "gated":  # MODEL
            hub.gated.add(words[0])
        elif command == "go":
            hub.go.set()
        elif command == "count":  # of what was asked
            print(len(hub.requests), flush=True)
            continue
        elif command == "asked":  # PART OF AN ADDRESS: how often
            print(len([one for one in hub.requests if words[0] in one[2]]), flush=True)
            continue
        print("ok", flush=True)
    hub.close()


if __name__ == "__main__":
    main()
