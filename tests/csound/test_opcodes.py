"""The opcodes play what the Python host plays, in any k-cycles, and begin and end with their notes."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from brainsynth import Model, register_opcodes
from plugin_host.csound.load_csound import load_csound
from tests.support.blocks import Audio, play
from tests.support.csound import perform

KSMPS = (1, 10, 64, 441, 4096)
EFFECT = 'instr 1\nain inch 1\naout nnfx ain, "{}"\nilatency nnlatency "{}"\nprint ilatency\nout aout\nendin'


@pytest.fixture
def sound() -> Audio:
    """A tone with noise, a quarter of a second and a bit."""
    time = np.arange(12_500) / 48_000
    noise = np.random.default_rng(3).normal(0, 0.01, time.shape)
    return (0.2 * np.sin(2 * np.pi * 220 * time) + noise).astype(np.float32)[None]


def seconds(sound: Audio, ksmps: int, rate: int = 48_000) -> float:
    """Give the length in whole k-cycles that holds a sound."""
    return -(-sound.shape[1] // ksmps) * ksmps / rate


def padded(sound: Audio, ksmps: int) -> Audio:
    return np.pad(sound, ((0, 0), (0, -sound.shape[1] % ksmps)))


def printed(said: str, name: str) -> float:
    return float(said.split(f"{name} = ")[1].split()[0])


@pytest.mark.parametrize("ksmps", KSMPS)
@pytest.mark.parametrize("name", ["cello", "leaky.onnx", "delay.onnx"])
def test_an_effect_plays_what_the_host_plays_bit_by_bit(
    name: str, ksmps: int, sound: Audio, models: Path
) -> None:
    model = Model(models / name if "." in name else name)
    done = perform(
        EFFECT.format(name, name),
        f"i 1 0 {seconds(sound, ksmps)}",
        ksmps=ksmps,
        input_sound=sound,
        folder=models,
    )
    assert done.errors == 0, done.said
    fed = padded(sound, ksmps)
    stream = model.stream(48_000, 1, ksmps)
    wanted = play(stream, fed, ksmps)
    assert done.sound.shape == wanted.shape
    assert np.std(wanted) > 0.001
    assert np.max(np.abs(done.sound.astype(np.float32) - wanted)) == 0.0
    assert printed(done.said, "ilatency") == stream.latency_samples


@pytest.mark.parametrize("ksmps", KSMPS)
def test_the_reported_latency_is_the_measured_one(ksmps: int, models: Path) -> None:
    sound = np.zeros((1, 12_500), np.float32)
    sound[0, 777] = 1.0
    for rate in (48_000, 44_100):
        done = perform(
            EFFECT.format("gain.onnx", "gain.onnx"),
            f"i 1 0 {seconds(sound, ksmps, rate)}",
            ksmps=ksmps,
            rate=rate,
            input_sound=sound,
            folder=models,
        )
        assert done.errors == 0, done.said
        late = int(np.argmax(np.abs(done.sound[0]))) - 777
        assert abs(late - printed(done.said, "ilatency")) <= (rate != 48_000)


@pytest.mark.parametrize("ksmps", KSMPS)
def test_a_generator_plays_what_the_host_plays_bit_by_bit(ksmps: int) -> None:
    done = perform(
        'instr 1\naout nngen "cello.decoder", 330, -28\nout aout\nendin',
        f"i 1 0 {3 * 4096 / 48_000}",
        ksmps=ksmps,
    )
    stream = Model("cello.decoder").stream(48_000, 1)
    stream.set(f0_hz=330, loudness_db=-28)
    length = done.sound.shape[1]
    wanted = [stream.generate(min(ksmps, length - start)) for start in range(0, length, ksmps)]
    assert np.std(wanted[-1]) > 0.001 or ksmps == 1
    assert np.max(np.abs(done.sound.astype(np.float32) - np.concatenate(wanted, axis=1))) == 0.0


@pytest.mark.parametrize("ksmps", KSMPS)
def test_an_analyzer_gives_what_the_host_gives(ksmps: int, sound: Audio) -> None:
    into_variables = "kf, kv, kl nnana ain, {0}\nout upsamp:a(kf)"
    into_array = "kall[] nnana ain, {0}\nkfirst = kall[0]\nout upsamp:a(kfirst)"
    stream = Model("pitch").stream(48_000, 1, ksmps)
    last, wanted = Model("pitch").document.outputs[0].defaults[0], []
    fed = padded(sound, ksmps)
    for start in range(0, fed.shape[1], ksmps):
        frames = stream.analyze(fed[:, start : start + ksmps])["f0_hz"]
        last = frames[0, -1] if frames.size else last
        wanted.append(last)
    for body in (into_variables, into_array):
        done = perform(
            f"instr 1\nain inch 1\n{body.format(chr(34) + 'pitch' + chr(34))}\nendin",
            f"i 1 0 {seconds(sound, ksmps)}",
            ksmps=ksmps,
            input_sound=sound,
        )
        assert done.errors == 0, done.said
        assert np.array_equal(done.sound[0, ::ksmps].astype(np.float32), np.array(wanted, np.float32))
    assert np.any(np.abs(np.array(wanted) - 220) < 5)


def test_moving_controls_play_as_the_host_plays_them(sound: Audio, models: Path) -> None:
    done = perform(
        'instr 1\nain inch 1\nkgain line 0, 0.1, 4\naout nnfx ain, "gain.onnx", "gain", kgain\nout aout\nendin',
        f"i 1 0 {seconds(sound, 64)}",
        input_sound=sound[:, :4800],
        folder=models,
    )
    stream, wanted = Model(models / "gain.onnx").stream(48_000, 1, 64), []
    for position, start in enumerate(range(0, 4800, 64)):
        stream.set(gain=min(4.0, position * 64 / 4800 * 4))
        wanted.append(stream.process(sound[:, start : start + 64]))
    wanted = np.concatenate(wanted, axis=1)
    assert np.max(np.abs(done.sound[:, :4800] - wanted)) < 1e-6
    assert np.max(np.abs(wanted)) > 0.5


@pytest.mark.parametrize(
    "written",
    ['"mode", "both", "level", 0.25', "2, 0.25", '2, "level", 0.25', '"mode", kmode, "level", ilevel'],
)
def test_controls_by_position_by_name_and_by_word(written: str, models: Path) -> None:
    done = perform(
        f'instr 1\nain = 0.125\nkmode init 2\nilevel = 0.25\naout nnfx ain, "mode.onnx", {written}\nout aout\nendin',
        folder=models,
    )
    assert done.errors == 0, done.said
    assert np.all(done.sound == 0.5)


ARGUMENTS = {
    "A4/1000": "",
    "igain": "igain = A4/1000",
    "gigain": "",
    "gkgain": "",
    "kcells[1]": "kcells[] fillarray 9, 0.44",
    "icells[1]": "icells[] fillarray 9, 0.44",
    "Sname, gkgain": 'Sname = "gain"',
    "gSname, A4/1000": "",
    'chnget:k("gain")': "",
    'chnget:i("gain")': "",
    "sr > 1 ? 0.44 : 9": "",
}


@pytest.mark.parametrize("written", ARGUMENTS)
def test_csound_is_asked_for_the_type_of_a_control(written: str, models: Path) -> None:
    done = perform(
        'gigain = 0.44\ngkgain init 0.44\ngSname = "gain"\nchnset 0.44, "gain"\n'
        f'instr 1\nain = 1\n{ARGUMENTS[written]}\naout nnfx ain, "gain.onnx", {written}\nout aout\nendin',
        folder=models,
    )
    assert done.errors == 0, done.said
    assert np.all(done.sound[0, 1000:4800] == pytest.approx(0.44, abs=1e-6))


@pytest.mark.parametrize("name", ["A4", "kr", "ksmps"])
def test_what_the_header_sets_is_a_number(name: str, models: Path) -> None:
    done = perform(f'instr 1\naout nngen "sine.onnx", {name}\nout aout\nendin', "i 1 0 1", folder=models)
    assert done.errors == 0, done.said
    wanted = {"A4": 440, "kr": 750, "ksmps": 64}[name]
    assert np.argmax(np.abs(np.fft.rfft(done.sound[0, :48_000]))) == wanted


@pytest.mark.parametrize(
    "written",
    [
        'aout = nnfx(nnfx:a(a(0.5), "gain.onnx", 0.5), "gain.onnx", 2)',
        'aout nnfx nnfx(a(0.25), "gain.onnx", 1) + 0.25, "gain.onnx", 1',
        'acells[] init 2\nacells[1] = 0.5\nacells[1] nnfx acells[1], "gain.onnx"\naout = acells[1]',
        'galeft = 0.5\ngaleft nnfx galeft, "gain.onnx"\naout = galeft\nclear galeft',
        "Sname strget p5\naout nnfx a(0.5), Sname",
        "aout nnfx a(0.5), strget(p5)",
        'Snames[] fillarray "none", "gain.onnx"\naout nnfx a(0.5), Snames[1]',
        'kon init 0\nkon += 1\nif kon % 2 == 1 then\naout nnfx a(0.5), "gain.onnx"\nelse\naout = 0.5\nendif',
    ],
)
def test_csounds_ways_of_writing_a_call(written: str, models: Path) -> None:
    done = perform(
        f"galeft init 0\ninstr 1\n{written}\nout aout\nendin", 'i 1 0 0.1 0 "gain.onnx"', folder=models
    )
    assert done.errors == 0, done.said
    # a() glides to its value in one k-cycle.
    assert np.all(done.sound[0, 256:4800] == pytest.approx(0.5))


def test_stereo_channels_have_states_of_their_own(sound: Audio, models: Path) -> None:
    done = perform(
        'instr 1\nain inch 1\naleft, aright nnfx ain, -0.5*ain, "leaky.onnx"\nouts aleft, aright\nendin',
        f"i 1 0 {seconds(sound, 64)}",
        channels=2,
        input_sound=sound,
        folder=models,
    )
    fed = padded(sound, 64)
    wanted = play(Model(models / "leaky.onnx").stream(48_000, 2, 64), np.concatenate([fed, -0.5 * fed]), 64)
    assert np.max(np.abs(done.sound - wanted)) == 0.0


def test_full_scale_is_that_of_the_orchestra(sound: Audio, models: Path) -> None:
    one, many = (
        perform(
            'instr 1\nain inch 1\naout nnfx ain, "fragile.onnx"\nasine nngen "sine.onnx"\nout aout+asine\nendin',
            "i 1 0 0.2",
            input_sound=sound,
            folder=models,
            full_scale=full_scale,
        )
        for full_scale in (1, 32768)
    )
    assert many.errors == 0
    assert np.array_equal(many.sound, 32768 * one.sound)


@pytest.mark.parametrize("local", [1, 4, 16, 64])
def test_a_udo_may_have_k_cycles_of_its_own(local: int, sound: Audio) -> None:
    udo = (
        "opcode inner, a, ai\nain, iksmps xin\nsetksmps iksmps\n"
        'aout nnfx ain, "cello"\nilatency nnlatency "cello"\nprint ilatency\nxout aout\nendop\n'
    )
    done = perform(
        udo + f"instr 1\nain inch 1\naout inner ain, {local}\nout aout\nendin",
        f"i 1 0 {seconds(sound, 64)}",
        input_sound=sound,
    )
    wanted = play(Model("cello").stream(48_000, 1, local), padded(sound, 64), local)
    assert np.max(np.abs(done.sound - wanted)) == 0.0
    assert printed(done.said, "ilatency") == 128 - local


class TestNotes:
    GENERATOR = 'instr 1\naout nngen "sine.onnx", p4\nout aout*0.25\nendin'

    def test_a_tied_note_goes_on_where_it_was(self, models: Path) -> None:
        tied = perform(self.GENERATOR, "i 1 0 -0.2 220\ni 1 0.1 0.1 220", folder=models)
        whole = perform(self.GENERATOR, "i 1 0 0.2 220", folder=models)
        assert np.array_equal(tied.sound, whole.sound)
        higher = perform(self.GENERATOR, "i 1 0 -0.2 220\ni 1 0.1 0.1 440", folder=models)
        half = 4800
        assert np.array_equal(higher.sound[:, :half], whole.sound[:, :half])
        assert np.argmax(np.abs(np.fft.rfft(higher.sound[0, half + 1200 :][:3000]))) == pytest.approx(
            27, abs=1
        )
        assert np.max(np.abs(np.diff(higher.sound[0]))) < 0.02

    def test_reinit_begins_again(self, models: Path) -> None:
        done = perform(
            "instr 1\nkonce init 0\nkonce += 1\nif konce == 76 then\nreinit again\nendif\nagain:\n"
            'aout nngen "sine.onnx", 330\nrireturn\nout aout\nendin',
            "i 1 0 0.2",
            folder=models,
        )
        assert done.errors == 0, done.said
        start = 75 * 64
        assert np.array_equal(done.sound[:, start : start + 4000], done.sound[:, :4000])
        assert np.any(done.sound[:, start - 1] != done.sound[:, start + 1])

    def test_every_note_has_a_state_of_its_own(self, models: Path) -> None:
        together = perform(self.GENERATOR, "i 1 0 0.2 220\ni 1 0.05 0.1 330\ni 1 0.05 0.1 441", folder=models)
        alone = [
            perform(self.GENERATOR, f"i 1 0 0.2 220\n{line}", folder=models).sound
            for line in ("", "i 1 0.05 0.1 330", "i 1 0.05 0.1 441")
        ]
        assert np.allclose(together.sound, alone[1] + alone[2] - alone[0], atol=1e-7)

    def test_a_later_note_sounds_like_the_first(self, models: Path) -> None:
        orchestra = 'instr 1\nain inch 1\naout nnfx ain, "leaky.onnx"\nout aout\nendin'
        sound = np.tile(np.linspace(-0.4, 0.7, 4800, dtype=np.float32), 2)[None]
        done = perform(orchestra, "i 1 0 0.1\ni 1 0.1 0.1", input_sound=sound, ksmps=32, folder=models)
        assert np.array_equal(done.sound[:, :4800], done.sound[:, 4800:9600])

    def test_notes_begin_and_end_at_their_samples(self, models: Path) -> None:
        flags = ("--sample-accurate",)
        for body in ('aout nngen "sine.onnx", 220', 'aone = 1\naout nnfx aone, "gain.onnx"'):
            done = perform(
                f"instr 1\n{body}\nout aout\nendin",
                f"i 1 {1001 / 48000} {2003 / 48000}",
                flags=flags,
                folder=models,
            )
            sounding = np.nonzero(done.sound[0])[0]
            first = 1001 if "nnfx" in body else 1002  # a sine begins with a zero
            assert abs(sounding[0] - first) <= 1
            assert abs(sounding[-1] - 3003) <= 1
        free = perform(self.GENERATOR, "i 1 0 0.1 220", folder=models).sound
        late = perform(self.GENERATOR, f"i 1 {1001 / 48000} 0.1 220", flags=flags, folder=models).sound
        start = int(np.nonzero(late[0])[0][0]) - 1
        assert np.array_equal(late[:, start : start + 4000], free[:, :4000])

    def test_what_ends_is_freed_or_used_again(self, models: Path) -> None:
        csound = load_csound().Csound()
        for flag in ("-n", "-m0", "-d"):
            csound.setOption(flag)
        csound.createMessageBuffer(False)
        orchestra = register_opcodes(csound, models)
        csound.compileOrc("sr=48000\nksmps=64\n0dbfs=1\n" + self.GENERATOR)
        csound.readScore("\n".join(f"i 1 {position / 1000} 0.003 220" for position in range(1000)))
        csound.start()
        most = 0
        while csound.performKsmps() == 0:
            most = max(most, len(orchestra.players))
        assert 2 <= most <= 8
        csound.readScore("")
        csound.reset()
        assert orchestra.players == {}
        assert sum(map(len, orchestra.pool._streams.values())) <= 8

    def test_registered_again_after_a_reset(self, models: Path) -> None:
        csound = load_csound().Csound()
        for _ in range(2):
            csound.setOption("-n")
            csound.setOption("-m0")
            csound.createMessageBuffer(False)
            register_opcodes(csound, models)
            assert csound.compileOrc("sr=48000\nksmps=64\n0dbfs=1\n" + self.GENERATOR) == 0
            csound.readScore("i 1 0 10 220")
            csound.start()
            assert csound.performKsmps() == 0
            assert np.max(np.abs(csound.spout())) > 0.1
            csound.reset()


COUNTING = (
    "instr 1\nkcount init 0\nkcount += 1\nain upsamp (kcount % 8192)/8192\n"
    'aout nnfx ain, "gain.onnx"\nout aout\nendin'
)


@pytest.mark.slow
def test_ten_minutes_lose_no_block(models: Path) -> None:
    done = perform(COUNTING, "i 1 0 600", ksmps=4096, folder=models)
    cycles = np.arange(1, done.sound.shape[1] // 4096 + 1)
    assert len(cycles) == round(600 * 48_000 / 4096)
    # Each k-cycle is marked by its number, all along.
    assert np.array_equal(done.sound[0].reshape(-1, 4096), np.tile(cycles[:, None] % 8192 / 8192, 4096))


def test_a_busy_thread_costs_time_and_no_block(models: Path) -> None:
    code = f"""
