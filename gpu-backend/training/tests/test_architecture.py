"""Which package may import which, and no cycle: the rules of `test/architecture.test.ts` for Python."""

import ast
import functools
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "wuerstchen"
# What a person runs: imports everything, and nothing imports it.
COMMANDS = {
    "adapt",
    "average",
    "compare_latents",
    "compare_recipes",
    "evaluate",
    "finetune",
    "finetune_decoder",
    "finetune_published",
    "mark",
    "pack",
    "poc",
    "prepare",
    "showcase",
    "train",
    "unpack",
}
# Package: the packages that it may import beside itself. "" stands for the modules beside the packages, commands left
# out.
ALLOWED = {
    "": set(),
    "models": {""},
    "training": {"", "models"},
    "marking": {"", "models", "training"},
    "pictures": {"", "training"},
    "languages": {"", "models", "training"},
    "export": {"", "models", "training", "languages", "marking"},
    "finetuning": {"", "models", "training", "export", "published"},
    "published": {"", "models", "export"},
    "evaluation": {"", "models", "training", "export", "published"},
    "decision": {"", "models", "training", "export", "evaluation"},
    "comparison": {"", "models", "training", "evaluation"},
}
# Libraries that belong to one place: most installations lack them, or they would be a second way to compute.
GUARDED = {"diffusers": {"evaluation"}, "transformers": {"evaluation"}, "huggingface_hub": {"published"}}

Tree = dict[str, str]


def read_tree() -> Tree:
    """Dotted name below `wuerstchen` → source. A package's own file has the package's name."""
    names = {path: path.relative_to(ROOT).with_suffix("").parts for path in sorted(ROOT.rglob("*.py"))}
    return {".".join(part for part in parts if part != "__init__"): path.read_text() for path, parts in names.items()}


@functools.cache
def imports_of(source: str) -> list[str]:
    """Every absolute name that a module imports, those under `if TYPE_CHECKING` and inside functions included."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names]
    return found


def modules_of(tree: Tree, source: str) -> list[str]:
    """The modules of `tree` that a source imports, by the longest name that is one: `a.b.Name` is of `a.b`."""
    names = [name.removeprefix("wuerstchen.") for name in imports_of(source) if name.startswith("wuerstchen.")]
    return [name if name in tree else name.rpartition(".")[0] for name in names]


def package_of(module: str) -> str:
    """A command is a package of its own."""
    head, dot, _ = module.partition(".")
    return head if dot or head in ALLOWED or head in COMMANDS else ""


def forbidden(tree: Tree) -> list[str]:
    """Imports that the tables do not allow, and relative ones, which the tables cannot see."""
    problems = []
    for module, source in tree.items():
        package = package_of(module)
        if package not in COMMANDS and package not in ALLOWED:
            problems.append(f"{module}: its package is not in the table")
            continue
        allowed = set(ALLOWED) if package in COMMANDS else {package, *ALLOWED[package]}
        problems += [f"{module} imports {name}" for name in modules_of(tree, source) if package_of(name) not in allowed]
        outside = [name.partition(".")[0] for name in imports_of(source)]
        problems += [f"{module} imports relatively" for name in outside if name == ""]
        problems += [f"{module} imports {name}" for name in outside if package not in GUARDED.get(name, {package})]
    return problems


def cycle(tree: Tree) -> list[str]:
    """The first cycle of modules, as the names along it; empty if there is none."""
    finished: set[str] = set()
    trail: list[str] = []

    def visit(module: str) -> list[str]:
        if module in trail:
            return [*trail[trail.index(module) :], module]
        if module in finished:
            return []
        trail.append(module)
        found = next((found for name in modules_of(tree, tree.get(module, "")) if (found := visit(name))), [])
        trail.pop()
        finished.add(module)
        return found

    return next((found for module in tree if (found := visit(module))), [])


def test_the_code_imports_nothing_that_the_table_does_not_allow() -> None:
    assert "training.loop" in read_tree()
    assert forbidden(read_tree()) == []


def test_the_code_has_no_cycle_of_imports() -> None:
    assert cycle(read_tree()) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("training.planted", "from wuerstchen.export.manifest import write_manifest"),
        ("training.planted", "import wuerstchen.export.bundle"),
        ("training.planted", "def late():\n    from wuerstchen.export import bundle"),
        ("models.planted", "from ..training import loop"),
        ("config", "from wuerstchen.models.blocks import Linear"),
        ("export.planted", "from wuerstchen.train import main"),
        ("export.planted", "from diffusers import StableCascadePriorPipeline"),
        ("strange.planted", "import json"),
    ],
)
def test_a_planted_import_is_found(module: str, source: str) -> None:
    assert len(forbidden({**read_tree(), module: source})) == 1


def test_a_planted_cycle_is_found_through_a_third_module() -> None:
    planted = {"a": "from wuerstchen.b import x", "b": "import wuerstchen.c", "c": "from wuerstchen import a"}
    assert cycle(planted) == ["a", "b", "c", "a"]
    assert cycle({**planted, "c": ""}) == []
