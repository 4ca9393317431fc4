<CsoundSynthesizer>
<CsOptions>
-odac
</CsOptions>
<CsInstruments>
; Pulses and noise through an all-pole filter of order 16 whose coefficients follow from the parameters: what the AR
; model is trained on (docs/ar.md). Seven moving formants are sections 1 / (1 - c2 z^-1 + c3 z^-2), with
;   c3 = exp(-2 pi bw/sr), c2 = 4 c3 cos(2 pi f/sr) / (1 + c3),
; which is Csound's reson without scaling; two sections 1 / (1 - p z^-1) give the slope.
; training/ar_sounds.py knows the same formulas.
sr     = 24000   ; of the AR model: elsewhere the filter would be another
ksmps  = 32
nchnls = 1
0dbfs  = 1

; Declares a parameter, and gives it its default where nobody else sets it.
; itype: 2 linear, 3 exponential
opcode declare, 0, SiiiiS
  Sname, itype, idefault, imin, imax, Sattributes xin
  chn_k Sname, 1, itype, idefault, imin, imax, 0, 0, 0, 0, Sattributes
  chnset idefault, Sname
endop

declare "f0_hz",        3, 150,   60,    400,   "unit=Hz"
declare "voicing",      2, 0.8,   0,     1,     ""
declare "vibrato",      2, 0.2,   0,     1,     "unit=semitones"
declare "noise_seed",   2, 0.5,   0.001, 0.999, ""
declare "sweep",        2, 0.1,   0,     0.3,   "unit=octaves"
declare "sweep_hz",     3, 1,     0.3,   3,     "unit=Hz"
declare "slope1",       2, 0.5,   -0.3,  0.9,   ""
declare "slope2",       2, 0,     -0.3,  0.6,   ""
declare "formant1_hz",  3, 500,   150,   1560,  "unit=Hz"
declare "formant2_hz",  3, 2500,  1870,  3270,  "unit=Hz"
declare "formant3_hz",  3, 4300,  3580,  4990,  "unit=Hz"
declare "formant4_hz",  3, 6000,  5290,  6700,  "unit=Hz"
declare "formant5_hz",  3, 7700,  7010,  8420,  "unit=Hz"
declare "formant6_hz",  3, 9400,  8720,  10130, "unit=Hz"
declare "formant7_hz",  3, 10800, 10400, 11400, "unit=Hz"
declare "width1_hz",    3, 100,   50,    500,   "unit=Hz"
declare "width2_hz",    3, 150,   50,    500,   "unit=Hz"
declare "width3_hz",    3, 200,   50,    500,   "unit=Hz"
declare "width4_hz",    3, 200,   100,   800,   "unit=Hz"
declare "width5_hz",    3, 250,   100,   800,   "unit=Hz"
declare "width6_hz",    3, 250,   100,   800,   "unit=Hz"
declare "width7_hz",    3, 300,   100,   800,   "unit=Hz"

; A formant whose frequency swings around its place: the higher, the fewer octaves, as in a voice, and each in a
; phase of its own.
opcode formant, a, aik
  ain, inumber, kphase xin
  Sname sprintf "formant%d_hz", inumber
  Swide sprintf "width%d_hz", inumber
  ihertz chnget Sname
  iwidth chnget Swide
  isweep chnget "sweep"
  khertz = min(ihertz*2^(isweep/inumber*sin(2*$M_PI*(kphase + 0.618*inumber))), 11800)
  xout reson(ain, khertz, iwidth, 0)
endop

instr 1
  if0 chnget "f0_hz"
  ivoicing chnget "voicing"
  ivibrato chnget "vibrato"
  iseed chnget "noise_seed"
  isweephz chnget "sweep_hz"
  ip1 chnget "slope1"
  ip2 chnget "slope2"

  kcycle init 0
  kseconds = kcycle*ksmps/sr
  kcycle = kcycle + 1

  ; Both of power 1: all harmonics below 12 kHz as cosines (gbuzz would not give them equal levels), and white noise.
  kf0 = if0*2^(ivibrato/12*sin(2*$M_PI*5.5*kseconds))
  kharmonics = int(11950/kf0)
  aphase phasor kf0, 0.000001
  apulses = (sin((2*kharmonics + 1)*$M_PI*aphase)/sin($M_PI*aphase) - 1)/sqrt(2*kharmonics)
  anoise rand sqrt(3), iseed, 1
  asound = 0.004*(sqrt(ivoicing)*apulses + sqrt(1 - ivoicing)*anoise)

  asound filter2 asound, 1, 1, 1, -ip1
  asound filter2 asound, 1, 1, 1, -ip2
  kphase = isweephz*kseconds
  asound formant asound, 1, kphase
  asound formant asound, 2, kphase
  asound formant asound, 3, kphase
  asound formant asound, 4, kphase
  asound formant asound, 5, kphase
  asound formant asound, 6, kphase
  asound formant asound, 7, kphase
  out asound
endin
</CsInstruments>
<CsScore>
i 1 0 1
e 1
</CsScore>
</CsoundSynthesizer>
