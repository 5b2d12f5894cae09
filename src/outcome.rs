//! What a model made of a pair, kept in files: a verdict without the pair.

use serde::{Deserialize, Serialize};

use crate::dataset::Pair;
use crate::score::{Decision, Verdict};

/// Everything of a [`Verdict`] that does not follow from the pair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    #[serde(with = "exact")]
    pub logit_ab: f32,
    #[serde(with = "exact")]
    pub logit_ba: f32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub tokens_ab: usize,
    pub tokens_ba: usize,
    pub source_cut: usize,
    pub chosen_cut: usize,
    pub rejected_cut: usize,
}

impl Outcome {
    /// The verdict on this pair.
    pub fn on(self, pair: &Pair) -> Verdict {
        let margin = self.logit_ab - self.logit_ba;
        let decision = Decision::of_margin(margin);
        let not_finite = || (decision == Decision::Invalid).then(|| "the margin is not finite".to_owned());
        Verdict {
            row: pair.row,
            subset: pair.subset.clone(),
            id: pair.id.clone(),
            logit_ab: self.logit_ab,
            logit_ba: self.logit_ba,
            margin,
            decision,
            reason: self.reason.or_else(not_finite),
            tokens_ab: self.tokens_ab,
            tokens_ba: self.tokens_ba,
            source_cut: self.source_cut,
            chosen_cut: self.chosen_cut,
            rejected_cut: self.rejected_cut,
        }
    }
}

impl From<&Verdict> for Outcome {
    fn from(verdict: &Verdict) -> Self {
        Self {
            logit_ab: verdict.logit_ab,
            logit_ba: verdict.logit_ba,
            reason: verdict.reason.clone(),
            tokens_ab: verdict.tokens_ab,
            tokens_ba: verdict.tokens_ba,
            source_cut: verdict.source_cut,
            chosen_cut: verdict.chosen_cut,
            rejected_cut: verdict.rejected_cut,
        }
    }
}

/// f32 in JSON, bit for bit: a finite one as the number it is (f64 holds each, and a reader's last digit is far below an
/// f32's), any other as its bits in hexadecimal.
mod exact {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(f64),
        Bits(String),
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    pub fn serialize<S: Serializer>(value: &f32, to: S) -> Result<S::Ok, S::Error> {
        if value.is_finite() { to.serialize_f64(f64::from(*value)) } else { to.serialize_str(&format!("{:08x}", value.to_bits())) }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f32, D::Error> {
        #[expect(clippy::cast_possible_truncation, reason = "an overflow to infinity is refused")]
        match Written::deserialize(from)? {
            Written::Number(value) => Some(value as f32).filter(|value| value.is_finite()),
            Written::Bits(text) => u32::from_str_radix(&text, 16).ok().map(f32::from_bits).filter(|value| !value.is_finite()),
        }
        .ok_or_else(|| D::Error::custom("not an f32"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_f32_comes_back_bit_for_bit() {
        let special = [0, 0x8000_0000, 1, 0x807f_ffff, 0x7f7f_ffff, 0x7f80_0000, 0xff80_0000, 0x7fc0_0000, 0xffc0_0001, 0x7f80_0001];
        let mut rng = fastrand::Rng::with_seed(1);
        for bits in special.into_iter().chain(std::iter::repeat_with(|| rng.u32(..)).take(50_000)) {
            let logit = f32::from_bits(bits);
            let outcome =
                Outcome { logit_ab: logit, logit_ba: -logit, reason: None, tokens_ab: 1, tokens_ba: 2, source_cut: 3, chosen_cut: 4, rejected_cut: 5 };
            let text = serde_json::to_string(&outcome).unwrap();
            let read: Outcome = serde_json::from_str(&text).unwrap();
            assert_eq!([read.logit_ab, read.logit_ba].map(f32::to_bits), [logit, -logit].map(f32::to_bits), "{text}");
        }
        assert!(
            serde_json::from_str::<Outcome>(r#"{"logit_ab":1e39,"logit_ba":0,"tokens_ab":1,"tokens_ba":1,"source_cut":0,"chosen_cut":0,"rejected_cut":0}"#)
                .is_err()
        );
    }
}
