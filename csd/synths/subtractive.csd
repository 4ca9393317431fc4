<CsoundSynthesizer>
<CsOptions>
-odac
</CsOptions>
<CsInstruments>
; Two equal oscillators and noise through a resonant low-pass filter, each with an envelope of its own:
; the classic analogue voice. Leads, basses, strings, drones.
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

; The oscillators can be interchanged: equal=osc says so.
declare "osc1_wave",     1, 0,   0,   2,   "choices=saw,square,triangle equal=osc"
declare "osc1_f0_hz",    3, 110, 65,  520, "unit=Hz equal=osc"
declare "osc1_level_db", 2, -6,  -18, 0,   "unit=dB equal=osc"
declare "osc2_wave",     1, 1,   0,   2,   "choices=saw,square,triangle equal=osc"
declare "osc2_f0_hz",    3, 221, 65,  520, "unit=Hz equal=osc"
declare "osc2_level_db", 2, -9,  -18, 0,   "unit=dB equal=osc"
declare "noise_db",      2, -40, -48, -12, "unit=dB"

declare "cutoff_hz",       3, 800,  250,   5000, "unit=Hz"
declare "resonance",       2, 0.3,  0,     0.95, ""
declare "filter_octaves",  2, 2,    0.5,   4,    "unit=octaves"   ; how far its envelope opens the filter
declare "filter_attack_s", 3, 0.01, 0.005, 0.5,  "unit=s"
declare "filter_decay_s",  3, 0.4,  0.05,  2,    "unit=s"         ; the time in which it falls to a tenth

declare "attack_s",  3, 0.01, 0.002, 0.4, "unit=s"
declare "decay_s",   3, 0.3,  0.05,  1,   "unit=s"
declare "sustain",   2, 0.6,  0.1,   0.8, ""
declare "release_s", 3, 0.15, 0.03,  0.6, "unit=s"

; The wave is chosen when a note begins; all else of an oscillator can move while it sounds.
opcode Oscillator, a, i
  ivoice xin
  Swave  sprintf "osc%d_wave", ivoice
  Sf0    sprintf "osc%d_f0_hz", ivoice
  Slevel sprintf "osc%d_level_db", ivoice
  iwave  chnget Swave
  kf0    chnget Sf0
  klevel chnget Slevel
  imode = (iwave == 0 ? 0 : (iwave == 1 ? 10 : 12))
  awave vco2 1, kf0, imode
  xout awave*ampdbfs(klevel)
endop

instr 1
  knoise     chnget "noise_db"
  kcutoff    chnget "cutoff_hz"
  kresonance chnget "resonance"
  koctaves   chnget "filter_octaves"
  anoise   rand ampdbfs(knoise), 0.5, 1
  asources = 0.6*(Oscillator(1) + Oscillator(2) + anoise)

  kopen    transeg 0, chnget:i("filter_attack_s"), 0, 1, 20*chnget:i("filter_decay_s"), -46, 0
  afilter  zdf_ladder asources, limit:k(kcutoff*octave(kopen*koctaves), 20, 20000), 0.5 + 12*kresonance^2

  isustain = chnget:i("sustain")
  again    madsr chnget:i("attack_s"), chnget:i("decay_s"), isustain, chnget:i("release_s")
  out afilter*again
endin
</CsInstruments>
<CsScore>
i 1 0 1.2
e 2
</CsScore>
</CsoundSynthesizer>
