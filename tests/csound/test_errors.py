"""Every error of the opcodes is one of Csound's, and names the opcode, the model and the remedy."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support import tiny_models
from tests.support.blocks import Audio
from tests.support.csound import perform

INIT_ERRORS = [
    ('aout nnfx ain, "celo"', r"there is no model 'celo': did you mean 'cello'\?"),
    ('aout nnfx ain, "models/none.onnx"', r"models/none\.onnx"),
    ('aout nnfx ain, "damaged.onnx"', r"damaged\.onnx"),
    ('aout nnfx ain, ""', 'the name of the model is empty: write a name, such as "cello"'),
    ('aout nnfx ain, "rms.onnx"', r'role analyzer .* write kvalues\[\] nnana ain, "rms\.onnx"'),
    ('aout nngen "gain.onnx"', r'role effect .* write aout nnfx ain, "gain\.onnx"'),
    ('ka nnana ain, "sine.onnx"\naout = ain', r'role generator .* write aout nngen "sine\.onnx"'),
    ('ka, kb nnana ain, "rms.onnx"\naout = ain', "it gives 1 number, and 2 are taken: write krms nnana"),
    ('aout nnfx ain, "wide.onnx"', "its sound has 2 channels, and 1 is written: write aleft, aright nnfx"),
    ('aout, aother nngen "sine.onnx"', "its sound has 1 channel, and 2 are written: write aout nngen"),
    ('ka nnana ain, ain, "rms.onnx"\naout = ain', "its sound has 1 channel, and 2 are written"),
    ('aout nnfx ain, "gain.onnx", 9', "gain is 9, needed is a number from 0 to 4"),
    ('aout nnfx ain, "gain.onnx", p4', "gain is 77, needed is a number from 0 to 4"),
    ('aout nnfx ain, "gain.onnx", 1, 2', "2 controls are given and effect 'gain' has 1: gain"),
    ('aout nnfx ain, "gain.onnx", "gian", 1', "effect 'gain' has no control 'gian': did you mean 'gain'"),
    ('aout nnfx ain, "gain.onnx", "gain"', 'control "gain" is given no value: write "gain", value'),
    ('aout nnfx ain, "gain.onnx", 1, "gain", 2', "control gain is given twice: leave one of them out"),
    ('aout nnfx ain, "mode.onnx", "level", 0, 1', "1 stands where the name of a control is needed"),
    ('aout nnfx ain, "mode.onnx", "mode", "loud"', "mode is 'loud': choose one of 'dry', 'wet', 'both'"),
    ('aout nnfx ain, "mode.onnx", 0.5', "mode is 0.5, needed is a whole number from 0 to 2"),
    ('aout nnfx ain, "gain.onnx", ain', r"given as ain, and needed is a number .* write downsamp\(ain\)"),
    ('ilat nnlatency "celo"\naout = ain', "there is no model 'celo'"),
]


@pytest.fixture(scope="module")
def folder(models: Path) -> Path:
    tiny_models.save(tiny_models.gain_effect(channels=2), models, "wide")
    (models / "damaged.onnx").write_bytes((models / "gain.onnx").read_bytes()[:300])
    return models


@pytest.mark.parametrize(("line", "sentence"), INIT_ERRORS)
def test_init_errors_end_only_their_own_note(line: str, sentence: str, folder: Path) -> None:
    opcode = re.search(r"nn\w+", line)
    model = re.search(r'"([^"]*)"', line)
    assert opcode is not None
    assert model is not None
    done = perform(
        f"instr 1\nain = 0.25\n{line}\nout aout\nendin\ninstr 2\naone = 0.5\nout aone\nendin",
        "i 1 0 0.1 77\ni 2 0 0.05",
        folder=folder,
    )
    assert done.errors == 1
    assert f"(opcode {opcode[0]})" in done.said.split("INIT ERROR in instr 1")[1]
    assert re.search(f'{opcode[0]} "{re.escape(model[1])}": .*{sentence}', done.said), done.said
    assert "note deleted" in done.said
    # The other note plays on, by itself.
    assert np.all(done.sound[0, :2400] == 0.5)
    assert np.all(done.sound[0, 2432:] == 0)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("kcount", "gain is 5, needed is a number from 0 to 4"),
        ("1/(5 - kcount) - 1/(5 - kcount)", "gain is -?nan, needed is a number from 0 to 4"),
    ],
)
def test_a_control_that_leaves_its_range_ends_the_note(value: str, sentence: str, folder: Path) -> None:
    done = perform(
        f'instr 1\nkcount init 0\nkcount += 1\nain = 0.5\naout nnfx ain, "gain.onnx", "gain", {value}\n'
        "out aout\nendin\ninstr 2\naone = 0.25\nout aone\nendin",
        "i 1 0 0.1\ni 2 0.05 0.05",
        folder=folder,
    )
    assert done.errors == 1
    assert re.search(f'PERF ERROR in instr 1.*nnfx "gain.onnx": {sentence}', done.said), done.said
    assert "note aborted" in done.said
    assert np.all(done.sound[0, 2432:4700] == 0.25)


def test_a_reinit_that_fails_ends_the_note(folder: Path) -> None:
    done = perform(
        "instr 1\nkcount init 0\nkcount += 1\nif kcount == 9 then\nreinit again\nendif\nagain:\n"
        'Sname = i(kcount) > 5 ? "sin.onnx" : "sine.onnx"\naout nngen Sname, 220\nrireturn\nout aout\nendin',
        "i 1 0 0.1",
        folder=folder,
    )
    assert "sin.onnx" in done.said.split("INIT ERROR")[1]
    assert "it cannot play, because its last init pass failed: see the error above" in done.said
    assert np.all(done.sound[0, 9 * 64 :] == 0)


SKIPPED = {
    "nnfx": 'aout nnfx ain, "gain.onnx"',
    "nngen": 'aout nngen "sine.onnx", 220',
    "nnana": 'kout nnana ain, "rms.onnx"\naout = a(kout)',
}
IDIOMS = {
    "igoto": "igoto skip\n{}\nskip:",
    "reinit too late": "igoto skip\nagain:\n{}\nrireturn\nskip:\nif kcount == 4 then\nreinit again\nendif",
    "goto": "if p4 == 1 goto play\nif p4 == 0 igoto skip\nplay:\n{}\nskip:",
    "its name is not known either": "igoto skip\nSname = p4 == 0 ? {1} : {1}\n{2}\nskip:",
}


@pytest.mark.parametrize("idiom", IDIOMS)
@pytest.mark.parametrize("opcode", SKIPPED)
def test_an_opcode_whose_init_bodywas_skipped_ends_its_note_once(
    opcode: str, idiom: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    line = SKIPPED[opcode]
    model = re.findall(r'"[^"]+"', line)[0]
    body = IDIOMS[idiom].format(line, model, line.replace(model, "Sname"))
    done = perform(
        f"instr 1\nain = 0.25\nkcount init 0\nkcount += 1\n{body}\nout aout\nendin\n"
        "instr 2\naone = 0.5\nout aone\nendin",
        "i 1 0 0.1 0\ni 2 0 0.05",
        folder=folder,
    )
    assert done.errors == 1
    assert re.search(rf'PERF ERROR in instr 1.*{opcode} ".*": .*its init pass was skipped', done.said)
    assert done.said.count("note aborted") == 1
    assert np.all(done.sound[0, :2400] == 0.5)
    assert np.all(done.sound[0, 2432:] == 0)
    assert capfd.readouterr().err == ""


def test_a_note_in_reused_memory_does_not_play_what_the_note_before_played(folder: Path) -> None:
    done = perform(
        'instr 1\nif p4 == 1 igoto skip\naout nngen "sine.onnx", 220\nskip:\nout aout\nendin',
        "i 1 0 0.01 0\ni 1 0.02 0.01 1\ni 1 0.04 0.01 0",
        folder=folder,
    )
    assert done.errors == 1
    assert np.any(done.sound[0, :480])
    assert not np.any(done.sound[0, 960:1900])
    assert np.any(done.sound[0, 1920:])


@pytest.mark.parametrize(
    "body",
    [
        "igoto skip\naout nngen {0}, 220\nskip:",
        "kf init 200\nkf += 1000\naout nngen {0}, kf",
        "kon init 0\nkon += 1\nif kon >= 7 then\naout nngen {0}, 20*kon*kon*kon\nendif",
    ],
)
@pytest.mark.parametrize("outer", ["", "setksmps 32\n"])
def test_an_error_in_shorter_k_cycles_does_not_crash_csound(body: str, outer: str, folder: Path) -> None:
    # In a process of its own: Csound crashes if the note ends before the k-cycle of the instrument does.
    orchestra = (
        f"opcode inner, a, 0\nsetksmps 16\n{body.format(chr(34) + 'sine.onnx' + chr(34))}\nxout aout\nendop\n"
        f"opcode outer, a, 0\n{outer}aout inner\nxout aout\nendop\n"
        "instr 1\naout outer\nout aout\nendin\ninstr 2\naone = 0.5\nout aone\nendin"
    )
    code = (
        "from pathlib import Path\nfrom tests.support.csound import perform\n"
        f"done = perform({orchestra!r}, 'i 1 0 0.1\\ni 2 0 0.05', folder=Path({str(folder)!r}))\n"
        "print(done.errors, done.said.count('note aborted'), (done.sound[0, 2000:2400] == 0.5).all())"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stdout) == (0, "1 1 True\n"), ended.stderr


def test_samples_that_are_not_finite_are_reported_once(folder: Path) -> None:
    input_sound: Audio = np.full((1, 4800), 0.25, np.float32)
    input_sound[0, 1000:1300] = np.nan
    input_sound[0, 2000] = 0.95
    input_sound[0, 3000] = 0.95
    done = perform(
        'instr 1\nain inch 1\naout nnfx ain, "fragile.onnx"\nout aout\nendin',
        input_sound=input_sound,
        folder=folder,
        flags=("-m4",),
    )
    assert done.errors == 0
    assert done.said.count('nnfx "fragile.onnx": its input holds samples that are not numbers') == 1
    assert (
        done.said.count('nnfx "fragile.onnx": the model gave samples that are not numbers, so it was muted')
        == 1
    )
    assert np.all(np.isfinite(done.sound))
    assert done.sound[0, -1] == pytest.approx(0.25)


def test_percent_signs_do_not_reach_printf(folder: Path) -> None:
    done = perform('instr 1\nain = 0\naout nnfx ain, "100%s%n.onnx"\nout aout\nendin', folder=folder)
    assert '100%s%n.onnx": ' in done.said


def test_an_internal_fault_is_a_csound_error_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("plugin_host.csound.note_players.EffectNotePlayer.perform", fail)
    done = perform('instr 1\nain = 0\naout nnfx ain, "gain.onnx"\nout aout\nendin', folder=folder)
    assert 'nnfx "gain.onnx": fault in this program (ZeroDivisionError: division by zero)' in done.said
    assert done.errors == 1
