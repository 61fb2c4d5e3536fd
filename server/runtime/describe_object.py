"""What an object offers, for the worker's replies: names, documentation, signature.

Loaded by the runtime with the first Describe, never imported by name. Everything here may run
code of the object's author: an Exception leaves out what was being looked at, and anything
else (KeyboardInterrupt, SystemExit) ends the request.
"""

import ast
import inspect
import re
import types
from typing import Any

MAX_NAMES = 4096
# Of a docstring that begins with the signature.
MAX_SIGNATURE_TEXT = 4000
# How signatures in docstrings say "and optionally": "subok=True[, signature, extobj]".
_OPTIONAL = re.compile(r"\[\s*,([^\[\]]*)\]")
# Defaults that are no expression, such as <no value> or <unrepresentable>.
_UNREADABLE = re.compile(r"<[\w .]+>")
_CLASS_DICTS: Any = type.__dict__
_CLASS_NAMES = _CLASS_DICTS["__dict__"].__get__
_CLASS_MRO = _CLASS_DICTS["__mro__"].__get__
_MODULE_DICTS: Any = vars(types.ModuleType)
_MODULE_NAMES = _MODULE_DICTS["__dict__"].__get__


def describe(obj: Any) -> tuple[str, str, list[tuple[str, Any]], bool, str, Any]:
    """(module, qualified name, names with their unbound values, more?, doc, signature)."""
    module, qualname = _origin(obj)
    names, truncated = _names(obj)
    return module, qualname, names, truncated, _doc(obj), _signature(obj)


def _is_module(obj: Any) -> bool:
    # Not isinstance(): that asks the object for its __class__.
    return issubclass(type(obj), types.ModuleType)


def _is_class(obj: Any) -> bool:
    return issubclass(type(obj), type)


def _text(obj: Any, name: str) -> str:
    try:
        value = getattr(obj, name)
    except Exception:
        return ""
    return value if issubclass(type(value), str) else ""


def _origin(obj: Any) -> tuple[str, str]:
    if _is_module(obj):
        name = _text(obj, "__name__")
        return name, name
    if not callable(obj):
        return "", ""
    qualname = _text(obj, "__qualname__") or _text(obj, "__name__")
    return (_text(obj, "__module__") if qualname else ""), qualname


def _static_names(obj: Any) -> dict[str, Any]:
    """What its dicts hold, unbound: no property and no __getattr__ runs."""
    if _is_module(obj):
        return dict(_MODULE_NAMES(obj))
    found: dict[str, Any] = {}
    for base in reversed(_CLASS_MRO(obj if _is_class(obj) else type(obj))):
        found.update(_CLASS_NAMES(base))
    slot = found.get("__dict__")
    if not _is_class(obj) and type(slot) is types.GetSetDescriptorType:
        own = slot.__get__(obj)
        if type(own) is dict:
            found.update(own)
    return found


def _names(obj: Any) -> tuple[list[tuple[str, Any]], bool]:
    static = _static_names(obj)
    try:
        # As dir() asks, which then also sorts.
        kind: Any = type(obj)
        listed = _plain_text(kind.__dir__(obj))
    except Exception:
        listed = _plain_text(static)
    exported = static.get("__all__") if _is_module(obj) else None
    hidden = _plain_text(exported) if type(exported) in (list, tuple) else ()
    public = sorted(name for name in listed if name in hidden or not name.startswith("_"))
    return [(name, static.get(name)) for name in public[:MAX_NAMES]], len(public) > MAX_NAMES


def _plain_text(items: Any) -> set[str]:
    return {str.__str__(item) for item in items if issubclass(type(item), str)}


def _doc(obj: Any) -> str:
    try:
        doc: Any = inspect.getdoc(obj)
    except Exception:
        return ""
    return doc if issubclass(type(doc), str) else ""


def _signature(obj: Any) -> Any:
    """(text, parameters, return annotation), or None if nothing knows it."""
    if not callable(obj):
        return None
    try:
        return _from_inspect(inspect.signature(obj))
    except Exception:
        pass
    text = _text(obj, "__text_signature__")
    if text.startswith("("):
        made = _from_text(re.sub(r"^\(\$\w+(, /)?(, )?", "(", text))
        if made is not None:
            return made
    return _from_doc(_text(obj, "__doc__"), _text(obj, "__name__"))


def _annotation(annotation: Any) -> str:
    if annotation is inspect.Signature.empty:
        return ""
    if issubclass(type(annotation), str):
        return str.__str__(annotation)
    try:
        return inspect.formatannotation(annotation)
    except Exception:
        return ""


def _from_inspect(signature: inspect.Signature) -> Any:
    parameters = []
    for parameter in signature.parameters.values():
        has_default = parameter.default is not inspect.Parameter.empty
        parameters.append(
            (
                parameter.name,
                int(parameter.kind) + 1,
                has_default,
                parameter.default if has_default else None,
                None,
                _annotation(parameter.annotation),
            )
        )
    try:
        text = str(signature)
    except Exception:
        text = f"({', '.join(signature.parameters)})"
    return text, parameters, _annotation(signature.return_annotation)


def _from_doc(doc: str, name: str) -> Any:
    """From a docstring that begins with it, as those of functions written in C do."""
    head = doc.lstrip()[:MAX_SIGNATURE_TEXT]
    start = head.find("(")
    # Methods written in C have an object before it: "a.sum(axis=None)".
    if not name or start < 0 or head[:start].rpartition(".")[2] != name:
        return None
    depth = 0
    for end in range(start, len(head)):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(head[end], 0)
        if depth == 0:
            break
    else:
        return None
    rest = head[end + 1 :].partition("\n")[0].strip()
    if rest and not rest.startswith("->"):
        return None
    text = " ".join(head[start : end + 1].split())
    return _from_text(f"{text} {rest}" if rest else text)


def _from_text(text: str) -> Any:
    """Of "(a, b=1) -> int"; defaults are read as literals, nothing is evaluated."""
    source, found = _UNREADABLE.sub("...", text), 1
    while found:
        source, found = _OPTIONAL.subn(_with_defaults, source)
    try:
        function = ast.parse(f"def f{source}: pass").body[0]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if type(function) is not ast.FunctionDef:
        return None
    args = function.args
    positional = [*((arg, 1) for arg in args.posonlyargs), *((arg, 2) for arg in args.args)]
    missing = [None] * (len(positional) - len(args.defaults))
    parameters = [
        _read_parameter(arg, kind, default)
        for (arg, kind), default in zip(positional, [*missing, *args.defaults], strict=True)
    ]
    if args.vararg:
        parameters.append(_read_parameter(args.vararg, 3, None))
    parameters += [
        _read_parameter(arg, 4, default)
        for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True)
    ]
    if args.kwarg:
        parameters.append(_read_parameter(args.kwarg, 5, None))
    returns = ast.unparse(function.returns) if function.returns else ""
    return text, parameters, returns


def _with_defaults(optional: re.Match[str]) -> str:
    names = (name.strip() for name in optional[1].split(","))
    return "".join(f", {name}" if "=" in name else f", {name}=..." for name in names if name)


def _read_parameter(arg: ast.arg, kind: int, default: Any) -> Any:
    annotation = ast.unparse(arg.annotation) if arg.annotation else ""
    if default is None:
        return arg.arg, kind, False, None, None, annotation
    try:
        value = ast.literal_eval(default)
    except Exception:
        value = ...
    if value is ...:
        return arg.arg, kind, True, None, ast.unparse(default), annotation
    return arg.arg, kind, True, value, None, annotation
