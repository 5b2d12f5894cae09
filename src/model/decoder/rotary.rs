//! The angles of rotary position embeddings: `modeling_rope_utils.py` of transformers.

use std::f32::consts::PI;

use serde_json::{Map, Value};

use crate::kernels::rotary::RotaryTable;
use crate::model::config_keys::Keys;
use crate::support::error::{Error, Result};

/// How far a head's dimensions turn from one position to the next.
#[derive(Debug, Clone, PartialEq)]
pub struct RotaryConfig {
    pub theta: f64,
    pub scaling: RotaryScaling,
}

/// What makes a model that was trained on short texts read longer ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RotaryScaling {
    None,
    /// All frequencies are divided.
    Linear {
        factor: f32,
    },
    /// Low frequencies are divided, high ones are not, and those between are in part.
    Llama3 {
        factor: f32,
        low: f32,
        high: f32,
        original: f32,
    },
}

const TYPES: &str = "\"default\", \"linear\" or \"llama3\"";
const PARTIAL: &str = "partial_rotary_factor";
const ALL_ROTATED: &str = "1: all dimensions are rotated";

impl RotaryConfig {
    /// Reads `rope_theta` and `rope_scaling`, or both in `rope_parameters`, where newer files have
    /// them. Versions of transformers differ in which of two numbers they read: both must be equal.
    pub(super) fn read(keys: &Keys) -> Result<Self> {
        const NEW: &str = "rope_parameters";
        const OLD: &str = "rope_scaling";
        if keys.get(NEW).is_some() && keys.get(OLD).is_some() {
            return Err(keys.refuse(NEW, "nothing beside `rope_scaling`"));
        }
        if !rotates_all(keys.get(PARTIAL)) {
            return Err(keys.refuse(PARTIAL, ALL_ROTATED));
        }
        let outer = keys.number("rope_theta", 10_000.0, |n| n > 0.0)?;
        let key = if keys.get(NEW).is_some() { NEW } else { OLD };
        let Some(found) = keys.get(key) else {
            return Ok(Self {
                theta: outer,
                scaling: RotaryScaling::None,
            });
        };
        let Value::Object(map) = found else {
            return Err(keys.refuse(key, &format!("an object with {TYPES} as its rope_type")));
        };
        let given = Given { keys, key, map };
        given.check_covers_all()?;
        Ok(Self {
            theta: given.theta(outer)?,
            scaling: given.scaling()?,
        })
    }

    /// For people.
    pub(super) fn describe(&self) -> String {
        let scaling = match self.scaling {
            RotaryScaling::None => String::new(),
            RotaryScaling::Linear { factor } => format!(", linear scaling by {factor}"),
            RotaryScaling::Llama3 {
                factor, original, ..
            } => format!(", llama3 scaling by {factor} beyond {original} tokens"),
        };
        format!("rotary, theta {}{scaling}", self.theta)
    }

    /// The frequencies of a head of this size, `[size / 2]`, in transformers' f32 and order: a
    /// power, its reciprocal, then the scaling.
    pub fn frequencies(&self, size: usize) -> Vec<f32> {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            reason = "f32 is the type of the angles, as in transformers"
        )]
        let frequency = |at: usize| {
            let exponent = (2 * at) as f32 / size as f32;
            1.0 / self.theta.powf(f64::from(exponent)) as f32
        };
        (0..size / 2)
            .map(|at| self.scaling.apply(frequency(at)))
            .collect()
    }

    /// The table of the positions below `positions`.
    pub(super) fn table(&self, size: usize, positions: usize) -> RotaryTable {
        RotaryTable::new(&self.frequencies(size), positions)
    }
}

impl RotaryScaling {
    fn apply(self, frequency: f32) -> f32 {
        match self {
            Self::None => frequency,
            Self::Linear { factor } => frequency / factor,
            Self::Llama3 {
                factor,
                low,
                high,
                original,
            } => {
                let wavelength = 2.0 * PI / frequency;
                if wavelength < original / high {
                    frequency
                } else if wavelength > original / low {
                    frequency / factor
                } else {
                    let smooth = (original / wavelength - low) / (high - low);
                    (1.0 - smooth) * frequency / factor + smooth * frequency
                }
            }
        }
    }
}

