<CsoundSynthesizer>
<CsOptions>
-odac
</CsOptions>
<CsInstruments>
; Dry and wet in step: the whistle fades into a cello, and back. Without the alignment they would beat.
sr     = 48000   ; what the bundled models play at; any other works, and costs some milliseconds more
ksmps  = 64
nchnls = 1
0dbfs  = 1

#include "udo/nnalign.udo"
#include "udo/nnmix.udo"

instr 1
  ain diskin2 "sounds/whistle.ogg"
  kmix linseg 0, 1, 0, 1, 1, 1, 1, 1, 0
  out nnmix:a(ain, "cello", kmix)
endin
</CsInstruments>
<CsScore>
i 1 0 4.5
</CsScore>
</CsoundSynthesizer>
