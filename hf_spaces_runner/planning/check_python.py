"""Reads Python source as a tree, never running it, for what works at home and not on the Hub."""

import ast
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import PurePosixPath

from hf_spaces_runner.domain.front_matter import DEFAULT_PORT
from hf_spaces_runner.domain.space import Sdk
from hf_spaces_runner.domain.space_folder import SpaceFinding, doubt, wrong
from hf_spaces_runner.domain.terminal import one_line

MAX_PYTHON_BYTES = 128 * 1024
"""Nested f-strings take the parser time by the square of their length: half a second for as much as this."""
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_SERVERS = frozenset({"launch", "run", "run_app", "run_server", "run_simple", "serve"})
_ADDRESSES = frozenset({"server_name", "host", "hostname", "server_address"})
_LONGEST_PATH = 200
_SHARED = frozenset(
    {"PIL", "fastapi", "httpx", "huggingface_hub", "jinja2", "numpy", "packaging", "pandas", "requests"}
)
_COMES_WITH: Mapping[Sdk, frozenset[str]] = {
    Sdk.GRADIO: _SHARED
    | {"aiofiles", "anyio", "ffmpy", "gradio", "gradio_client", "orjson", "pydantic", "pydub", "spaces", "starlette"}
    | {"tqdm", "typer", "typing_extensions", "uvicorn", "websockets", "yaml"},
    Sdk.STREAMLIT: _SHARED - {"fastapi", "httpx", "huggingface_hub"}
    | {"altair", "cachetools", "click", "pyarrow", "pydeck", "streamlit", "tenacity", "toml", "tornado"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonFile:
    """A file of Python as a tree; `imports` maps the modules that it names, by their full names, to their lines."""

    name: str
    tree: ast.Module
    imports: Mapping[str, int]


def read_python(name: str, text: str, *, python_version: str | None, is_app: bool) -> PythonFile | SpaceFinding:
    """Return `text` as a tree, or what keeps it from being one.

    What this Python cannot read the Space's own may be able to; it is wrong for certain only where that is no newer.
    """
    if len(text) > MAX_PYTHON_BYTES:
        said = f"is larger than {MAX_PYTHON_BYTES // 1024} KiB and was not looked at"
        return doubt("source", said, "move what is data out of the code", file=name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        line = error.lineno if isinstance(error, SyntaxError) else None
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        here = f"{sys.version_info.major}.{sys.version_info.minor}"
        said = f"is not Python {here}: {one_line(reason)}"
        certain = is_app and python_version is not None and _numbers(python_version)[:2] <= sys.version_info[:2]
        say = wrong if certain else doubt
        return say("source", said, "correct the line", file=name, line=line)
    except (RecursionError, MemoryError):
        said = "is nested too deeply to be read"
        return doubt("source", said, "move what is data out of the code", file=name)
    return PythonFile(name=name, tree=tree, imports=dict(_imports(tree)))


def check_servers(file: PythonFile, sdk: Sdk | None, *, port: int, address_is_set: bool) -> Iterator[SpaceFinding]:
    """Doubt servers that nobody outside the container reaches, other ports than `port`, and share links.

    `address_is_set` says that the Dockerfile sets the address that Gradio listens on.
    """
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Call) and _called(node) in _SERVERS:
            yield from _check_call(node, file, sdk, port=port, address_is_set=address_is_set)


def check_case(
    file: PythonFile, modules: Mapping[str, AbstractSet[str]], files: Mapping[str, str], app_folder: str
) -> Iterator[SpaceFinding]:
    """Doubt imports and paths that fit a file of the Space but for their case, which a Mac and Windows let pass.

    Args:
        file: what is looked at.
        modules: the names of the modules and packages in each folder, by the folder's name ("" is the top).
        files: each name of the folder by its casefolded form.
        app_folder: where the app's file lies; Python looks there first.
    """
    bases = {"", app_folder, str(PurePosixPath(file.name).parent).removeprefix(".")}
    for module, line in file.imports.items():
        near = _near_module(module, modules, bases)
        if near is not None:
            said = f"imports {one_line(module)}, and the file here is {near}"
            yield doubt("names", said, f"write {near} as the file is named", file=file.name, line=line)
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _may_be_path(node.value):
            path = node.value.removeprefix("./")
            found = files.get(path.casefold())
            if found is not None and found != path:
                said = f"names {one_line(path)}, and the file here is {one_line(found)}"
                yield doubt("names", said, f"write {one_line(found)}", file=file.name, line=node.lineno)


def missing_packages(
    python_files: Iterable[PythonFile], modules: Mapping[str, AbstractSet[str]], sdk: Sdk
) -> dict[str, tuple[str, int]]:
    """Return the packages that are imported and neither Python's, nor the SDK's, nor here: where they are first."""
    # One in the wrong case is no package, but a fault of another kind.
    here = {name.casefold() for names in modules.values() for name in names}
    known = _COMES_WITH.get(sdk, frozenset()) | sys.stdlib_module_names
    found: dict[str, tuple[str, int]] = {}
    for file in python_files:
        for module, line in file.imports.items():
            package = module.split(".")[0]
            if package not in known and package.casefold() not in here:
                found.setdefault(package, (file.name, line))
    return found


def _check_call(
    node: ast.Call, file: PythonFile, sdk: Sdk | None, *, port: int, address_is_set: bool
) -> Iterator[SpaceFinding]:
    called = _called(node)
    given = {keyword.arg: keyword.value for keyword in node.keywords}  # None for **options
    address = next((given[name] for name in _ADDRESSES if name in given), None)
    if isinstance(address, ast.Constant) and address.value in LOOPBACK:
        said = f"{called}() listens on {address.value}: nobody outside the container reaches it"
        yield doubt("address", said, 'listen on "0.0.0.0"', file=file.name, line=address.lineno)
    elif address is None and None not in given and _listens_at_home(node, file, sdk, address_is_set=address_is_set):
        said = f"{called}() names no address, and listens on 127.0.0.1 then"
        name = "server_name" if called == "launch" else "host"
        yield doubt("address", said, f'write {called}({name}="0.0.0.0", ...)', file=file.name, line=node.lineno)
    asked = given.get("server_port") if called == "launch" else given.get("port")
    wanted = DEFAULT_PORT if sdk is Sdk.GRADIO else port
    if isinstance(asked, ast.Constant) and isinstance(asked.value, int) and asked.value != wanted:
        is_ours = sdk is Sdk.DOCKER or (sdk is Sdk.GRADIO and called == "launch")
        if is_ours:
            said = f"{called}() listens on port {asked.value}, and the Hub asks port {wanted}"
            fix = "remove the port" if sdk is Sdk.GRADIO else f"listen on {wanted}, or write app_port: {asked.value}"
            yield doubt("address", said, fix, file=file.name, line=asked.lineno)
    share = given.get("share") if called == "launch" else None
    if isinstance(share, ast.Constant) and share.value is True:
        said = "launch(share=True) opens a public tunnel elsewhere, and does nothing on the Hub"
        yield doubt("share", said, "remove share=True", file=file.name, line=share.lineno)


def _listens_at_home(node: ast.Call, file: PythonFile, sdk: Sdk | None, *, address_is_set: bool) -> bool:
    """Return whether a server that is told no address takes that of this machine alone."""
    if sdk is not Sdk.DOCKER:
        return False
    called = ast.unparse(node.func) if isinstance(node.func, ast.Attribute | ast.Name) else ""
    if _called(node) == "launch":
        return "gradio" in file.imports and not address_is_set and not node.args
    if called == "uvicorn.run":
        return len(node.args) == 1
    return called == "app.run" and "flask" in file.imports and not node.args


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _imports(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield modules with their lines, last first, so that the first line of each is the one that stays."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append((node.module, node.lineno))
    yield from sorted(found, key=lambda item: item[1], reverse=True)


def _near_module(module: str, modules: Mapping[str, AbstractSet[str]], bases: AbstractSet[str]) -> str | None:
    """Return the path of the module here that `module` is but for its case; None where one fits, or none is near."""
    parts = module.split(".")
    if parts[0] in sys.stdlib_module_names:
        return None
    for base in sorted(bases):
        folder, found = base, ""
        for part in parts:
            names = modules.get(folder, frozenset())
            found = (
                part
                if part in names
                else next((name for name in sorted(names) if name.casefold() == part.casefold()), "")
            )
            if found != part:
                break
            folder = f"{folder}/{found}" if folder else found
        if found == parts[-1]:
            return None
        if found:
            return f"{folder}/{found}" if folder else found
    return None


def _may_be_path(text: str) -> bool:
    return len(text) <= _LONGEST_PATH and ("/" in text or "." in text) and "\n" not in text


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))
