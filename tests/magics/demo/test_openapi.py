"""The OpenAPI document, the index, and that both are true."""

from __future__ import annotations

import json
import re

import httpx
import pytest

from httpkit_magics.demo.app import Demo
from httpkit_magics.demo.operations import plain_path


@pytest.fixture
def document(api):
    """The OpenAPI document as a client gets it."""
    return api.get("/openapi.json").json()


def _operations(document):
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_the_document_says_where_it_is_served(api, document):
    """Version, server, and the raw side as an extension."""
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": str(api.base_url).rstrip("/")}]
    assert document["x-broken"] == api.get("/broken").json()


def test_every_reference_leads_somewhere(document):
    """No $ref and no security scheme without its component."""
    references = re.findall(r'"\$ref": "#/components/schemas/(\w+)"', json.dumps(document))
    assert set(references) == set(document["components"]["schemas"])
    schemes = {
        name for *_, operation in _operations(document) for entry in operation.get("security", []) for name in entry
    }
    assert schemes == set(document["components"]["securitySchemes"])


def test_every_schema_has_an_example_that_is_complete(document):
    """With each member that it requires, and none that it doesn't know."""
    for schema in document["components"]["schemas"].values():
        for example in schema["examples"]:
            assert set(schema["required"]) <= set(example) <= set(schema["properties"])


def test_operation_ids_are_unique(document):
    """Importers name requests by them."""
    names = [operation["operationId"] for *_, operation in _operations(document)]
    assert len(names) == len(set(names))


def test_path_parameters_are_declared(document):
    """Each name in the template, with an example."""
    for path, _, operation in _operations(document):
        declared = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
        assert declared == set(re.findall(r"\{(\w+)\}", path))
        assert all("example" in parameter for parameter in operation.get("parameters", []))


def test_the_index_and_the_document_have_the_same_paths(api, document):
    """Each with a sentence."""
    rows = api.get("/").json()["paths"]
    assert {row["path"] for row in rows} == set(document["paths"])
    assert all(row["summary"].endswith(".") for row in rows)


def test_the_index_is_a_page_for_a_browser(api):
    """By Accept."""
    response = api.get("/", headers={"Accept": "text/html,*/*;q=0.8"})
    assert response.headers["content-type"].startswith("text/html")
    assert "/items/{id}" in response.text


def _rows():
    demo = Demo("http://127.0.0.1:1")
    return [(method, row) for row in demo.operations for method in row.methods]


@pytest.mark.parametrize(("method", "row"), _rows(), ids=lambda value: getattr(value, "path", value))
def test_every_example_of_the_document_is_answered_as_it_says(api, method, row):
    """With the examples of all its parameters and of its content, the status and media type are declared ones."""
    operation = api.get("/openapi.json").json()["paths"][plain_path(row.path)][method.lower()]
    path, query, headers = plain_path(row.path), {}, {}
    for parameter in operation["parameters"]:
        value = parameter["example"]
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", text)
        else:
            (query if parameter["in"] == "query" else headers)[parameter["name"]] = text
    query.pop("drop_after", None)
    for content in _contents(operation):
        fields = {**headers, **content.pop("headers", {})}
        response: httpx.Response = api.request(method, path, params=query, headers=fields, **content)
        assert response.status_code < 500
        declared = operation["responses"][str(response.status_code)].get("content", {})
        if response.content:
            assert response.headers["content-type"].partition(";")[0] in declared


def _contents(operation):
    """Yield the options that send each example of content."""
    contents = operation.get("requestBody", {}).get("content", {})
    if not contents:
        yield {}
    for media, entry in contents.items():
        if "json" in media:
            yield {"content": json.dumps(entry["example"]), "headers": {"Content-Type": media}}
        elif "urlencoded" in media:
            yield {"data": entry["example"]}
        elif "multipart" in media:
            yield {"files": {"drawing": ("a.png", b"png")}, "data": {"size": "M6"}}
        else:
            yield {"content": b"any bytes", "headers": {"Content-Type": media}}
