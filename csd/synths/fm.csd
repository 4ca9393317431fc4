<CsoundSynthesizer>
<CsOptions>
-odac
</CsOptions>
<CsInstruments>
; Two operators: a sine whose frequency is moved by another sine. Bells, electric pianos, brass, basses.
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

declare "f0_hz",         3, 220,  55,    880, "unit=Hz"
declare "ratio",         3, 2,    0.5,   8,   ""           ; the modulator's frequency over the carrier's
declare "index",         3, 3,    0.5,   10,  ""           ; how far it moves the carrier, at the beginning
declare "index_decay_s", 3, 0.5,  0.05,  3,   "unit=s"     ; the time in which what does not stay falls to a tenth
declare "index_sustain", 2, 0.1,  0,     1,   ""           ; the share of the index that stays
declare "attack_s",      3, 0.01, 0.002, 0.3, "unit=s"
declare "decay_s",       3, 2,    0.3,   6,   "unit=s"     ; the time in which the sound falls by 60 dB
declare "level_db",      2, -9,   -30,   0,   "unit=dB"

instr 1
  kf0     chnget "f0_hz"
  kratio  chnget "ratio"
  kindex  chnget "index"
  kstays  chnget "index_sustain"
  klevel  chnget "level_db"

  kindex     = kindex*(kstays + (1 - kstays)*expon:k(1, chnget:i("index_decay_s"), 0.1))
  kmodulator = kf0*kratio
  amodulator oscili kindex*kmodulator, kmodulator
  acarrier   oscili 1, kf0 + amodulator

  again     linsegr 0, chnget:i("attack_s"), 1, 0.1, 0
  adecay    expon 1, chnget:i("decay_s"), 0.001
  out acarrier*again*adecay*ampdbfs(klevel)
endin
</CsInstruments>
<CsScore>
i 1 0 1.6
e 2
</CsScore>
</CsoundSynthesizer>
