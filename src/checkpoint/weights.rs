//! Safetensors files → parameters: each tensor checked, read once and accounted for.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;

use burn::tensor::{Device, Tensor, TensorData};
use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors};

use crate::error::{Error, Result};
use crate::files::Directory;
use crate::fsio;
use crate::model::kernel::panels::{Panels, Storage};
use crate::model::{Matrix, Parameters};

/// Buffers that old transformers versions saved although no computation reads them.
const IGNORED_SUFFIXES: &[&str] = &["embeddings.position_ids"];

/// The tensors of a checkpoint, handed out by name.
///
/// Each is read from its place in the file straight into the buffer that the model keeps: no copy
/// of the whole file, and none of its pages held mapped.
pub struct Weights {
    tensors: BTreeMap<String, Place>,
    files: Vec<Source>,
    device: Device,
    dtypes: std::collections::BTreeSet<String>,
}

/// A safetensors file: its name, its place for errors, its bytes.
struct Source {
    name: String,
    path: PathBuf,
    bytes: Bytes,
}

enum Bytes {
    File(File),
    Embedded(&'static [u8]),
}

struct Place {
    file: usize,
    dtype: Dtype,
    shape: Vec<usize>,
    start: u64,
    bytes: usize,
}

impl Weights {
    /// Opens `model.safetensors`, or the shards of `model.safetensors.index.json`.
    pub fn open(home: &Directory, device: &Device) -> Result<Self> {
        let mut weights = Self { tensors: BTreeMap::new(), files: Vec::new(), device: device.clone(), dtypes: std::collections::BTreeSet::default() };
        for name in files(home)? {
            weights.add_file(home, name)?;
        }
        Ok(weights)
    }

    fn add_file(&mut self, home: &Directory, name: String) -> Result<()> {
        let path = home.file(&name).path();
        let invalid = |e: safetensors::SafeTensorError| {
            Error::bad_input(format!("failed to read safetensors header: {}", path.display()))
                .caused_by(e)
                .hint("the file is damaged or was cut short; download or convert it again")
        };
        let (bytes, (header, metadata)) = match home {
            Directory::Embedded(embedded) => {
                let bytes = embedded.file(&name).ok_or_else(|| home.missing(&name))?;
                (Bytes::Embedded(bytes), SafeTensors::read_metadata(bytes).map_err(invalid)?)
            }
            Directory::OnDisk(_) => {
                let file = fsio::open(&path)?;
                if file.metadata().map_err(|e| Error::io(format!("failed to read file: {}", path.display()), e))?.len() < 8 {
                    return Err(invalid(safetensors::SafeTensorError::HeaderTooSmall));
                }
                // SAFETY: the mapping lives for this block only and is read as bytes; another process
                // cutting the file at this moment would be a bus error, as for every mapped file.
                let map = unsafe { memmap2::Mmap::map(&file) }.map_err(|e| Error::io(format!("failed to map file: {}", path.display()), e))?;
                let read = SafeTensors::read_metadata(&map).map_err(invalid)?;
                drop(map);
                (Bytes::File(file), read)
            }
        };
        let index = self.files.len();
        for (name, info) in metadata.tensors() {
            let (start, end) = info.data_offsets;
            let place = Place { file: index, dtype: info.dtype, shape: info.shape.clone(), start: (8 + header + start) as u64, bytes: end - start };
            if self.tensors.insert(name.clone(), place).is_some() {
                return Err(Error::bad_input(format!("failed to read weights: tensor `{name}` is in two files, the second: {}", path.display())));
            }
        }
        self.files.push(Source { name, path, bytes });
        Ok(())
    }

    /// Names of the files, in reading order.
    pub fn files(&self) -> Vec<String> {
        self.files.iter().map(|file| file.name.clone()).collect()
    }

    /// Parameters by dtype.
    pub fn parameters(&self) -> BTreeMap<String, usize> {
        let mut parameters = BTreeMap::new();
        for place in self.tensors.values() {
            *parameters.entry(format!("{:?}", place.dtype).to_lowercase()).or_default() += place.shape.iter().product::<usize>();
        }
        parameters
    }

    /// Ends the loading: the dtypes that were found, or an error if a tensor of the file has no
    /// place in the model.
    pub fn finish(self) -> Result<Vec<String>> {
        let unused: Vec<&str> = self.tensors.keys().map(String::as_str).filter(|name| !IGNORED_SUFFIXES.iter().any(|suffix| name.ends_with(suffix))).collect();
        if unused.is_empty() {
            return Ok(self.dtypes.into_iter().collect());
        }
        let shown = unused.iter().take(5).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
        let more = if unused.len() > 5 { format!(" and {} more", unused.len() - 5) } else { String::new() };
        Err(Error::bad_input(format!("failed to load weights: {}: tensors that the model has no place for: {shown}{more}", self.files[0].path.display()))
            .hint("config.json and the weights do not belong together, or the checkpoint is of another family"))
    }

