"""Who may import whom, read from the syntax trees; and what `chatbot --help` loads."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = {"torch", "transformers", "textual", "sqlalchemy", "sklearn", "numpy"}

# What each part may import of this project; a part is the longest prefix of a module's name that stands here.
GROUND = {"chatbot", "chatbot.errors", "chatbot.terminal"}
MODEL = GROUND | {"chatbot.model"}
ENGINE = MODEL | {
    "chatbot.asked",
    "chatbot.decoding",
    "chatbot.energy",
    "chatbot.flow",
    "chatbot.guidance",
    "profiles",
}
SESSION = ENGINE | {
    "chatbot.engine",
    "chatbot.events",
    "chatbot.persona",
    "chatbot.config",
    "chatbot.tuning",
    "chatbot.writing",
    "chatbot.dialling",
    "chatbot.conversing",
    "chatbot.memory",
    "chatbot.scene",
    "chatbot.arc",
    "chatbot.measures.drift",
    "storage",
}
ALLOWED: dict[str, set[str]] = {
    "profiles": {"profiles"},
    "storage": {"storage"},
    "chatbot": set(),
    "chatbot.__main__": {"chatbot.cli"},
    "chatbot.errors": set(),
    "chatbot.terminal": set(),
    "chatbot.decoding.sampling": {"chatbot.settings"},
    "chatbot.settings": set(),
    "chatbot.config": GROUND | {"chatbot.settings"},
    "chatbot.config_file": GROUND | {"chatbot.config", "profiles"},
    "chatbot.model": MODEL,
    "chatbot.asked": GROUND,
    "chatbot.energy": MODEL | {"chatbot.asked"},
    "chatbot.solver": MODEL | {"chatbot.energy", "chatbot.settings"},
    "chatbot.flow": MODEL | {"chatbot.energy", "chatbot.settings", "chatbot.solver"},
    "chatbot.guidance": MODEL | {"chatbot.asked", "chatbot.energy", "chatbot.flow"},
    "chatbot.decoding": MODEL | {"chatbot.asked", "chatbot.decoding", "chatbot.energy", "chatbot.guidance"},
    "chatbot.engine": ENGINE,
    "chatbot.macros": set(),
    "chatbot.persona": {"chatbot.macros", "profiles"},
    "chatbot.lore_keys": set(),
    "chatbot.lorebook": {"chatbot.lore_keys", "chatbot.persona", "profiles"},
    "chatbot.events": {"storage"},
    "chatbot.writing": SESSION,
    "chatbot.memory": {"chatbot.memory"},
    "chatbot.memory.memories": GROUND | {"chatbot.memory", "chatbot.persona", "profiles", "storage"},
    "chatbot.memory.recall": GROUND | {"storage"},
    "chatbot.redaction": {"chatbot.memory", "storage"},
    "chatbot.scene": SESSION | {"chatbot.lorebook"},
    "chatbot.arc": {"profiles", "storage"},
    "chatbot.tuning": GROUND | {"chatbot.config", "chatbot.decoding.sampling", "profiles"},
    "chatbot.duet": SESSION,
    "chatbot.dialling": SESSION,
    "chatbot.conversing": SESSION,
    "chatbot.session": SESSION,
    "chatbot.measures.drift": {"chatbot.asked", "chatbot.config", "profiles"},
    "chatbot.measures.why": GROUND | {"chatbot.measures.drift", "storage"},
    "chatbot.measures": SESSION | {"chatbot.measures", "chatbot.session", "chatbot.train.metrics"},
    "chatbot.plain": SESSION
    | {"chatbot.session", "chatbot.config_file", "chatbot.measures.sweep", "chatbot.plain"},
    "chatbot.batch": SESSION - {"storage"} | {"storage.strict_json"},
    "chatbot.bench": ENGINE | {"chatbot.engine"},
    "chatbot.storage_bench": {"storage"},
    "chatbot.editor": GROUND,
    "chatbot.tui": GROUND
    | {"chatbot.session", "chatbot.events", "chatbot.persona", "chatbot.tui", "profiles", "chatbot.config"}
    | {"chatbot.config_file", "chatbot.editor", "chatbot.memory.memories", "chatbot.plain.commands"}
    | {"chatbot.measures.drift", "chatbot.measures.sweep"},
    "chatbot.train": ENGINE | {"chatbot.engine", "chatbot.train"},
    "chatbot.cli": {"chatbot", "profiles", "storage"},
}
# The rest of chatbot.train stands beside the engine.
TRAIN_WITH_ENGINE = {"evaluate", "interview", "latent", "versus", "ablate", "samples"}


def modules() -> Iterator[tuple[str, Path]]:
    for package in ("chatbot", "profiles", "storage"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            yield name.removesuffix(".__init__"), path


MODULES = dict(modules())


def part(module: str, parts: set[str] | dict[str, set[str]]) -> str | None:
    """The longest prefix of the module's name that is a part."""
    names = module.split(".")
    return next((name for i in range(len(names), 0, -1) if (name := ".".join(names[:i])) in parts), None)


