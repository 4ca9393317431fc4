; nnmorph - from one model to another
;
;   aout  nnmorph  ain, Sfirst, Ssecond, kwhere
;
; kwhere: 0 the first effect alone, 1 the second alone, between them both at equal power. The one with less
; latency is delayed to match the other. Both run all the time. Needs nnalign.udo.

opcode nnmorph, a, aSSk
  ain, Sfirst, Ssecond, kwhere xin
  ifirst nnlatency Sfirst
  isecond nnlatency Ssecond
  afirst nnfx ain, Sfirst
  asecond nnfx ain, Ssecond
  afirst nnalign afirst, isecond - ifirst
  asecond nnalign asecond, ifirst - isecond
  aangle interp kwhere*$M_PI_2
  xout afirst*cos(aangle) + asecond*sin(aangle)
endop
