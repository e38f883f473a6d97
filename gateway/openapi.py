"""OpenAPI 3.1 from the contracts: every message a body uses becomes a component, with its rules and comments."""

import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from google.api import field_behavior_pb2
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from buf.validate import validate_pb2
from gateway.protojson import PROTO_MARK, enum_choices

_WELL_KNOWN: dict[str, dict[str, Any]] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {"type": "string", "pattern": r"^\d+(\.\d+)?s$", "examples": ["300s"]},
    "google.protobuf.Struct": {"type": "object"},
}

UNSPECIFIED = "unspecified"
"""What an enum field without presence reads while unset."""

_SCALARS: dict[int, dict[str, Any]] = {
    FieldDescriptor.CPPTYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.CPPTYPE_INT32: {"type": "integer", "format": "int32"},
    FieldDescriptor.CPPTYPE_UINT32: {"type": "integer", "minimum": 0},
    FieldDescriptor.CPPTYPE_INT64: {"type": "integer", "format": "int64"},
    FieldDescriptor.CPPTYPE_UINT64: {"type": "integer", "minimum": 0},
    FieldDescriptor.CPPTYPE_DOUBLE: {"type": "number"},
    FieldDescriptor.CPPTYPE_FLOAT: {"type": "number"},
    FieldDescriptor.CPPTYPE_STRING: {"type": "string"},
}

PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem.",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "Sentence for people."},
        "code": {"type": "string", "description": "Stable reason to program against."},
        "request_id": {"type": "string", "description": "Names the request in the logs."},
        "errors": {
            "type": "array",
            "description": "The failing fields.",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
    "examples": [
        {
            "type": "about:blank",
            "title": "Not Found",
            "status": 404,
            "detail": "No export has this id.",
            "code": "EXPORT_NOT_FOUND",
            "request_id": "3f0c8f0e-6f0b-4b55-9d1c-0f2f2a9b7c11",
        }
    ],
}


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of an application."""
    document: dict[str, Any] = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        summary=app.summary,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
    )
    components = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        components.pop(unused, None)
    wanted: list[str] = []
    document = _with_references(document, wanted)
    schemas = document["components"]["schemas"]
    comments = _comments()
    while wanted:
        name = wanted.pop()
        descriptor = descriptor_pool.Default().FindMessageTypeByName(name)
        if descriptor.name not in schemas:
            schemas[descriptor.name] = _message(descriptor, comments, wanted)
    schemas["Problem"] = PROBLEM
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    _answer_with_problems(document)
    return document


def _with_references(value: Any, wanted: list[str]) -> Any:
    """The document with each marked schema replaced by a reference; the messages are noted in `wanted`."""
    if isinstance(value, list):
        return [_with_references(each, wanted) for each in value]
    if not isinstance(value, dict):
        return value
    if PROTO_MARK in value:
        wanted.append(value[PROTO_MARK])
        return {"$ref": f"#/components/schemas/{value[PROTO_MARK].rsplit('.', 1)[1]}"}
    return {key: _with_references(each, wanted) for key, each in value.items()}


def _message(descriptor: Descriptor, comments: Mapping[str, str], wanted: list[str]) -> dict[str, Any]:
    properties = {field.name: _field(field, comments, wanted) for field in descriptor.fields}
    required = [field.name for field in descriptor.fields if _behaves(field, field_behavior_pb2.REQUIRED)]
    return {
        "type": "object",
        "description": comments.get(descriptor.full_name, ""),
        "properties": properties,
        **({"required": required} if required else {}),
        # Requests are read strictly; answers grow, and whoever checks them has to let them.
        **({"additionalProperties": False} if descriptor.name.endswith("Request") else {}),
    }


def _field(field: FieldDescriptor, comments: Mapping[str, str], wanted: list[str]) -> dict[str, Any]:
    rules = field.GetOptions().Extensions[validate_pb2.field]
    about: dict[str, Any] = {"description": comments.get(field.full_name, "")}
    if _behaves(field, field_behavior_pb2.OUTPUT_ONLY):
        about["readOnly"] = True
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return {"type": "object", "additionalProperties": {"type": "string"}, **about}
    if not field.is_repeated:
        return {**_value(field, rules, wanted), **about}
    items = _value(field, rules.repeated.items, wanted)
    limits = {"minItems": rules.repeated.min_items, "maxItems": rules.repeated.max_items}
    return {
        "type": "array",
        "items": items,
        **{key: limit for key, limit in limits.items() if limit},
        **about,
    }


def _value(field: FieldDescriptor, rules: validate_pb2.FieldRules, wanted: list[str]) -> dict[str, Any]:
    if field.message_type is not None:
        name = field.message_type.full_name
        if name in _WELL_KNOWN:
            return dict(_WELL_KNOWN[name])
        wanted.append(name)
        return {"$ref": f"#/components/schemas/{field.message_type.name}"}
    if field.enum_type is not None:
        unset = [] if field.has_presence or _behaves(field, field_behavior_pb2.REQUIRED) else [UNSPECIFIED]
        return {"type": "string", "enum": [*enum_choices(field.enum_type), *unset]}
    if field.type == FieldDescriptor.TYPE_BYTES:
        return {"type": "string", "contentEncoding": "base64"}
    return {**_SCALARS[field.cpp_type], **_text_rules(rules.string), **_number_rules(rules)}


def _text_rules(rules: validate_pb2.StringRules) -> dict[str, Any]:
    found: dict[str, Any] = {"minLength": rules.min_len, "maxLength": rules.max_len, "pattern": rules.pattern}
    if rules.uuid:
        found["format"] = "uuid"
    return {key: value for key, value in found.items() if value}


def _number_rules(rules: validate_pb2.FieldRules) -> dict[str, Any]:
    kind = rules.WhichOneof("type")
    if kind not in {"int32", "int64", "double", "float", "uint32", "uint64"}:
        return {}
    numbers = getattr(rules, kind)
    bounds = {"minimum": "gte", "maximum": "lte", "exclusiveMinimum": "gt", "exclusiveMaximum": "lt"}
    return {key: getattr(numbers, rule) for key, rule in bounds.items() if numbers.HasField(rule)}


def _behaves(field: FieldDescriptor, behavior: int) -> bool:
    return behavior in field.GetOptions().Extensions[field_behavior_pb2.field_behavior]


def _answer_with_problems(document: dict[str, Any]) -> None:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = {"description": "A problem.", "content": content}


def _comments() -> Mapping[str, str]:
    found: Mapping[str, str] = json.loads(
        resources.files("vitae").joinpath("comments.json").read_text("utf-8")
    )
    return found
