from __future__ import annotations

import base64
import gzip
from pathlib import Path

import pytest

from localcloud.instances import firstboot
from localcloud.instances.cloudconfig import CloudConfig, UserDataError, parse_user_data
from localcloud.instances.metadata import instance_data
from localcloud.instances.root import Root
from localcloud.parts import InstanceSpec

SPEC = InstanceSpec("i-1", "eu-west-1", b"", "127.9.8.7", tags={"Name": "web"})


def read(text: str | bytes) -> CloudConfig:
    raw = text if isinstance(text, bytes) else text.encode()
    return parse_user_data(raw, instance_data(SPEC))


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda raw: raw,
        gzip.compress,
        base64.b64encode,
        lambda raw: base64.b64encode(gzip.compress(raw)),
        base64.encodebytes,
    ],
    ids=["plain", "gzip", "base64", "base64 of gzip", "base64 in lines"],
)
def test_user_data_is_read_however_it_is_wrapped(wrapped):
    assert read(wrapped(b"#cloud-config\nruncmd:\n- [echo, hello]\n")).commands == (("echo", "hello"),)


def test_the_template_knows_the_instance_under_cloud_inits_names():
    text = (
        "## template: jinja\n#cloud-config\nruncmd:\n"
        "- [a, '{{ ds.meta_data.local_ipv4 }}', '{{ ds.meta_data.instance_id }}', '{{ v1.instance_id }}']\n"
        "- [b, '{{ v1.region }}', '{{ v1.availability_zone }}', '{{ v1.local_hostname }}']\n"
    )
    host = "ip-127-9-8-7.eu-west-1.compute.internal"
    assert read(text).commands == (
        ("a", "127.9.8.7", "i-1", "i-1"),
        ("b", "eu-west-1", "eu-west-1a", host),
    )


def test_without_the_header_braces_are_nobodys_business():
    assert read("#cloud-config\nruncmd:\n- ['{{ x }}']\n").commands == (("{{ x }}",),)


def test_a_line_end_after_a_block_is_taken_as_cloud_init_takes_it():
    assert read(
        "## template: jinja\n#cloud-config\n{% if true %}\nruncmd: [[a]]\n{% endif %}\n"
    ).commands == (("a",),)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("## template: jinja\n#cloud-config\nruncmd: [['{{ v1.nothing }}']]\n", "nothing"),
        ("#cloud-config\npackages: [[nginx, '1.2']]\n", "packages"),
        ("#cloud-config\nusers: [{name: a, ssh_authorized_keys: {a: b}}]\n", "ssh_authorized_keys"),
        ("#cloud-config\nbootcmd: [x]\nssh_pwauth: true\n", "'bootcmd', 'ssh_pwauth'"),
        ("#cloud-config\nusers: [{name: a, passwd: x}]\n", "'passwd'"),
        ("#cloud-config\nwrite_files: [{path: /a, source: {uri: x}}]\n", "'source'"),
        ("#cloud-config\nwrite_files: [{path: a}]\n", "absolute path"),
        ("#cloud-config\nwrite_files: [{path: /a, encoding: rot13}]\n", "rot13"),
        ("#cloud-config\nwrite_files: [{path: /a, encoding: gz+b64, content: 'AAAA'}]\n", "/a"),
        ("#cloud-config\nwrite_files: [{path: /a, permissions: rwx}]\n", "rwx"),
        ("#cloud-config\nruncmd: echo\n", "runcmd"),
        ("#cloud-config\nruncmd: [{a: b}]\n", "runcmd"),
        ("#cloud-config\n- a\n", "list"),
        ("#cloud-config\na: [\n", "YAML"),
        ("Content-Type: multipart/mixed; boundary=x\n", "Content-Type"),
        ("#include\nhttp://x\n", "#include"),
        (b"\xff\xfe\x00", "no text"),
    ],
)
def test_what_cannot_be_carried_out_is_refused_by_name(text, named):
    with pytest.raises(UserDataError, match=named.replace("'", ".")):
        read(text)


def test_no_user_data_is_nothing_to_do():
    assert read("") == CloudConfig() == read("#cloud-config\n")


def test_files_are_written_with_their_bytes_and_modes_inside_the_instance_only(tmp_path: Path):
    packed = base64.b64encode(gzip.compress(b"\x00packed")).decode()
    text = (
        "#cloud-config\nwrite_files:\n"
        "- {path: /etc/a, content: first, permissions: '0600'}\n"
        "- {path: /etc/a, content: ' second', append: true, permissions: 0640}\n"
        f"- {{path: /srv/b, content: '{packed}', encoding: gz+b64}}\n"
        "- {path: /../../../outside, content: x}\n"
    )
    root = Root(tmp_path / "a" / "b" / "root")
    firstboot.prepare_root(root)
    assert firstboot.apply(read(text), root, "/bin") is None
    assert root.inside("/etc/a").read_text() == "first second"
    assert root.inside("/etc/a").stat().st_mode & 0o777 == 0o640
    assert root.inside("/srv/b").read_bytes() == b"\x00packed"
    assert (root.folder / "outside").read_text() == "x"
    assert not list(tmp_path.glob("outside"))


def test_a_file_for_a_user_who_is_made_only_later_fails_as_it_does_on_ec2(tmp_path: Path):
    text = "#cloud-config\nusers: [{name: app}]\nwrite_files: [{path: /a, owner: 'app:app', %s}]\n"
    root = Root(tmp_path)
    firstboot.prepare_root(root)
    with pytest.raises(UserDataError, match="defer: true"):
        firstboot.apply(read(text % "content: x"), root, "/bin")
    firstboot.apply(read(text % "content: x, defer: true"), root, "/bin")
    assert root.inside("/a").read_text() == "x"


def test_words_that_name_the_instances_files_mean_those_and_all_others_the_machines(tmp_path: Path):
    text = (
        "#cloud-config\nwrite_files: [{path: /opt/x, content: y}]\n"
        "runcmd:\n- [cat, /opt/x, /dev/null]\n- /opt/x a b\n- cd /tmp && ls\n"
    )
    root = Root(tmp_path / "with blank")
    firstboot.prepare_root(root)
    script = firstboot.apply(read(text), root, "/bin")
    assert script is not None
    own = f"'{root.folder}/opt/x'"
    assert script.read_text() == f"#!/bin/sh\ncat {own} /dev/null\n{own} a b\ncd /tmp && ls\n"
