// A small instrument for tests: a saw or pulse through a low-pass filter, with a decay. EVIL says what it does wrong:
// 1 crashes above a decay of one second, 2 hangs there, 3 goes on where its last sound ended, 4 has hundreds of parameters.
#include "DistrhoPlugin.hpp"
#include <atomic>
#include <cmath>
#include <csignal>
#include <string>
#include <unistd.h>
#ifndef EVIL
#define EVIL 0
#endif

START_NAMESPACE_DISTRHO

enum { kCutOff, kDecay, kWave, kVoices, kOwn, kCount = EVIL == 4 ? 600 : kOwn };
static double soundsSoFar = 0;

class Plain : public Plugin {
public:
  Plain() : Plugin(kCount, 0, 0) {
    Parameter described;
    for (uint32_t at = 0; at < kCount; ++at) initParameter(at, described);
  }

protected:
  const char* getLabel() const override { return "Plain"; }
  const char* getMaker() const override { return "Brainsynth"; }
  const char* getLicense() const override { return "GPL"; }
  uint32_t getVersion() const override { return d_version(1, 0, 0); }
  int64_t getUniqueId() const override { return d_cconst('B', 'r', 'P', 'l'); }

  void initParameter(uint32_t at, Parameter& it) override {
    static const struct { const char *name, *symbol, *unit; float least, most, usual; uint32_t hints; } known[] = {
        {"Cut Off", "cut_off", "Hz", 100, 8000, 1000, 0},
        {"Decay", "decay", "s", 0.05f, 2, 0.5f, 0},
        {"Wave", "wave", "", 0, 1, 0, kParameterIsInteger},
        {"Voices", "voices", "", 1, 8, 2, kParameterIsInteger}};
    it.hints = kParameterIsAutomatable;
    if (at >= kOwn) {
      it.name = ("Knob " + std::to_string(at)).c_str();
      it.symbol = ("knob_" + std::to_string(at)).c_str();
      return;
    }
    it.name = known[at].name;
    it.symbol = known[at].symbol;
    it.unit = known[at].unit;
    it.ranges = ParameterRanges(known[at].usual, known[at].least, known[at].most);
    it.hints |= known[at].hints;
    if (at == kWave) {
      it.enumValues.count = 2;
      it.enumValues.restrictedMode = true;
      it.enumValues.values = new ParameterEnumerationValue[2];
      it.enumValues.values[0] = ParameterEnumerationValue(0, "Saw");
      it.enumValues.values[1] = ParameterEnumerationValue(1, "Pulse");
    }
    value[at] = it.ranges.def;
  }
  float getParameterValue(uint32_t at) const override { return value[at]; }
  void setParameterValue(uint32_t at, float given) override { value[at] = given; }

  void run(const float**, float** out, uint32_t frames, const MidiEvent* events, uint32_t count) override {
    if (EVIL == 1 && value[kDecay] > 1) std::raise(SIGSEGV);
    if (EVIL == 2 && value[kDecay] > 1) pause();
    uint32_t next = 0;
    for (uint32_t t = 0; t < frames; ++t) {
      for (; next < count && events[next].frame <= t; ++next) {
        const uint8_t* data = events[next].data;
        if ((data[0] & 0xf0) == 0x90 && data[2] > 0) {
          pitch = 440 * std::pow(2.f, (data[1] - 69) / 12.f) / getSampleRate();
          level = data[2] / 127.f;
          phase = EVIL == 3 ? std::fmod(soundsSoFar += 0.1, 1) : 0;
        }
      }
      phase += pitch;
      phase -= std::floor(phase);
      const double wave = value[kWave] > 0.5f ? (phase < 0.3 ? 1 : -1) : 2 * phase - 1;
      level *= std::exp(-1 / (value[kDecay] * getSampleRate()));
      low += (wave * level - low) * (1 - std::exp(-6.2832 * value[kCutOff] / getSampleRate()));
      out[0][t] = out[DISTRHO_PLUGIN_NUM_OUTPUTS - 1][t] = 0.3f * low / std::sqrt(value[kVoices]);
    }
  }

private:
  float value[kCount] = {};
  double phase = 0, pitch = 0, level = 0, low = 0;
};

Plugin* createPlugin() { return new Plain; }

END_NAMESPACE_DISTRHO
