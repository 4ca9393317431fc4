<CsoundSynthesizer>
<CsOptions>
-iadc -odac -b 128 -B 512
</CsOptions>
<CsInstruments>
; Play or sing notes into the microphone, and the FM synth of synths/fm.csd answers with what the model estimates: pitch,
; ratio, index. Wear headphones: with loudspeakers it howls.
;   brainsynth csound listen_and_play.csd                        Ctrl-C ends it
;   brainsynth csound listen_and_play.csd -i tune.wav -o out.wav   ends ten seconds after the tune
sr     = 48000   ; what the model plays at; any other works, and costs some milliseconds more
ksmps  = 128
nchnls = 1
0dbfs  = 1

#define GATE_DB #-45#    ; anything quieter is not a note
#define BEFORE  #0.01#   ; s; an analyzer gets its note from a moment before it was detected
#define END     #10#     ; s; no microphone is silent for so long: it is a file that has ended

gainput init 0
gkloudness init -100
gknotes init 0

; Detects notes, and gives each an analyzer of its own in its initial state.
instr 1
  ain inch 1
  klevel rms ain, 20
  gkloudness = dbamp(max:k(klevel, 0.00001))
  gainput delay ain, $BEFORE
  kbefore init -100
  if gkloudness > $GATE_DB && kbefore <= $GATE_DB then
    gknotes += 1
    event "i", 2, 0, 3600, gknotes
  endif
  kbefore = gkloudness

  ksilent init 0
  ksilent = (klevel < 0.000001 ? ksilent + 1/kr : 0)
  if ksilent > $END then
    event "e", 0, 0
  endif
endin

; p4: the number of the note
instr 2
  kattack, kdecay, kf0, kindex, kfall, kstays, klevel, kratio nnana gainput, "fm"

  ; Estimates improve as the note goes on: glide from one to the next.
  kpitch port kf0, 0.02
  kratio port kratio, 0.03
  kindex port kindex*(kstays + (1 - kstays)*0.1^(timeinsts()/kfall)), 0.03

  ; As loud as the input, and silent for the model's first two hops.
  kloud port (timeinsts() > 0.045 ? ampdbfs(gkloudness)*1.4 : 0), 0.01, 0
  kgate linsegr 1, 0.05, 0

  amodulator oscili kindex*kratio*kpitch, kratio*kpitch
  acarrier   oscili kloud, kpitch + amodulator
  out acarrier*kgate

  ; It ends with its note, or when the next one begins.
  if gknotes > p4 || (gkloudness < $GATE_DB - 6 && timeinsts() > 0.1) then
    turnoff
  endif
endin
</CsInstruments>
<CsScore>
i 1 0 3600
</CsScore>
</CsoundSynthesizer>
