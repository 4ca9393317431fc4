<CsoundSynthesizer>
<CsOptions>
-odac
</CsOptions>
<CsInstruments>
; Two layers and a room: an FM pair for the stroke, two filtered oscillators and noise for the body of the sound,
; vibrato, tremolo and an echo. Thirty-five parameters.
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

declare "f0_hz",            3, 220,  65,    520,  "unit=Hz"
declare "vibrato_hz",       2, 5,    3,     8,    "unit=Hz"
declare "vibrato_cents",    3, 8,    4,     80,   "unit=cents"
declare "vibrato_delay_s",  3, 0.3,  0.05,  0.8,  "unit=s"        ; the time in which it comes in
declare "tremolo_hz",       2, 6,    3,     12,   "unit=Hz"
declare "tremolo_db",       2, 1,    0,     12,   "unit=dB"       ; how far it falls

declare "fm_ratio",         1, 3,    1,     8,    ""              ; the modulator's frequency over the carrier's
declare "fm_fine",          2, 0,    0,     0.5,  ""              ; added to the ratio
declare "fm_index",         3, 3,    0.5,   8,    ""
declare "fm_index_decay_s", 3, 0.3,  0.05,  2,    "unit=s"        ; the time in which the index falls to a tenth
declare "fm_attack_s",      3, 0.01, 0.002, 0.3,  "unit=s"
declare "fm_decay_s",       3, 1,    0.4,   5,    "unit=s"        ; the time in which the stroke falls by 60 dB
declare "fm_level_db",      2, -6,   -18,   0,    "unit=dB"

; The oscillators can be interchanged: equal=osc says so.
declare "osc1_wave",        1, 0,    0,     2,    "choices=saw,square,triangle equal=osc"
declare "osc1_interval",    1, 0,    -12,   12,   "unit=semitones equal=osc"
declare "osc1_fine_cents",  2, 4,    -25,   25,   "unit=cents equal=osc"
declare "osc1_level_db",    2, -6,   -18,   0,    "unit=dB equal=osc"
declare "osc2_wave",        1, 1,    0,     2,    "choices=saw,square,triangle equal=osc"
declare "osc2_interval",    1, 0,    -12,   12,   "unit=semitones equal=osc"
declare "osc2_fine_cents",  2, -4,   -25,   25,   "unit=cents equal=osc"
declare "osc2_level_db",    2, -9,   -18,   0,    "unit=dB equal=osc"
declare "noise_db",         2, -30,  -36,   -3,   "unit=dB"
declare "noise_hz",         3, 3000, 500,   10000, "unit=Hz"      ; the middle of its band

declare "cutoff_hz",        3, 900,  250,   5000, "unit=Hz"
declare "resonance",        2, 0.3,  0,     1,    ""
declare "filter_octaves",   2, 2,    0.5,   4,    "unit=octaves"  ; how far its envelope opens the filter
declare "filter_attack_s",  3, 0.02, 0.005, 0.5,  "unit=s"
declare "filter_decay_s",   3, 0.4,  0.05,  2,    "unit=s"        ; the time in which it falls to a tenth
declare "attack_s",         3, 0.02, 0.002, 0.4,  "unit=s"
declare "decay_s",          3, 0.3,  0.05,  1,    "unit=s"
declare "sustain",          2, 0.6,  0.1,   0.8,  ""
declare "release_s",        3, 0.15, 0.03,  0.6,  "unit=s"

declare "echo_s",           3, 0.2,  0.06,  0.5,  "unit=s"
declare "echo_db",          2, -15,  -30,   -3,   "unit=dB"
declare "echo_hz",          3, 3000, 500,   10000, "unit=Hz"      ; the low-pass filter that every echo goes through

instr 1
  ; What moves all that sounds.
  kswell   linseg 0, chnget:i("vibrato_delay_s"), 1, 1, 1
  kvibrato oscili kswell*chnget:k("vibrato_cents"), chnget:k("vibrato_hz")
  ktremolo oscili 0.5, chnget:k("tremolo_hz")
  kf0      = chnget:k("f0_hz")*cent(kvibrato)

  ; The stroke.
  kmodulator = kf0*(chnget:k("fm_ratio") + chnget:k("fm_fine"))
  aindex     expon 1, chnget:i("fm_index_decay_s"), 0.1
  amodulator oscili chnget:k("fm_index")*kmodulator*aindex, kmodulator
  acarrier   oscili 1, kf0 + amodulator
  afalling   expon 1, chnget:i("fm_decay_s"), 0.001
  arising    linsegr 0, chnget:i("fm_attack_s"), 1, 0.1, 0
  astroke    = acarrier*afalling*arising*ampdbfs(chnget:k("fm_level_db"))

  ; The body. A wave is chosen when a note begins.
  iwave1 chnget "osc1_wave"
  iwave2 chnget "osc2_wave"
  kf1 = kf0*cent(100*chnget:k("osc1_interval") + chnget:k("osc1_fine_cents"))
  kf2 = kf0*cent(100*chnget:k("osc2_interval") + chnget:k("osc2_fine_cents"))
  a1     vco2 ampdbfs(chnget:k("osc1_level_db")), kf1, (iwave1 == 0 ? 0 : (iwave1 == 1 ? 10 : 12))
  a2     vco2 ampdbfs(chnget:k("osc2_level_db")), kf2, (iwave2 == 0 ? 0 : (iwave2 == 1 ? 10 : 12))
  anoise rand ampdbfs(chnget:k("noise_db")), 0.5, 1
  kband  chnget "noise_hz"
  aband  reson anoise, kband, kband, 1

  kopen   transeg 0, chnget:i("filter_attack_s"), 0, 1, 20*chnget:i("filter_decay_s"), -46, 0
  kcutoff = limit:k(chnget:k("cutoff_hz")*octave(kopen*chnget:k("filter_octaves")), 20, 20000)
  afilter skf 0.7*(a1 + a2) + aband, kcutoff, 1 + 1.9*chnget:k("resonance")
  again   madsr chnget:i("attack_s"), chnget:i("decay_s"), chnget:i("sustain"), chnget:i("release_s")

  ktrembling = ampdb((ktremolo - 0.5)*chnget:k("tremolo_db"))
  adry = (astroke + afilter*again)*interp(ktrembling)

  ; The room.
  xtratim 0.5
  kecho = ampdb(chnget:k("echo_db"))
  aroom init 0
  aecho vdelay adry + aroom*kecho, 1000*a(chnget:k("echo_s")), 510
  aroom tone aecho, chnget:k("echo_hz")
  out 0.5*(adry + aroom*kecho)
endin
</CsInstruments>
<CsScore>
i 1 0 1.2
e 2
</CsScore>
</CsoundSynthesizer>
