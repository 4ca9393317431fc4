<CsoundSynthesizer>
<CsOptions>
-odac
</CsOptions>
<CsInstruments>
; Neural and classic opcodes in one instrument: a plucked string begins the note, a saxophone carries it on,
; and both go through the same filter and delay.
sr     = 48000   ; what the bundled models play at; any other works, and costs some milliseconds more
ksmps  = 64
nchnls = 1
0dbfs  = 1

; p4: the note   p5: how loud, in dB
instr 1
  ifrequency = cpsmidinn(p4)
  kgate linsegr 0, 0.01, 1, 0.1, 0

  apluck pluck 0.3, ifrequency, ifrequency, 0, 1
  kswell linseg -60, 0.25, p5, 1, p5
  asax nngen "saxophone.decoder", "f0_hz", ifrequency, "loudness_db", kswell, "reverb", 0.3

  asum butterlp apluck*expon:a(1, 0.6, 0.05) + asax, 6000
  aecho delay asum*0.3, 0.21
  out (asum + aecho)*kgate
endin
</CsInstruments>
<CsScore>
i 1 0 1.2 57 -26
i 1 + .   60 -26
i 1 + 1.6 64 -24
</CsScore>
</CsoundSynthesizer>
