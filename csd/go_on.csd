<CsoundSynthesizer>
<CsOptions>
-odac
</CsOptions>
<CsInstruments>
; The band hears the end of a tune, and goes on from there in its own way.
;   brainsynth csound go_on.csd                   play it
;   brainsynth csound go_on.csd -o on.wav         write it
; From the microphone, with ain inch 1: hold a key while you play, and let go.
sr     = 48000
ksmps  = 128
nchnls = 1
0dbfs  = 1

#define HEARD #4#    ; s of the tune

instr 1
  ain diskin2 "sounds/whistle.ogg"
  klisten = (timeinsts() < $HEARD) ? 1 : 0

  ; Another seed, another music. It goes on from the same tune at the same moment, so that it is the same each time.
  aout nnfx ain, "band", "listen", klisten, "seed", 7, "temperature", 0.9

  out 0.5 * aout
endin
</CsInstruments>
<CsScore>
i 1 0 12
</CsScore>
</CsoundSynthesizer>
