//! The devices that `--device` names.

use std::fmt;
use std::str::FromStr;

use crate::device::api::Api;

/// What `--device` names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Choice {
    /// The first GPU that works, else the CPU.
    #[default]
    Auto,
    Cpu,
    /// GPUs of one kind by their numbers.
    Gpus(Api, Vec<usize>),
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let parse = |word: &str| {
            let (name, number) = word.split_once(':').unwrap_or((word, "0"));
            let api = Api::ALL.into_iter().find(|api| api.name() == name);
            api.zip(number.parse().ok()).ok_or_else(|| {
                format!(
                    "`{word}` is none of auto, cpu, {}; \
                     a GPU may have its number: cuda:1; several are cuda:0,cuda:1",
                    Api::ALL.map(Api::name).join(", ")
                )
            })
        };
        if text == "auto" {
            return Ok(Self::Auto);
        }
        if text == "cpu" {
            return Ok(Self::Cpu);
        }
        let gpus: Vec<(Api, usize)> = text
            .split(',')
            .map(parse)
            .collect::<std::result::Result<_, _>>()?;
        let api = gpus[0].0;
        let mut numbers: Vec<usize> = gpus.iter().map(|(_, number)| *number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        if gpus.iter().any(|(other, _)| *other != api) || numbers.len() < gpus.len() {
            return Err(
                "GPUs that work together are of one kind and each is named once".to_owned(),
            );
        }
        Ok(Self::Gpus(api, numbers))
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Gpus(api, numbers) => f.write_str(
                &numbers
                    .iter()
                    .map(|number| format!("{}:{number}", api.name()))
                    .collect::<Vec<_>>()
                    .join(","),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_as_they_are_typed() {
        let choice = |text: &str| text.parse::<Choice>();
        assert_eq!(choice("auto"), Ok(Choice::Auto));
        assert_eq!(choice("cpu"), Ok(Choice::Cpu));
        assert_eq!(choice("cuda"), Ok(Choice::Gpus(Api::Cuda, vec![0])));
        assert_eq!(choice("vulkan:3").unwrap().to_string(), "vulkan:3");
        assert_eq!(
            choice("cuda:1,cuda:0").unwrap().to_string(),
            "cuda:0,cuda:1"
        );
        for wrong in [
            "",
            "gpu",
            "cuda:",
            "cuda:-1",
            "cuda:0,cuda:0",
            "cuda:0,vulkan:0",
            "cpu:1",
            "cuda:0,",
        ] {
            assert!(choice(wrong).is_err(), "{wrong}");
        }
    }
}
