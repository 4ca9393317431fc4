; A band for whole songs: everything that sounds is synthesised here.
;
; python -m benchmarks.music.own_songs writes scores for it and renders them. A note:
;   i "Lead" start duration key velocity pan tone
; key: MIDI note number; velocity and tone: 0 to 1; pan: 0 left, 1 right.

sr = 44100
ksmps = 64
nchnls = 2
0dbfs = 1

seed 1
giSine ftgen 0, 0, 16384, 10, 1
gaReverbL init 0
gaReverbR init 0
gaEcho init 0
gaMixL init 0
gaMixR init 0

; To the mix, and in parts to the reverb and the echo.
opcode Out, 0, aiii
  aIn, iPan, iReverb, iEcho xin
  aL = aIn * cos(iPan * $M_PI_2)
  aR = aIn * sin(iPan * $M_PI_2)
  gaMixL += aL
  gaMixR += aR
  gaReverbL += aL * iReverb
  gaReverbR += aR * iReverb
  gaEcho += aIn * iEcho
endop

; An electric piano: two operators, whose index falls as a tine's ring does. Tone: how hard it barks.
instr Piano
  iFreq = cpsmidinn(p4)
  aEnv = linsegr:a(0, 0.003, 1, 0.2, 0) * expseg:a(1, 4, 0.08, 10, 0.01)
  kIndex = (0.4 + 1.8 * p7 * p5) * expseg:k(1, 1.2, 0.15, 9, 0.1)
  aTine = poscil:a(0.35 * p5 * p7 * expseg:k(1, 0.25, 0.01, 9, 0.001), iFreq * 14)
  aMod = poscil:a(a(kIndex) + aTine, iFreq)
  aPhase = phasor:a(iFreq)
  aOut = tablei:a(aPhase + aMod * 0.159, giSine, 1, 0, 1)
  aTremolo = 1 + 0.2 * poscil:a(1, 4.3)
  Out(aOut * aEnv * aTremolo * p5 * 0.22, p6, 0.35, 0.1)
endin

; Two detuned saws behind a filter that opens slowly.
instr Pad
  iFreq = cpsmidinn(p4)
  aSaw = vco2:a(0.5, iFreq * 1.003) + vco2:a(0.5, iFreq * 0.997, 0, 0.5, 0.3)
  kCut = (250 + 2500 * p7) * (1 + 0.35 * poscil:k(1, 0.13, -1, rnd(1)))
  aOut = moogladder2(aSaw, kCut, 0.15)
  aEnv = linsegr:a(0, 0.5, 1, 0.9, 0)
  Out(aOut * aEnv * p5 * 0.2, p6, 0.5, 0)
endin

; A plucked synthesiser: a saw whose filter closes. Tone: how bright it starts.
instr Pluck
  iFreq = cpsmidinn(p4)
  aSaw = vco2:a(0.6, iFreq) + vco2:a(0.3, iFreq * 2.002, 2, 0.5)
  kCut = 200 + (900 + 6500 * p7 * p5) * expseg:k(1, 0.22, 0.08, 9, 0.02)
  aOut = moogladder2(aSaw, kCut, 0.3)
  aEnv = linsegr:a(0, 0.003, 1, 0.06, 0) * expseg:a(1, 0.9, 0.05, 9, 0.001)
  Out(aOut * aEnv * p5 * 0.3, p6, 0.2, 0.35)
endin

; A singing lead: a triangle and a saw, vibrato after a while.
instr Lead
  iFreq = cpsmidinn(p4)
  kVibrato = linseg:k(0, 0.25, 0, 0.4, 1, 1, 1) * poscil:k(0.006, 5.3)
  kFreq = iFreq * (1 + kVibrato)
  aSaw = vco2:a(0.5, kFreq, 12) + vco2:a(0.35 * p7, kFreq * 1.004)
  aOut = moogladder2(aSaw, 700 + 3500 * p7 * p5, 0.1)
  aEnv = linsegr:a(0, 0.02, 1, 0.3, 0.75, 0.12, 0)
  Out(aOut * aEnv * p5 * 0.3, p6, 0.3, 0.3)
endin

