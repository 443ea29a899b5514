"""The messages of the Terraform plugin protocol, version 5, made at run time.

Source: `tfplugin5.proto` in github.com/hashicorp/terraform, docs/plugin-protocol. Only the fields that
are used are here; protobuf passes over the others. Numbers and types must never change.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_PACKAGE = "tfplugin5"
# One message a line: NAME: FIELD TYPE NUMBER, ...; `*` is repeated, `|` belongs to a oneof.
_MESSAGES = """
DynamicValue: msgpack bytes 1, json bytes 2
AttributePath.Step: attribute_name |string 1, element_key_string |string 2, element_key_int |int64 3
AttributePath: steps *AttributePath.Step 1
Diagnostic: severity int32 1, summary string 2, detail string 3, attribute AttributePath 4
RawState: json bytes 1
Attribute: name string 1, type bytes 2, required bool 4, optional bool 5, computed bool 6, sensitive bool 7
NestedBlock: type_name string 1, block Block 2, nesting int32 3, min_items int64 4, max_items int64 5
Block: version int64 1, attributes *Attribute 2, block_types *NestedBlock 3
Schema: version int64 1, block Block 2
ClientCapabilities: deferral_allowed bool 1, write_only_attributes_allowed bool 2
Empty:
NamedSchema: key string 1, value Schema 2
Schemas: provider Schema 1, resource_schemas *NamedSchema 2, data_source_schemas *NamedSchema 3, \
 diagnostics *Diagnostic 4
PrepareRequest: config DynamicValue 1
PrepareResponse: prepared_config DynamicValue 1, diagnostics *Diagnostic 2
ConfigureRequest: terraform_version string 1, config DynamicValue 2, client_capabilities ClientCapabilities 3
ValidateRequest: type_name string 1, config DynamicValue 2, client_capabilities ClientCapabilities 3
Diagnostics: diagnostics *Diagnostic 1
UpgradeRequest: type_name string 1, version int64 2, raw_state RawState 3
UpgradeResponse: upgraded_state DynamicValue 1, diagnostics *Diagnostic 2
ReadRequest: type_name string 1, current_state DynamicValue 2, private bytes 3
ReadResponse: new_state DynamicValue 1, diagnostics *Diagnostic 2, private bytes 3
PlanRequest: type_name string 1, prior_state DynamicValue 2, proposed_new_state DynamicValue 3, \
 config DynamicValue 4, prior_private bytes 5
PlanResponse: planned_state DynamicValue 1, requires_replace *AttributePath 2, planned_private bytes 3, \
 diagnostics *Diagnostic 4
ApplyRequest: type_name string 1, prior_state DynamicValue 2, planned_state DynamicValue 3, \
 config DynamicValue 4, planned_private bytes 5
ApplyResponse: new_state DynamicValue 1, private bytes 2, diagnostics *Diagnostic 3
ImportRequest: type_name string 1, id string 2
Imported: type_name string 1, state DynamicValue 2, private bytes 3
ImportResponse: imported_resources *Imported 1, diagnostics *Diagnostic 2
DataRequest: type_name string 1, config DynamicValue 2
DataResponse: state DynamicValue 1, diagnostics *Diagnostic 2
StopResponse: error string 1
"""

# RPC: (request, response)
CALLS = {
    "GetSchema": ("Empty", "Schemas"),
    "PrepareProviderConfig": ("PrepareRequest", "PrepareResponse"),
    "Configure": ("ConfigureRequest", "Diagnostics"),
    "ValidateResourceTypeConfig": ("ValidateRequest", "Diagnostics"),
    "ValidateDataSourceConfig": ("ValidateRequest", "Diagnostics"),
    "UpgradeResourceState": ("UpgradeRequest", "UpgradeResponse"),
    "ReadResource": ("ReadRequest", "ReadResponse"),
    "PlanResourceChange": ("PlanRequest", "PlanResponse"),
    "ApplyResourceChange": ("ApplyRequest", "ApplyResponse"),
    "ImportResourceState": ("ImportRequest", "ImportResponse"),
    "ReadDataSource": ("DataRequest", "DataResponse"),
    "Stop": ("Empty", "StopResponse"),
}

_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "bytes": _Field.TYPE_BYTES,
    "string": _Field.TYPE_STRING,
    "bool": _Field.TYPE_BOOL,
    "int32": _Field.TYPE_INT32,
    "int64": _Field.TYPE_INT64,
}


def _message_name(name: str) -> str:
    return name.replace(".", "_")


def _add_field(message: Any, text: str) -> None:
    name, kind, number = text.split()
    field = message.field.add(name=name, number=int(number), label=_Field.LABEL_OPTIONAL)
    if kind.startswith("*"):
        field.label = _Field.LABEL_REPEATED
    if kind.startswith("|"):
        if not message.oneof_decl:
            message.oneof_decl.add(name="selector")
        field.oneof_index = 0
    kind = kind.lstrip("*|")
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type = _Field.TYPE_MESSAGE
        field.type_name = f".{_PACKAGE}.{_message_name(kind)}"


def _build() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="tfplugin5.proto", package=_PACKAGE, syntax="proto3")
    names = []
    for line in _MESSAGES.strip().splitlines():
        name, _, fields = line.partition(":")
        names.append(name)
        message = file.message_type.add(name=_message_name(name))
        for text in filter(None, map(str.strip, fields.split(","))):
            _add_field(message, text)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    find = pool.FindMessageTypeByName
    return {
        name: message_factory.GetMessageClass(find(f"{_PACKAGE}.{_message_name(name)}")) for name in names
    }


MESSAGES: dict[str, Any] = _build()