/// Of a `partial_rotary_factor`.
fn rotates_all(factor: Option<&Value>) -> bool {
    factor.is_none_or(|factor| factor.is_null() || factor.as_f64() == Some(1.0))
}

/// `rope_scaling` or `rope_parameters`, an object.
struct Given<'a> {
    keys: &'a Keys<'a>,
    key: &'static str,
    map: &'a Map<String, Value>,
}

impl Given<'_> {
    /// Refuses what holds for some layers or some dimensions only.
    fn check_covers_all(&self) -> Result<()> {
        let of_layers =
            |(name, value): &(&String, &Value)| value.is_object() || name.ends_with("_attention");
        if let Some((name, _)) = self.map.iter().find(of_layers) {
            return Err(self.refuse(name, "nothing: one rope for all layers is computed"));
        }
        if rotates_all(self.map.get(PARTIAL)) {
            Ok(())
        } else {
            Err(self.refuse(PARTIAL, ALL_ROTATED))
        }
    }

    /// `outer`: the one outside of the object, or what counts where there is none.
    fn theta(&self, outer: f64) -> Result<f64> {
        const KEY: &str = "rope_theta";
        let Some(value) = self.map.get(KEY) else {
            return Ok(outer);
        };
        let theta = value.as_f64().filter(|theta| *theta > 0.0);
        let theta = theta.ok_or_else(|| self.refuse(KEY, "a positive number"))?;
        self.check_outer(KEY, theta)?;
        Ok(theta)
    }

    fn scaling(&self) -> Result<RotaryScaling> {
        let [now, before] = ["rope_type", "type"].map(|name| (name, self.map.get(name)));
        let (name, kind) = match (now, before) {
            ((_, None), (_, Some(kind))) => ("type", Some(kind)),
            ((_, Some(kind)), (_, Some(other))) if kind != other => {
                return Err(self.refuse("type", &format!("{kind}, as its rope_type")));
            }
            ((name, kind), _) => (name, kind),
        };
        match kind.map_or(Some("default"), Value::as_str) {
            Some("default") => Ok(RotaryScaling::None),
            Some("linear") => Ok(RotaryScaling::Linear {
                factor: self.number("factor")?,
            }),
            Some("llama3") => self.llama3(),
            _ => Err(self.refuse(name, TYPES)),
        }
    }

    fn llama3(&self) -> Result<RotaryScaling> {
        const ORIGINAL: &str = "original_max_position_embeddings";
        let (low, high) = (
            self.number("low_freq_factor")?,
            self.number("high_freq_factor")?,
        );
        if low >= high {
            let accepted = format!("a number below its high_freq_factor {high}");
            return Err(self.refuse("low_freq_factor", &accepted));
        }
        let original = self.number(ORIGINAL)?;
        self.check_outer(ORIGINAL, f64::from(original))?;
        Ok(RotaryScaling::Llama3 {
            factor: self.number("factor")?,
            low,
            high,
            original,
        })
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "f32 is the type of the angles"
    )]
    fn number(&self, name: &str) -> Result<f32> {
        let number = self.map.get(name).and_then(Value::as_f64);
        number
            .map(|number| number as f32)
            .filter(|number| *number > 0.0 && number.is_finite())
            .ok_or_else(|| self.refuse(name, "a positive number"))
    }

    /// Refuses another number of this name outside of the object.
    fn check_outer(&self, name: &str, inner: f64) -> Result<()> {
        match self.keys.get(name) {
            Some(outer) if outer.as_f64() != Some(inner) => {
                let accepted = format!("{inner}, as in `{}`", self.key);
                Err(self.keys.refuse(name, &accepted))
            }
            _ => Ok(()),
        }
    }

    fn refuse(&self, name: &str, accepted: &str) -> Error {
        let found = self.map.get(name);
        self.keys
            .refuse_found(&format!("{}.{name}", self.key), found, accepted)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;

    fn read(config: &Value) -> Result<RotaryConfig> {
        let text = config.to_string();
        RotaryConfig::read(&Keys::parse(&text, Path::new("config.json")).unwrap())
    }

    fn llama3(changes: &Value) -> Value {
        let mut scaling = json!({
            "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
            "high_freq_factor": 4.0, "original_max_position_embeddings": 64,
        });
        for (key, value) in changes.as_object().unwrap() {
            scaling[key] = value.clone();
        }
        scaling
    }

    #[test]
    fn both_places_and_both_spellings_mean_the_same() {
        let linear = |theta| RotaryConfig {
            theta,
            scaling: RotaryScaling::Linear { factor: 2.0 },
        };
        for (config, expected) in [
            (
                json!({ "rope_scaling": { "type": "linear", "factor": 2 } }),
                linear(10_000.0),
            ),
            (
                json!({
                    "rope_theta": 5.0, "partial_rotary_factor": 1.0,
                    "rope_scaling": { "type": "linear", "rope_type": "linear", "factor": 2.0 },
                }),
                linear(5.0),
            ),
            (
                json!({ "rope_parameters": {
                    "rope_type": "linear", "factor": 2.0, "rope_theta": 5.0,
                    "partial_rotary_factor": 1.0,
                }}),
                linear(5.0),
            ),
        ] {
            assert_eq!(read(&config).unwrap(), expected, "{config}");
        }
        let twice = json!({
            "rope_scaling": llama3(&json!({})), "original_max_position_embeddings": 64,
        });
        assert!(read(&twice).is_ok());
    }

    /// With the place, what is there and what is accepted.
    #[test]
    fn what_would_be_another_rope_is_refused_by_name() {
        let long: Vec<f64> = vec![1.5; 64];
        for (config, key, found) in [
            (json!({ "rope_scaling": "x" }), "rope_scaling", "\"x\""),
            (
                json!({ "rope_scaling": { "long_factor": long, "type": "longrope" } }),
                "rope_scaling.type",
                "\"longrope\"",
            ),
            (
                json!({ "rope_scaling": { "type": "linear", "rope_type": "default" } }),
                "rope_scaling.type",
                "\"linear\", accepted: \"default\"",
            ),
            (
                json!({ "rope_parameters": {
                    "full_attention": { "rope_type": "linear", "factor": 8.0 },
                    "sliding_attention": { "rope_type": "default" },
                }}),
                "rope_parameters.full_attention",
                "{\"rope_type\":\"linear\"",
            ),
            (
                json!({ "rope_parameters": { "full_attention": null } }),
                "rope_parameters.full_attention",
                "null",
            ),
            (
                json!({ "partial_rotary_factor": 0.5 }),
                "partial_rotary_factor",
                "0.5",
            ),
            (
                json!({ "rope_scaling": { "type": "default", "partial_rotary_factor": 0.5 } }),
                "rope_scaling.partial_rotary_factor",
                "0.5",
            ),
            (
                json!({ "rope_theta": 5.0, "rope_parameters": { "rope_theta": 6.0 } }),
                "rope_theta",
                "5.0, accepted: 6",
            ),
            (
                json!({ "rope_scaling": llama3(&json!({ "original_max_position_embeddings": null })) }),
                "rope_scaling.original_max_position_embeddings",
                "null",
            ),
            (
                json!({ "rope_scaling": { "type": "llama3", "low_freq_factor": 1.0 } }),
                "rope_scaling.high_freq_factor",
                "nothing",
            ),
            (
                json!({
                    "rope_scaling": llama3(&json!({})), "original_max_position_embeddings": 256,
                }),
                "original_max_position_embeddings",
                "256, accepted: 64, as in `rope_scaling`",
            ),
            (
                json!({ "rope_scaling": llama3(&json!({ "low_freq_factor": 4.0 })) }),
                "rope_scaling.low_freq_factor",
                "4.0",
            ),
        ] {
            let message = read(&config).unwrap_err().to_string();
            let words = format!("key `{key}`: found {found}");
            assert!(message.contains(&words), "{words}: {message}");
        }
    }
}
