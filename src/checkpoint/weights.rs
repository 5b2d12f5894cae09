//! Safetensors files → parameters: each tensor checked, read once and accounted for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use half::{bf16, f16};
use rayon::prelude::*;
use safetensors::Dtype;

use crate::checkpoint::safetensors_header;
use crate::kernels::cpu::int8::{Int8Panels, Outliers};
use crate::kernels::cpu::linear::Packed;
use crate::kernels::cpu::packed_weights::{Panels, Storage};
use crate::model::{Matrix, Parameters};
use crate::support::error::{Error, Result};
use crate::support::files;
use crate::support::input_file::Directory;

/// How weights are kept and multiplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// f32 arithmetic. On a CPU half-precision weights stay in their two bytes and are widened
    /// exactly.
    F32,
    /// On a CPU: f32 arithmetic on weights rounded to half precision.
    F16,
    /// On a CPU: LLM.int8() in all linear layers but the last.
    Int8(Outliers),
    /// On a GPU: everything between two layers is of half precision, sums are f32.
    Half(Half),
}

/// A type of two bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    F16,
    Bf16,
}

impl Precision {
    /// As `--dtype` has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 | Self::Half(Half::F16) => "f16",
            Self::Half(Half::Bf16) => "bf16",
            Self::Int8(_) => "int8",
        }
    }
}

/// transformers' 8-bit loading leaves out the module that owns the last parameter.
const NOT_CONVERTED: &str = "head_layer.4.weight";

/// Buffers that old transformers versions saved although no computation reads them.
const IGNORED_SUFFIXES: &[&str] = &["embeddings.position_ids"];

