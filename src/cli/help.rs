//! Texts that stand after the help of a command. A line without indentation that ends with a colon
//! begins a section of the manual page. A paragraph is one line, which the terminal's width breaks;
//! what is aligned by hand fits in 80 columns.

pub(crate) const PAIRBENCH: &str = "\
Try it: `pairbench run` scores three built-in demonstration models in seconds.
Results go to stdout, talk and progress to stderr.

Examples:
  Reproduce a published table:
    pairbench run --model llm-blender/PairRM-hf --benchmark reward-bench \\
      --published model-card
  Check a new checkpoint for regressions, beside the last good one:
    pairbench run --model old=checkpoints/1 --model new=checkpoints/2 \\
      --template pairrm --data pairs.jsonl --out reports/runs/2
    pairbench compare reports/runs/2:old reports/runs/2:new \\
      --gate drop:average:0.01
  Leave a report for people and machines:
    pairbench run --model checkpoints/2,template=pairrm --data pairs.jsonl \\
      --out reports/runs/2
    pairbench report reports/runs/1 reports/runs/2 --format markdown

Environment:
  HF_TOKEN, HF_TOKEN_PATH          the hub's token, or a file that holds it
  HF_HUB_DISABLE_IMPLICIT_TOKEN=1  sends no token
  HF_HOME, HF_HUB_CACHE            where the hub's cache is
  HF_ENDPOINT                      the hub's address
  HF_HUB_OFFLINE=1                 no network
  PAIRBENCH_CACHE                  where verdicts and kernels are kept; empty: nowhere
  NO_COLOR, CLICOLOR               whether tables have colours

Exit status:
  0               done
  1               a bug
  2               usage
  3               a gate's rule failed
  4               bad input
  5               not available
  6               invalid verdicts
  7               out of resources
  8               a gate is inconclusive, with --strict-gate
  75              another run writes to the directory
  129, 130, 143   stopped by HUP, INT, TERM";

pub(crate) const RUN: &str = "\
Examples:
  Two checkpoints on your own pairs:
    pairbench run --model old=checkpoints/1 --model new=checkpoints/2 \\
      --template pairrm --data pairs.jsonl
  Some subsets of RewardBench, kept for later:
    pairbench run --model llm-blender/PairRM-hf --benchmark reward-bench \\
      --subset 'alpacaeval-*' --out reports/runs/1
  Stop as soon as it is clear whether a checkpoint is worse:
    pairbench run --model checkpoints/2,template=pairrm --data pairs.jsonl \\
      --against reports/runs/1 --gate drop:average:0.01";

pub(crate) const REPORT: &str = "\
Examples:
  pairbench report reports/runs/1 --format html > report.html
  One model of each of two runs:
    pairbench report reports/runs/1:old reports/runs/2:new --format markdown";

pub(crate) const SHOW: &str = "\
--wrong and --sure list pairs whose verdict is `wrong`; ties and invalid ones are not among them.

Examples:
  Where a model is most sure and wrong:
    pairbench show reports/runs/1 --model new --sure
  One pair, for a program:
    pairbench show reports/runs/1 --subset hep-go --id 17 --format json";

pub(crate) const MERGE: &str = "\
Examples:
  pairbench run --shard 1/2 --out reports/runs/part-1
  pairbench run --shard 2/2 --out reports/runs/part-2
  pairbench merge reports/runs/part-1 reports/runs/part-2 --out reports/runs/whole";

pub(crate) const IMPORT: &str = "\
The files may be reward-bench's scores (eval-set-scores and pref-sets-scores, both versions), \
MODEL_outputs.jsonl of the command rewardbench, and lm-eval's samples of multiple-choice tasks. \
Pairs are matched by subset and id; weights, precision and input contract stay unknown.

Examples:
  A model of the archive as the baseline of a gate:
    pairbench import eval-set-scores/owner/name.json --benchmark reward-bench \\
      --out reports/theirs
    pairbench compare reports/theirs reports/runs/1 --gate drop:average:0.01
  Two models side by side, with their texts for `show`:
    pairbench import a=one.json b=two.json --data filtered.parquet \\
      --out reports/theirs";

pub(crate) const FETCH: &str = "\
Examples:
  pairbench fetch llm-blender/PairRM-hf reward-bench";

pub(crate) const INSPECT: &str = "\
Examples:
  pairbench inspect reward-bench
  pairbench inspect checkpoints/1
  How much of the texts a model would not read:
    pairbench inspect pairs.jsonl --model llm-blender/PairRM-hf
  Which template is right for a checkpoint: pairs as it reads them under each:
    pairbench inspect runs/1 --data pairs.jsonl";

pub(crate) const BENCH: &str = "\
Examples:
  pairbench bench --model llm-blender/PairRM-hf --dtype int8 --length 512,2048";

