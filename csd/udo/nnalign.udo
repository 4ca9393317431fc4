; nnalign - wait for a model
;
;   aout  nnalign  ain, isamples
;
; Delays a signal by a whole number of samples, 0 among them, which delay itself refuses.
; With isamples from nnlatency, a dry signal keeps step with one that went through a model.

opcode nnalign, a, ai
  ain, isamples xin
  if isamples > 0 then
    aout delay ain, isamples/sr
  else
    aout = ain
  endif
  xout aout
endop
