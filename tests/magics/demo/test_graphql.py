"""/graphql: queries, variables, errors and introspection."""

from __future__ import annotations

import json

import pytest


def _ask(api, query, status=200, **more):
    response = api.post("/graphql", json={"query": query, **more})
    assert response.status_code == status
    return response.json()


def test_a_query_selects_fields_of_the_items(api):
    """In the order asked for, under their aliases."""
    answer = _ask(api, '{ tools: items(tag: "tools", first: 1) { __typename cost: price name } }')
    assert answer == {"data": {"tools": [{"__typename": "Item", "cost": 14.22, "name": "Claw hammer 300 g"}]}}


def test_variables_have_types_and_defaults(api):
    """A missing required variable is an error before anything runs."""
    query = "query Find($id: ID!, $n: Int = 2) { item(id: $id) { id related { id } } items(first: $n) { id } }"
    answer = _ask(api, query, variables={"id": 7})
    assert (answer["data"]["item"]["id"], len(answer["data"]["items"])) == ("7", 2)
    assert "must not be null" in _ask(api, query, status=400)["errors"][0]["message"]
    assert _ask(api, query, status=400, variables={"id": 1, "n": "x"})["errors"]


def test_a_missing_item_is_null_with_an_error(api):
    """The rest of the answer is there (section 6.4.4)."""
    answer = _ask(api, "{ none: item(id: 999) { name } tags }")
    assert answer["data"]["none"] is None
    assert "garden" in answer["data"]["tags"]
    assert answer["errors"] == [
        {"message": "there is no item '999'.", "locations": [{"line": 1, "column": 3}], "path": ["none"]}
    ]


def test_fragments_and_directives_choose(api):
    """Named and inline fragments, @include and @skip."""
    query = """
      query ($yes: Boolean!) { item(id: "2") { ...short ... on Item { stock @skip(if: $yes) } } }
      fragment short on Item { id  # the number
        name @include(if: $yes) }
    """
    assert _ask(api, query, variables={"yes": True})["data"]["item"] == {"id": "2", "name": "Hex nut M4"}


def test_operations_are_chosen_by_name(api):
    """Of several operations one must be named."""
    query = "query A { tags } query B { item(id: 1) { id } }"
    assert _ask(api, query, operationName="B") == {"data": {"item": {"id": "1"}}}
    assert _ask(api, query, status=400)["errors"]


def test_get_takes_the_query_string(api):
    """Variables are JSON there."""
    params = {"query": "query($n: Int){ items(first: $n) { id } }", "variables": json.dumps({"n": 1})}
    assert api.get("/graphql", params=params).json() == {"data": {"items": [{"id": "1"}]}}


@pytest.mark.parametrize(
    ("query", "message", "place"),
    [
        ("{ items { colour } }", "Cannot query field 'colour' on type 'Item'.", (1, 11)),
        ("{\n  nothing\n}", "Cannot query field 'nothing' on type 'Query'.", (2, 3)),
        ("{ items }", "must have subfields", (1, 3)),
        ("{ tags { id } }", "has no subfields", (1, 3)),
        ("{ items(colour: 1) { id } }", "Unknown argument 'colour'", (1, 3)),
        ("{ items(first: $n) { id } }", "'$n' is not defined", (1, 3)),
        ("{ items(first: {}) { id } }", "can't be {}", (1, 3)),
        ("{ item(id: 1) { ...f } } fragment f on Item { ...f }", "spreads itself", (1, 47)),
        ("{ item(id: 1) { id @fast } }", "Unknown directive", (1, 17)),
        ("{ items(", "unexpected '<EOF>'", (1, 9)),
        ('{ a(b: "\\q") }', "bad escape", (1, 8)),
        ("{ ? }", "unexpected character '?'", (1, 3)),
    ],
)
def test_what_is_wrong_is_said_with_its_place(api, query, message, place):
    """400, and only errors."""
    answer = _ask(api, query, status=400)
    assert message in answer["errors"][0]["message"]
    assert answer["errors"][0]["locations"] == [{"line": place[0], "column": place[1]}]
    assert "data" not in answer


@pytest.mark.parametrize(
    "query",
    [
        "mutation { buy }",
        "",
        "{" * 100,
        "{ items(tag: " + "[" * 1000,
        "{ a }" * 20_000,
        "{ ...f0 }" + "".join(f" fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(100)),
    ],
)
def test_hostile_queries_are_errors(api, query):
    """Bounded in length, depth and work."""
    assert _ask(api, query, status=400)["errors"]


def test_introspection_names_types_and_fields(api):
    """Enough for a client to complete field names: the usual query, with its fragments."""
    query = """
      query IntrospectionQuery { __schema { queryType { name } mutationType { name }
        types { ...FullType } directives { name locations args { ...InputValue } } } }
      fragment FullType on __Type { kind name description
        fields(includeDeprecated: true) { name args { ...InputValue } type { ...TypeRef } isDeprecated }
        inputFields { ...InputValue } interfaces { ...TypeRef } enumValues(includeDeprecated: true) { name }
        possibleTypes { ...TypeRef } }
      fragment InputValue on __InputValue { name type { ...TypeRef } defaultValue }
      fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }
    """
    schema = _ask(api, query)["data"]["__schema"]
    types = {kind["name"]: kind for kind in schema["types"]}
    assert schema["queryType"] == {"name": "Query"}
    assert [field["name"] for field in types["Query"]["fields"]] == ["items", "item", "tags"]
    assert types["Query"]["fields"][0]["args"][2] == {
        "name": "first",
        "type": {"kind": "SCALAR", "name": "Int", "ofType": None},
        "defaultValue": "10",
    }
    assert [field["name"] for field in types["Item"]["fields"]][:3] == ["id", "name", "price"]
    assert types["Item"]["fields"][0]["type"]["ofType"]["name"] == "ID"
    assert _ask(api, '{ __type(name: "Item") { name } }') == {"data": {"__type": {"name": "Item"}}}
