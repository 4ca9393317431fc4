; nnharm - a harmony that follows a voice
;
;   aout  nnharm  ain, Sgenerator, ksemitones, kgain
;
; Tracks the pitch and loudness of ain, and lets a generator such as "cello.decoder" play ksemitones above
; (or below) it, kgain dB louder. Where ain has no pitch, it only breathes. Call it once for every voice.

opcode nnharm, a, aSkk
  ain, Sgenerator, ksemitones, kgain xin
  kf0, kvoicing, kloudness nnana ain, "pitch"
  kplayed limit kf0*semitone(ksemitones), 41.3, 2950   ; what the bundled generators can play
  klevel limit kloudness + kgain, -100, 10
  aout nngen Sgenerator, "f0_hz", kplayed, "loudness_db", klevel, "voicing", kvoicing
  xout aout
endop
