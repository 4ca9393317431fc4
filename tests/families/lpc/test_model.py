"""The LPC models: the contract from torch to the host, and what the bundled ones find, play and change."""

from __future__ import annotations

import hashlib
import itertools
from pathlib import Path

import numpy as np
import onnx
import onnx.numpy_helper
import pytest
import soxr
import torch
from numpy.typing import NDArray
from scipy import signal

from brainsynth import Model, Renderer
from export.proof import difference, play_torch
from export.signals import proof_inputs
from tests.contract import check_model
from tests.support.proofs import assert_proved
from training.dsp.allpole import MovingFilter, PolynomialResponse, inverse, warping
from training.dsp.levinson import Levinson, StepUp
from training.families.lpc.model import FORMANT_SHIFT, CrossSynthesis, LpcAnalyzer, LpcEffect, LpcGenerator
from training.families.lpc.settings import LpcSize
from training.families.lpc.spectra import WindowedPower, autocorrelation_matrix, short_window
from training.families.lpc.tracker import LpcTracker, new_tracker
from training.streaming.contract import Carry
from training.streaming.model import StreamingModel

Audio = NDArray[np.float32]
RATE, HOP, ORDER = 24000, 128, 16
VOWEL = ((700, 90), (1200, 110), (2600, 160), (3500, 250))
OTHER_VOWEL = ((300, 70), (2300, 120), (3000, 170), (3700, 260))
SYNTH = Path(__file__).parents[3] / "csd" / "synths" / "allpole.csd"
NAMES = ("ar", "ar.analyzer", "ar.decoder", "ar.cross")


@pytest.fixture(scope="module")
def tracker() -> LpcTracker:
    """A tracker that has learned nothing but the bundled network's pitch."""
    torch.manual_seed(2)
    return new_tracker(LpcSize(width=24, hidden=16))


