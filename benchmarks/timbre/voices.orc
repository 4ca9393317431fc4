; Voices for benchmarks/timbre/voice_inputs.py, which writes the scores. Each instrument plays a whole take:
;   i "Whistle" 0 duration pitch level vowel hiss
; The last four are tables with 1000 values a second: Hz, amplitude, which vowel (0 a, 1 e, 2 i, 3 o, 4 u, and what lies
; between), amplitude of a consonant's noise. So the pitch asked for is known at every moment.

sr = 48000
ksmps = 16
nchnls = 1
0dbfs = 1

giSine ftgen 0, 0, 16384, 10, 1
giCosine ftgen 0, 0, 16384, 11, 1
giRise ftgen 0, 0, 1024, 19, 0.5, 0.5, 270, 0.5

; Formants of an alto, of each vowel: Hz, dB, bandwidth in Hz.
giHz1 ftgen 0, 0, 5, -2, 800, 400, 350, 450, 325
giHz2 ftgen 0, 0, 5, -2, 1150, 1600, 1700, 800, 700
giHz3 ftgen 0, 0, 5, -2, 2800, 2700, 2700, 2830, 2530
giHz4 ftgen 0, 0, 5, -2, 3500, 3300, 3700, 3500, 3500
giHz5 ftgen 0, 0, 5, -2, 4950, 4950, 4950, 4950, 4950
giDb1 ftgen 0, 0, 5, -2, 0, 0, 0, 0, 0
giDb2 ftgen 0, 0, 5, -2, -4, -24, -20, -9, -12
giDb3 ftgen 0, 0, 5, -2, -20, -30, -30, -16, -30
giDb4 ftgen 0, 0, 5, -2, -36, -35, -36, -28, -40
giDb5 ftgen 0, 0, 5, -2, -60, -60, -60, -55, -64
giWide1 ftgen 0, 0, 5, -2, 80, 60, 50, 70, 50
giWide2 ftgen 0, 0, 5, -2, 90, 80, 100, 80, 60
giWide3 ftgen 0, 0, 5, -2, 120, 120, 120, 100, 170
giWide4 ftgen 0, 0, 5, -2, 130, 150, 150, 130, 180
giWide5 ftgen 0, 0, 5, -2, 140, 200, 200, 135, 200

; A table's value at this moment.
opcode Course, a, i
  iTable xin
  aIndex line 0, p3, p3 * 1000
  aValue tablei aIndex, iTable
  xout aValue
endop

; One formant as grains, whose skirts are wide.
opcode Formant, a, kkiii
  kF0, kVowel, iHz, iDb, iWide xin
  kHz tablei kVowel, iHz
  kDb tablei kVowel, iDb
  kWide tablei kVowel, iWide
  aOut fof ampdb(kDb), kF0, kHz, 0, kWide, 0.003, 0.02, 0.007, 60, giSine, giRise, p3
  xout aOut
endop

; Nearly a sine, with breath around it and above it.
instr Whistle
  aF0 Course p4
  aLevel Course p5
  aTone poscil 1, aF0, giSine
  aSecond poscil 0.02, 2 * aF0, giSine
  aAir rand 1, 0.31
  kF0 downsamp aF0
  aBreath reson aAir, kF0, 0.2 * kF0, 2
  aWind butterbp aAir, 4000, 5000
  out 0.5 * aLevel * (aTone + aSecond + 0.06 * aBreath + 0.02 * aWind)
endin

; A mouth that is closed: dark, the nose's resonance at 250 Hz, a hole above it.
instr Hum
  aF0 Course p4
  aLevel Course p5
  kF0 downsamp aF0
  aVoice gbuzz 0.5, aF0, int(9000 / kF0), 1, 0.75, giCosine
  aNose reson aVoice, 250, 120, 1
  aHead reson aVoice, 2200, 300, 1
  aDark butterlp aVoice, 500
  aAir rand 1, 0.57
  aBreath butterbp aAir, 1500, 2500
  out 0.5 * aLevel * (0.4 * aDark + 0.6 * aNose + 0.03 * aHead + 0.006 * aBreath)
endin

; Vowels, and between them the noise of consonants.
instr Sing
  aF0 Course p4
  aLevel Course p5
  aVowel Course p6
  aHiss Course p7
  kF0 downsamp aF0
  kVowel downsamp aVowel
  a1 Formant kF0, kVowel, giHz1, giDb1, giWide1
  a2 Formant kF0, kVowel, giHz2, giDb2, giWide2
  a3 Formant kF0, kVowel, giHz3, giDb3, giWide3
  a4 Formant kF0, kVowel, giHz4, giDb4, giWide4
  a5 Formant kF0, kVowel, giHz5, giDb5, giWide5
  aAir rand 1, 0.73
  aS butterbp aAir, 5500, 4000
  aBreath butterbp aAir, 2500, 3000
  out 0.3 * aLevel * (a1 + a2 + a3 + a4 + a5 + 0.01 * aBreath) + 0.3 * aHiss * aS
endin
