<CsoundSynthesizer>
<CsOptions>
-odac
</CsOptions>
<CsInstruments>
; A drum pattern. Every hit is made anew, so that no two are the same.
sr     = 44100   ; what models of grains play at; any other works, and costs some milliseconds more
ksmps  = 128
nchnls = 1
0dbfs  = 1

; p4: the class, counted from 0   p5: the table of its steps   p6: how many steps   p7: how loud, in dB
instr 1
  xtratim 1
  kreleased release
  ksteps = timeinsts()*p6/p3
  kstep = int(ksteps)
  kfirst init 1
  kstrength table kstep % 16, p5
  ktrigger = ((kfirst == 1 || changed:k(kstep) == 1) && kreleased == 0 ? kstrength : 0)
  kfirst = 0

  ; Controls glide for 20 ms, so the velocity of a hit is there half a step before it.
  kvelocity table int(ksteps + 0.5) % 16, p5

  Sclass sprintf "classes[%d]", p4
  aout nngen "drums.events", "trigger", ktrigger, Sclass, 1, "velocity", kvelocity, "temperature", 0.4, "seed", kstep + 1000*p4
  out aout*ampdbfs(p7)
endin
</CsInstruments>
<CsScore>
; How hard each sixteenth is struck; 0 is a rest.
f 1 0 16 -2   .9 0 0  0   0 0 .6 0    .8 0 0 0    0 0 0  0    ; kick
f 2 0 16 -2   0  0 0  0   .9 0 0 .3   0 .3 0 0    .9 0 0 .4   ; snare
f 3 0 16 -2   .8 0 .5 0   .8 0 .5 0   .8 0 .5 .4  .8 0 0 0    ; closed hat
f 4 0 16 -2   0  0 0  0   0 0 0  0    0 0 0  0    0 0 .6 0    ; open hat

t 0 104
i 1 0 8  2 1 32 -3    ; two bars of a kick
i 1 0 8  7 2 32 -6
i 1 0 8  0 3 32 -12
i 1 0 8  3 4 32 -12
</CsScore>
</CsoundSynthesizer>
