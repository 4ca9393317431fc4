<CsoundSynthesizer>
<CsOptions>
-odac
</CsOptions>
<CsInstruments>
; A harmony of two: a flute a third above the whistle, a cello an octave below it.
sr     = 48000   ; what the bundled models play at; any other works, and costs some milliseconds more
ksmps  = 128
nchnls = 1
0dbfs  = 1

#include "udo/nnharm.udo"

instr 1
  ain diskin2 "sounds/whistle.ogg"
  aflute nnharm ain, "flute.decoder", 4, -14
  acello nnharm ain, "cello.decoder", -12, -10
  out 0.4*ain + aflute + acello
endin
</CsInstruments>
<CsScore>
i 1 0 4.5
</CsScore>
</CsoundSynthesizer>
