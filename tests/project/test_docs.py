"""The pages name only files, modules, commands, options and Python names that exist."""

from __future__ import annotations

import ast
import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

import brainsynth
from plugin_host.commands.app import app

REPOSITORY = Path(__file__).parents[2]
PAGES = (
    REPOSITORY / "README.md",
    *sorted((REPOSITORY / "docs").glob("**/*.md")),
    REPOSITORY / "benchmarks" / "README.md",
    REPOSITORY / "csd" / "README.md",
)
MANUAL = REPOSITORY / "docs" / "command-line.md"
# Options of other people's programs that the pages name.
FOREIGN_OPTIONS = {"--constraint", "--editable", "--help", "--logdir", "--no-deps", "--sample-accurate"} | {
    f"--midi-{field}" for field in ("key", "key-cps", "velocity", "velocity-amp")
}
# Files are looked for below these folders; pages name folders of the reader's own, too.
PATH = re.compile(r"\b(?:docs|csd|examples|benchmarks|training|export|plugin_host|tests)/[\w./-]*\.\w+")

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())


def code_of(text: str) -> list[str]:
    """Find all code of a page: fenced blocks, indented blocks, spans; a continued line is one line."""
    fenced = re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)
    rest = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    indented = re.findall(r"^(?: {4}).*$", rest, re.M)
    spans = re.findall(r"`([^`\n]+)`", rest)
    lines = "\n".join([*fenced, "\n".join(indented), *spans]).replace("\\\n", " ")
    return [line.strip() for line in lines.splitlines()]


