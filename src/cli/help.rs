//! Texts that stand after the help of a command.

pub(crate) const EXAMPLES: &str = "\
Try it: `pairbench run` scores two built-in demonstration models in seconds.

Reproduce a published table:
  pairbench run --model llm-blender/PairRM-hf --benchmark reward-bench --published model-card
Check a new checkpoint for regressions, beside the last good one:
  pairbench run --model old=runs/1 --model new=runs/2 --template pairrm --data pairs.jsonl --out reports/runs/2
  pairbench compare reports/runs/2:old reports/runs/2:new --gate drop:average:0.01
Leave a report for people and machines:
  pairbench run --model runs/2,template=pairrm --data pairs.jsonl --out reports/runs/2
  pairbench report reports/runs/1 reports/runs/2 --format markdown

Results go to stdout, talk and progress to stderr.
Exit codes: 0 done, 2 usage, 3 a gate's rule failed, 4 bad input, 5 not available, 6 invalid verdicts, 7 out of resources,
8 a gate is inconclusive (only with --strict-gate), 75 another run writes to the directory, 129, 130, 143 stopped by HUP, INT, TERM.";

pub(crate) const GATES: &str = "\
A side is a run directory (`pairbench run --out DIR`) or a published table (`pairbench published`), with :MODEL where there are
several. Pairs are matched by subset and id, or by row where the data has no ids and is the same. A published table has no
verdicts: the comparison is unpaired then.

Rules; SCOPE is average, headline, rewardbench, total, section:NAME, section:*, subset:NAME or subset:*
  drop:SCOPE:X              fails when the 95 % interval of the difference lies below -X, passes when it lies above, else
                            inconclusive; with several lines the intervals hold together (Bonferroni)
  significant-drop:SCOPE:A  fails when the candidate is worse and the exact p-value (Holm-corrected over several lines) is below A
  min:SCOPE:X               fails when the measured figure is below X
  max-ties:N, max-invalid:N, max-position-bias:X    of the candidate
A FILE.toml holds rules = [\"drop:average:0.01\", ...].

Exit codes: 3 a rule failed, 8 with --strict-gate one was inconclusive and none failed.";
