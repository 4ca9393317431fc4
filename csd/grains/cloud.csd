<CsoundSynthesizer>
<CsOptions>
-odac
</CsOptions>
<CsInstruments>
; A cloud of grains on a drawn path. The corners of a square are four sounds, and two curves say where in it the cloud is.
sr     = 44100   ; what models of grains play at; any other works, and costs some milliseconds more
ksmps  = 128
nchnls = 2
0dbfs  = 1

; The path in eight seconds, from 0 to 1: draw others.
gix ftgen 0, 0, 1024, -7,  0, 256, 1, 256, 0.8, 256, 0.2, 256, 0
giy ftgen 0, 0, 1024, -7,  0, 256, 0.1, 256, 1, 256, 0.7, 256, 0

gkcorners[][] init 4, 16

; Plays an event, unheard, and keeps the mean of its grains, the louder ones for more.
; p4: the class, counted from 0   p5: the corner
instr 1
  Sclass sprintf "classes[%d]", p4
  ahit nngen "drums.events", "trigger", 1, Sclass, 1
  kheard[] nnana ahit, "drums.encoder"
  kpower = ampdb(kheard[16])^2
  ksum init 0
  ksum += kpower
  kn = 0
  while kn < 16 do
    gkcorners[p5][kn] = gkcorners[p5][kn] + (kheard[kn] - gkcorners[p5][kn])*kpower/ksum
    kn += 1
  od
endin

; One of the voices: it strays from the path, and grains begin at random.
; p4: its number   p5: where it stands, from 0, left, to 1
instr 2
  kwhere line 0, p3, 1
  kx tablei kwhere, gix, 1
  ky tablei kwhere, giy, 1
  kx limit kx + randi:k(0.15, 3, p4/10), 0, 1
  ky limit ky + randi:k(0.15, 3, p4/10 + 0.05), 0, 1
  kgrain[] init 16
  kn = 0
  while kn < 16 do
    kbelow = gkcorners[0][kn]*(1 - kx) + gkcorners[1][kn]*kx
    kabove = gkcorners[2][kn]*(1 - kx) + gkcorners[3][kn]*kx
    kgrain[kn] = kbelow*(1 - ky) + kabove*ky
    kn += 1
  od

  kstarts dust2 1, 6
  kloudness = -26 + randi:k(8, 9, p4/10 + 0.02)
  aout nngen "drums.decoder", kgrain, kloudness, "trigger", abs(kstarts), "temperature", 0.5, "seed", p4
  aout linen aout, 0.2, p3, 0.5
  outs aout*sqrt(1 - p5), aout*sqrt(p5)
endin
</CsInstruments>
<CsScore>
i 1 0 0.25  2 0   ; from kick
i 1 0 0.25  7 1   ; to snare
i 1 0 0.25  1 2   ; crash
i 1 0 0.25  8 3   ; tom
i 2 0.25 8  1 0.1
i 2 0.25 8  2 0.4
i 2 0.25 8  3 0.6
i 2 0.25 8  4 0.9
</CsScore>
</CsoundSynthesizer>
