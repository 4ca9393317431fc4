<CsoundSynthesizer>
<CsOptions>
-odac
</CsOptions>
<CsInstruments>
; A plucked string: a waveguide, and what plucks it, with a body. Guitars, harps, basses, koto, muted strings.
sr     = 48000
ksmps  = 32
nchnls = 1
0dbfs  = 1

; Declares a parameter, and gives it its default where nobody else sets it.
; itype: 1 integer, 2 linear, 3 exponential
opcode declare, 0, SiiiiS
  Sname, itype, idefault, imin, imax, Sattributes xin
  chn_k Sname, 1, itype, idefault, imin, imax, 0, 0, 0, 0, Sattributes
  chnset idefault, Sname
endop

declare "f0_hz",         3, 147,  65,   660,   "unit=Hz"
declare "bend_cents",    2, 10,   0,    100,   "unit=cents"  ; how much too high it begins
declare "decay_s",       3, 4,    0.5,  10,    "unit=s"      ; the time in which its low partials fall by 60 dB
declare "brightness",    3, 20,   6,    35,    ""            ; the low-pass filter of every round, in multiples of f0
declare "pick_position", 2, 0.15, 0.04, 0.5,   ""            ; where it is plucked, as a part of the length
declare "pick_hz",       3, 4000, 400,  12000, "unit=Hz"     ; how hard the plectrum is
declare "pick_s",        3, 0.01, 0.002, 0.1,  "unit=s"      ; how long it touches
declare "body_hz",       3, 190,  90,   450,   "unit=Hz"
declare "body_db",       2, 3,    -6,   18,    "unit=dB"
declare "damp_s",        3, 0.1,  0.02, 0.6,   "unit=s"      ; the time in which it is muted at the note's end
declare "level_db",      2, -9,   -24,  0,     "unit=dB"

instr 1
  kf0       chnget "f0_hz"
  idecay    chnget "decay_s"
  iposition chnget "pick_position"
  kbody     chnget "body_hz"
  klevel    chnget "level_db"

  ; The pluck is noise, always the same, twice: once inverted and later by the time to the nearer end and back.
  anoise rand linseg:k(1, chnget:i("pick_s"), 0, 1, 0), 0.5, 1
  apick  butterlp anoise, chnget:i("pick_hz")
  apluck = apick - delay(apick, iposition/chnget:i("f0_hz"))

  kbend   expon 1, 0.15, 0.1
  kpitch  = kf0*cent(kbend*chnget:k("bend_cents"))
  kbright = limit:k(kf0*chnget:k("brightness"), 1000, 20000)
  ; The low-pass filter y[n] = (1 - c)*x[n] + c*y[n-1] is late by c/(1 - c) samples, and the guide by one more.
  kcos    = 2 - cos(2*$M_PI*kbright/sr)
  kc      = kcos - sqrt(kcos*kcos - 1)
  astring wguide1 apluck, sr/(sr/kpitch - kc/(1 - kc) - 1), kbright, 0.001^(1/(kpitch*idecay))

  abody reson astring, kbody, 0.25*kbody, 1
  again linsegr 1, 1, 1, chnget:i("damp_s"), 0
  out 0.6*dcblock2(astring + abody*ampdb(chnget:k("body_db")))*again*ampdbfs(klevel)
endin
</CsInstruments>
<CsScore>
i 1 0 1.1
e 2
</CsScore>
</CsoundSynthesizer>
