// What DPF asks of a plugin before it is compiled.
#pragma once
#define DISTRHO_PLUGIN_BRAND "Brainsynth"
#define DISTRHO_PLUGIN_NAME "Plain"
#define DISTRHO_PLUGIN_URI "https://example.org/plain"
#define DISTRHO_PLUGIN_CLAP_ID "org.example.plain"
#define DISTRHO_PLUGIN_HAS_UI 0
#define DISTRHO_PLUGIN_IS_RT_SAFE 1
#ifndef DISTRHO_PLUGIN_IS_SYNTH
#define DISTRHO_PLUGIN_IS_SYNTH 1
#endif
#define DISTRHO_PLUGIN_NUM_INPUTS 0
#ifndef DISTRHO_PLUGIN_NUM_OUTPUTS
#define DISTRHO_PLUGIN_NUM_OUTPUTS 2
#endif
#define DISTRHO_PLUGIN_WANT_MIDI_INPUT 1
