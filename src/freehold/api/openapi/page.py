"""The document as a page for people: HTML that is complete in itself.

It needs no network but the service's own answer and runs no script, so that a
browser can be told to allow neither (`POLICY`). Whatever comes from the document
is escaped.
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from html import escape
from typing import Any

from freehold.api.openapi.document import Document

VERBS = ("get", "post", "put", "delete")

_STYLE = """
:root { color-scheme: light dark; --soft: #8883; --link: light-dark(#0b57a4, #8ab8f0); }
* { box-sizing: border-box; }
body { margin: 0; display: flex; font: 15px/1.5 system-ui, sans-serif; }
nav { width: 15rem; flex: none; height: 100vh; overflow: auto; position: sticky; top: 0;
      padding: 1.2rem; border-right: 1px solid var(--soft); }
nav ul { list-style: none; margin: 0; padding: 0; }
nav li { margin: .3rem 0; }
main { flex: 1; min-width: 0; max-width: 62rem; padding: 1.2rem 2rem 4rem; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
h1 { margin: 0 0 .2rem; }
h2 { margin: 2.2rem 0 .2rem; }
h3 { margin: 1rem 0 .3rem; font-size: 1em; }
code, .type { font: 13px/1.4 ui-monospace, monospace; }
.type { color: light-dark(#666, #aaa); }
details { border: 1px solid var(--soft); border-radius: 6px; margin: .45rem 0; }
details > div { padding: 0 1rem 1rem; overflow-x: auto; }
summary { cursor: pointer; padding: .45rem .8rem; }
summary b { display: inline-block; min-width: 4.2em; font: bold 13px ui-monospace, monospace; }
.get { color: light-dark(#0b57a4, #8ab8f0); }
.post { color: light-dark(#17713a, #7fd39b); }
.put { color: light-dark(#8a5a00, #e8b95c); }
.delete { color: light-dark(#a3231f, #f09a97); }
summary span { float: right; }
table { border-collapse: collapse; width: 100%; }
td { border-top: 1px solid var(--soft); padding: .3rem .8rem .3rem 0; vertical-align: top; }
td:first-child { white-space: nowrap; }
@media (max-width: 50rem) { nav { display: none; } main { padding: 1rem; }
  summary span { float: none; display: block; } }
"""

POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    f"style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'"
)
"""What a browser may do with the page: show it, in its own style."""


def page_of(document: Document, address: str) -> str:
    """Return the page that shows a document.

    Args:
        document: the document.
        address: the URL at which it is.
    """
    info, schemas = document["info"], document["components"]["schemas"]
    tags = [tag["name"] for tag in document["tags"]]
    links = [f'<li><a href="#{escape(tag)}">{escape(tag)}</a></li>' for tag in tags]
    title = f"{escape(info['title'])} {escape(info['version'])}"
    return "".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}: API</title><style>{_STYLE}</style></head><body>",
            f"<nav><ul>{''.join(links)}",
            '<li><a href="#refusals">refusals</a></li>',
            '<li><a href="#schemas">schemas</a></li></ul></nav>',
            f"<main><h1>{title}</h1><p>{escape(info['summary'])}",
            f' <a href="{escape(address)}">OpenAPI document</a></p>',
            *(f"<p>{_prose(part)}</p>" for part in info["description"].split("\n\n")),
            *(part for tag in document["tags"] for part in _group(document, tag)),
            '<h2 id="refusals">Refusals</h2>',
            *(_refusal(*one) for one in document["components"]["responses"].items()),
            '<h2 id="schemas">Schemas</h2>',
            *(_schema(name, schema) for name, schema in schemas.items()),
            "</main></body></html>",
        ]
    )


def _group(document: Document, tag: Mapping[str, str]) -> Iterator[str]:
    name = tag["name"]
    yield f'<h2 id="{escape(name)}">{escape(name)}</h2><p>{_prose(tag.get("description", ""))}</p>'
    for url, path in document["paths"].items():
        for verb in VERBS:
            if verb in path and name in path[verb]["tags"]:
                yield _operation(document, url, verb, path)


def _operation(document: Document, url: str, verb: str, path: Mapping[str, Any]) -> str:
    operation = path[verb]
    asked = [*path.get("parameters", ()), *operation.get("parameters", ())]
    body = operation.get("requestBody")
    return "".join(
        [
            f'<details id="{escape(operation["operationId"])}"><summary>',
            f'<b class="{verb}">{verb.upper()}</b> <code>{escape(url)}</code>',
            f" <span>{escape(operation['summary'])}</span></summary><div>",
            _table("Parameters", map(_parameter, asked)),
            "" if body is None else f"<h3>Body</h3><p>{_content(body)}</p>",
            _table(
                "Answers",
                (
                    _answer(document, status, answer)
                    for status, answer in operation["responses"].items()
                ),
            ),
            "</div></details>",
        ]
    )


def _parameter(parameter: Mapping[str, Any]) -> tuple[str, ...]:
    needed = ", required" if parameter.get("required") else ""
    return (
        f"<code>{escape(parameter['name'])}</code>",
        f'<span class="type">{parameter["in"]}{needed}</span>',
        f"{_prose(parameter['description'])} {_type(parameter['schema'])}",
    )


def _answer(document: Document, status: str, answer: Mapping[str, Any]) -> tuple[str, ...]:
    text = _prose(answer.get("description", ""))
    if "$ref" in answer:
        name = answer["$ref"].rpartition("/")[2]
        answer = document["components"]["responses"][name]
        title = answer["description"].partition(".")[0]
        text = f'<a href="#{escape(name)}">{escape(title)}</a>'
    return (f"<code>{status}</code>", text, _content(answer))


def _refusal(name: str, answer: Mapping[str, Any]) -> str:
    title, _, types = answer["description"].partition(".")
    number = escape(name.rpartition("_")[2])
    return (
        f'<details id="{escape(name)}"><summary><b>{number}</b> {escape(title)}</summary>'
        f"<div><p>{_prose(types)}</p></div></details>"
    )


def _content(holder: Mapping[str, Any]) -> str:
    return ", ".join(_type(of["schema"]) for of in holder.get("content", {}).values())


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    required = schema.get("required", ())
    rows = (
        (
            f"<code>{escape(key)}</code>",
            '<span class="type">required</span>' if key in required else "",
            f"{_prose(of.get('description', ''))} {_type(of)}{_default(of)}",
        )
        for key, of in schema.get("properties", {}).items()
    )
    return (
        f'<details id="schema-{escape(name)}"><summary><code>{escape(name)}</code></summary>'
        f"<div>{_table('', rows)}</div></details>"
    )


def _table(title: str, rows: Iterable[tuple[str, ...]]) -> str:
    cells = [f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows]
    if not cells:
        return ""
    heading = f"<h3>{escape(title)}</h3>" if title else ""
    return f"{heading}<table>{''.join(cells)}</table>"


def _default(schema: Mapping[str, Any]) -> str:
    if "default" not in schema:
        return ""
    return f' <span class="type">default: {escape(json.dumps(schema["default"]))}</span>'


def _type(schema: Mapping[str, Any]) -> str:
    return f'<span class="type">{written(schema)}</span>'


def written(schema: Mapping[str, Any]) -> str:
    """Return what a schema allows in one line of HTML."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    if "enum" in schema:
        return " | ".join(escape(json.dumps(value)) for value in schema["enum"])
    if "const" in schema:
        return escape(json.dumps(schema["const"]))
    if "anyOf" in schema and not schema.get("properties"):
        return " | ".join(written({"type": schema.get("type"), **one}) for one in schema["anyOf"])
    kinds = schema.get("type")
    names = kinds if isinstance(kinds, list) else [kinds or schema.get("format") or "any"]
    return " | ".join(_named(name, schema) for name in names) + _bounds(schema)


def _named(kind: str, schema: Mapping[str, Any]) -> str:
    if kind == "array":
        return f"[{written(schema['items'])}, ...]"
    if kind == "object" and schema.get("properties"):
        inner = ", ".join(
            f"{escape(key)}: {written(of)}" for key, of in schema["properties"].items()
        )
        return f"{{{inner}}}"
    return escape(schema["format"]) if kind == "string" and "format" in schema else escape(kind)


def _bounds(schema: Mapping[str, Any]) -> str:
    return "".join(
        f" {sign} {schema[key]}"
        for key, sign in (("minimum", "&ge;"), ("maximum", "&le;"))
        if key in schema
    )


def _prose(text: str) -> str:
    """Return a text as HTML, with what is between backquotes as code."""
    return re.sub("`([^`]*)`", r"<code>\1</code>", escape(text))