    /// The values, and the dtype that they have in the file.
    fn read(&mut self, name: &str, shape: &[usize]) -> Result<(Vec<f32>, Dtype)> {
        let home = self.files.first().map_or_else(String::new, |file| file.path.display().to_string());
        let place = self.tensors.remove(name).ok_or_else(|| {
            Error::bad_input(format!("failed to load weights: {home}: no tensor `{name}`"))
                .hint("config.json and the weights do not belong together, or the checkpoint is of another family")
        })?;
        let source = &mut self.files[place.file];
        let refuse = |what: String| Error::bad_input(format!("failed to load weights: {}: tensor `{name}`: {what}", source.path.display()));
        if place.shape != shape {
            return Err(refuse(format!("found shape {:?}, config.json asks for {shape:?}", place.shape)));
        }
        let mut read = |into: &mut [u8]| source.bytes.read(place.start, into).map_err(|e| Error::io(format!("failed to read tensor `{name}`"), e));
        let values: Vec<f32> = match place.dtype {
            Dtype::F32 => {
                let mut values = vec![0f32; place.bytes / 4];
                read(bytemuck::cast_slice_mut(&mut values))?;
                if cfg!(target_endian = "big") {
                    for v in &mut values {
                        *v = f32::from_bits(v.to_bits().swap_bytes());
                    }
                }
                values
            }
            Dtype::F16 | Dtype::BF16 | Dtype::F64 => {
                let mut bytes = vec![0u8; place.bytes];
                read(&mut bytes)?;
                match place.dtype {
                    Dtype::F16 => bytes.as_chunks::<2>().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect(),
                    Dtype::BF16 => bytes.as_chunks::<2>().0.iter().map(|b| bf16::from_le_bytes(*b).to_f32()).collect(),
                    #[expect(clippy::cast_possible_truncation, reason = "f32 is the working precision; an overflow to infinity is refused below")]
                    _ => bytes.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b) as f32).collect(),
                }
            }
            other => return Err(refuse(format!("found dtype {other:?}, accepted: F32, F16, BF16, F64"))),
        };
        if let Some(at) = values.iter().position(|v| !v.is_finite()) {
            return Err(refuse(format!("value {} at index {at} is not finite", values[at])));
        }
        self.dtypes.insert(format!("{:?}", place.dtype).to_lowercase());
        Ok((values, place.dtype))
    }
}

impl Bytes {
    fn read(&mut self, start: u64, into: &mut [u8]) -> std::io::Result<()> {
        match self {
            Self::File(file) => {
                file.seek(SeekFrom::Start(start))?;
                file.read_exact(into)
            }
            Self::Embedded(bytes) => usize::try_from(start)
                .ok()
                .and_then(|start| bytes.get(start..start + into.len()))
                .map(|from| into.copy_from_slice(from))
                .ok_or(std::io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

impl Parameters for Weights {
    fn tensor<const D: usize>(&mut self, name: &str, shape: [usize; D]) -> Result<Tensor<D>> {
        let (values, _) = self.read(name, &shape)?;
        Ok(Tensor::from_data(TensorData::new(values, shape), &self.device))
    }

    /// Packed for the CPU, half-precision weights as they are; a tensor for other devices.
    fn matrix(&mut self, name: &str, shape: [usize; 2]) -> Result<Matrix> {
        if self.device != Device::flex() {
            return Ok(Matrix::Plain(self.tensor(name, shape)?));
        }
        let (values, dtype) = self.read(name, &shape)?;
        let storage = match dtype {
            Dtype::F16 => Storage::F16,
            Dtype::BF16 => Storage::Bf16,
            _ => Storage::F32,
        };
        Ok(Matrix::Packed(Panels::pack(&values, shape[0], shape[1], storage)))
    }
}

const SINGLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

fn files(home: &Directory) -> Result<Vec<String>> {
    if home.has(SINGLE) {
        return Ok(vec![SINGLE.to_owned()]);
    }
    if !home.has(INDEX) {
        let mut error = Error::unavailable(format!("failed to find weights: neither model.safetensors nor its index in {}", home.path().display()));
        if home.has("pytorch_model.bin") {
            error.kind = crate::error::Kind::BadInput;
            return Err(error.hint("pytorch_model.bin is a pickle, which can run code; convert it to safetensors (save_pretrained of transformers does)"));
        }
        return Err(error);
    }
    let invalid = || Error::bad_input(format!("failed to parse weight index: {}", home.file(INDEX).path().display()));
    let parsed = home.json(INDEX)?;
    let map = parsed.get("weight_map").and_then(|m| m.as_object()).ok_or_else(|| invalid().hint("it needs an object `weight_map`"))?;
    let mut names: Vec<&str> = map.values().filter_map(|v| v.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    // A name from a file of unknown origin must not lead out of the directory.
    if names.is_empty() || names.iter().any(|n| n.contains(['/', '\\']) || n.starts_with('.') || n.chars().any(char::is_control)) {
        return Err(invalid().hint("`weight_map` must name files in the same directory"));
    }
    Ok(names.into_iter().map(str::to_owned).collect())
}
