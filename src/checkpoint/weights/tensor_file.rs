//! A safetensors file: its header, and its tensors' values as f32.

use std::fs::File;
use std::path::PathBuf;

use half::{bf16, f16};
use safetensors::Dtype;

use crate::checkpoint::safetensors_header;
use crate::support::error::{Error, Result};
use crate::support::files;
use crate::support::input_file::Directory;

/// An open safetensors file.
///
/// Values are read from their place in the file straight into the buffer that the model keeps: no
/// copy of the whole file is made, and none of its pages stays mapped.
pub(super) struct TensorFile {
    pub(super) name: String,
    /// For errors.
    pub(super) path: PathBuf,
    bytes: Bytes,
}

enum Bytes {
    OnDisk(File),
    Embedded(&'static [u8]),
}

/// A tensor of a file, as the file's header describes it.
pub(super) struct TensorEntry {
    pub(super) name: String,
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<usize>,
    /// Where its values start in the file, in bytes.
    start: u64,
}

impl TensorFile {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// A file that cannot be read, or a header that is not valid.
    pub(super) fn open(directory: &Directory, name: String) -> Result<(Self, Vec<TensorEntry>)> {
        let path = directory.file(&name).path();
        let invalid = |reason: safetensors_header::Reason| {
            Error::bad_input(format!(
                "failed to read safetensors header: {}",
                path.display()
            ))
            .caused_by(reason)
            .hint("the file is damaged or was cut short; download or convert it again")
        };
        let (bytes, (header, metadata)) = match directory {
            Directory::Embedded(embedded) => {
                let bytes = embedded.file(&name);
                let bytes = bytes.ok_or_else(|| directory.missing(&name))?;
                let read = safetensors_header::read(bytes).map_err(invalid)?;
                (Bytes::Embedded(bytes), read)
            }
            Directory::OnDisk(_) => {
                let file = files::open(&path)?;
                let failed = |what: &str, e| {
                    Error::io(format!("failed to {what} file: {}", path.display()), e)
                };
                let size = file.metadata().map_err(|e| failed("read", e))?.len();
                if size < 8 {
                    return Err(invalid(safetensors::SafeTensorError::HeaderTooSmall.into()));
                }
                // SAFETY: the mapping lives only until the header is read, and is read as bytes. If
                // another process truncated the file at this moment, the result would be a bus
                // error, as for every mapped file.
                let map = unsafe { memmap2::Mmap::map(&file) }.map_err(|e| failed("map", e))?;
                let read = safetensors_header::read(&map).map_err(invalid)?;
                drop(map);
                (Bytes::OnDisk(file), read)
            }
        };
        // The header's reader has checked that all offsets are within the file.
        let entries = metadata
            .tensors()
            .into_iter()
            .map(|(name, info)| TensorEntry {
                name,
                dtype: info.dtype,
                shape: info.shape.clone(),
                start: (8 + header + info.data_offsets.0) as u64,
            })
            .collect();
        Ok((Self { name, path, bytes }, entries))
    }

    /// Fills `into` with the values of a tensor from element `first` on. All of them are finite.
    ///
    /// # Errors
    /// A file that cannot be read, or a value that is not finite as f32.
    pub(super) fn read(&self, entry: &TensorEntry, first: usize, into: &mut [f32]) -> Result<()> {
        let size = if entry.dtype == Dtype::F64 {
            8
        } else {
            entry.dtype.bitsize() / 8
        };
        let fetch = |bytes: &mut [u8]| {
            let at = entry.start + (first * size) as u64;
            self.bytes.read(at, bytes).map_err(|e| {
                let (path, name) = (self.path.display(), &entry.name);
                Error::io(
                    format!("failed to read weights: {path}: tensor `{name}`"),
                    e,
                )
            })
        };
        if entry.dtype == Dtype::F32 && cfg!(target_endian = "little") {
            fetch(bytemuck::cast_slice_mut(into))?;
        } else {
            let mut bytes = vec![0u8; into.len() * size];
            fetch(&mut bytes)?;
            widen_from(entry.dtype, &bytes, into);
        }
        if let Some(at) = into.iter().position(|v| !v.is_finite()) {
            return Err(self.refuse(
                entry,
                &format!("value {} at index {} is not finite", into[at], first + at),
            ));
        }
        Ok(())
    }

    /// The error for a tensor that cannot be used.
    pub(super) fn refuse(&self, entry: &TensorEntry, reason: &str) -> Error {
        Error::bad_input(format!(
            "failed to load weights: {}: tensor `{}`: {reason}",
            self.path.display(),
            entry.name
        ))
    }
}

/// Little-endian values of a type → f32.
fn widen_from(dtype: Dtype, bytes: &[u8], into: &mut [f32]) {
    match dtype {
        Dtype::F32 => widen(bytes, into, f32::from_le_bytes),
        Dtype::F16 => widen(bytes, into, |b| f16::from_le_bytes(b).to_f32()),
        Dtype::BF16 => widen(bytes, into, |b| bf16::from_le_bytes(b).to_f32()),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "f32 is the working precision; the caller refuses what overflows to infinity"
        )]
        _ => widen(bytes, into, |b| f64::from_le_bytes(b) as f32),
    }
}

fn widen<const N: usize>(bytes: &[u8], into: &mut [f32], convert: impl Fn([u8; N]) -> f32) {
    for (value, bytes) in into.iter_mut().zip(bytes.as_chunks::<N>().0) {
        *value = convert(*bytes);
    }
}

impl Bytes {
    /// Fills `into` from byte `start` on.
    fn read(&self, start: u64, into: &mut [u8]) -> std::io::Result<()> {
        match self {
            Self::OnDisk(file) => files::read_exact_at(file, into, start),
            Self::Embedded(bytes) => usize::try_from(start)
                .ok()
                .and_then(|start| bytes.get(start..start + into.len()))
                .map(|from| into.copy_from_slice(from))
                .ok_or(std::io::ErrorKind::UnexpectedEof.into()),
        }
    }
}