def imported(path: Path) -> Iterator[tuple[str, bool, int]]:
    """(module, whether it is read when this one is, line) for each import of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    late = {
        node
        for scope in ast.walk(tree)
        if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef)
        or (isinstance(scope, ast.If) and ast.unparse(scope.test) == "TYPE_CHECKING")
        for node in ast.walk(scope)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node not in late, node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are written in full"
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                yield (submodule if submodule in MODULES else str(node.module)), node not in late, node.lineno


@pytest.mark.parametrize("module", MODULES)
def test_arrows_point_one_way(module: str) -> None:
    own = part(module, ALLOWED)
    assert own is not None
    for name, _, line in imported(MODULES[module]):
        if name.split(".")[0] not in ("chatbot", "profiles", "storage"):
            continue
        allowed = ALLOWED[own] | ({own} if own not in ("chatbot", "chatbot.__main__") else set())
        found = part(name, allowed)
        # "chatbot" alone stands for the package's own __init__ (the version), except for the command line.
        fits = found is not None and (found != "chatbot" or name == "chatbot" or own == "chatbot.cli")
        assert fits, f"{MODULES[module]}:{line}: {module} may not import {name}"


@pytest.mark.parametrize("module", [m for m in MODULES if m.startswith(("chatbot.model", "chatbot.train"))])
def test_what_needs_no_replies_needs_no_engine(module: str) -> None:
    if module.split(".")[-1] not in TRAIN_WITH_ENGINE:
        names = {name for name, _, _ in imported(MODULES[module])}
        assert "chatbot.engine" not in names


@pytest.mark.parametrize(
    ("package", "libraries"),
    [
        ("profiles", {"filelock", "pydantic", "tomlkit"}),
        ("storage", {"sqlalchemy"}),
        ("chatbot.cli", {"typer", "rich"}),
        ("chatbot.config", {"platformdirs"}),
        ("chatbot.errors", set()),
    ],
)
def test_outside_libraries_are_few(package: str, libraries: set[str]) -> None:
    ours = {"chatbot", "profiles", "storage"}
    for module, path in MODULES.items():
        if module == package or module.startswith(f"{package}."):
            tops = {name.split(".")[0] for name, _, _ in imported(path)}
            assert tops - ours - sys.stdlib_module_names <= libraries, module


def test_nothing_imports_click() -> None:
    """Typer brings its own; the click in site-packages is another one and its errors are not caught."""
    for module, path in MODULES.items():
        assert "click" not in {name.split(".")[0] for name, _, _ in imported(path)}, module


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["chat", "--help"], ["batch", "--help"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys\n"
        "from chatbot.cli import app\n"
        "try: app(sys.argv[1:])\n"
        "except SystemExit as end: assert end.code == 0, end.code\n"
        "print(*{name.split('.')[0] for name in sys.modules}, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not HEAVY & set(done.stderr.split())
