//! What a test starts from, and whether its results agree.

use burn::tensor::{DType, Device, Tensor, TensorData};

/// `[rows, columns]` on the CPU in f32, with values that `dtype` has, so that only arithmetic can
/// differ.
pub(super) fn wave(rows: usize, columns: usize, phase: f32, dtype: DType) -> Tensor<2> {
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let values: Vec<f32> = (0..rows * columns)
        .map(|i| ((i * i % 997) as f32 * 0.37 + phase).sin())
        .collect();
    Tensor::<2>::from_data(TensorData::new(values, [rows, columns]), &Device::flex())
        .cast(dtype)
        .cast(DType::F32)
}

/// Whether what a device found in this type is what is expected; else how far it is off.
pub(super) fn agrees(expected: Tensor<2>, found: Tensor<2>, dtype: DType) -> Result<(), String> {
    let worst = largest_difference(&values(expected)?, &values(found)?);
    // Normalised values are about 1; three roundings to half precision lie between.
    let tolerance = match dtype {
        DType::F32 => 1e-4,
        DType::F16 => 2e-2,
        _ => 1e-1,
    };
    if worst > tolerance {
        let name = dtype.name();
        return Err(format!(
            "it computes something else: off by {worst} in {name}"
        ));
    }
    Ok(())
}

fn values(tensor: Tensor<2>) -> Result<Vec<f32>, String> {
    tensor
        .cast(DType::F32)
        .try_into_data()
        .map_err(|e| e.to_string())?
        .try_to_vec::<f32>()
        .map_err(|e| format!("{e:?}"))
}

/// The largest difference between two values at the same index; infinite if one is NaN.
fn largest_difference(expected: &[f32], found: &[f32]) -> f32 {
    let differences = expected.iter().zip(found).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, |largest: f32, d| {
        if d.is_nan() {
            f32::INFINITY
        } else {
            largest.max(d)
        }
    })
}