pub(crate) const RANK: &str = "\
A line is {\"prompt\": ..., \"candidates\": [...]}: the prompt is a string or a list of \
{role, content}, candidates are strings; id is given back, instruction is put before the prompt, \
reference is what --method rank-with-ref compares with. Each line gets one, in its place: \
{\"line\", \"ranks\", \"scores\", \"best\", \"matrix\"}, or {\"line\", \"error\"}, and then the \
exit code is 4. docs/rank.md has all keys, `pairbench generate schema rank` describes them.

The figures are llm_blender's where the model's template is its own, `pairranker`: that of \
llm-blender/PairRM, and of PairRM-hf with --model llm-blender/PairRM-hf,template=pairranker.

Examples:
  The best of the answers in a file, with what each lost and won by:
    pairbench rank --model llm-blender/PairRM-hf prompts.jsonl --top 1 \\
      --reason margins
  One prompt:
    pairbench rank --prompt 'What is mass?' --candidates answers.txt
  The best of many answers by n - 1 comparisons:
    pairbench rank --method best-of-n --cmp-type bubble --seed 1 prompts.jsonl";

pub(crate) const SCORE: &str = "\
A line is {\"prompt\": ..., \"answer\": ...}, {\"prompt\": ..., \"answers\": [..., ...]} or \
{\"prompt\": ..., \"chosen\": ..., \"rejected\": ...}. A scalar model gives {\"line\", \
\"score\"} or {\"line\", \"margin\", \"scores\"}, a pairwise one, which needs two answers, \
{\"line\", \"margin\", \"logits\"}. A line that cannot be scored gets {\"line\", \"error\"}, and \
then the exit code is 4.

Examples:
  pairbench score --model Skywork/Skywork-Reward-V2-Qwen3-0.6B answers.jsonl \\
    > scores.jsonl
  A program that asks one by one:
    my-program | pairbench score --model quickstart/deberta-rm --batch-wait 0 | my-other-program";

pub(crate) const LIST: &str = "\
Examples:
  pairbench list benchmarks
  pairbench list models --format json";

pub(crate) const PUBLISHED: &str = "\
Examples:
  pairbench published
  pairbench published model-card";

pub(crate) const CACHE: &str = "\
Examples:
  pairbench cache
  pairbench cache clear";

pub(crate) const DOCTOR: &str = "\
Examples:
  pairbench doctor";

pub(crate) const COMPLETIONS: &str = "\
Examples:
  pairbench generate completions bash \\
    > ~/.local/share/bash-completion/completions/pairbench
  pairbench generate completions zsh > ~/.zfunc/_pairbench";

pub(crate) const MAN: &str = "\
Examples:
  pairbench generate man ~/.local/share/man/man1";

pub(crate) const SCHEMA: &str = "\
Examples:
  pairbench generate schema verdicts
  pairbench generate schema summary > summary.schema.json";

pub(crate) const GENERATE: &str = "\
Examples:
  pairbench generate completions bash \\
    > ~/.local/share/bash-completion/completions/pairbench
  pairbench generate man ~/.local/share/man/man1
  pairbench generate schema summary";

pub(crate) const GATES: &str = "\
A side is a run directory (`pairbench run --out DIR`) or a published table (`pairbench \
published`), with :MODEL where there are several. Pairs are matched by subset and id, or by row \
where the data has no ids and is the same. A published table has no verdicts: the comparison is \
unpaired then.

A candidate that lacks pairs of the baseline is refused (exit code 4). With --allow-partial what \
is there is compared, and no rule whose scope lacks pairs can pass: pairs that the baseline has, \
or that the benchmark counts. Pairs that only the candidate has are left out. For a run that a \
gate stopped early (run --against) the intervals are those of its confidence sequence.

Rules:
  SCOPE is average, headline, rewardbench, total, section:GLOB,
  subset:GLOB (subset:* is all of them), or easy, normal, hard of styles
  drop:SCOPE:X
      fails when the 95 % interval of the difference lies below -X, passes
      when it lies above, else inconclusive; with several lines the
      intervals hold together (Bonferroni)
  significant-drop:SCOPE:A
      fails when the candidate is worse and the exact p-value (corrected by
      Holm's method over several lines) is below A
  min:SCOPE:X
      fails when the candidate's figure, over all its pairs, is below X
  max-ties:N, max-invalid:N, max-position-bias:X
      of the candidate

A FILE.toml holds rules = [\"drop:average:0.03\", ...]. docs/ci.md says which limits can pass with \
how many pairs.

The last line on stderr has every rule with what it measured beside its limit, what would settle \
it, and the exit code. Exit codes: 3 a rule failed, 8 with --strict-gate one was inconclusive and \
none failed.

Examples:
  pairbench compare reports/runs/1 reports/runs/2 --gate drop:average:0.03 --flips
  pairbench compare model-card:llm-blender/PairRM-hf reports/runs/1";
