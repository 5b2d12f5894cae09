//! What this processor can do at most.

use std::time::Instant;

use pulp::Simd;

/// Floating-point operations a second in registers alone, in f32.
#[derive(Clone, Copy)]
pub(super) struct Peak {
    pub(super) all_threads: f64,
    /// While the others rest.
    pub(super) one_thread: f64,
}

impl Peak {
    pub(super) fn measured() -> Self {
        Self {
            all_threads: peak(true),
            one_thread: peak(false),
        }
    }

    /// How many threads' work all threads do: 1 where two are logical cores of one physical core
    /// or share its time.
    pub(super) fn in_parallel(self) -> f64 {
        self.all_threads / self.one_thread
    }
}

/// `all`: of all threads together, else of one.
fn peak(all: bool) -> f64 {
    struct Spin;
    impl pulp::WithSimd for Spin {
        type Output = (f64, f32);
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> (f64, f32) {
            const ROUNDS: u32 = 20_000_000;
            let (a, b) = (
                simd.splat_f32s(std::hint::black_box(0.999)),
                simd.splat_f32s(std::hint::black_box(0.001)),
            );
            let mut sums = [b; 12];
            for _ in 0..ROUNDS {
                for sum in &mut sums {
                    *sum = simd.mul_add_f32s(*sum, a, b);
                }
            }
            #[expect(clippy::cast_precision_loss, reason = "a few registers")]
            let flops = f64::from(ROUNDS) * (2 * sums.len() * S::F32_LANES) as f64;
            (
                flops,
                sums.into_iter().map(|sum| simd.reduce_sum_f32s(sum)).sum(),
            )
        }
    }
    // On every thread at once; a thread that wakes up late, or a busy machine, only makes it less.
    let round = || {
        let begun = Instant::now();
        let spin = || std::hint::black_box(pulp::Arch::new().dispatch(Spin)).0;
        let flops: f64 = if all {
            rayon::broadcast(|_| spin()).into_iter().sum()
        } else {
            spin()
        };
        flops / begun.elapsed().as_secs_f64()
    };
    (0..5).map(|_| round()).fold(0.0, f64::max)
}
