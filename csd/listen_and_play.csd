<CsoundSynthesizer>
<CsOptions>
-iadc -odac -b 128 -B 512
</CsOptions>
<CsInstruments>
; Play or sing notes into the microphone, and the FM synth of synths/fm.csd answers with what the model hears: pitch, ratio,
; index. Wear headphones: loudspeakers howl.
;   brainsynth csound listen_and_play.csd                        Ctrl-C ends it
;   brainsynth csound listen_and_play.csd -i tune.wav -o out.wav
sr     = 48000   ; what the model listens at; any other works, and costs some milliseconds more
ksmps  = 128
nchnls = 1
0dbfs  = 1

#define GATE_DB #-45#    ; what is quieter is no note
#define BEFORE  #0.01#   ; s; a listener hears its note from a moment before it was noticed

gainput init 0
gkloudness init -100
gknotes init 0

; Notices notes, and gives each a listener of its own, which begins with nothing heard.
instr 1
  ain inch 1
  gkloudness = dbamp(max:k(rms(ain, 20), 0.00001))
  gainput delay ain, $BEFORE
  konset trigger gkloudness, $GATE_DB, 0
  if konset == 1 then
    gknotes += 1
    event "i", 2, 0, 3600, gknotes
  endif
endin

; p4: the number of the note
instr 2
  kattack, kdecay, kf0, kindex, kfall, kstays, klevel, kratio nnana gainput, "fm"

  ; What is heard of a note's beginning is a guess that gets better: glide from guess to guess.
  kpitch port kf0, 0.02
  kratio port kratio, 0.03
  kindex port kindex*(kstays + (1 - kstays)*0.1^(timeinsts()/kfall)), 0.03

  ; As loud as what is heard, and silent until the model has heard two hops.
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
