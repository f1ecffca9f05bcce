"""A user's own sshd on the loopback address, with keys that nobody else has, for tests of places to compute."""

import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

SSHD, SSH, KEYGEN = (shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
                      for name in ("sshd", "ssh", "ssh-keygen"))


MISSING = "there is no sshd (Debian's openssh-server), ssh or ssh-keygen on this machine"


def there():
    return bool(SSHD and SSH and KEYGEN)


class Sshd:
    """command(PROGRAM…): what a place's command is, to be run at the other end of it."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="patchbay-sshd-")
        self.folder = pathlib.Path(self._folder.name)
        for key in ("host", "user"):
            subprocess.run([KEYGEN, "-q", "-t", "ed25519", "-N", "", "-f", self.folder / key], check=True)
        (self.folder / "authorized").write_bytes((self.folder / "user.pub").read_bytes())
        if os.getuid() == 0:
            pathlib.Path("/run/sshd").mkdir(exist_ok=True)  # sshd as root will not begin without it
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = found.getsockname()[1]
        config = self.folder / "sshd_config"
        config.write_text(f"""ListenAddress 127.0.0.1
Port {self.port}
HostKey {self.folder}/host
AuthorizedKeysFile {self.folder}/authorized
PidFile none
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PubkeyAuthentication yes
PermitRootLogin yes
StrictModes no
""")
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen([SSHD, "-D", "-e", "-f", config], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        host = (self.folder / "host.pub").read_text().split()
        (self.folder / "known").write_text(f"[127.0.0.1]:{self.port} {host[0]} {host[1]}\n")
        end = time.monotonic() + 60
        while True:
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError("sshd does not begin: " + (self.folder / "log").read_text())
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                pass

    def command(self, program, port=None):
        return (f"{SSH} -F none -p {port or self.port} -i {self.folder}/user -o IdentitiesOnly=yes -o BatchMode=yes "
                f"-o HostKeyAlias=[127.0.0.1]:{self.port} -o UserKnownHostsFile={self.folder}/known -o StrictHostKeyChecking=yes "
                f"127.0.0.1 {program}")

    def close(self):
        self.process.terminate()
        self.process.wait()
        self._folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
