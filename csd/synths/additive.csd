<CsoundSynthesizer>
<CsOptions>
-odac
</CsOptions>
<CsInstruments>
; Twelve partials that are struck: bars, bells, strings and organs, by where they are struck, how far they are
; stretched, and how much sooner the high ones die away.
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

declare "f0_hz",         3, 220,   80,      800,  "unit=Hz"
declare "tilt_db",       2, -9,    -15,     -3,   "unit=dB"    ; from a partial to the one an octave higher
declare "strike",        2, 0.2,   0.05,    0.5,  ""           ; where, as a part of the length: what has a node there is silent
declare "stretch",       3, 0.001, 0.0003,  0.02, ""           ; B in n*f0*sqrt(1 + B*n*n)
declare "attack_s",      3, 0.005, 0.002,   0.3,  "unit=s"
declare "decay_s",       3, 3,     0.4,     8,    "unit=s"     ; the time in which the first partial falls by 60 dB
declare "damping",       2, 0.7,   0,       1.5,  ""           ; partial n falls n^damping times as fast
declare "vibrato_hz",    2, 5,     3,       8,    "unit=Hz"
declare "vibrato_cents", 3, 8,     4,       100,  "unit=cents"
declare "level_db",      2, -9,    -24,     0,    "unit=dB"

; What a partial has beyond the first one's decay may move in steps of a k-cycle; that of the first would be heard.
; None gets so quiet that its numbers are denormal, and slow.
#define PARTIAL(N) #
  k$N = ampdb(ktilt*log2($N))*abs(sin($M_PI*$N*kstrike))*expon:k(1, idecay, 0.001^($N^idamping - 1)) + 1e-30
  a$N oscili k$N, kf0*$N*sqrt(1 + kstretch*$N*$N)
#

instr 1
  kf0      chnget "f0_hz"
  ktilt    chnget "tilt_db"
  kstrike  chnget "strike"
  kstretch chnget "stretch"
  klevel   chnget "level_db"
  idecay   chnget "decay_s"
  idamping chnget "damping"

  kvibrato oscili chnget:k("vibrato_cents"), chnget:k("vibrato_hz")
  kf0      = kf0*cent(kvibrato)

  $PARTIAL(1)
  $PARTIAL(2)
  $PARTIAL(3)
  $PARTIAL(4)
  $PARTIAL(5)
  $PARTIAL(6)
  $PARTIAL(7)
  $PARTIAL(8)
  $PARTIAL(9)
  $PARTIAL(10)
  $PARTIAL(11)
  $PARTIAL(12)
  asum = a1 + a2 + a3 + a4 + a5 + a6 + a7 + a8 + a9 + a10 + a11 + a12

  again  linsegr 0, chnget:i("attack_s"), 1, 0.1, 0
  adecay expon 1, idecay, 0.001
  out 0.5*asum*adecay*again*ampdbfs(klevel)
endin
</CsInstruments>
<CsScore>
i 1 0 1.6
e 2
</CsScore>
</CsoundSynthesizer>
