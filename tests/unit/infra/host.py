"""A folder that stands for the operations host's file system, in which its own scripts are run as they are."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from infra import operations_programs
from infra.operations_boot import Boot

BOOT = Boot(
    user="ec2-user",
    port=22,
    authorized_key="ssh-ed25519 AAAA",
    host_key_secret="arn:host-key",
    log_group="/a/b/operations-1",
    region="eu-west-1",
    programs="s3://b/programs/1.json",
    programs_digest=operations_programs.digest_of(operations_programs.programs()),
    commands_queue="https://queues.example.com/commands",
)
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"

AWS = """\
#!/bin/sh
echo "aws $*" >>"$TOOLS/asked"
case "$1 $2" in
  "s3 cp")
    for word; do before="$last"; last="$word"; done
    case "$before" in */programs/*) cp "$TOOLS/programs.json" "$last" ;; *) cp "$TOOLS/bundle.tar.gz" "$last" ;; esac ;;
  "secretsmanager get-secret-value")
    while [ "$1" != --secret-id ]; do shift; done
    cat "$TOOLS/$2" ;;
  "sqs receive-message") cat "$TOOLS/messages" 2>/dev/null && rm "$TOOLS/messages" || sleep 0.2 ;;
esac
"""
CURL = """\
#!/bin/sh
echo "curl $*" >>"$TOOLS/asked"
while [ "$1" != -o ]; do shift; done
echo certificates >"$2"
"""
NOTED = '#!/bin/sh\necho "${0##*/} $*" >>"$TOOLS/asked"\n'


@dataclass(frozen=True)
class Host:
    folder: Path
    tools: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        return self.folder / "root"

    def log(self, name: str) -> str:
        return (self.root / f"var/log/uneventful/{name}.log").read_text()

    @property
    def asked(self) -> list[str]:
        return (self.tools / "asked").read_text().splitlines()

    @property
    def bundles(self) -> list[str]:
        return [entry.name for entry in (self.root / "opt/uneventful/bundles").iterdir()]

    def command(self, name: str) -> list[str]:
        return [str(self.root / f"opt/uneventful/{name}")]

    def run(self, name: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(name), input=stdin, capture_output=True, text=True, env=self.environment, timeout=60
        )

    def begun(self, name: str) -> subprocess.Popen[str]:
        """A program of the host that was started, its three streams in hand."""
        pipe = subprocess.PIPE
        return subprocess.Popen(
            self.command(name), stdin=pipe, stdout=pipe, stderr=pipe, env=self.environment, text=True
        )

    def publish(self, migrator: str, python: str = PYTHON) -> str:
        """Put a bundle with this migrator where `aws s3 cp` finds it; its digest."""
        migrator_file = ".uneventful/migrator/migrator/__main__.py"
        return self.pack({migrator_file: migrator, ".uneventful/python": f"{python}\n"})

    def pack(self, files: Mapping[str, str]) -> str:
        """Put a bundle of these files where `aws s3 cp` finds it; its digest."""
        app = self.tools / "app"
        for path, text in files.items():
            (app / path).parent.mkdir(parents=True, exist_ok=True)
            (app / path).write_text(text)
        bundle = self.tools / "bundle.tar.gz"
        with tarfile.open(bundle, "w:gz") as archive:
            archive.add(app, arcname=".")
        return hashlib.sha256(bundle.read_bytes()).hexdigest()
