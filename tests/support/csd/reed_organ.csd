; A reed organ with a filter, as an instrument of Cabbage: a test's own.
<Cabbage>
#define KNOB trackercolour("orange"), textcolour(0, 0, 0)
form caption("Reed; organ (small)") size(400, 200), pluginid("rdog")
image bounds(0, 0, 400, 110), colour(40, 40, 40), plant("panel") {
rslider bounds(10, 10, 70, 70), channel("Filter.Cut Off"), range(200, 3400, 2000, 0.5, 1), text("Cut, off"), $KNOB
rslider text("Attack (s)"), range(0, 2, 0.05, 0.5, 0.001) channel("ATT") bounds(80, 10, 70, 70), $KNOB
hslider bounds(150, 10, 70, 20), channel("semi-tones"), range(-12, 12, 0, 1, 1), valuetextbox(1)
nslider channel("level"), bounds(150, 40, 70, 20), range(0, 1, 0.5)   ; how loud; range(0, 9)
}
combobox bounds(10, 120, 80, 20), channel("Wave"), value(2), items("Saw", "Square, hollow", "Pulse (25 %)")
checkbox bounds(100, 120, 80, 20), channel("tremulant"), text("Tremulant"), value(0)
button channel("octave"), bounds(190, 120, 60, 20), text("8'", "8' + 4'"), value(1)
checkbox bounds(260, 120, 20, 20), channel("lamp"), active(0)
vmeter bounds(380, 10, 10, 90), channel("meter")
hslider bounds(300, 40, 70, 20), channel("shown"), range(0, 1, 0)
; rslider channel("gone"), range(0, 1, 0)
combobox bounds(260, 150, 80, 20), channel("presets"), populate("*.snaps")
keyboard bounds(0, 150, 250, 50)
</Cabbage>
<CsoundSynthesizer>
<CsOptions>
-n -d -+rtmidi=NULL -M0 --midi-key-cps=4 --midi-velocity-amp=5
</CsOptions>
<CsInstruments>
ksmps = 20
sr = 8000
nchnls = 1
0dbfs = 1

instr 1
  kwave = chnget:k("Wave")
  kf0 = p4*semitone(chnget:k("semi-tones"))
  asaw vco2 0.3, kf0
  asquare vco2 0.3, kf0, 10
  apulse vco2 0.3, kf0, 2, 0.25
  aone = (kwave == 1 ? asaw : (kwave == 2 ? asquare : apulse))
  afour vco2 0.2*chnget:k("octave"), 2*kf0
  ktremulant = 1 - 0.5*chnget:k("tremulant")*(1 + lfo:k(1, 6))/2
  aout tone (aone + afour)*ktremulant, chnget:k("Filter.Cut Off")
  aout *= p5*chnget:k("level")*linsegr:k(0, 0.001 + chnget:i("ATT"), 1, 0.1, 0)
  chnset rms:k(aout), "shown"
  out aout
endin
</CsInstruments>
<CsScore>
f0 z
</CsScore>
</CsoundSynthesizer>
