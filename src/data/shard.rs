//! `--shard I/N`: a part of a run's pairs, for machines that share nothing.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Part `index` of `of`, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Shard {
    pub(crate) index: usize,
    pub(crate) of: usize,
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

impl TryFrom<String> for Shard {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Self, String> {
        text.parse()
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let parts = text
            .split_once('/')
            .and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
        match parts {
            Some((index, of)) if (1..=of).contains(&index) => Ok(Self { index, of }),
            _ => Err(format!("`{text}` is not I/N with I from 1 to N")),
        }
    }
}

impl Shard {
    /// The part that a Slurm array task or a pod of a Kubernetes Indexed Job is, by the
    /// environment's `variable`s.
    ///
    /// Kubernetes sets only the index; the job's manifest hands the number of completions on.
    pub(crate) fn of_task(
        variable: impl Fn(&str) -> Option<String>,
    ) -> std::result::Result<Self, String> {
        let number = |key: &str| {
            variable(key)
                .map(|text| {
                    text.parse::<usize>()
                        .map_err(|_| format!("{key}={text} is not a number"))
                })
                .transpose()
        };
        let slurm = |part: &str| number(&format!("SLURM_ARRAY_TASK_{part}"));
        if let Some(id) = slurm("ID")? {
            let (Some(count), first, step) = (
                slurm("COUNT")?,
                slurm("MIN")?.unwrap_or(1),
                slurm("STEP")?.unwrap_or(1).max(1),
            ) else {
                return Err("SLURM_ARRAY_TASK_ID is set, SLURM_ARRAY_TASK_COUNT is not".to_owned());
            };
            let place = id
                .checked_sub(first)
                .filter(|distance| distance % step == 0)
                .and_then(|distance| (distance / step).checked_add(1));
            let end = (count.max(1) - 1).checked_mul(step);
            let end = end.and_then(|width| width.checked_add(first));
            let regular = slurm("MAX")?.is_none_or(|last| end == Some(last));
            return match place {
                Some(index) if regular && index <= count => Ok(Self { index, of: count }),
                _ => Err(format!(
                    "task {id} has no place among {count} tasks from {first} by {step}: the \
                     array must be regular, such as --array=1-{count}"
                )),
            };
        }
        match (number("JOB_COMPLETION_INDEX")?, number("JOB_COMPLETIONS")?) {
            (Some(index), Some(of)) if index < of => Ok(Self {
                index: index + 1,
                of,
            }),
            (Some(index), of) => Err(format!(
                "JOB_COMPLETION_INDEX={index} needs JOB_COMPLETIONS, which is {}",
                of.map_or("not set".to_owned(), |of| of.to_string())
            )),
            _ => Err(
                "neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set: give I/N".to_owned(),
            ),
        }
    }

    /// This part of the items, in their order. Groups of `group` consecutive items stay together.
    ///
    /// # Errors
    /// When there are fewer groups than parts: the number of groups.
    pub(crate) fn take<T>(
        self,
        items: Vec<T>,
        weights: &[usize],
        group: usize,
    ) -> std::result::Result<Vec<T>, usize> {
        let sums: Vec<usize> = weights
            .chunks(group)
            .map(|group| group.iter().sum())
            .collect();
        if sums.len() < self.of {
            return Err(sums.len());
        }
        let parts = assign(&sums, self.of);
        Ok(items
            .into_iter()
            .enumerate()
            .filter(|(at, _)| parts[at / group] == self.index)
            .map(|(_, item)| item)
            .collect())
    }
}

/// The part of each weight, from 1: the heaviest first, each to the part that has least so far. No
/// part then has more than 4/3 of what an ideal division would give the fullest (Graham 1969,
/// "Bounds on multiprocessing timing anomalies").
fn assign(weights: &[usize], of: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|at| (Reverse(weights[*at]), *at));
    let mut least: BinaryHeap<Reverse<(usize, usize)>> =
        (1..=of).map(|part| Reverse((0, part))).collect();
    let mut parts = vec![0; weights.len()];
    for at in order {
        let Some(Reverse((load, part))) = least.pop() else {
            break;
        };
        parts[at] = part;
        // A weight of 0 counts, too: no part stays empty.
        least.push(Reverse((load + weights[at].max(1), part)));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_disjoint_whole_even_and_in_order() {
        let mut rng = fastrand::Rng::with_seed(3);
        let weights: Vec<usize> = (0..1000).map(|_| rng.usize(0..4000)).collect();
        for (of, group) in [(1, 1), (7, 1), (64, 1), (5, 8), (16, 64)] {
            let parts: Vec<Vec<usize>> = (1..=of)
                .map(|index| {
                    Shard { index, of }
                        .take((0..1000).collect(), &weights, group)
                        .unwrap()
                })
                .collect();
            let mut all: Vec<usize> = parts.concat();
            all.sort_unstable();
            assert!(all.iter().copied().eq(0..1000), "{of} {group}");
            assert!(
                parts
                    .iter()
                    .all(|part| part.is_sorted() && !part.is_empty())
            );
            // Every group is whole and starts where a group of the part starts.
            assert!(
                parts
                    .iter()
                    .all(|part| part.chunks(group).all(|own| own[0] % group == 0
                        && own.iter().copied().eq(own[0]..(own[0] + group).min(1000))))
            );
            let loads: Vec<usize> = parts
                .iter()
                .map(|part| part.iter().map(|at| weights[*at]).sum())
                .collect();
            let spread = loads.iter().max().unwrap() - loads.iter().min().unwrap();
            assert!(spread <= 4000 * group, "{of} {group}: {loads:?}");
        }
        assert_eq!(
            Shard { index: 1, of: 5 }.take(vec![0; 4], &[1; 4], 1),
            Err(4)
        );
        assert_eq!(assign(&[0, 0, 0], 3), [1, 2, 3]);
    }

    #[test]
    fn tasks_know_their_part() {
        let of = |variables: &[(&str, &str)]| {
            Shard::of_task(|key| {
                variables
                    .iter()
                    .find(|(known, _)| *known == key)
                    .map(|(_, value)| (*value).to_owned())
            })
        };
        let slurm = |id, count, min, max, step| {
            let names = ["ID", "COUNT", "MIN", "MAX", "STEP"]
                .map(|part| format!("SLURM_ARRAY_TASK_{part}"));
            of(&names
                .iter()
                .map(String::as_str)
                .zip([id, count, min, max, step])
                .collect::<Vec<_>>())
        };
        assert_eq!(slurm("1", "4", "1", "4", "1").unwrap().to_string(), "1/4");
        assert_eq!(slurm("0", "4", "0", "3", "1").unwrap().to_string(), "1/4");
        assert_eq!(slurm("9", "3", "5", "9", "2").unwrap().to_string(), "3/3");
        // --array=1,3,7
        assert!(
            slurm("3", "3", "1", "7", "1")
                .unwrap_err()
                .contains("--array=1-3")
        );
        assert!(slurm("x", "3", "1", "3", "1").is_err());
        assert_eq!(
            of(&[("JOB_COMPLETION_INDEX", "3"), ("JOB_COMPLETIONS", "4")])
                .unwrap()
                .to_string(),
            "4/4"
        );
        assert!(
            of(&[("JOB_COMPLETION_INDEX", "3")])
                .unwrap_err()
                .contains("JOB_COMPLETIONS")
        );
        assert!(of(&[]).unwrap_err().contains("give I/N"));
        for bad in ["0/2", "3/2", "1/0", "1", "a/b", "-1/2"] {
            assert!(bad.parse::<Shard>().is_err(), "{bad}");
        }
    }
}
