"""What moto holds in memory, as bytes and back: all services' state of a cloud, and what the control plane adds to it.

Python's own pickle does it, but for the few things that moto holds and pickle cannot: those are named here. Unpickling
runs what the bytes say, so they must come from a file that none but the user of this cloud can write.
"""

from __future__ import annotations

import copyreg
import io
import pickle
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from cryptography.hazmat.bindings._rust import openssl
from cryptography.hazmat.primitives import serialization
from moto.core.base_backend import AccountSpecificBackend, BackendDict
from moto.s3.models import FakeKey, S3BackendDict, s3_backends
from moto.s3.utils import _VersionedKeyStore
from moto.ssm.models import ParameterDict, SimpleSystemManagerBackend

from localcloud.errors import NotUsable
from localcloud.kept import Contents

OTHER_PARTITIONS = "aws-"
"""How the names of AWS's other partitions begin, China's and the governments': moto makes backends for them, with all
of AWS's policies in each, whoever asks for nothing there."""

LARGE = 100_000
"""Bytes from which on an object's body stands outside of the state: a bundle would be written anew with every save, and
no call is answered meanwhile."""

Name = tuple[str, str]
"""A module and a name in it: where one of moto's services is."""

_body: ContextVar[Callable[[str], bytes]] = ContextVar("body")


def dump(parts: Any, bodies: frozenset[str] = frozenset()) -> Contents:
    """All that moto holds, together with `parts`, whose references to moto's objects stay what they are. `bodies` are
    those that are kept already.

    Nothing may change it meanwhile. Raises what pickle raises where something cannot be kept.
    """
    needed: dict[str, FakeKey] = {}
    services = {
        _name(held): {
            account: {region: backend for region, backend in regions.items() if _is_ours(region)}
            for account, regions in held.items()
        }
        for held in list(BackendDict._instances)
    }
    out = io.BytesIO()
    pickler = pickle.Pickler(out, protocol=5)
    pickler.dispatch_table = {**_reducers(), FakeKey: lambda key: _reduce_object(key, needed)}
    pickler.dump({"services": services, "buckets": s3_backends.bucket_accounts, "parts": parts})
    new = {name: key.value for name, key in needed.items() if name not in bodies}
    return Contents(out.getvalue(), frozenset(needed), new)


def load(kept: bytes, body: Callable[[str], bytes]) -> Any:
    """Let moto hold what it held in `dump`, in place of what it holds now; returns the parts. `body` gives what stands
    outside, by its name.

    Raises `NotUsable` where that cannot be read, and then nothing has changed.
    """
    asked = _body.set(body)
    try:
        found = pickle.loads(kept)
    except Exception as unreadable:
        raise NotUsable(f"it cannot be read ({type(unreadable).__name__}: {unreadable})") from unreadable
    finally:
        _body.reset(asked)
    for name, accounts in found["services"].items():
        held = _service(*name)
        for account, regions in accounts.items():
            for region, backend in regions.items():
                held[account][region] = backend
    s3_backends.bucket_accounts.update(found["buckets"])
    return found["parts"]


def _is_ours(region: str) -> bool:
    return not region.startswith(OTHER_PARTITIONS)


def _reducers() -> dict[type, Callable[[Any], Any]]:
    return {
        **copyreg.dispatch_table,
        BackendDict: _reduce_service,
        S3BackendDict: _reduce_service,
        AccountSpecificBackend: lambda held: (_account, (*_name(_of(held)), held.account_id)),
        type(threading.Lock()): lambda _lock: (threading.Lock, ()),
        type(threading.RLock()): lambda _lock: (threading.RLock, ()),
        threading.Condition: lambda _condition: (threading.Condition, ()),
        openssl.rsa.RSAPrivateKey: _reduce_key,
        openssl.ec.ECPrivateKey: _reduce_key,
        _VersionedKeyStore: lambda store: (_VersionedKeyStore, (), dict(store), None, None, dict.update),
        ParameterDict: _reduce_parameters,
        SimpleSystemManagerBackend: _reduce_ssm,
    }


# --- moto's services: by name, since the program that loads has them already ---


def _name(held: Any) -> Name:
    module = held.backend.__module__
    found = [name for name, value in vars(sys.modules[module]).items() if value is held]
    if not found:
        raise pickle.PicklingError(f"{module} has no name for its service {held.service_name}")
    return module, found[0]


def _service(module: str, name: str) -> Any:
    __import__(module)
    return getattr(sys.modules[module], name)


def _reduce_service(held: Any) -> Any:
    return _service, _name(held)


def _of(account: Any) -> Any:
    return next(held for held in BackendDict._instances if held.get(account.account_id) is account)


def _account(module: str, name: str, account: str) -> Any:
    return _service(module, name)[account]


# --- S3's objects: their bodies never change ---


def _reduce_object(key: FakeKey, needed: dict[str, FakeKey]) -> Any:
    if key.disposed or key.contentsize < LARGE:
        return key.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
    digest = key.etag.strip('"')
    name = f"{digest}-{key.contentsize}"
    needed[name] = key
    # As moto's own, which would read the body.
    state = {what: value for what, value in vars(key).items() if what not in ("_value_buffer", "lock")}
    return _object, (), (name, state), None, None, _set_object


def _object() -> FakeKey:
    key: FakeKey = object.__new__(FakeKey)
    # There is nothing to dispose of yet, and may never be.
    key.disposed = True
    return key


def _set_object(key: FakeKey, kept: tuple[str, dict[str, Any]]) -> None:
    name, state = kept
    key.__setstate__({**state, "value": _body.get()(name)})


# --- what pickle cannot do by itself ---


def _reduce_key(key: Any) -> Any:
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return _key, (text,)


def _key(text: bytes) -> Any:
    return serialization.load_pem_private_key(text, None)


def _reduce_parameters(held: Any) -> Any:
    """A defaultdict is made again from its factory alone; this one wants to know where it is."""
    return ParameterDict, (held.account_id, held.region_name), dict(vars(held)), None, _items(held)


def _items(held: Mapping[Any, Any]) -> Iterator[tuple[Any, Any]]:
    return iter(list(dict.items(held)))  # type: ignore[arg-type]


def _reduce_ssm(backend: Any) -> Any:
    """Its tags are in a dictionary with a local function as its factory."""
    tags = {
        kind: {one: dict(tags) for one, tags in of.items()} for kind, of in backend._resource_tags.items()
    }
    state = {**vars(backend), "_resource_tags": tags}
    return object.__new__, (SimpleSystemManagerBackend,), state, None, None, _set_ssm


def _set_ssm(backend: Any, state: Mapping[str, Any]) -> None:
    tags: defaultdict[str, Any] = defaultdict(lambda: defaultdict(dict))
    for kind, of in state["_resource_tags"].items():
        tags[kind].update(of)
    vars(backend).update({**state, "_resource_tags": tags})
