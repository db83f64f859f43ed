"""The API's description is exact: every route says what it takes and answers, and answers nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

pytestmark = pytest.mark.filterwarnings("ignore:.*jsonschema.*:DeprecationWarning")
PROBLEM = "application/problem+json"
ENDLESS = ("/api/events",)


@pytest.fixture(scope="module")
def described(client) -> dict[str, Any]:
    """The description, as a program gets it."""
    told: dict[str, Any] = client.get("/api/openapi.json").json()
    return told


def operations(described: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in described["paths"].items():
        for method, told in methods.items():
            yield f"{method.upper()} {path}", told


def test_the_routes_are_those_of_the_contract(described) -> None:
    assert {name for name, _ in operations(described)} == {
        "GET /api/search",
        "GET /api/timeline",
        "GET /api/shapes",
        "GET /api/suggest",
        "GET /api/tags",
        "GET /api/duplicates",
        "GET /api/photos/{photo}",
        "GET /api/photos/{photo}/similar",
        "GET /api/photos/{photo}/thumbnail",
        "GET /api/photos/{photo}/original",
        "POST /api/photos/{photo}/tags",
        "POST /api/photos/{photo}/rating",
        "POST /api/photos/{photo}/hidden",
        "POST /api/classify",
        "POST /api/faces",
        "POST /api/similar-faces",
        "GET /api/faces/{face}/similar",
        "GET /api/faces/{face}/thumbnail",
        "POST /api/faces/move",
        "GET /api/people",
        "GET /api/people/{person}",
        "POST /api/people/{person}/name",
        "POST /api/people/{person}/split",
        "POST /api/people/{person}/hide",
        "GET /api/people/{person}/similar",
        "POST /api/people/{person}/refuse",
        "POST /api/people/merge",
        "GET /api/people/undo",
        "POST /api/people/undo",
        "GET /api/history",
        "POST /api/undo",
        "POST /api/people/cluster",
        "GET /api/status",
        "GET /api/events",
        "GET /api/failures",
        "POST /api/scan",
        "POST /api/scan/stop",
    }


def test_every_route_has_a_summary_and_says_what_it_answers(described) -> None:
    for name, told in operations(described):
        assert told["summary"], name
        assert told["description"], name
        answers = [each for status, each in told["responses"].items() if status.startswith("2")]
        assert answers, name
        for answer in answers:
            for media, each in answer.get("content", {}).items():
                assert each.get("schema") or media != "application/json", f"{name}: anything"


def test_every_error_is_a_problem(described) -> None:
    for name, told in operations(described):
        errors = {status: each for status, each in told["responses"].items() if int(status) >= 400}
        assert {"401", "403", "422", "500", "503"} <= errors.keys(), name
        for status, each in errors.items():
            assert list(each["content"]) == [PROBLEM], f"{name} {status}"


def test_everything_that_is_named_is_described(described) -> None:
    known = described["components"]["schemas"]
    named = set(re.findall(r"#/components/schemas/([\w.-]+)", str(described)))
    assert named <= known.keys()
    assert not [name for name in known if "__" in name], "two records have one name"
    for name, schema in known.items():
        assert schema.get("description"), f"{name} does not say what it is"


def test_optional_fields_are_told_as_such(described) -> None:
    schemas = described["components"]["schemas"]
    assert "path_bytes" not in schemas["HitRecord"]["required"]
    assert "distance_km" not in schemas["HitRecord"]["required"]
    assert {"photo", "path", "score", "width"} <= set(schemas["HitRecord"]["required"])
    assert {"type", "title", "status", "detail"} == set(schemas["ProblemRecord"]["required"])


def test_the_page_of_the_api_lists_every_route_and_loads_nothing_from_elsewhere(client, described) -> None:
    answer = client.get("/api")
    page = answer.text
    assert answer.headers["content-type"].startswith("text/html")
    for name, told in operations(described):
        method, path = name.split(" ")
        assert f"<b>{method}</b> {path}" in page
        assert f'id="{told["operationId"]}"' in page
    for name in described["components"]["schemas"]:
        assert f'id="{name}"' in page
    links = re.findall(r'(?:src|href)="([^"#]+)"', page)
    assert links
    assert all(link.startswith("/") for link in links)
    assert re.findall(r'<script(?! (?:type="module" )?src="/static/)', page) == []
    assert "style=" not in page


@pytest.fixture(scope="module")
def tried(serve, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, Any]]:
    """An application to be broken, and its description as schemathesis reads it."""
    folder: Path = tmp_path_factory.mktemp("tried")
    with serve(folder, serve_upload_mb=1) as served:
        schema = schemathesis.openapi.from_dict(served.client.get("/api/openapi.json").json())
        schema.app = served.client.app
        yield served.client, schema


def test_nothing_that_is_asked_breaks_the_server(tried) -> None:
    ask_all(tried, examples=5)


@pytest.mark.long
def test_nothing_at_all_that_is_asked_breaks_the_server(tried) -> None:
    ask_all(tried, examples=250)


def ask_all(tried: tuple[TestClient, Any], examples: int) -> None:
    """Ask every route for made-up things; each answer must be one that the description knows."""
    client, schema = tried
    asked = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path not in ENDLESS:
            for mode in GenerationMode:
                ask(client, operation.as_strategy(generation_mode=mode), examples)
            asked += 1
    assert asked > 20


def ask(client: TestClient, cases: st.SearchStrategy[Any], examples: int) -> None:
    @given(case=cases)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    def check(case: Any) -> None:
        case.validate_response(answer(client, case.as_transport_kwargs(base_url=ADDRESS)), checks=CHECKS)

    with suppress(Unsatisfiable):  # a route that takes nothing cannot be asked for the wrong thing
        check()


def answer(client: TestClient, asked: dict[str, Any]) -> httpx.Response:
    try:
        request = client.build_request(**asked)
        request.read()  # forms are sent piece by piece
    except (AttributeError, TypeError):  # a number for a file: no form can carry it
        reject()
    return client.send(request)


ADDRESS = "http://127.0.0.1:8710"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
