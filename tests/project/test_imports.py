"""The host runs where torch is not, and its command line starts without loading what it does not need."""

import pkgutil
import subprocess
import sys
from pathlib import Path

import grimp

import plugin_host

REPOSITORY = Path(__file__).parents[2]
BANNED = (
    "torch",
    "onnx",
    "onnx_ir",
    "onnxscript",
    "training",
    "export",
    "matplotlib",
    "tensorboard",
    "scipy",
    "librosa",
    "soxr",
    "sklearn",
    "safetensors",
    "cma",
)

_IMPORT_ALL = """
import importlib, sys

class Ban:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {banned!r}:
            raise ModuleNotFoundError(f"{{name}} is banned here", name=name)

sys.meta_path.insert(0, Ban())
for name in {names!r}:
    importlib.import_module(name)
loaded = sorted(set({banned!r}) & {{name.split(".")[0] for name in sys.modules}})
print(len(sys.modules), loaded)
"""


_RUN_COMMANDS = """
import os, sys
import numpy as np
import soundfile

class Ban:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {banned!r}:
            raise ModuleNotFoundError(f"{{name}} is banned here", name=name)

sys.meta_path.insert(0, Ban())
from plugin_host.commands.app import main

os.chdir({folder!r})
tone = 0.3 * np.sin(2 * np.pi * 220 * np.arange(22050) / 44100)
soundfile.write("tone.wav", tone, 44100)
soundfile.write("voice.wav", tone, 16000)
for line in (
    "models", "info cello --json", "verify pitch", "bench pitch --block 128 --seconds 0.1",
    "process tone.wav voice.wav -m cello --auto -o out", "process tone.wav -m pitch -o tone.csv",
    "process tone.csv -m cello.decoder -o again.flac", "cross voice.wav tone.wav -o crossed.wav",
    "infer tone.wav -m fm -o found.json",
):
    try:
        main(line.split())
    except SystemExit as ended:
        assert ended.code == 0, line
"""


def host_modules() -> list[str]:
    found = pkgutil.walk_packages(plugin_host.__path__, "plugin_host.")
    return [module.name for module in found]


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, timeout=120)


def test_every_host_module_imports_without_torch() -> None:
    names = host_modules()
    assert {
        "plugin_host.playing.model",
        "plugin_host.files.file_job",
        "plugin_host.csound.opcodes",
        "plugin_host.commands.app",
    } <= set(names)
    done = run_python(_IMPORT_ALL.format(banned=BANNED, names=names))
    assert done.returncode == 0, done.stderr
    assert done.stdout.split(maxsplit=1)[1].strip() == "[]"


def test_the_ban_itself_works() -> None:
    done = run_python(_IMPORT_ALL.format(banned=BANNED, names=["training.streaming.contract"]))
    assert done.returncode == 1
    assert "training is banned here" in done.stderr


def test_help_loads_nothing_heavy() -> None:
    code = """
import sys
from plugin_host.commands.app import main
try:
    main(["--help"])
except SystemExit as left:
    banned = {"numpy", "onnxruntime", "soundfile", "soxr", "pedalboard", "pydantic", "ctcsound", "torch", "rich"}
    heavy = banned & set(sys.modules)
    print(left.code, sorted(heavy))
"""
    done = run_python(code)
    assert "Exit codes" in done.stdout
    assert done.stdout.splitlines()[-1] == "0 []"


def test_train_without_torch_says_what_to_install(tmp_path: Path) -> None:
    code = f"""
import sys
sys.modules["torch"] = None
from plugin_host.commands.app import main
main(["train", "timbre", {str(tmp_path)!r}, "--output", {str(tmp_path / "run")!r}])
"""
    done = run_python(code)
    assert done.returncode == 5
    assert "torch" in done.stderr
    assert "pip install 'brainsynth[train]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_modules_import_each_other_in_a_circle() -> None:
    # Imports for type checkers alone count: a module that must know another's type depends on it.
    graph = grimp.build_graph(
        "plugin_host", "training", "export", "benchmarks", exclude_type_checking_imports=False, cache_dir=None
    )
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert len(imports) > 200
    assert circles(imports) == []
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]


def circles(imports: dict[str, set[str]]) -> list[list[str]]:
    """Give the groups of modules of which each reaches all others of its group."""
    reached: dict[str, set[str]] = {}
    for module in imports:
        found, waiting = set[str](), [module]
        while waiting:
            for target in imports.get(waiting.pop(), set()) - found:
                found.add(target)
                waiting.append(target)
        reached[module] = found
    groups = {
        tuple(sorted(other for other in reached[module] if module in reached.get(other, ())))
        for module in imports
        if module in reached[module]
    }
    return [list(group) for group in sorted(groups)]


def test_every_command_that_plays_runs_in_a_plain_installation(tmp_path: Path) -> None:
    done = run_python(_RUN_COMMANDS.format(banned=BANNED, folder=str(tmp_path)))
    assert done.returncode == 0, done.stderr
    made = {path.name for path in tmp_path.iterdir()}
    assert made >= {"out", "tone.csv", "again.flac", "crossed.wav", "found.json"}
