//! The header of a safetensors file: what the format's crate checks, and two things that it leaves
//! open.

use std::collections::BTreeSet;
use std::fmt;

use safetensors::SafeTensors;
use safetensors::tensor::Metadata;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

/// What is wrong with a header.
pub type Reason = Box<dyn std::error::Error + Send + Sync>;

/// Bytes of a header. That of the largest DeBERTa, v2-xxlarge, has 0.1 MB; the crate accepts 100
/// MB, which take gigabytes of memory once they are parsed.
const MAX_SIZE: u64 = 1 << 20;

/// The header's size and its content. `bytes` is the whole file.
pub fn read(bytes: &[u8]) -> Result<(usize, Metadata), Reason> {
    let size = bytes
        .first_chunk()
        .map_or(0, |size| u64::from_le_bytes(*size));
    if size > MAX_SIZE {
        return Err(format!("the header has {size} bytes, accepted: up to {MAX_SIZE}").into());
    }
    let (size, metadata) = SafeTensors::read_metadata(bytes)?;
    // Of several entries with one name the crate keeps the last, and what the others name is
    // nobody's.
    serde_json::from_slice::<UniqueKeys>(bytes.get(8..8 + size).unwrap_or_default())?;
    Ok((size, metadata))
}

/// An object that has each key once.
struct UniqueKeys;

impl<'de> Deserialize<'de> for UniqueKeys {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Self)
    }
}

impl<'de> Visitor<'de> for UniqueKeys {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(key) = map.next_key::<String>()? {
            map.next_value::<IgnoredAny>()?;
            if let Some(twice) = seen.replace(key) {
                return Err(Error::custom(format!("`{twice}` is listed twice")));
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        [
            &(header.len() as u64).to_le_bytes(),
            header.as_bytes(),
            data,
        ]
        .concat()
    }

    #[test]
    fn one_name_twice_and_a_boundless_header_are_refused() {
        let entry = r#""a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}"#;
        assert_eq!(
            read(&file(&format!("{{{entry}}}"), b"x"))
                .unwrap()
                .1
                .tensors()
                .len(),
            1
        );
        assert!(
            read(&file(&format!("{{{entry},{entry}}}"), b"x"))
                .unwrap_err()
                .to_string()
                .contains("`a` is listed twice")
        );
        assert!(
            read(&file(&" ".repeat(2 << 20), b""))
                .unwrap_err()
                .to_string()
                .contains("accepted: up to 1048576")
        );
        assert!(read(b"").is_err() && read(&[0xff; 9]).is_err());
    }
}
