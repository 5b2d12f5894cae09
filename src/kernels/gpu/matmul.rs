//! burn's matrix products on GPUs: autotuned ones where they may round their factors, exact ones where
//! they must not.

use burn::backend::cubecl::dtype_to_storage_type;
use burn_cubecl::kernel::matmul::{MatmulStrategy, init_matmul_output, matmul};
use burn_cubecl::tensor::CubeTensor;
use cubecl::client::Client;
use cubecl::ir::{ElemType, FloatKind};
use cubek::matmul::definition::{MatmulElems, MatmulGlobalElems};
use cubek::matmul::launch::launch_ref;
use cubek::matmul::multi_level::Strategy;
use cubek::matmul::routine::BlueprintStrategy;
use cubek::std::InputBinding;

/// A product of fewer rows is narrow.
pub(super) const NARROW: usize = 1024;

/// `x`: `[rows, input]`; `weight`: `[input, output]`, in any memory layout → `[rows, output]`.
///
/// burn autotunes anew for every power of two of rows, which narrow products, those of the last
/// layer and of the head, do not repay. Among its f32 products are those of NVIDIA's tensor cores,
/// which round the factors to 10 bits (TF32); for f32 the product by single units is used instead.
/// It is also used where there are no matrix instructions: software devices crash while they
/// compile some of the candidates.
pub(super) fn linear(x: &CubeTensor, weight: &CubeTensor) -> CubeTensor {
    let dtype = x.dtype;
    let may_round = dtype_to_storage_type(dtype) != ElemType::Float(FloatKind::F32)
        && has_matrix_instructions(&x.client);
    if may_round && x.meta.shape()[0] >= NARROW {
        let (x, weight) = (x.clone(), weight.clone());
        if let Ok(product) = matmul(x, weight, None, MatmulStrategy::Autotune, dtype) {
            return product;
        }
    }
    let element = dtype_to_storage_type(dtype);
    let output = init_matmul_output(x, weight, dtype);
    let client = x.client.clone();
    let launch = |strategy: Strategy| {
        let mut elements = MatmulElems::from_globals(&MatmulGlobalElems {
            lhs: element,
            rhs: element,
            out: element,
        });
        let [x, weight] =
            [x, weight].map(|tensor| InputBinding::new(tensor.clone().binding(), element));
        launch_ref(
            &strategy.into(),
            &client,
            x,
            weight,
            output.clone().binding(),
            &mut elements,
        )
    };
    if may_round && launch(Strategy::SimpleCyclicCmma(BlueprintStrategy::default())).is_ok() {
        return output;
    }
    if launch(Strategy::DoubleUnit(BlueprintStrategy::default())).is_err() {
        // The naive product takes all shapes that fit each other.
        launch(Strategy::Naive).expect("a product of two matrices");
    }
    output
}

fn has_matrix_instructions(client: &Client) -> bool {
    let features = &client.properties().features.matmul;
    !features.cmma.is_empty() || !features.mma.is_empty()
}
