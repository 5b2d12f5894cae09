//! The tensors of a checkpoint as a model's parameters.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use burn::tensor::{DType, Device, Tensor, TensorData};
use half::{bf16, f16};
use rayon::prelude::*;
use safetensors::Dtype;

use crate::checkpoint::precision::Precision;
use crate::checkpoint::weights::f16_range::F16Range;
use crate::checkpoint::weights::file_names::file_names;
use crate::checkpoint::weights::other_heads::OtherHead;
use crate::checkpoint::weights::tensor_file::{TensorEntry, TensorFile};
use crate::checkpoint::weights::tensor_names::Renaming;
use crate::kernels::cpu::affine::AffineWeights;
use crate::kernels::cpu::bf16::Bf16Weights;
use crate::kernels::cpu::int8::Int8Weights;
use crate::kernels::cpu::linear::LinearWeights;
use crate::kernels::cpu::packed_weights::{PackedWeights, Storage};
use crate::model::{Matrix, Parameters};
use crate::support::count::first;
use crate::support::error::{Error, Result};
use crate::support::input_file::Directory;

/// transformers' 8-bit loading leaves out the module that owns the last parameter: of the pairwise
/// head and of the scalar ones.
const NOT_CONVERTED: [&str; 3] = ["head_layer.4.weight", "classifier.weight", "score.weight"];

/// Buffers that old versions of transformers saved although no computation reads them, and the
/// output layer that a decoder had before it got its head.
const IGNORED_SUFFIXES: &[&str] = &[
    "embeddings.position_ids",
    "rotary_emb.inv_freq",
    "lm_head.weight",
];

/// The hint for weights that do not fit the configuration.
const OTHER_MODEL: &str = concat!(
    "config.json and the weights do not belong together, ",
    "or the checkpoint is of another family"
);