import sys, threading
sys.setswitchinterval(1e-4)
from pathlib import Path
import numpy as np
from tests.support.csound import perform
from tests.csound.test_opcodes import COUNTING
over = threading.Event()
def spin():
    while not over.is_set():
        pass
thread = threading.Thread(target=spin)
thread.start()
done = perform(COUNTING, "i 1 0 0.5", folder=Path({str(models)!r}))
over.set()
thread.join()
print(done.errors, np.array_equal(done.sound[0, ::64], np.arange(1, 376) / 8192))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout == "0 True\n", done.stderr


def test_a_program_that_leaves_in_mid_note_does_not_crash(models: Path) -> None:
    code = f"""
from brainsynth import register_opcodes
import ctcsound
csound = ctcsound.Csound()
csound.setOption("-n")
register_opcodes(csound, {str(models)!r})
csound.compileOrc('sr=48000\\nksmps=64\\ninstr 1\\naout nngen "sine.onnx"\\nout aout\\nendin')
csound.readScore("i 1 0 10")
csound.start()
print(csound.performKsmps())
{{}}
"""
    for ending in (
        "",
        "del csound",
        "import gc; other = [csound]; other.append(other); del csound, other; gc.collect()",
    ):
        command = [sys.executable, "-c", code.replace("{}", ending)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr


def test_nothing_is_left_of_a_csound_that_is_gone(models: Path) -> None:
    from plugin_host.csound import opcodes

    gc.collect()
    before = len(opcodes._orchestras)
    perform('instr 1\naout nngen "sine.onnx"\nout aout\nendin', folder=models)
    gc.collect()
    assert len(opcodes._orchestras) == before


def test_the_tests_see_a_wrong_sample(sound: Audio, models: Path) -> None:
    done = perform(EFFECT.format("gain.onnx", "gain.onnx"), "i 1 0 0.2", input_sound=sound, folder=models)
    wrong = sound[:, :9600].copy()
    wrong[0, 5000] += 1e-6
    assert np.max(np.abs(done.sound[:, :9600] - wrong)) > 0
    assert np.max(np.abs(done.sound[:, :9600] - sound[:, :9600])) == 0
