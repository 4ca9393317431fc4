<CsoundSynthesizer>
<CsOptions>
-iadc -odac -b 128 -B 512
</CsOptions>
<CsInstruments>
; Clap, tap or play a beat box into the microphone. It comes out on the left in the material of the drums, and on the right,
; a little later, as whole events that begin as each sound did. Wear headphones: with loudspeakers it howls.
;   brainsynth csound mirror.csd        Ctrl-C ends it
sr     = 44100   ; what models of grains play at; any other works, and costs some milliseconds more
ksmps  = 128
nchnls = 2
nchnls_i = 1
0dbfs  = 1

#define HEARD #0.06#    ; s from an onset to when enough of the sound was heard to know its place
#define ANSWER #0.4#    ; s from an onset to its answer

instr 1
  ain inch 1
  aleft nnfx ain, "drums"

  ; 16 numbers of the grain, its loudness, 16 of the event's place, and whether it has just begun.
  kheard[] nnana ain, "drums.encoder"
  konset = kheard[33]
  kknown delayk konset, $HEARD
  kplace[] init 16
  if kknown > 0 then
    kplace slicearray kheard, 17, 32
  endif
  kanswer delayk konset, $ANSWER
  aright nngen "drums.events", "trigger", kanswer, "place", kplace
  outs aleft, aright
endin
</CsInstruments>
<CsScore>
i 1 0 3600
</CsScore>
</CsoundSynthesizer>
