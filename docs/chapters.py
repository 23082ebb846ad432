"""The reference: chapters of `tests/spec` as pages. What a page shows, a test has seen."""

import ast
import inspect
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).resolve().parents[1] / "tests" / "spec"


class ChapterError(Exception):
    """A chapter is not written as `tests/support/spec.py` says."""


def chapters() -> dict[str, Path]:
    """Return the chapters' files by the names of their pages, in the order of the names."""
    return {
        file.stem.removeprefix("test_chapter_").replace("_", "-"): file
        for file in sorted(FOLDER.glob("test_chapter_*.py"))
    }


def chapter_page(file: Path) -> str:
    """Return a chapter as Markdown."""
    source = file.read_text(encoding="utf-8")
    tree = ast.parse(source)
    parts = [_titled(tree, "#", file.name)]
    for node in tree.body:
        if isinstance(node, ast.Assign):  # what all examples of a chapter are about
            parts.append(_code(_segment(source, node).splitlines()[1:]))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            parts += [_titled(node, "##", node.name), *_example(node, source)]
    return "\n\n".join(parts) + "\n"


def index_page() -> str:
    """Return the list of chapters."""
    lines = [
        "# Reference of `anonymize`",
        "",
        "Each page is a test: what it shows is what the library does.",
        "",
    ]
    for name, file in chapters().items():
        title, _, rest = _docstring(ast.parse(file.read_text(encoding="utf-8")), file.name).partition("\n\n")
        lines.append(
            f"- [{title.rstrip('.')}]({name}.md): {' '.join(rest.split('. ')[0].split()).rstrip('.')}."
        )
    return "\n".join(lines) + "\n"


def _titled(node: ast.Module | ast.FunctionDef, marks: str, name: str) -> str:
    title, _, rest = _docstring(node, name).partition("\n\n")
    return f"{marks} {title.rstrip('.')}" + (f"\n\n{rest}" if rest else "")


def _docstring(node: ast.Module | ast.FunctionDef, name: str) -> str:
    text = ast.get_docstring(node)
    if text is None:
        raise ChapterError(f"{name} has no docstring; write a title and what it shows")
    return text


def _example(function: ast.FunctionDef, source: str) -> Iterator[str]:
    """Yield the code up to each shown result, and the result."""
    code: list[str] = []
    after = function.body[0].end_lineno or 0
    lines = source.splitlines()
    for node in function.body[1:]:
        blank = [""] if code and node.lineno > after + 1 else []
        after = node.end_lineno or 0
        shown = _shown(node)
        if shown is None:
            code += blank + inspect.cleandoc("\n".join(["", *lines[node.lineno - 1 : after]])).splitlines()
            continue
        expressions, result = shown
        code += blank if expressions else []
        for each in expressions:
            code += inspect.cleandoc(_segment(source, each)).splitlines()
        if code:
            yield _code(code)
        yield result
        code = []
    if code:
        raise ChapterError(f"{function.name} ends without showing what it does")


def _code(lines: Sequence[str]) -> str:
    return "\n".join(["```python", *lines, "```"])


def _shown(node: ast.stmt) -> tuple[list[ast.AST], str] | None:
    match node:
        case ast.Expr(value=ast.Call(func=ast.Name(id="shows"), args=[value, ast.Constant(value=str(text))])):
            return [value], inspect.cleandoc(text)
        case ast.Expr(
            value=ast.Call(func=ast.Name(id="prints"), args=[command, ast.Constant(value=str(text))])
        ):
            if isinstance(command, ast.Constant) and isinstance(command.value, str):
                given = inspect.cleandoc(command.value)
                return [], "\n".join(["```", f"$ {given}", inspect.cleandoc(text), "```"])
        case ast.With(items=[ast.withitem(context_expr=ast.Call(func=ast.Name(id="refused"), args=[told]))]):
            if isinstance(told, ast.Constant) and isinstance(told.value, str):
                return list(node.body), f"> {' '.join(told.value.split())}"
    return None


def _segment(source: str, node: ast.AST) -> str:
    text = ast.get_source_segment(source, node, padded=True)
    if text is None:
        raise ChapterError("an example has no source")
    return "\n" + text