def check_in_blocks(model: StreamingModel, frames: int = 40) -> None:
    """Torch whole against torch in blocks: building the graph takes half a minute, and the bundled files carry proofs."""
    model.eval()
    inputs = proof_inputs(model, frames, seed=3)
    whole = play_torch(model, inputs, [frames])
    for sizes in ([1] * frames, [3] * (frames // 3) + [frames % 3], [7, 13, 2, 18]):
        blocks = play_torch(model, inputs, sizes)
        for name, values in whole.items():
            assert np.any(values), name
            assert difference(blocks, whole, name) < 2e-5, (name, sizes[:4])


@pytest.mark.slow
def test_models_of_a_tracker_keep_the_contract(tracker: LpcTracker) -> None:
    for model in (LpcAnalyzer(tracker), LpcGenerator(), LpcEffect(tracker), CrossSynthesis(tracker)):
        check_in_blocks(model)


def test_the_spectra_hold_a_sound_for_their_reach(tracker: LpcTracker) -> None:
    front_end, end = tracker.front_end, 30
    sound = torch.rand(1, 80, HOP) - 0.5
    sound[:, end:] = 0.0
    with torch.no_grad():
        (slow, long, *_), _ = front_end(sound, front_end.initial_state(1))
    heard = end + front_end.reach
    assert slow[0, heard - 1].max() > 0.0
    assert slow[0, heard:].max() == long[0, heard:].max() == 0.0
    assert LpcEffect(tracker).tail_samples == 23 * HOP + 2048 - 256


class Doubled(StreamingModel):
    """A sound through its own filter of order 3: what is special in the family's graphs, in one that is built soon."""

    sample_rate, hop_length = RATE, HOP
    controls = (FORMANT_SHIFT,)
    tail_samples = 512

    def __init__(self) -> None:
        super().__init__()
        self.spectrum = WindowedPower(short_window(512), HOP)
        self.register_buffer("lags", autocorrelation_matrix(512, 3))
        self.levinson, self.step_up = Levinson(3), StepUp(3)
        self.response, self.filter = PolynomialResponse(3, 512, 60.0, RATE), MovingFilter(HOP, 512)

    def forward(self, inputs, state):
        carry = Carry(self, state)
        hops = inputs["audio"].reshape(1, -1, HOP)
        r = carry("spectrum", hops).double() @ self.lags + torch.tensor(
            [1e-3, 0.0, 0.0, 0.0], dtype=torch.float64
        )
        a = self.step_up(self.levinson(r)[0])
        shift = warping(inputs["control.formant_shift"].unsqueeze(2).double())
        response = torch.stack(inverse(*self.response(a, shift)), 2).float()
        return {"audio": carry("filter", (hops, response)).reshape(1, 1, -1)}, carry.next_state


@pytest.mark.slow
def test_filters_keep_the_contract_as_far_as_the_host(tmp_path: Path) -> None:
    check_model(Doubled(), tmp_path, frames=24)


@pytest.mark.parametrize(
    "broken",
    ["synthesizer.filter.ringing", "synthesizer.excitation.pulses.phase", "tracker.front_end.slow.past"],
)
def test_contract_notices_a_state_that_is_lost(tracker: LpcTracker, broken: str) -> None:
    class Forgetful(LpcEffect):
        def forward(self, inputs, state):
            outputs, next_state = super().forward(inputs, state)
            return outputs, {k: v * (0 if k == broken else 1) for k, v in next_state.items()}

    model = Forgetful(tracker)
    assert broken in model.initial_state(1)
    with pytest.raises(AssertionError, match=r"audio.*\[1, 1, 1, 1\]"):
        check_in_blocks(model)


@pytest.mark.parametrize("name", NAMES)
def test_bundled_files_prove_themselves_and_are_small(name: str) -> None:
    model = Model(name)
    assert_proved(model)
    assert model.size_bytes <= 3_000_000
    assert model.document.sample_rate == RATE
    said = model.document.provenance
    assert said["author"]
    assert said["licence"] == "GPL-3.0-or-later"
    assert ("allpole.csd" in said["data"]) == (name != "ar.decoder")
    assert said["synth_sha256"] == hashlib.sha256(SYNTH.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", NAMES)
def test_bundled_files_hold_every_table_once(name: str) -> None:
    tables = [onnx.numpy_helper.to_array(tensor) for tensor in onnx.load(Model(name).path).graph.initializer]
    large = [(str(t.dtype), t.shape, t.tobytes()) for t in tables if t.nbytes > 1000]
    assert len(large) > 5
    assert len(set(large)) == len(large)


@pytest.mark.parametrize("name", ["ar", "ar.cross"])
@pytest.mark.parametrize("block_size", [17, 128, 441])
def test_bundled_effects_play_alike_in_blocks_of_any_size(name: str, block_size: int) -> None:
    model = Model(name)
    channels = model.document.channels
    sound = np.tile(vowel(VOWEL, pulses(110, 0.3)), (channels, 1))
    whole = model.render(sound, RATE)
    stream = model.stream(RATE, channels, block_size)
    late = stream.latency_samples
    fed = np.pad(sound, ((0, 0), (0, late + -(sound.shape[1] + late) % block_size)))
    played = [stream.process(fed[:, i : i + block_size]) for i in range(0, fed.shape[1], block_size)]
    assert np.abs(np.concatenate(played, 1)[:, late : late + sound.shape[1]] - whole).max() < 2e-6


def vowel(formants: tuple[tuple[int, int], ...], excitation: np.ndarray) -> Audio:
    """An excitation through resonances (Hz, width in Hz) and a slope, at an RMS of 0.05."""
    sound = np.asarray(signal.lfilter([1], [1, -0.8], excitation))
    for hertz, width in formants:
        radius = np.exp(-np.pi * width / RATE)
        a = [1, -2 * radius * np.cos(2 * np.pi * hertz / RATE), radius**2]
        sound = np.asarray(signal.lfilter([1], a, sound))
    return (0.05 * sound / np.std(sound)).astype(np.float32)


def pulses(f0_hz: float, seconds: float = 1.0) -> np.ndarray:
    """Unit pulses with a hundredth of noise, as a throat gives them."""
    phase = f0_hz * np.arange(round(seconds * RATE)) / RATE
    train = np.diff(np.floor(phase), prepend=-1.0)
    return train + 0.1 * np.std(train) * noise(seconds)


def noise(seconds: float = 1.0) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(round(seconds * RATE))


def polynomials(found: dict[str, Audio]) -> np.ndarray:
    """Of each frame: (N, 17)."""
    reflections = np.stack([found[f"k{m}"][0] for m in range(1, ORDER + 1)], 1)
    assert np.abs(reflections).max() < 1.0
    return StepUp(ORDER)(torch.from_numpy(reflections).double()).numpy()


def spectrum_db(sound: Audio) -> tuple[np.ndarray, np.ndarray]:
    """Power spectrum of the later part and its frequencies, 23 Hz apart."""
    hertz, power = signal.welch(sound[-16384:], RATE, nperseg=1024)
    return 10 * np.log10(power + 1e-14), hertz


def resonance(sound: Audio, low: float, high: float) -> float:
    """Where the spectrum, smoothed over 200 Hz, is highest between two frequencies."""
    level, hertz = spectrum_db(sound)
    within = (hertz > low) & (hertz < high)
    smooth = np.convolve(10 ** (level / 10), np.hanning(17), "same")
    return float(hertz[within][smooth[within].argmax()])


def f0_of(sound: Audio, low: float = 60, high: float = 500) -> float:
    """The first of the high peaks of the autocorrelation of the spectrum's root, which flattens resonances."""
    late = (sound[-8192:] * np.hanning(8192)).astype(np.float64)
    likeness = np.fft.irfft(np.sqrt(np.abs(np.fft.rfft(late, 16384))))
    first, last = round(RATE / high), round(RATE / low)
    peaks, _ = signal.find_peaks(likeness[first:last], height=0.7 * likeness[first:last].max())
    return RATE / float(first + peaks[0])


def level_db(sound: Audio) -> float:
    return float(20 * np.log10(np.std(sound[-8192:])))


def test_every_frame_is_stable_even_of_what_cannot_be_predicted() -> None:
    time = np.arange(RATE // 4) / RATE
    hard = (
        np.zeros_like(time),
        np.ones_like(time),
        np.sin(2 * np.pi * 50 * time),
        np.sin(2 * np.pi * 11_900 * time),
        np.sign(noise(0.25)),
    )
    for sound in hard:
        found = Model("ar.analyzer").render(sound.astype(np.float32)[None], RATE)
        assert max(np.abs(np.roots(row)).max(initial=0.0) for row in polynomials(found)) < 1.0
        assert all(np.isfinite(values).all() for values in found.values())


@pytest.mark.parametrize("excitation", [pulses(110), noise()], ids=["pulses", "noise"])
def test_analyzer_finds_resonances_level_voicing_and_pitch(excitation: np.ndarray) -> None:
    sound = vowel(VOWEL, excitation)
    found = Model("ar.analyzer").render(sound[None], RATE)
    level = -20 * np.log10(np.abs(np.fft.rfft(polynomials(found)[150], 2048)))
    hertz = np.arange(1025) * RATE / 2048
    for formant, _ in VOWEL[:3]:
        near = np.abs(hertz - formant) < 300
        assert hertz[near][level[near].argmax()] == pytest.approx(formant, abs=60)
    is_noise = np.array_equal(excitation, noise())
    assert (np.median(found["voicing"]) < 0.45) if is_noise else (np.median(found["voicing"]) > 0.65)
    if not is_noise:
        assert np.median(found["f0_hz"]) == pytest.approx(110, rel=0.01)
    louder = Model("ar.analyzer").render(4 * sound[None], RATE)
    assert louder["gain_db"][0, 150] - found["gain_db"][0, 150] == pytest.approx(12.04, abs=0.5)


def test_generator_plays_pitch_level_and_noise() -> None:
    stream = Model("ar.decoder").stream(RATE)
    tone = stream.generate(RATE, f0_hz=150.0, voicing=1.0, gain_db=-30.0)[0]
    stream.reset()
    hiss = stream.generate(RATE, f0_hz=150.0, voicing=0.0, gain_db=-30.0)[0]
    assert f0_of(tone) == pytest.approx(150, rel=0.01)
    assert [level_db(sound) for sound in (tone, hiss)] == pytest.approx([-30.0, -30.0], abs=0.7)
    late = hiss[4096:]
    assert max(abs(np.corrcoef(late[:-lag], late[lag:])[0, 1]) for lag in (1, 2, 5, 160)) < 0.04


def test_effect_resynthesises_its_input_and_its_controls_mean_what_they_say() -> None:
    sound, period = vowel(VOWEL, pulses(120)), RATE // 120

    def play(**controls: float) -> Audio:
        return Model("ar").render(sound[None], RATE, **controls)[0]

    def periodicity(made: Audio) -> float:
        return float(np.corrcoef(made[-8192:-period], made[-8192 + period :])[0, 1])

    plain = play()
    assert periodicity(plain) > 0.9
    assert f0_of(plain) == pytest.approx(120, rel=0.02)
    assert resonance(plain, 400, 950) == pytest.approx(700, abs=130)
    assert level_db(plain) == pytest.approx(level_db(sound), abs=2.0)
    higher = play(pitch_shift=7.0)
    assert f0_of(higher) == pytest.approx(120 * 2 ** (7 / 12), rel=0.02)
    assert resonance(higher, 400, 950) == pytest.approx(700, abs=150)
    smaller = play(formant_shift=6.0)
    assert f0_of(smaller) == pytest.approx(120, rel=0.02)
    assert resonance(smaller, 850, 1250) == pytest.approx(700 * 2**0.5, abs=130)
    assert abs(periodicity(play(voicing=-1.0))) < 0.25
    assert level_db(play(gain=-12.0)) == pytest.approx(level_db(plain) - 12.0, abs=0.2)


@pytest.mark.csound
def test_a_clean_voice_does_not_become_hoarse() -> None:
    with Renderer("voice") as renderer:
        voice = renderer.render({"f0_hz": 160.0, "vibrato_cents": 3.0})[0]
        sound = np.asarray(soxr.resample(voice, renderer.synth.sample_rate, RATE), np.float32)

    def harmonics_to_noise_db(made: Audio) -> float:
        held, period = made[7200:26400], RATE // 160
        alike = max(
            float(np.corrcoef(held[:-lag], held[lag:])[0, 1]) for lag in range(period - 3, period + 4)
        )
        return 10 * np.log10(alike / (1 - alike))

    assert harmonics_to_noise_db(sound) > 25.0
    # Were the voicing played as it is estimated, about 0.9, this would be 10 dB.
    assert harmonics_to_noise_db(Model("ar").render(sound[None], RATE)[0]) > 15.0


def crossed(first: Audio, second: Audio, **controls: float) -> Audio:
    return Model("ar.cross").render(np.stack([first, second]), RATE, **controls)


def unlike(sound: Audio, other: Audio) -> float:
    """By how much spectra differ in shape, in dB, where voices have their resonances."""
    (level, hertz), (wanted, _) = spectrum_db(sound), spectrum_db(other)
    compared = (hertz > 200) & (hertz < 9000)
    return float(np.std((level - wanted)[compared]))


def test_cross_synthesis_gives_one_sound_the_filter_of_the_other() -> None:
    voice, strings = vowel(VOWEL, noise()), vowel(OTHER_VOWEL, noise()[::-1])
    made = crossed(voice, strings)
    assert np.array_equal(made[0], made[1])
    assert unlike(made[0], voice) < 3.0
    assert unlike(made[0], strings) > 7.0
    assert unlike(voice, strings) > 7.0
    assert level_db(made[0]) == pytest.approx(level_db(voice), abs=3.0)
    spoken = crossed(vowel(VOWEL, pulses(100)), vowel(OTHER_VOWEL, pulses(170)))[0]
    assert f0_of(spoken) == pytest.approx(170, rel=0.01)


@pytest.mark.slow
def test_amount_of_cross_synthesis_goes_straight_from_the_second_sound_to_the_firsts_filter() -> None:
    voice, strings = vowel(VOWEL, noise()), vowel(OTHER_VOWEL, noise()[::-1])
    np.testing.assert_allclose(crossed(voice, strings, amount=0.0)[0], strings, atol=1e-5)
    made = [crossed(voice, strings, amount=amount)[0] for amount in (0.0, 0.3, 0.6, 1.0)]
    away = [unlike(sound, voice) for sound in made]
    moved = [unlike(sound, strings) for sound in made]
    assert all(before > 1.15 * after for before, after in itertools.pairwise(away))
    assert all(after > 1.15 * before for before, after in itertools.pairwise(moved))


@pytest.mark.parametrize(
    ("partials", "within_db"),
    [({1: 1.0}, 3.0), ({2: 1.0, 4: 0.3, 6: 0.15}, 5.0), (dict.fromkeys(range(1, 60), 0.2), 1.5)],
)
def test_a_cross_is_nearly_as_loud_as_was_asked_for_also_of_lonely_partials(
    partials: dict[int, float], within_db: float
) -> None:
    # By the second sound's envelope, which has power between them, these would be 18, 9 and 2 dB too quiet.
    time = np.arange(RATE) / RATE
    sound = np.sum([level * np.sin(2 * np.pi * 196 * k * time) for k, level in partials.items()], axis=0)
    second, voice = (0.1 * sound).astype(np.float32), vowel(VOWEL, pulses(100))
    for dynamics, wanted in ((0.0, second), (1.0, voice)):
        made = crossed(voice, second, dynamics=dynamics)[0]
        assert level_db(made) == pytest.approx(level_db(wanted), abs=within_db), dynamics


def test_a_cross_is_as_loud_as_a_sound_whose_power_lies_below_its_lowest_resonance() -> None:
    # By the model of the first sound instead of what is heard of it, this would be 4 dB too quiet.
    white = np.fft.rfft(noise())
    pink = np.fft.irfft(white / np.sqrt(np.arange(len(white)) + 1.0)).astype(np.float32)
    pink *= 0.1 / pink.std()
    made = crossed(pink, vowel(OTHER_VOWEL, noise()), dynamics=1.0)[0]
    assert level_db(made) == pytest.approx(level_db(pink), abs=1.0)


def test_dynamics_of_cross_synthesis_are_one_sounds_or_the_others() -> None:
    swell = np.linspace(0.02, 1.0, RATE, dtype=np.float32)
    voice, strings = vowel(VOWEL, noise()) * swell, vowel(OTHER_VOWEL, pulses(170))

    def rise_db(dynamics: float) -> float:
        sound = crossed(voice, strings, dynamics=dynamics)[0]
        return float(20 * np.log10(np.std(sound[-4000:]) / np.std(sound[4000:8000])))

    assert rise_db(1.0) > 8.0
    assert abs(rise_db(0.0)) < 2.5
