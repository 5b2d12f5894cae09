//! f32 in JSON, bit for bit: a finite one as the number it is (f64 holds each, and a reader's last
//! digit is far below an f32's), any other as its bits in hexadecimal.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Number(f64),
    Bits(String),
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
pub(crate) fn serialize<S: Serializer>(value: &f32, to: S) -> Result<S::Ok, S::Error> {
    if value.is_finite() {
        to.serialize_f64(f64::from(*value))
    } else {
        to.serialize_str(&format!("{:08x}", value.to_bits()))
    }
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f32, D::Error> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "an overflow to infinity is refused"
    )]
    match Written::deserialize(from)? {
        Written::Number(value) => Some(value as f32).filter(|value| value.is_finite()),
        Written::Bits(text) => {
            let bits = u32::from_str_radix(&text, 16).ok().map(f32::from_bits);
            bits.filter(|value| !value.is_finite())
        }
    }
    .ok_or_else(|| D::Error::custom("not an f32"))
}

/// An f32 in a list.
#[derive(Serialize, Deserialize)]
struct Exact(#[serde(with = "crate::scoring::exact")] f32);

/// Lists of them, null where there is none.
pub(crate) mod list {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Exact;

    pub(crate) fn serialize<S: Serializer>(list: &[Option<f32>], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(list.iter().map(|value| value.map(Exact)))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<Option<f32>>, D::Error> {
        let list: Vec<Option<Exact>> = Vec::deserialize(from)?;
        Ok(list
            .into_iter()
            .map(|value| value.map(|own| own.0))
            .collect())
    }
}
