<CsoundSynthesizer>
<CsOptions>
-odac
</CsOptions>
<CsInstruments>
; A stereo chain: compressor, trombone, reverb. Each channel has a trombone of its own; the two play as one.
sr     = 48000   ; what the bundled models play at; any other works, and costs some milliseconds more
ksmps  = 128
nchnls = 2
0dbfs  = 1

instr 1
  ain diskin2 "sounds/whistle.ogg"
  aleft = ain*0.9
  aright delay ain, 0.011                ; the right side is eleven milliseconds later

  aleft compress2 aleft, aleft, -60, -24, -18, 3, 0.005, 0.1, 0.002
  aright compress2 aright, aright, -60, -24, -18, 3, 0.005, 0.1, 0.002

  aleft, aright nnfx aleft, aright, "trombone", "octave", -1, "loudness_gain", 6

  awetl, awetr reverbsc aleft, aright, 0.8, 9000
  outs aleft + 0.2*awetl, aright + 0.2*awetr
endin
</CsInstruments>
<CsScore>
i 1 0 4.5
</CsScore>
</CsoundSynthesizer>