fn is_ignored(name: &str) -> bool {
    IGNORED_SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

/// The tensors of a checkpoint, handed out by name.
///
/// Each is read from its place in the file straight into the buffer that the model keeps: no copy
/// of the whole file, and none of its pages held mapped.
pub struct Weights {
    tensors: BTreeMap<String, Place>,
    files: Vec<Source>,
    device: Device,
    precision: Precision,
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
}

/// A tensor that a model asked for.
struct Found {
    name: String,
    place: Place,
}

impl Weights {
    /// Whether the device has the packed product.
    fn packs(&self) -> bool {
        self.device == Device::flex()
    }

    /// Opens `model.safetensors`, or the shards of `model.safetensors.index.json`.
    pub fn open(home: &Directory, device: &Device) -> Result<Self> {
        let mut weights = Self {
            tensors: BTreeMap::new(),
            files: Vec::new(),
            device: device.clone(),
            precision: Precision::F32,
        };
        for name in files(home)? {
            weights.add_file(home, name)?;
        }
        Ok(weights)
    }

    fn add_file(&mut self, home: &Directory, name: String) -> Result<()> {
        let path = home.file(&name).path();
        let invalid = |e: safetensors_header::Reason| {
            Error::bad_input(format!(
                "failed to read safetensors header: {}",
                path.display()
            ))
            .caused_by(e)
            .hint("the file is damaged or was cut short; download or convert it again")
        };
        let (bytes, (header, metadata)) = match home {
            Directory::Embedded(embedded) => {
                let bytes = embedded.file(&name).ok_or_else(|| home.missing(&name))?;
                (
                    Bytes::Embedded(bytes),
                    safetensors_header::read(bytes).map_err(invalid)?,
                )
            }
            Directory::OnDisk(_) => {
                let file = files::open(&path)?;
                if file
                    .metadata()
                    .map_err(|e| Error::io(format!("failed to read file: {}", path.display()), e))?
                    .len()
                    < 8
                {
                    return Err(invalid(safetensors::SafeTensorError::HeaderTooSmall.into()));
                }
                // SAFETY: the mapping lives for this block only and is read as bytes; another
                // process cutting the file at this moment would be a bus error, as for every mapped
                // file.
                let map = unsafe { memmap2::Mmap::map(&file) }
                    .map_err(|e| Error::io(format!("failed to map file: {}", path.display()), e))?;
                let read = safetensors_header::read(&map).map_err(invalid)?;
                drop(map);
                (Bytes::File(file), read)
            }
        };
        let index = self.files.len();
        for (name, info) in metadata.tensors() {
            let (start, _) = info.data_offsets;
            let place = Place {
                file: index,
                dtype: info.dtype,
                shape: info.shape.clone(),
                start: (8 + header + start) as u64,
            };
            if self.tensors.insert(name.clone(), place).is_some() {
                return Err(Error::bad_input(format!(
                    "failed to read weights: tensor `{name}` is in two files, the second: {}",
                    path.display()
                )));
            }
        }
        self.files.push(Source { name, path, bytes });
        Ok(())
    }

    /// In which precision the model's weights are kept.
    #[must_use]
    pub fn with_precision(mut self, precision: Precision) -> Self {
        self.precision = precision;
        self
    }

    /// Names of the files, in reading order.
    pub fn files(&self) -> Vec<String> {
        self.files.iter().map(|file| file.name.clone()).collect()
    }

    /// Parameters by dtype.
    pub fn parameters(&self) -> BTreeMap<String, usize> {
        let mut parameters = BTreeMap::new();
        for place in self.tensors.values() {
            *parameters
                .entry(format!("{:?}", place.dtype).to_lowercase())
                .or_default() += place.shape.iter().product::<usize>();
        }
        parameters
    }

    /// In which the parameters are stored.
    pub fn dtypes(&self) -> Vec<String> {
        let used = self.tensors.iter().filter(|(name, _)| !is_ignored(name));
        used.map(|(_, place)| format!("{:?}", place.dtype).to_lowercase())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect()
    }

    /// Ends the loading: an error if a tensor of the file has no place in the model.
    pub fn finish(self) -> Result<()> {
        let unused: Vec<&str> = self
            .tensors
            .keys()
            .map(String::as_str)
            .filter(|name| !is_ignored(name))
            .collect();
        if unused.is_empty() {
            return Ok(());
        }
        let shown = unused
            .iter()
            .take(5)
            .map(|n| format!("`{n}`"))
            .collect::<Vec<_>>()
            .join(", ");
        let more = if unused.len() > 5 {
            format!(" and {} more", unused.len() - 5)
        } else {
            String::new()
        };
        Err(Error::bad_input(format!("failed to load weights: {}: tensors that the model has no place for: {shown}{more}", self.files[0].path.display()))
            .hint("config.json and the weights do not belong together, or the checkpoint is of another family"))
    }

    /// Hands out a tensor: there, of this shape, of a dtype that can be read.
    fn take(&mut self, name: &str, shape: &[usize]) -> Result<Found> {
        let home = self
            .files
            .first()
            .map_or_else(String::new, |file| file.path.display().to_string());
        let place = self.tensors.remove(name).ok_or_else(|| {
            Error::bad_input(format!("failed to load weights: {home}: no tensor `{name}`"))
                .hint("config.json and the weights do not belong together, or the checkpoint is of another family")
        })?;
        let found = Found {
            name: name.to_owned(),
            place,
        };
        if found.place.shape != shape {
            return Err(self.refuse(
                &found,
                &format!(
                    "found shape {:?}, config.json asks for {shape:?}",
                    found.place.shape
                ),
            ));
        }
        if !matches!(
            found.place.dtype,
            Dtype::F32 | Dtype::F16 | Dtype::BF16 | Dtype::F64
        ) {
            return Err(self.refuse(
                &found,
                &format!(
                    "found dtype {:?}, accepted: F32, F16, BF16, F64",
                    found.place.dtype
                ),
            ));
        }
        Ok(found)
    }

    fn refuse(&self, found: &Found, what: &str) -> Error {
        Error::bad_input(format!(
            "failed to load weights: {}: tensor `{}`: {what}",
            self.files[found.place.file].path.display(),
            found.name
        ))
    }

    /// How floats of this dtype are kept.
    fn storage(&self, dtype: Dtype) -> Storage {
        match (dtype, self.precision) {
            (Dtype::F16, _) => Storage::F16,
            (Dtype::BF16, Precision::F32) => Storage::Bf16,
            (_, Precision::F32) => Storage::F32,
            _ => Storage::F16,
        }
    }

    /// All values of a tensor, read in parallel.
    fn values(&self, found: &Found) -> Result<Vec<f32>> {
        const PIECE: usize = 1 << 18;
        let mut values = vec![0f32; found.place.shape.iter().product()];
        values
            .par_chunks_mut(PIECE)
            .enumerate()
            .try_for_each(|(at, piece)| self.read(found, at * PIECE, piece))?;
        Ok(values)
    }

    /// A tensor on the device, rounded to half precision in parallel where it is to be.
    fn upload<const D: usize>(
        &self,
        values: Vec<f32>,
        shape: [usize; D],
        dtype: Dtype,
    ) -> Tensor<D> {
        let data = match dtype {
            Dtype::F16 => TensorData::new(
                values
                    .into_par_iter()
                    .map(f16::from_f32)
                    .collect::<Vec<f16>>(),
                shape,
            ),
            Dtype::BF16 => TensorData::new(
                values
                    .into_par_iter()
                    .map(bf16::from_f32)
                    .collect::<Vec<bf16>>(),
                shape,
            ),
            _ => return Tensor::from_data(TensorData::new(values, shape), &self.device),
        };
        let dtype = data.dtype();
        Tensor::from_data(data, (&self.device, dtype))
    }

    /// The values from element `first` on, as f32, all of them finite.
    fn read(&self, found: &Found, first: usize, into: &mut [f32]) -> Result<()> {
        let Place {
            file, dtype, start, ..
        } = &found.place;
        let size = if *dtype == Dtype::F64 {
            8
        } else {
            dtype.bitsize() / 8
        };
        let fetch = |bytes: &mut [u8]| {
            let at = start + (first * size) as u64;
            let Source {
                path, bytes: from, ..
            } = &self.files[*file];
            from.read(at, bytes).map_err(|e| {
                Error::io(
                    format!(
                        "failed to read weights: {}: tensor `{}`",
                        path.display(),
                        found.name
                    ),
                    e,
                )
            })
        };
        if *dtype == Dtype::F32 && cfg!(target_endian = "little") {
            fetch(bytemuck::cast_slice_mut(into))?;
        } else {
            let mut bytes = vec![0u8; into.len() * size];
            fetch(&mut bytes)?;
            match dtype {
                Dtype::F32 => widen(&bytes, into, f32::from_le_bytes),
                Dtype::F16 => widen(&bytes, into, |b| f16::from_le_bytes(b).to_f32()),
                Dtype::BF16 => widen(&bytes, into, |b| bf16::from_le_bytes(b).to_f32()),
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "f32 is the working precision; an overflow to infinity is refused below"
                )]
                _ => widen(&bytes, into, |b| f64::from_le_bytes(b) as f32),
            }
        }
        if let Some(at) = into.iter().position(|v| !v.is_finite()) {
            return Err(self.refuse(
                found,
                &format!("value {} at index {} is not finite", into[at], first + at),
            ));
        }
        Ok(())
    }
}

