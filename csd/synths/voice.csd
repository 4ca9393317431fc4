<CsoundSynthesizer>
<CsOptions>
-odac
</CsOptions>
<CsInstruments>
; A sung vowel: a buzz and breath through three formants.
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

declare "f0_hz",         3, 160,  80,   500,  "unit=Hz"
declare "scoop_cents",   2, -80,  -400, 200,  "unit=cents"  ; where the pitch comes from, in the first moment
declare "vibrato_hz",    2, 5.5,  4,    8,    "unit=Hz"
declare "vibrato_cents", 3, 25,   3,    100,  "unit=cents"
declare "tilt",          2, 0.75, 0.5,  0.92, ""            ; how loud each partial is beside the one below
declare "breath_db",     2, -36,  -54,  -12,  "unit=dB"
declare "f1_hz",         3, 600,  250,  900,  "unit=Hz"
declare "f2_hz",         3, 1100, 950,  2400, "unit=Hz"
declare "f3_hz",         3, 2700, 2500, 3800, "unit=Hz"
declare "f2_db",         2, -6,   -24,  0,    "unit=dB"
declare "f3_db",         2, -12,  -30,  0,    "unit=dB"
declare "bandwidth",     3, 0.09, 0.04, 0.2,  ""            ; of a formant, as a part of its frequency
declare "attack_s",      3, 0.06, 0.01, 0.4,  "unit=s"
declare "release_s",     3, 0.15, 0.03, 0.6,  "unit=s"
declare "level_db",      2, -9,   -24,  0,    "unit=dB"

gicosine ftgen 0, 0, 65536, 9, 1, 1, 90

instr 1
  kf0        chnget "f0_hz"
  kbandwidth chnget "bandwidth"
  kf1        chnget "f1_hz"
  kf2        chnget "f2_hz"
  kf3        chnget "f3_hz"
  klevel     chnget "level_db"

  kscoop   expon 1, 0.12, 0.1
  kswell   linseg 0, 0.3, 1, 1, 1
  kvibrato oscili kswell*chnget:k("vibrato_cents"), chnget:k("vibrato_hz")
  kpitch   = kf0*cent(kvibrato + kscoop*chnget:k("scoop_cents"))
  abuzz    gbuzz 1, kpitch, int(9000/kf0), 1, chnget:k("tilt"), gicosine
  abreath  rand ampdbfs(chnget:k("breath_db")), 0.5, 1
  asource  = abuzz + abreath

  a1 reson asource, kf1, kf1*kbandwidth, 1
  a2 reson asource, kf2, kf2*kbandwidth, 1
  a3 reson asource, kf3, kf3*kbandwidth, 1
  avowel = a1 + a2*ampdb(chnget:k("f2_db")) + a3*ampdb(chnget:k("f3_db"))

  again linsegr 0, chnget:i("attack_s"), 1, chnget:i("release_s"), 0
  out 2.5*avowel*again*ampdbfs(klevel)
endin
</CsInstruments>
<CsScore>
i 1 0 1.3
e 2
</CsScore>
</CsoundSynthesizer>
