//! The angles of rotary position embeddings: `modeling_rope_utils.py` of transformers.

use std::f32::consts::PI;

use serde_json::Value;

use crate::kernels::rotary::RotaryTable;
use crate::model::config_keys::Keys;
use crate::support::error::Result;

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

const SCALINGS: &str = "\"default\", \"linear\" or \"llama3\" as its rope_type, and the numbers of \
    that type";

impl RotaryConfig {
    /// Reads `rope_theta` and `rope_scaling`, or both in `rope_parameters`, where newer files have
    /// them.
    pub(super) fn read(keys: &Keys) -> Result<Self> {
        const NEW: &str = "rope_parameters";
        let has_both = keys.get(NEW).is_some() && keys.get("rope_scaling").is_some();
        if has_both {
            return Err(keys.refuse(NEW, "nothing beside `rope_scaling`"));
        }
        if keys.number("partial_rotary_factor", 1.0, |n| n > 0.0)? < 1.0 {
            return Err(keys.refuse("partial_rotary_factor", "1: all dimensions are rotated"));
        }
        let key = if keys.get(NEW).is_some() {
            NEW
        } else {
            "rope_scaling"
        };
        let within = keys.get(key).and_then(|found| found.get("rope_theta"));
        let theta = match within.map(Value::as_f64) {
            None => keys.number("rope_theta", 10_000.0, |n| n > 0.0)?,
            Some(Some(theta)) if theta > 0.0 => theta,
            Some(_) => return Err(keys.refuse(key, "a positive rope_theta")),
        };
        let scaling = match keys.get(key) {
            None => RotaryScaling::None,
            Some(found) => scaling(found).ok_or_else(|| keys.refuse(key, SCALINGS))?,
        };
        Ok(Self { theta, scaling })
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

/// `None` where it is of an unknown type or lacks a number.
fn scaling(found: &Value) -> Option<RotaryScaling> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "f32 is the type of the angles"
    )]
    let number = |key: &str| {
        let number = found.get(key)?.as_f64()? as f32;
        (number > 0.0 && number.is_finite()).then_some(number)
    };
    found.as_object()?;
    let kind = found.get("rope_type").or_else(|| found.get("type"));
    match kind.map_or(Some("default"), Value::as_str)? {
        "default" => Some(RotaryScaling::None),
        "linear" => Some(RotaryScaling::Linear {
            factor: number("factor")?,
        }),
        "llama3" => {
            let (low, high) = (number("low_freq_factor")?, number("high_freq_factor")?);
            (low < high).then_some(())?;
            Some(RotaryScaling::Llama3 {
                factor: number("factor")?,
                low,
                high,
                original: number("original_max_position_embeddings")?,
            })
        }
        _ => None,
    }
}
