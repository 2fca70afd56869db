"""/graphql: queries over the items, with variables, fragments, partial errors and introspection.

Small on purpose: object types and scalars, no mutations. The meta types stand in the same schema as the shop's, so
that introspection is checked and answered like any other query.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from httpkit_magics.demo.graphql_syntax import (
    Argument,
    Document,
    FieldType,
    GraphQLError,
    Parser,
    Query,
    Selection,
    TypeRef,
    Variable,
)
from httpkit_magics.demo.items import Items
from httpkit_magics.demo.operations import Answer, Operation, Parameter
from httpkit_magics.demo.problems import read_json

SCHEMA = """
type Query {
  items(tag: String, search: String, first: Int = 10, offset: Int = 0): [Item!]
  item(id: ID!): Item
  tags: [String!]!
  __schema: __Schema!
  __type(name: String!): __Type
}
type Item { id: ID! name: String! price: Float! stock: Int! tags: [String!]! created: String! related: [Item!]! }
type __Schema {
  description: String types: [__Type!]! queryType: __Type! mutationType: __Type subscriptionType: __Type
  directives: [__Directive!]!
}
type __Type {
  kind: String! name: String description: String specifiedByURL: String
  fields(includeDeprecated: Boolean = false): [__Field!] interfaces: [__Type!] possibleTypes: [__Type!]
  enumValues(includeDeprecated: Boolean = false): [__EnumValue!]
  inputFields(includeDeprecated: Boolean = false): [__InputValue!] ofType: __Type
}
type __Field {
  name: String! description: String args(includeDeprecated: Boolean = false): [__InputValue!]! type: __Type!
  isDeprecated: Boolean! deprecationReason: String
}
type __InputValue {
  name: String! description: String type: __Type! defaultValue: String isDeprecated: Boolean! deprecationReason: String
}
type __EnumValue { name: String! description: String isDeprecated: Boolean! deprecationReason: String }
type __Directive {
  name: String! description: String locations: [String!]! args(includeDeprecated: Boolean = false): [__InputValue!]!
  isRepeatable: Boolean!
}
"""
TYPES = Parser(SCHEMA).schema()
SCALARS = ("ID", "String", "Int", "Float", "Boolean")
MAX_FIRST = 100
MAX_FIELDS = 20_000  # of one answer: fragments within lists multiply

_EXAMPLE = {
    "query": 'query Tools($n: Int) { items(tag: "tools", first: $n) { id name price } }',
    "variables": {"n": 3},
}

# What a JSON value must be to be taken as the scalar.
_FITS: dict[str, Callable[[object], bool]] = {
    "ID": lambda value: isinstance(value, str | int) and not isinstance(value, bool),
    "String": lambda value: isinstance(value, str),
    "Int": lambda value: isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 31,
    "Float": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "Boolean": lambda value: isinstance(value, bool),
}


def _check_value(kind: TypeRef, value: Any, what: str) -> None:
    if value is None:
        if kind.is_required:
            raise GraphQLError(f"{what} of type {kind} must not be null.")
    elif kind.of:
        for member in value if isinstance(value, list) else [value]:
            _check_value(kind.of, member, what)
    elif kind.name not in _FITS or not _FITS[kind.name](value):
        raise GraphQLError(f"{what} of type {kind} can't be {json.dumps(value, default=str)[:60]}.")


class Execution:
    """One query on its way: the variables, and the errors that leave a null behind (section 6.4.4)."""

    def __init__(self, items: Items, document: Document, query: Query, given: Mapping[str, Any]) -> None:
        self._items = items
        self._fragments = document.fragments
        self._fields = 0
        self.errors: list[GraphQLError] = []
        self._variables: dict[str, Any] = {}
        for name, argument in query.variables.items():
            value = given.get(name, argument.default[0] if argument.default else None)
            _check_value(argument.type, value, f"variable ${name}")
            if name in given or argument.default:
                self._variables[name] = value
        self._declared = query.variables

    def run(self, selections: tuple[Selection, ...]) -> dict[str, Any]:
        """Return `data`."""
        return self._object("Query", selections, {}, ())

    def _object(
        self, kind: str, selections: tuple[Selection, ...], source: Mapping[str, Any], path: tuple[str | int, ...]
    ) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for selection in self._flatten(kind, selections, ()):
            if selection.name == "__typename":
                result[selection.alias] = kind
                continue
            found = TYPES[kind].get(selection.name)
            if found is None:
                raise GraphQLError(f"Cannot query field {selection.name!r} on type {kind!r}.", selection.place)
            self._check_leaf(selection, found.type)
            arguments = self._arguments(selection, found)
            here = (*path, selection.alias)
            try:
                value = self._resolve(kind, selection.name, source, arguments)
            except GraphQLError as error:
                self.errors.append(GraphQLError(str(error), selection.place, here))
                value = None
            result[selection.alias] = self._complete(found.type, selection, value, here)
        return result

    def _flatten(self, kind: str, selections: tuple[Selection, ...], within: tuple[str, ...]) -> list[Selection]:
        """Return the fields of the selections, with fragments opened and @skip and @include obeyed."""
        fields: list[Selection] = []
        for selection in selections:
            self._fields += 1
            if self._fields > MAX_FIELDS:
                raise GraphQLError(f"the answer has more than {MAX_FIELDS} fields.", selection.place)
            if not self._is_included(selection):
                continue
            if selection.name:
                fields.append(selection)
            elif selection.spread:
                fragment = self._fragments.get(selection.spread)
                if fragment is None or selection.spread in within:
                    fault = "spreads itself" if fragment else "is unknown"
                    raise GraphQLError(f"Fragment {selection.spread!r} {fault}.", selection.place)
                if fragment.on == kind:
                    fields += self._flatten(kind, fragment.selections, (*within, selection.spread))
            elif selection.on in ("", kind):
                fields += self._flatten(kind, selection.selections, within)
        return fields

    def _is_included(self, selection: Selection) -> bool:
        for name, arguments in selection.directives.items():
            if name not in ("skip", "include"):
                raise GraphQLError(f"Unknown directive '@{name}'.", selection.place)
            if bool(self._value(arguments.get("if"), selection)) == (name == "skip"):
                return False
        return True

    def _check_leaf(self, selection: Selection, kind: TypeRef) -> None:
        is_leaf = _named(kind) in SCALARS
        if is_leaf and selection.selections:
            raise GraphQLError(f"Field {selection.name!r} of type {kind} has no subfields.", selection.place)
        if not is_leaf and not selection.selections:
            raise GraphQLError(f"Field {selection.name!r} of type {kind} must have subfields.", selection.place)

    def _value(self, value: Any, selection: Selection) -> Any:
        if isinstance(value, Variable):
            if value.name not in self._declared:
                raise GraphQLError(f"Variable '${value.name}' is not defined.", selection.place)
            return self._variables.get(value.name)
        if isinstance(value, list):
            return [self._value(member, selection) for member in value]
        return value

    def _arguments(self, selection: Selection, found: FieldType) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name in selection.arguments:
            if name not in found.arguments:
                raise GraphQLError(f"Unknown argument {name!r} on field {selection.name!r}.", selection.place)
        for name, argument in found.arguments.items():
            value = self._value(selection.arguments.get(name), selection)
            if value is None and argument.default:
                value = argument.default[0]
            try:
                _check_value(argument.type, value, f"argument {name!r}")
            except GraphQLError as error:
                raise GraphQLError(str(error), selection.place) from None
            values[name] = value
        return values

    def _resolve(self, kind: str, name: str, source: Mapping[str, Any], arguments: dict[str, Any]) -> Any:
        if kind == "Query":
            return _QUERY[name](self._items, arguments)
        if kind == "Item" and name == "related":
            return [other for other in self._items.select(tags=source["tags"]) if other["id"] != source["id"]][:3]
        if kind == "Item" and name == "id":
            return str(source["id"])
        value = source.get(name)
        # A meta type refers to others without end, so its members are made when they are asked for.
        return value() if callable(value) else value

    def _complete(self, kind: TypeRef, selection: Selection, value: Any, path: tuple[str | int, ...]) -> Any:
        if value is None:
            return None
        if kind.of:
            return [self._complete(kind.of, selection, member, (*path, n)) for n, member in enumerate(value)]
        return value if kind.name in SCALARS else self._object(kind.name, selection.selections, value, path)


def _named(kind: TypeRef) -> str:
    return _named(kind.of) if kind.of else kind.name


def _find_items(items: Items, arguments: dict[str, Any]) -> list[Any]:
    first, offset = arguments["first"], arguments["offset"]
    if not (0 <= first <= MAX_FIRST and offset >= 0):
        raise GraphQLError(f"first must lie between 0 and {MAX_FIRST}, offset must not be negative.")
    tags = [arguments["tag"]] if arguments["tag"] else []
    return list(items.select(tags=tags, text=arguments["search"] or ""))[offset : offset + first]


def _find_item(items: Items, arguments: dict[str, Any]) -> Any:
    number = str(arguments["id"])
    if number.isdecimal() and len(number) < 10 and int(number) in items.by_id:
        return items.by_id[int(number)]
    raise GraphQLError(f"there is no item {number[:40]!r}.")


_QUERY: dict[str, Callable[[Items, dict[str, Any]], Any]] = {
    "items": _find_items,
    "item": _find_item,
    "tags": lambda items, _: sorted({tag for item in items.by_id.values() for tag in item["tags"]}),
    "__schema": lambda *_: _schema(),
    "__type": lambda _, arguments: _type(arguments["name"]) if arguments["name"] in (*TYPES, *SCALARS) else None,
}


def _schema() -> dict[str, Any]:
    return {
        "types": [_type(name) for name in (*TYPES, *SCALARS)],
        "queryType": _type("Query"),
        "directives": [
            {
                "name": name,
                "locations": ["FIELD", "FRAGMENT_SPREAD", "INLINE_FRAGMENT"],
                "args": [_input("if", Argument(TypeRef("Boolean", None, is_required=True)))],
                "isRepeatable": False,
            }
            for name in ("skip", "include")
        ],
    }


def _type(name: str) -> dict[str, Any]:
    if name in SCALARS:
        return {"kind": "SCALAR", "name": name}
    # The meta fields of Query are never listed (section 4.2).
    fields = {key: value for key, value in TYPES[name].items() if not key.startswith("__")}
    return {
        "kind": "OBJECT",
        "name": name,
        "interfaces": [],
        "fields": lambda: [
            {
                "name": key,
                "type": _ref(value.type),
                "args": [_input(*pair) for pair in value.arguments.items()],
                "isDeprecated": False,
            }
            for key, value in fields.items()
        ],
    }


def _ref(kind: TypeRef) -> dict[str, Any]:
    if kind.is_required:
        return {"kind": "NON_NULL", "ofType": _ref(TypeRef(kind.name, kind.of))}
    return {"kind": "LIST", "ofType": _ref(kind.of)} if kind.of else _type(kind.name)


def _input(name: str, argument: Argument) -> dict[str, Any]:
    default = json.dumps(argument.default[0]) if argument.default else None
    return {"name": name, "type": _ref(argument.type), "defaultValue": default, "isDeprecated": False}


class GraphQL:
    """The endpoint, over the same items as /items."""

    def __init__(self, items: Items) -> None:
        self._items = items

    def reset(self) -> None:
        """Do nothing: the items are /items'."""

    async def graphql(self, request: Request) -> Response:
        """Answer a query that stands in JSON."""
        return self._answer(await read_json(request))

    async def graphql_in_query(self, request: Request) -> Response:
        """Answer a query that stands in the query string."""
        return self._answer(dict(request.query_params))

    def _answer(self, given: object) -> Response:
        """Return 200 with data and errors of parts, or 400 where nothing could be run."""
        try:
            return JSONResponse(self._execute(given))
        except GraphQLError as error:
            return JSONResponse({"errors": [error.as_json()]}, 400)

    def _execute(self, given: object) -> dict[str, Any]:
        if not isinstance(given, dict) or not isinstance(given.get("query"), str):
            raise GraphQLError("the request must have a query.")
        variables = given.get("variables") or {}
        if isinstance(variables, str):
            try:
                variables = json.loads(variables)
            except (ValueError, RecursionError):
                variables = None
        if not isinstance(variables, dict):
            raise GraphQLError("variables must be an object.")
        document = Parser(given["query"]).document()
        query = _pick(document, given.get("operationName"))
        execution = Execution(self._items, document, query, variables)
        result: dict[str, Any] = {"data": execution.run(query.selections)}
        if execution.errors:
            result["errors"] = [error.as_json() for error in execution.errors]
        return result

    def operations(self) -> list[Operation]:
        """Return the rows of the endpoint."""
        answers = (Answer(200, "data, and errors of parts"), Answer(400, "nothing was run: only errors"))
        return [
            Operation(
                path="/graphql",
                tag="graphql",
                handler=self.graphql_in_query,
                summary="A GraphQL query in the query string.",
                parameters=(
                    Parameter("query", "string", "{ tags }", "the query"),
                    Parameter("variables", "string", "{}", "variables as JSON"),
                ),
                answers=answers,
            ),
            Operation(
                path="/graphql",
                tag="graphql",
                methods=("POST",),
                handler=self.graphql,
                summary="A GraphQL query over the items, with variables, fragments and introspection.",
                bodies={"application/json": cast("object", _EXAMPLE)},
                answers=answers,
                problems=(415,),
            ),
        ]


def _pick(document: Document, name: object) -> Query:
    """Return the operation to run (section 6.1)."""
    found = [query for query in document.operations if not name or query.name == name]
    if len(found) != 1:
        raise GraphQLError("operationName must name one of the operations." if document.operations else "no operation.")
    if found[0].kind != "query":
        raise GraphQLError(f"this schema has no {found[0].kind}s.")
    return found[0]
