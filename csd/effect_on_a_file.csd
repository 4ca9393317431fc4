<CsoundSynthesizer>
<CsOptions>
-odac
</CsOptions>
<CsInstruments>
; A whistled tune becomes a cello.
;   brainsynth csound effect_on_a_file.csd                   play it
;   brainsynth csound effect_on_a_file.csd -o cello.wav      write it
sr     = 48000   ; what the bundled models play at; any other works, and costs some milliseconds more
ksmps  = 128
nchnls = 1
0dbfs  = 1

instr 1
  ain diskin2 "sounds/whistle.ogg"

  ; A model's name, and the controls that are not to have their defaults; brainsynth info cello lists them.
  aout nnfx ain, "cello", "octave", -1, "loudness_gain", -3

  out aout
endin
</CsInstruments>
<CsScore>
i 1 0 4.5
</CsScore>
</CsoundSynthesizer>
