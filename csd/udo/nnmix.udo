; nnmix - an effect with a dry/wet knob
;
;   aout  nnmix  ain, Smodel, kmix
;
; kmix: 0 the input alone, 1 the model alone. The dry signal is delayed by the model's latency, so that
; transients do not double. Needs nnalign.udo.

opcode nnmix, a, aSk
  ain, Smodel, kmix xin
  ilatency nnlatency Smodel
  awet nnfx ain, Smodel
  adry nnalign ain, ilatency
  kwet port kmix, 0.01, i(kmix)
  xout adry*(1 - kwet) + awet*kwet
endop