fn widen<const N: usize>(bytes: &[u8], into: &mut [f32], convert: impl Fn([u8; N]) -> f32) {
    for (value, bytes) in into.iter_mut().zip(bytes.as_chunks::<N>().0) {
        *value = convert(*bytes);
    }
}

impl Bytes {
    fn read(&self, start: u64, into: &mut [u8]) -> std::io::Result<()> {
        match self {
            Self::File(file) => files::read_exact_at(file, into, start),
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
        let found = self.take(name, &shape)?;
        let dtype = match self.precision {
            Precision::Half(Half::F16) => Dtype::F16,
            Precision::Half(Half::Bf16) => Dtype::BF16,
            _ => Dtype::F32,
        };
        Ok(self.upload(self.values(&found)?, shape, dtype))
    }

    /// On the CPU in the precision in which it is kept.
    fn table(&mut self, name: &str, shape: [usize; 2]) -> Result<Tensor<2>> {
        if !self.packs() {
            return self.tensor(name, shape);
        }
        let found = self.take(name, &shape)?;
        let dtype = match self.storage(found.place.dtype) {
            Storage::F16 => Dtype::F16,
            Storage::Bf16 => Dtype::BF16,
            Storage::F32 => Dtype::F32,
        };
        Ok(self.upload(self.values(&found)?, shape, dtype))
    }

    /// Packed for the CPU; a tensor for other devices.
    fn matrix(&mut self, name: &str, shape: [usize; 2]) -> Result<Matrix> {
        if !self.packs() {
            return Ok(Matrix::Plain(self.tensor(name, shape)?));
        }
        let found = self.take(name, &shape)?;
        let [output, input] = shape;
        let read = |first: usize, rows: &mut [f32]| self.read(&found, first * input, rows);
        let packed = match self.precision {
            Precision::Int8(outliers) if name != NOT_CONVERTED => {
                Packed::Int8(Arc::new(Int8Panels::pack(output, input, outliers, read)?))
            }
            _ => Packed::Float(Arc::new(Panels::pack(
                output,
                input,
                self.storage(found.place.dtype),
                read,
            )?)),
        };
        Ok(Matrix::Packed(packed))
    }
}

const SINGLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

fn files(home: &Directory) -> Result<Vec<String>> {
    if home.has(SINGLE) {
        return Ok(vec![SINGLE.to_owned()]);
    }
    if !home.has(INDEX) {
        let mut error = Error::unavailable(format!(
            "failed to find weights: neither model.safetensors nor its index in {}",
            home.path().display()
        ));
        if home.has("pytorch_model.bin") {
            error.kind = crate::support::error::ErrorKind::BadInput;
            return Err(error.hint("pytorch_model.bin is a pickle, which can run code; convert it to safetensors (save_pretrained of transformers does)"));
        }
        return Err(error);
    }
    let invalid = || {
        Error::bad_input(format!(
            "failed to parse weight index: {}",
            home.file(INDEX).path().display()
        ))
    };
    let parsed = home.json(INDEX)?;
    let map = parsed
        .get("weight_map")
        .and_then(|m| m.as_object())
        .ok_or_else(|| invalid().hint("it needs an object `weight_map`"))?;
    let mut names: Vec<&str> = map.values().filter_map(|v| v.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    // A name from a file of unknown origin must not lead out of the directory.
    if names.is_empty()
        || names.iter().any(|n| {
            n.is_empty()
                || n.contains(['/', '\\'])
                || n.starts_with('.')
                || n.chars().any(char::is_control)
        })
    {
        return Err(invalid().hint("`weight_map` must name files in the same directory"));
    }
    Ok(names.into_iter().map(str::to_owned).collect())
}
