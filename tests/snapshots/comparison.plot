baseline   <script>alert(1)</script> <img src=x onerror=alert(1)> &lt;b&gt; ]]> --> <!-- --!> a|b `code` *b* _i_ ~~s~~ [link](https://example.invalid) ![image](x) $x^2$ and $$y$$ # heading # - item 1. item --- two lines two    paragraphs  separator =HYPERLINK("https://example.invalid") +1 -1+1 @x  =1  @x  =1  [31mcolour  ]8;;https://example.invalid \link ]8;; \  ]52;c;eA==   31mC1  txt.exe isolate ﻿mark￾ ::error::x  ::add-mask::x \input{x} 5% a_b #2 {c} ~d^ "quoted", 'a'; b key: [value] # {c} \x41
candidate  new [31m
▲ better: the interval is above 0   ▼ worse: below 0   ● open: 0 lies in it   +gained -lost
                   -1            -0.5          0             0.5           1
hep-go 4, +0 -0               ├────────────────●────────────────┤             0.000 [-0.602, +0.602]
a|<b>  5, +1 -3      ├──────────────●─────────────────────────┤              -0.400 [-0.925, +0.521]

Reasoning 4, +0 -0            ├────────────────●────────────────┤             0.000 [-0.602, +0.602]

average 9, +1 -3             ├───────────●──────────────┤                    -0.200 [-0.643, +0.337]
all pairs 9, +1 -3          ├────────────●──────────────┤                    -0.222 [-0.662, +0.324]

different precisions side by side: baseline: old|model, weights old|model, arithmetic old|model; candidate: new [31m, weights new [31m, arithmetic new [31m
different input contracts side by side: baseline: old|model, from old|model; candidate: new [31m, from new [31m
9 pairs in both, matched by row; verdicts changed: 4
more
difference: candidate minus baseline; 95 % intervals by Gaffke's bounds of the mean: without 0 in them exactly where p is below 0.05
p: exact McNemar test, two-sided, or its generalisation where pairs weigh differently; Holm: corrected for 2 subsets, of which chance alone would put up to 0.1 below p = 0.05; showable: smallest difference that this many pairs show with 80 % power at 5 %

measured with (hashes: the first 12 digits)
model      baseline: old|model, revision revision old|model, weights 0123456789ab
model      candidate: new [31m, revision revision new [31m, weights 0123456789ab
contract   baseline: old|model, from old|model
contract   candidate: new [31m, from new [31m
precision  baseline: old|model, weights old|model, arithmetic old|model
precision  candidate: new [31m, weights new [31m, arithmetic new [31m
device     baseline: old|model
device     candidate: new [31m
engine     baseline: pairbench old|model, code 0123456789ab
engine     candidate: pairbench new [31m, code 0123456789ab
cache      1 of 4 verdicts
benchmark  baseline: old|model, definition 0123456789ab
benchmark  candidate: new [31m, definition 0123456789ab
data       baseline: old|model: old|model 0123456789ab
data       candidate: new [31m: new [31m 0123456789ab
pairs      baseline: 4, PARTIAL: old|model
pairs      candidate: 4, PARTIAL: new [31m

changed verdicts, 4 of 4, largest change of the margin first
a|<b>  row 1: correct +1.00 → wrong -1.00
    prompt   =1+1, "x"
    chosen   <script>
    rejected `r`
a|<b>  row 2: correct +1.00 → wrong -1.00
    prompt   =1+1, "x"
    chosen   <script>
    rejected `r`
a|<b>  row 3: correct +1.00 → wrong -1.00
    prompt   =1+1, "x"
    chosen   <script>
    rejected `r`
a|<b>  row 4: wrong -1.00 → correct +1.00
    prompt   =1+1, "x"
    chosen   <script>
    rejected `r`

~ inconclusive  drop:subset:*:0.01: hep-go +0.0000, 97.5 % interval [-0.6656, +0.6656], limit -0.01: about 18,000 pairs (4,500 times as many) would settle it, as a pass, if the measured value stays; a|<b>  -0.4000, 97.5 % interval [-0.9480, +0.6025], limit -0.01: about 34 pairs (6.8 times as many) would settle it, as a fail, if the measured value stays
    look at a|<b>  row 1: correct +1.00 → wrong -1.00
    look at a|<b>  row 2: correct +1.00 → wrong -1.00
    look at a|<b>  row 3: correct +1.00 → wrong -1.00
✓ pass  max-ties:0: 0 ties of 9 pairs, limit 0
gate: 2 rules: 1 passed, 0 failed, 1 inconclusive; exit code 8: a rule is inconclusive, and the gate is strict
