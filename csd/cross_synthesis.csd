<CsoundSynthesizer>
<CsOptions>
-odac
</CsOptions>
<CsInstruments>
; Cross-synthesis: the filter of the first sound on the second. A chord of saws and wind takes the filter of a whistled
; tune, and whistles it too. Then a synthetic voice speaks vowels through the same chord.
sr     = 48000   ; the model plays at 24000; any other works, and costs some milliseconds more
ksmps  = 128
nchnls = 1
0dbfs  = 1

opcode chord, a, 0
  asaws = vco2(0.1, 110) + vco2(0.1, 164.8) + vco2(0.1, 220.6) + vco2(0.1, 277.2)
  xout asaws + rand:a(0.1)
endop

; The chord takes the filter of a tune. The model's output goes to both sides.
instr 1
  atune diskin2 "sounds/whistle.ogg"
  aboth, asame nnfx atune, chord(), "ar.cross", "gain", -3
  out aboth
endin

; Vowels: pulses through three resonances that move from a to i to u.
instr 2
  kf1 linseg 800, 0.3, 800, 0.3, 280, 0.4, 280, 0.3, 320, 0.3, 320
  kf2 linseg 1200, 0.3, 1200, 0.3, 2300, 0.4, 2300, 0.3, 800, 0.3, 800
  apulses buzz 8, 120, 90, -1
  avoice = reson(apulses, kf1, 80, 1) + 0.6*reson(apulses, kf2, 110, 1) + 0.3*reson(apulses, 2900, 180, 1)
  kloud linsegr 0, 0.05, 1, p3 - 0.1, 1, 0.05, 0
  aboth, asame nnfx avoice*kloud, chord(), "ar.cross", "amount", 1, "dynamics", 1, "formant_shift", p4, "gain", -2
  out aboth
endin
</CsInstruments>
<CsScore>
i 1 0   4.5
i 2 4.6 1.6 0
i 2 6.3 1.6 4    ; a smaller mouth
</CsScore>
</CsoundSynthesizer>
