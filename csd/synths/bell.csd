<CsoundSynthesizer>
<CsOptions>
-odac
</CsOptions>
<CsInstruments>
; Things of metal and glass that are struck: church bells, tubes, bars and bowls, each with the modes of its kind. No
; real one is perfectly round, so that each mode is a pair, and beats.
sr     = 48000
ksmps  = 64
nchnls = 1
0dbfs  = 1

; Declares a parameter, and gives it its default where nobody else sets it.
; itype: 1 integer, 2 linear, 3 exponential
opcode declare, 0, SiiiiS
  Sname, itype, idefault, imin, imax, Sattributes xin
  chn_k Sname, 1, itype, idefault, imin, imax, 0, 0, 0, 0, Sattributes
  chnset idefault, Sname
endop

declare "kind",      1, 0,    0,     3,    "choices=church,tube,bar,bowl"
declare "f0_hz",     3, 440,  110,   1760, "unit=Hz"    ; the pitch that is heard, which a tube does not even have
declare "tilt_db",   2, -6,   -18,   0,    "unit=dB"    ; from a mode to one an octave higher: how hard the mallet is
declare "decay_s",   3, 4,    0.3,   12,   "unit=s"     ; the time in which a mode at f0_hz falls by 60 dB
declare "damping",   2, 0.8,  0,     1.6,  ""           ; a mode r times as high falls r^damping times as fast
declare "beat_hz",   3, 1.5,  0.5,   12,   "unit=Hz"    ; how far the two of a pair at f0_hz are apart
declare "beating",   2, 0.4,  0,     1,    ""           ; how loud the second is beside the first
declare "click_db",  2, -24,  -36,    0,   "unit=dB"    ; of the mallet, beside the modes
declare "level_db",  2, -9,   -24,   0,    "unit=dB"

; Frequencies beside the pitch. A tuned church bell: hum, prime, tierce, quint, nominal and what is above. A tube and a
; bar: those of a free bar, (2n + 1)^2; of the tube the fourth is taken for an octave above the pitch. A bowl: a bell that
; is not tuned.
gichurch ftgen 0, 0, -10, -2, 0.5, 1, 1.2, 1.5, 2, 2.5, 2.67, 3, 4, 5.33
gitube   ftgen 0, 0, -10, -2, 0.222, 0.617, 1.21, 2, 2.988, 4.173, 5.556, 7.136, 8.914, 10.889
gibar    ftgen 0, 0, -10, -2, 1, 2.756, 5.404, 8.933, 13.34, 18.64, 24.81, 31.87, 39.81, 48.62
gibowl   ftgen 0, 0, -10, -2, 1, 2.32, 4.25, 6.63, 9.38, 12.5, 15.96, 19.77, 23.91, 28.38

; A pair of modes, and what it is of the whole. None gets so quiet that its numbers are denormal, and slow; none lies
; where it would fold back.
#define MODE(N) #
  iratio$N = table($N, itable)
  kweight$N = kf0*iratio$N < 20000 ? ampdb(ktilt*log2(iratio$N)) : 0
  k$N = kweight$N*expon:k(1, idecay, 0.001^limit(iratio$N^idamping, 0, 30)) + 1e-30
  a$N oscili k$N, kf0*iratio$N
  ab$N oscili k$N*kbeating, kf0*iratio$N + kbeat*sqrt(iratio$N), -1, 0.25
#

instr 1
  kf0      chnget "f0_hz"
  ktilt    chnget "tilt_db"
  kbeat    chnget "beat_hz"
  kbeating chnget "beating"
  klevel   chnget "level_db"
  kclick   chnget "click_db"
  idecay   chnget "decay_s"
  idamping chnget "damping"
  ikind    chnget "kind"
  itable   = gichurch + ikind

  $MODE(0)
  $MODE(1)
  $MODE(2)
  $MODE(3)
  $MODE(4)
  $MODE(5)
  $MODE(6)
  $MODE(7)
  $MODE(8)
  $MODE(9)
  asum = a0 + a1 + a2 + a3 + a4 + a5 + a6 + a7 + a8 + a9
  abeat = ab0 + ab1 + ab2 + ab3 + ab4 + ab5 + ab6 + ab7 + ab8 + ab9

  kweight = kweight0 + kweight1 + kweight2 + kweight3 + kweight4 + kweight5 + kweight6 + kweight7 + kweight8 + kweight9

  anoise rand 1, 0.5
  aclick tone anoise, 6000
  aclick = aclick*expon:a(1, 0.05, 0.001)*ampdb(kclick)

  again linsegr 0, 0.001, 1, 0.1, 0
  out ((asum + abeat)/kweight + 2*aclick)*again*ampdbfs(klevel)
endin
</CsInstruments>
<CsScore>
i 1 0 1.8
e 2
</CsScore>
</CsoundSynthesizer>