; The pulse wave of old game consoles, in steps of loudness. Tone: the width of the pulse.
instr Chip
  iFreq = cpsmidinn(p4)
  kVibrato = linseg:k(0, 0.2, 0, 0.2, 1, 1, 1) * lfo:k(0.006, 6.5, 1)
  aPulse = vco2:a(0.5, iFreq * (1 + kVibrato), 2, 0.06 + 0.44 * p7)
  kLevel = ceil(15 * expseg:k(1, 0.5, 0.35, 9, 0.2)) / 15
  aEnv = linsegr:a(0, 0.002, 1, 0.02, 0) * interp(kLevel)
  Out(aPulse * aEnv * p5 * 0.22, p6, 0.05, 0.12)
endin

; A bass. Tone: from a soft triangle to a filtered square.
instr Bass
  iFreq = cpsmidinn(p4)
  aWave = vco2:a(0.7 * (1 - p7), iFreq, 12) + vco2:a(0.5 * p7, iFreq, 10) + poscil:a(0.35, iFreq)
  aOut = moogladder2(aWave, 150 + (400 + 2500 * p7) * p5 * expseg:k(1, 0.3, 0.2, 9, 0.15), 0.2)
  aEnv = linsegr:a(0, 0.005, 1, 0.3, 0.8, 0.05, 0)
  Out(aOut * aEnv * p5 * 0.42, p6, 0.02, 0)
endin

; A kick. Tone: from a deep and long one to a short and hard one.
instr Kick
  p3 = 0.45
  kFreq = 45 + 15 * p7 + (90 + 130 * p7) * expseg:k(1, 0.05, 0.1, 0.4, 0.001)
  aOut = poscil:a(1, kFreq) * expseg:a(1, 0.3 - 0.15 * p7, 0.1, 0.3, 0.001)
  aOut = tanh(1.6 * aOut) * linseg:a(0, 0.001, 1, 0.419, 1, 0.03, 0)
  Out(aOut * p5 * 0.38, p6, 0.03, 0)
endin

; A snare: two modes of the skin and its wires. Tone: from a brush to a crack.
instr Snare
  p3 = 0.35
  aSkin = poscil:a(0.5, 185) + poscil:a(0.3, 331)
  aWires = butterhp(noise:a(0.6, 0), 1200 + 1500 * p7)
  aOut = aSkin * expseg:a(1, 0.1, 0.05, 0.3, 0.001) + aWires * expseg:a(1, 0.22 - 0.1 * p7, 0.05, 0.3, 0.001)
  Out(aOut * linseg:a(0, 0.001, 1, 0.319, 1, 0.03, 0) * p5 * 0.4, p6, 0.25, 0.08)
endin

; A hi-hat. Tone: from closed to open.
instr Hat
  p3 = 0.08 + 0.35 * p7
  aOut = butterhp(butterhp(noise:a(0.8, 0), 7000), 7000)
  Out(aOut * transeg:a(0, 0.001, 0, 1, p3 - 0.001, -6, 0) * p5 * 0.3, p6, 0.06, 0)
endin

; A tom, for fills.
instr Tom
  p3 = 0.4
  kFreq = cpsmidinn(p4) * (1 + 0.6 * expseg:k(1, 0.06, 0.1, 0.4, 0.001))
  aOut = poscil:a(1, kFreq) * transeg:a(0, 0.001, 0, 1, 0.398, -5, 0)
  Out(aOut * p5 * 0.4, p6, 0.2, 0.1)
endin

; Echo and reverb of all, and the fade at the end: p4 the time of the echo in s, p5 its feedback.
instr Master
  aBack init 0
  aBack = delay(gaEcho + butterlp(aBack, 3000) * p5, p4)
  aCross = delay(aBack, p4 / 2)
  aL, aR reverbsc gaReverbL + 0.3 * aBack, gaReverbR + 0.3 * aCross, 0.82, 9000
  aFade = linseg:a(1, p3 - 2, 1, 2, 0)
  outs dcblock2(gaMixL + 0.7 * aBack + 0.5 * aL) * aFade, dcblock2(gaMixR + 0.7 * aCross + 0.5 * aR) * aFade
  clear gaMixL, gaMixR, gaReverbL, gaReverbR, gaEcho
endin