def sections_of(text: str) -> dict[str, str]:
    """Split a page at its headings of the second level."""
    parts = re.split(r"^## (.+)$", text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@cache
def anchors_of(page: Path) -> set[str]:
    """Give the anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@cache
def commands() -> dict[str, set[str]]:
    """Map each command, such as `train timbre`, to its options."""
    found: dict[str, set[str]] = {}

    def walk(command: Any, path: tuple[str, ...]) -> None:
        found[" ".join(path)] = {name for parameter in command.params for name in parameter.opts} | {"--help"}
        if hasattr(command, "list_commands"):
            context = command.context_class(command)
            for name in command.list_commands(context):
                walk(command.get_command(context, name), (*path, name))

    walk(typer.main.get_command(app), ())
    return found


@cache
def other_programs() -> str:
    """Read the sources of the programs that are run with `python -m`."""
    return "\n".join(path.read_text() for path in REPOSITORY.glob("benchmarks/**/*.py"))


def named_command(line: str) -> tuple[str, list[str]] | None:
    """Take a line of code apart into the command it names and that command's options."""
    if not (line := line.removeprefix("$ ")).startswith("brainsynth "):
        return None
    words = shlex.split(line.split(";")[0], comments=True)[1:]
    while words and words[0] in commands()[""]:
        del words[0]
    if not words or not words[0].islower():
        return None
    if words[0] == "train" and len(words) > 1 and words[1].islower():
        words[:2] = [" ".join(words[:2])]
    return words[0], [word for word in words[1:] if re.fullmatch(r"\[?--?[a-z][a-z-]*", word)]


@every_page
def test_links_and_paths_exist(page: Path) -> None:
    text = page.read_text()
    missing = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in link:
            continue
        target, _, anchor = link.partition("#")
        file = (page.parent / target).resolve() if target else page
        if not file.exists() or (anchor and anchor not in anchors_of(file)):
            missing.append(link)
    # A name in capitals is the reader's to choose.
    paths = [path for path in PATH.findall(text) if not Path(path).stem.isupper()]
    missing += [path for path in paths if not (REPOSITORY / path).exists()]
    assert not missing


@every_page
def test_modules_that_are_run_exist(page: Path) -> None:
    modules = re.findall(r"python -m ((?:benchmarks|training|plugin_host)[\w.]*)", page.read_text())
    files = {name: REPOSITORY / (name.replace(".", "/") + ".py") for name in modules}
    assert not [name for name, file in files.items() if not file.exists()]


@every_page
def test_commands_and_their_options_exist(page: Path) -> None:
    wrong = []
    for line in code_of(page.read_text()):
        if (named := named_command(line)) is None:
            continue
        command, options = named
        known = commands().get(command)
        # What follows `csound` is Csound's.
        unknown = (
            [] if command == "csound" or known is None else [o for o in options if o.lstrip("[") not in known]
        )
        if known is None or unknown:
            wrong.append((line, unknown))
    assert not wrong


@every_page
def test_options_exist_somewhere(page: Path) -> None:
    known = set().union(*commands().values()) | FOREIGN_OPTIONS
    named = {
        option
        for line in code_of(page.read_text())
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", line)
    }
    assert not [option for option in named - known if f'"{option}"' not in other_programs()]


@every_page
def test_python_uses_public_names(page: Path) -> None:
    for block in re.findall(r"^```python\n(.*?)^```", page.read_text(), re.M | re.S):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and node.module == "brainsynth":
                assert not [alias.name for alias in node.names if not hasattr(brainsynth, alias.name)]


@pytest.mark.parametrize("name", ["README.md", "docs/chain.md", "docs/design.md", "docs/lpc.md"])
def test_python_runs(name: str) -> None:
    """Blocks of a page run one after the other, in a program that has recordings and blocks already."""
    tone = (0.2 * np.sin(2 * np.pi * 220 * np.arange(44100) / 44100)).astype(np.float32)
    audio = np.stack([tone, tone])
    names = {"audio": audio, "block": audio[:, :512], "sample_rate": 44100, "voice": audio, "strings": audio}
    blocks = re.findall(r"^```python\n(.*?)^```", (REPOSITORY / name).read_text(), re.M | re.S)
    assert blocks
    for block in blocks:
        exec(compile(block, name, "exec"), names)


def test_every_command_has_its_section_and_every_option_its_line() -> None:
    sections = sections_of(MANUAL.read_text())
    missing = []
    for command, options in commands().items():
        # Trainings have pages of their own, whose tables are made from their settings.
        if not command or command.startswith("train"):
            continue
        text = next(
            (text for heading, text in sections.items() if command in re.split(r", | and ", heading)), None
        )
        long = {option for option in options if option.startswith("--")} - {"--help"}
        missing += [command] if text is None else [f"{command} {o}" for o in long if f"`{o}`" not in text]
    assert not missing


def test_the_design_names_every_room_and_no_other() -> None:
    text = sections_of((REPOSITORY / "docs" / "design.md").read_text())["Where things are"]
    rooms = {
        path.parent.name
        for package in ("training", "export", "plugin_host", "benchmarks")
        for path in (REPOSITORY / package).glob("*/__init__.py")
    }
    families = {path.parent.name for path in (REPOSITORY / "training" / "families").glob("*/__init__.py")}
    named = set(re.findall(r"`([a-z_]+)/`", text))
    assert named - {"results"} == rooms
    assert not [family for family in families if f"`{family}`" not in text]


def test_every_page_is_reached_from_the_readme() -> None:
    texts = {page: page.read_text() for page in PAGES}
    reached, waiting = set(), [PAGES[0]]
    while waiting:
        page = waiting.pop()
        if page in reached or page not in texts:
            continue
        reached.add(page)
        waiting += [(page.parent / link).resolve() for link in re.findall(r"\]\(([^)#\s]+\.md)", texts[page])]
    assert not set(PAGES) - reached


def test_the_checks_find_something() -> None:
    """A page format that the patterns above do not understand would let everything pass."""
    lines = [line for page in PAGES for line in code_of(page.read_text())]
    assert sum(named_command(line) is not None for line in lines) > 40
    assert {"process", "train timbre", "export"} <= {
        named[0] for line in lines if (named := named_command(line))
    }
    assert len(commands()) > 14
    assert "--if-exists" in commands()["process"]
