<CsoundSynthesizer>
<CsOptions>
-odac
</CsOptions>
<CsInstruments>
; Many notes at once: every note has a player of its own. A sustained chord of three, and a melody above it.
sr     = 48000   ; what the bundled models play at; any other works, and costs some milliseconds more
ksmps  = 128
nchnls = 1
0dbfs  = 1

; p4: the note   p5: how loud, in dB   p6: who plays, the name of a generator
instr 1
  Splayer strget p6
  kloudness linsegr -60, 0.08, p5, 0.25, -90
  aout nngen Splayer, cpsmidinn(p4), kloudness
  out aout*0.5
endin
</CsInstruments>
<CsScore>
i 1 0   2.5 48 -34 "cello.decoder"
i 1 0   2.5 55 -34 "cello.decoder"
i 1 0   2.5 64 -34 "cello.decoder"
i 1 0.5 0.5 72 -28 "flute.decoder"
i 1 1   0.5 74 -28 "flute.decoder"
i 1 1.5 1   76 -28 "flute.decoder"
</CsScore>
</CsoundSynthesizer>
