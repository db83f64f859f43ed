"""API page: the API's description (OpenAPI) as a page that people read."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from fastapi import APIRouter, Request, Response

from indexer.web.rendering import page

router = APIRouter(include_in_schema=False)
Schema = Mapping[str, Any]
_SCHEMAS = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class DocRow:
    """A parameter, or a field of an object; kind: its type, in words."""

    name: str
    kind: str
    about: str
    required: bool


@dataclass(frozen=True, slots=True)
class Route:
    """A route: its parameters, its responses (status, kind, about), and an example request for a shell."""

    anchor: str
    method: str
    path: str
    summary: str
    about: str
    parameters: tuple[DocRow, ...]
    bodies: tuple[tuple[str, str], ...]
    answers: tuple[DocRow, ...]
    example: str


@router.get("/api")
def api(request: Request) -> Response:
    """Show the routes of the API."""
    described = request.app.openapi()
    base = str(request.base_url).rstrip("/")
    return page(
        request,
        "api.html",
        title="HTTP API",
        about=described["info"]["description"],
        operations=list(operations(described, base)),
        records=sorted(records(described).items()),
    )


def operations(described: Schema, base: str) -> Iterator[Route]:
    """Yield the routes of a description. base: the address of the server, for the examples."""
    for path, methods in described["paths"].items():
        for method, told in methods.items():
            parameters = told.get("parameters", [])
            content = told.get("requestBody", {}).get("content", {})
            yield Route(
                anchor=told["operationId"],
                method=method.upper(),
                path=path,
                summary=told.get("summary", ""),
                about=told.get("description", ""),
                parameters=tuple(map(_parameter, parameters)),
                bodies=tuple((media, kind(each.get("schema", {}))) for media, each in content.items()),
                answers=tuple(_answer(status, each) for status, each in told["responses"].items()),
                example=_example(method, base + path, parameters, content, described),
            )


def records(described: Schema) -> dict[str, list[DocRow]]:
    """Return the fields of every object in the API's requests and responses, by its name."""
    schemas = described.get("components", {}).get("schemas", {})
    return {name: list(_fields(schema)) for name, schema in schemas.items()}


def kind(schema: Schema) -> str:
    """Return the type of a schema, in words: 'list of Hit', 'text or null'."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_SCHEMAS)
    if several := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(dict.fromkeys(map(kind, several)))
    if chosen := schema.get("enum", [schema["const"]] if "const" in schema else None):
        return " or ".join(json.dumps(each) for each in chosen)
    if schema.get("type") == "array":
        return f"list of {kind(schema.get('items', {}))}"
    if schema.get("format") == "binary" or "contentMediaType" in schema:
        return "bytes"
    return _WORDS.get(str(schema.get("type", "")), "anything")


_WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "null",
    "object": "object",
}


def _parameter(told: Schema) -> DocRow:
    schema = told["schema"]
    default = f" Default: {json.dumps(schema['default'])}." if schema.get("default") not in (None, "") else ""
    about = told.get("description") or schema.get("description") or ""
    return DocRow(told["name"], kind(schema) + _range(schema), about + default, told.get("required", False))


def _range(schema: Schema) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None and high is None:
        return ""
    if high is None or high >= 2**31 - 1:
        return f", at least {low}"
    return f", {low} to {high}"


def _answer(status: str, told: Schema) -> DocRow:
    kinds = [
        kind(each.get("schema", {})) if each.get("schema") else media for media, each in told.get("content", {}).items()
    ]
    about = told.get("description", "")
    return DocRow(status, " or ".join(kinds), "" if about == "Successful Response" else about, required=False)


def _fields(schema: Schema) -> Iterator[DocRow]:
    needed = schema.get("required", ())
    for name, each in schema.get("properties", {}).items():
        yield DocRow(name, kind(each) + _range(each), each.get("description", ""), name in needed)


def _example(method: str, url: str, parameters: list[Any], content: Schema, described: Schema) -> str:
    for each in parameters:
        url = url.replace(f"{{{each['name']}}}", "1")
    asked = "&".join(
        f"{each['name']}={quote_plus(str(_sample(each['schema'])))}" for each in parameters if _is_worth_showing(each)
    )
    parts = ["curl", *([] if method == "get" else ["-X", method.upper()])]
    if "application/json" in content:
        body = json.dumps(_sample(content["application/json"]["schema"], described))
        parts += ["-H", "Content-Type: application/json", "-d", body]
    elif content:
        parts += ["--data-binary", "@photo.jpg"]
    return shlex.join([*parts, f"{url}?{asked}" if asked else url])


def _is_worth_showing(parameter: Schema) -> bool:
    return parameter["in"] == "query" and bool(parameter.get("required") or parameter["name"] == "q")


def _sample(schema: Schema, described: Schema | None = None) -> Any:
    """Return an example value of a schema."""
    if "$ref" in schema and described is not None:
        schema = described["components"]["schemas"][schema["$ref"].removeprefix(_SCHEMAS)]
    if "examples" in schema:
        return schema["examples"][0]
    if "anyOf" in schema:
        return _sample(schema["anyOf"][0], described)
    if "properties" in schema:
        return {name: _sample(each, described) for name, each in schema["properties"].items()}
    if schema.get("type") == "array":
        return [_sample(schema.get("items", {}), described)]
    samples = {"integer": max(1, schema.get("minimum", 1)), "number": 0.5, "boolean": True, "string": "dog"}
    return samples.get(str(schema.get("type")))