fn is_ignored(name: &str) -> bool {
    IGNORED_SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

/// The tensors of a checkpoint, handed out by name.
pub struct Weights {
    /// By the model's name for it: the index of the file, and the entry in it.
    tensors: BTreeMap<String, (usize, TensorEntry)>,
    files: Vec<TensorFile>,
    device: Device,
    precision: Precision,
    /// The number of the last layer.
    last_layer: Option<usize>,
}

impl Weights {
    /// Opens `model.safetensors`, or the shards of `model.safetensors.index.json`, for a model in
    /// f32 on this device.
    ///
    /// # Errors
    /// A file that is missing or cannot be read, or two tensors for one parameter.
    pub fn open(directory: &Directory, device: &Device) -> Result<Self> {
        let mut weights = Self {
            tensors: BTreeMap::new(),
            files: Vec::new(),
            device: device.clone(),
            precision: Precision::F32,
            last_layer: None,
        };
        let mut entries = Vec::new();
        for name in file_names(directory)? {
            let (file, found) = TensorFile::open(directory, name)?;
            let index = weights.files.len();
            weights.files.push(file);
            entries.extend(found.into_iter().map(|entry| (index, entry)));
        }
        let names: Vec<&str> = entries
            .iter()
            .map(|(_, entry)| entry.name.as_str())
            .collect();
        let renaming = Renaming::of(&names);
        for (index, entry) in entries {
            weights.add(&renaming.model_name(&entry.name), index, entry)?;
        }
        weights.last_layer = weights.tensors.keys().filter_map(|name| layer(name)).max();
        Ok(weights)
    }

    fn add(&mut self, parameter: &str, file: usize, entry: TensorEntry) -> Result<()> {
        let name = entry.name.clone();
        let Some((_, first)) = self.tensors.insert(parameter.to_owned(), (file, entry)) else {
            return Ok(());
        };
        let path = self.files[file].path.display();
        let what = if first.name == name {
            format!("tensor `{name}` is in two files, the second: {path}")
        } else {
            format!(
                "tensors `{}` and `{name}` are both the parameter `{parameter}`: {path}",
                first.name
            )
        };
        Err(Error::bad_input(format!("failed to read weights: {what}")))
    }

    /// With storage and arithmetic of another precision.
    #[must_use]
    pub fn with_precision(mut self, precision: Precision) -> Self {
        self.precision = precision;
        self
    }

    /// Names of the files, in reading order.
    pub(crate) fn files(&self) -> Vec<String> {
        self.files.iter().map(|file| file.name.clone()).collect()
    }

    /// Number of parameters by dtype.
    pub fn parameters(&self) -> BTreeMap<String, usize> {
        let mut parameters = BTreeMap::new();
        for (_, entry) in self.tensors.values() {
            *parameters.entry(name_of(entry.dtype)).or_default() +=
                entry.shape.iter().product::<usize>();
        }
        parameters
    }

    /// Refuses the head of another kind of reward model.
    ///
    /// # Errors
    /// Its name, and the tensor by which it was known.
    pub(crate) fn check_head(&self) -> Result<()> {
        let names: Vec<&str> = self.tensors.keys().map(String::as_str).collect();
        let Some(OtherHead { tensor, what, hint }) = OtherHead::of(&names) else {
            return Ok(());
        };
        let path = self.files[0].path.display();
        let message = format!("failed to load weights: {path}: tensor `{tensor}` is of {what}");
        Err(Error::bad_input(message).hint(hint))
    }

    /// Bytes that the parameters take on the device in this precision.
    pub(crate) fn bytes_in(&self, precision: Precision) -> u64 {
        let of_tensor = |(name, (_, entry)): (&String, &(usize, TensorEntry))| {
            let elements = entry.shape.iter().product::<usize>() as u64;
            let is_matrix = entry.shape.len() == 2 && !name.contains("embed");
            let is_int8 =
                is_matrix && matches!(precision, Precision::Int8(_) | Precision::Int8Affine);
            let size = if self.packs() {
                match precision.storage(entry.dtype) {
                    Storage::F32 => 4,
                    Storage::F16 | Storage::Bf16 => 2,
                }
            } else {
                precision.tensor_dtype().size() as u64
            };
            if is_int8 { elements } else { size * elements }
        };
        let used = self.tensors.iter().filter(|(name, _)| !is_ignored(name));
        used.map(of_tensor).sum()
    }

    /// The types in which the parameters are stored.
    pub fn dtypes(&self) -> Vec<String> {
        let used = self.tensors.iter().filter(|(name, _)| !is_ignored(name));
        used.map(|(_, (_, entry))| name_of(entry.dtype))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect()
    }

    /// Ends the loading.
    ///
    /// # Errors
    /// A tensor of the files that the model did not ask for.
    pub fn finish(self) -> Result<()> {
        let unused: Vec<String> = self
            .tensors
            .iter()
            .filter(|(name, _)| !is_ignored(name))
            .map(|(_, (_, entry))| format!("`{}`", entry.name))
            .collect();
        if unused.is_empty() {
            return Ok(());
        }
        let shown = first(&unused, 5);
        let path = self.files[0].path.display();
        Err(Error::bad_input(format!(
            "failed to load weights: {path}: tensors that the model has no place for: {shown}"
        ))
        .hint(OTHER_MODEL))
    }

    /// Whether a layer is computed for the few tokens that the head reads only: the head's, and
    /// most of the last encoder layer.
    fn is_of_few_tokens(&self, name: &str) -> bool {
        match layer(name) {
            None => true,
            Some(number) => {
                Some(number) == self.last_layer
                    && !name.ends_with("key_proj.weight")
                    && !name.ends_with("value_proj.weight")
                    && !name.ends_with("pos_query_proj.weight")
                    && !name.ends_with(".k_proj.weight")
                    && !name.ends_with(".v_proj.weight")
            }
        }
    }

    /// Where the parameters go.
    pub(crate) fn device(&self) -> &Device {
        &self.device
    }

    /// Whether the device has the product with packed weights.
    fn packs(&self) -> bool {
        self.device == Device::flex()
    }

    /// The name in the file of a tensor that has `name` after a prefix.
    fn longer_name(&self, name: &str) -> Option<&str> {
        let ending = format!(".{name}");
        let mut left = self.tensors.iter();
        let (_, (_, entry)) = left.find(|(known, _)| known.ends_with(&ending))?;
        Some(&entry.name)
    }

    /// Removes a tensor from those that are left: its file and its entry.
    ///
    /// # Errors
    /// No tensor of this name, or one of another shape or of a dtype that cannot be read.
    fn take(&mut self, name: &str, shape: &[usize]) -> Result<(&TensorFile, TensorEntry)> {
        let Some((file, entry)) = self.tensors.remove(name) else {
            let path = self
                .files
                .first()
                .map_or_else(String::new, |file| file.path.display().to_string());
            let error = Error::bad_input(format!(
                "failed to load weights: {path}: no tensor `{name}`"
            ));
            return Err(match self.longer_name(name) {
                Some(longer) => error.hint(format!(
                    "`{longer}` is there: rename the tensors, as only the prefixes `module.` and \
                     `_orig_mod.` are removed, and only where all tensors have them"
                )),
                None => error.hint(OTHER_MODEL),
            });
        };
        let file = &self.files[file];
        let (found, dtype) = (&entry.shape, entry.dtype);
        if found != shape {
            let reason = format!("found shape {found:?}, config.json asks for {shape:?}");
            return Err(file.refuse(&entry, &reason));
        }
        if !matches!(dtype, Dtype::F32 | Dtype::F16 | Dtype::BF16 | Dtype::F64) {
            let reason = format!("found dtype {dtype:?}, accepted: F32, F16, BF16, F64");
            return Err(file.refuse(&entry, &reason));
        }
        Ok((file, entry))
    }

    /// A tensor on the device, in this type.
    fn load<const D: usize>(
        &mut self,
        name: &str,
        shape: [usize; D],
        dtype: impl FnOnce(Dtype) -> DType,
    ) -> Result<Tensor<D>> {
        let (file, entry) = self.take(name, &shape)?;
        let dtype = dtype(entry.dtype);
        let read = |first: usize, into: &mut [f32]| file.read(&entry, first, into);
        let data = match dtype {
            DType::F16 => {
                let range = F16Range::new(file, &entry);
                let read = |first: usize, into: &mut [f32]| range.read(first, into);
                let values = values(&entry, read, f16::from_f32)?;
                range.finish()?;
                TensorData::new(values, shape)
            }
            DType::BF16 => TensorData::new(values(&entry, read, bf16::from_f32)?, shape),
            _ => TensorData::new(values(&entry, read, |value| value)?, shape),
        };
        Ok(match dtype {
            DType::F16 | DType::BF16 => Tensor::from_data(data, (&self.device, dtype)),
            _ => Tensor::from_data(data, &self.device),
        })
    }
}

impl Parameters for Weights {
    fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    fn tensor<const D: usize>(&mut self, name: &str, shape: [usize; D]) -> Result<Tensor<D>> {
        let dtype = self.precision.tensor_dtype();
        self.load(name, shape, |_| dtype)
    }

    /// On the CPU in its storage precision.
    fn table(&mut self, name: &str, shape: [usize; 2]) -> Result<Tensor<2>> {
        if !self.packs() {
            return self.tensor(name, shape);
        }
        let precision = self.precision;
        self.load(name, shape, |in_file| match precision.storage(in_file) {
            Storage::F16 => DType::F16,
            Storage::Bf16 => DType::BF16,
            Storage::F32 => DType::F32,
        })
    }

    /// Packed for the CPU; a tensor for other devices.
    fn matrix(&mut self, name: &str, shape: [usize; 2]) -> Result<Matrix> {
        if !self.packs() {
            return Ok(Matrix::Plain(self.tensor(name, shape)?));
        }
        let precision = self.precision;
        let is_of_few_tokens = self.is_of_few_tokens(name);
        let (file, entry) = self.take(name, &shape)?;
        let [output, input] = shape;
        let read = |first: usize, rows: &mut [f32]| file.read(&entry, first * input, rows);
        let weights = match precision {
            Precision::Int8(outliers) if !NOT_CONVERTED.contains(&name) => {
                LinearWeights::Int8(Arc::new(Int8Weights::pack(output, input, outliers, read)?))
            }
            Precision::Int8Affine if !is_of_few_tokens => {
                LinearWeights::Affine(Arc::new(AffineWeights::pack(output, input, read)?))
            }
            Precision::Bf16Factors if !NOT_CONVERTED.contains(&name) => {
                LinearWeights::Bf16(Arc::new(Bf16Weights::pack(output, input, read)?))
            }
            _ if precision.storage(entry.dtype) == Storage::F16 => {
                let range = F16Range::new(file, &entry);
                let read = |first: usize, rows: &mut [f32]| range.read(first * input, rows);
                let packed = PackedWeights::pack(output, input, Storage::F16, read)?;
                range.finish()?;
                LinearWeights::Float(Arc::new(packed))
            }
            _ => {
                let storage = precision.storage(entry.dtype);
                LinearWeights::Float(Arc::new(PackedWeights::pack(output, input, storage, read)?))
            }
        };
        Ok(Matrix::Packed(weights))
    }
}

/// The layer to which a parameter of an encoder or a decoder belongs.
fn layer(name: &str) -> Option<usize> {
    let of_encoder = name.split_once("encoder.layer.");
    let (_, after) = of_encoder.or_else(|| name.split_once("model.layers."))?;
    after.split('.').next()?.parse().ok()
}

fn name_of(dtype: Dtype) -> String {
    format!("{dtype:?}").to_lowercase()
}

/// All values of a tensor, read and converted in parallel, piece by piece: a table of gigabytes is
/// in memory once.
fn values<T: Clone + Default + Send>(
    entry: &TensorEntry,
    read: impl Fn(usize, &mut [f32]) -> Result<()> + Sync,
    convert: impl Fn(f32) -> T + Sync,
) -> Result<Vec<T>> {
    const PIECE: usize = 1 << 18;
    let mut values = vec![T::default(); entry.shape.iter().product()];
    let fill = |(at, piece): (usize, &mut [T])| {
        let mut wide = vec![0f32; piece.len()];
        read(at * PIECE, &mut wide)?;
        for (value, wide) in piece.iter_mut().zip(wide) {
            *value = convert(wide);
        }
        Ok(())
    };
    values
        .par_chunks_mut(PIECE)
        .enumerate()
        .try_for_each(fill)?;
    Ok(values)
}
