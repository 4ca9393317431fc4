<CsoundSynthesizer>
<CsOptions>
-odac
</CsOptions>
<CsInstruments>
; A melody played by the generator: it needs only what a player decides, pitch and loudness.
sr     = 48000   ; what the bundled models play at; any other works, and costs some milliseconds more
ksmps  = 128
nchnls = 1
0dbfs  = 1

; p4: the note (60 is middle C)   p5: how loud, in dB
instr 1
  kvibrato poscil 0.15*linseg:k(0, 0.25, 0, 0.3, 1), 5.5
  kf0 = cpsmidinn(p4 + kvibrato)

  ; The bow: it swells and, when the note is over, leaves the string. xtratim lets the room ring on.
  xtratim 0.4
  kreleased release
  kbow port (kreleased == 1 ? -30 : p5 + 60), 0.03   ; in dB above -60: port begins at 0 and accepts nothing lower
  kloudness = kbow - 60

  aout nngen "cello.decoder", kf0, kloudness
  out aout*2
endin
</CsInstruments>
<CsScore>
t 0 80
i 1 0   1   50 -28
i 1 +   0.5 53 -30
i 1 +   0.5 57 -28
i 1 +   2   62 -26
</CsScore>
</CsoundSynthesizer>
