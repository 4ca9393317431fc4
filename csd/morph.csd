<CsoundSynthesizer>
<CsOptions>
-odac
</CsOptions>
<CsInstruments>
; From a cello to a saxophone in four seconds.
sr     = 48000   ; what the bundled models play at; any other works, and costs some milliseconds more
ksmps  = 128
nchnls = 1
0dbfs  = 1

#include "udo/nnalign.udo"
#include "udo/nnmorph.udo"

instr 1
  ain diskin2 "sounds/whistle.ogg"
  kwhere linseg 0, 0.5, 0, 3, 1
  out nnmorph:a(ain, "cello", "saxophone", kwhere)
endin
</CsInstruments>
<CsScore>
i 1 0 4.5
</CsScore>
</CsoundSynthesizer>
