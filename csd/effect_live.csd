<CsoundSynthesizer>
<CsOptions>
-iadc -odac -b 128 -B 512
</CsOptions>
<CsInstruments>
; Sing or whistle into the microphone, and a flute comes out. Wear headphones: with loudspeakers it howls.
;   brainsynth csound effect_live.csd        Ctrl-C ends it
sr     = 48000   ; what the bundled models play at; any other works, and costs some milliseconds more
ksmps  = 128
nchnls = 1
0dbfs  = 1

instr 1
  ain inch 1
  kfade linsegr 0, 0.05, 1, 0.05, 0
  aout nnfx ain, "flute", "octave", 1
  out aout*kfade
endin
</CsInstruments>
<CsScore>
i 1 0 3600
</CsScore>
</CsoundSynthesizer>
