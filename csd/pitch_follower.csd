<CsoundSynthesizer>
<CsOptions>
-odac
</CsOptions>
<CsInstruments>
; A synthesiser that follows a voice: the analyzer gives pitch, voicing and loudness.
sr     = 48000   ; what the bundled models play at; any other works, and costs some milliseconds more
ksmps  = 128
nchnls = 1
0dbfs  = 1

instr 1
  ain diskin2 "sounds/whistle.ogg"
  kf0, kvoicing, kloudness nnana ain, "pitch"

  ; A little glide, silence where there is no pitch, and a filter that opens when it gets loud.
  kpitch port kf0, 0.01, 220
  kamp port (kvoicing > 0.5 ? ampdbfs(kloudness) : 0), 0.02
  asaw vco2 1, kpitch/2
  kcutoff limit kpitch*(2 + 20*kamp), 50, 15000
  asynth moogladder asaw, kcutoff, 0.3
  out asynth*kamp
endin
</CsInstruments>
<CsScore>
i 1 0 4.5
</CsScore>
</CsoundSynthesizer>
