<CsoundSynthesizer>
<CsOptions>
-odac
</CsOptions>
<CsInstruments>
; What a drum machine is made of: a tone that falls, a second one above it, a band of noise, six squares for metal, a click.
; Kicks, snares, toms, hats, cymbals, blocks.
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

declare "f0_hz",        3, 90,   40,   600,  "unit=Hz"
declare "drop_octaves", 2, 1.5,  0,    3.5,  "unit=octaves"   ; how much higher the tones begin
declare "drop_s",       3, 0.04, 0.01, 0.25, "unit=s"         ; all of these are times in which something falls to a tenth
declare "tone_db",      2, -6,   -36,  0,    "unit=dB"
declare "tone_decay_s", 3, 0.2,  0.03, 1.2,  "unit=s"
declare "second_ratio", 2, 1.6,  1.2,  2.6,  ""
declare "second_db",    2, -12,  -36,  0,    "unit=dB"        ; beside the first

declare "noise_db",      2, -12,  -42, 0,     "unit=dB"
declare "noise_hz",      3, 3000, 500, 10000, "unit=Hz"       ; the middle of its band
declare "noise_octaves", 2, 3,    1,   6,     "unit=octaves"
declare "noise_decay_s", 3, 0.15, 0.02, 1,    "unit=s"

declare "metal_db",      2, -14,  -36,  0,    "unit=dB"
declare "metal_f0_hz",   3, 330,  200,  700,  "unit=Hz"
declare "metal_low_hz",  3, 4000, 1000, 12000, "unit=Hz"       ; below this there is nothing of it
declare "metal_decay_s", 3, 0.1,  0.02, 1.2,  "unit=s"

declare "click_db", 2, -16, -36, 0,  "unit=dB"
declare "drive_db", 2, 6,   0,   18, "unit=dB"

; Falls from one to a tenth in so many seconds, and goes on like that.
opcode Fall, a, S
  Sname xin
  afall transeg 1, 20*chnget:i(Sname), -46, 0
  xout afall
endop

instr 1
  kf0    chnget "f0_hz"
  adrop  Fall "drop_s"
  afall  = octave(adrop*chnget:k("drop_octaves"))*kf0
  abody  poscil 1, afall
  asecond poscil ampdbfs(chnget:k("second_db")), afall*chnget:k("second_ratio")
  abody  = (abody + asecond)*ampdbfs(chnget:k("tone_db"))*Fall("tone_decay_s")

  khalf  = octave(0.5*chnget:k("noise_octaves"))
  kmiddle chnget "noise_hz"
  anoise rand 2, 0.5, 1
  anoise butterhp anoise, limit:k(kmiddle/khalf, 40, 15000)
  anoise butterlp anoise, limit:k(kmiddle*khalf, 200, 20000)
  anoise *= ampdbfs(chnget:k("noise_db"))*Fall("noise_decay_s")

  ; The squares of a known machine of 1980 stand in about these ratios.
  kmetal chnget "metal_f0_hz"
  asix   = vco2(1, kmetal, 10) + vco2(1, kmetal*1.34, 10) + vco2(1, kmetal*1.23, 10)
  asix   += vco2(1, kmetal*1.65, 10) + vco2(1, kmetal*1.95, 10) + vco2(1, kmetal*2.63, 10)
  klow   chnget "metal_low_hz"
  asix   butterhp asix, klow
  asix   butterhp asix, klow
  asix   *= 0.5*ampdbfs(chnget:k("metal_db"))*Fall("metal_decay_s")

  aclick transeg 1, 0.1, -23, 0      ; to a tenth in 10 ms
  asnap  rand 2, 0.25, 1
  asnap  butterhp asnap*aclick, 2000
  kdrive = ampdbfs(chnget:k("drive_db"))
  amix   = 0.5*(abody + anoise + asix + asnap*ampdbfs(chnget:k("click_db")))
  ; The release of a note that a hand lets go.
  out linenr(0.9*tanh(amix*kdrive)/tanh(kdrive), 0, 0.05, 0.01)
endin
</CsInstruments>
<CsScore>
i 1 0 1.9
e 2
</CsScore>
</CsoundSynthesizer>
