"""All texts that a subquery finds as one JSON list: each database has its own name for that.

So a resource and its tags are read by one statement.
"""

from typing import Any

from sqlalchemy import JSON
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class json_texts(FunctionElement[list[str] | None]):  # noqa: N801  # SQL functions are written so
    """The aggregate: a list in no particular order; of no rows it may be null."""

    type = JSON()
    inherit_cache = True


def _named(function: str) -> Any:
    def compile_call(element: json_texts, compiler: SQLCompiler, **options: Any) -> str:
        return f"{function}({compiler.process(element.clauses, **options)})"

    return compile_call


for _dialect, _function in {
    "sqlite": "json_group_array",
    "postgresql": "json_agg",
    "mysql": "json_arrayagg",
    "mariadb": "json_arrayagg",
}.items():
    compiles(json_texts, _dialect)(_named(_function))
