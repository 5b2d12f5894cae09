//! Rotary position embeddings.

use crate::kernels::rows::Rotation;

impl Rotation {
    /// One row, of so many heads as it has, in place.
    #[inline(always)]
    pub(super) fn apply(&self, position: usize, row: &mut [f32]) {
        let half = self.table.half();
        let (cos, sin) = self.table.at(position);
        for head in row.chunks_exact_mut(2 * half) {
            if let Some(norm) = &self.norm {
                norm.normalise(head);
            }
            let (first, second) = head.split_at_mut(half);
            let pairs = first.iter_mut().zip(second);
            for ((a, b), (cos, sin)) in pairs.zip(cos.iter().zip(sin)) {
                (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
            }
        }
    }
}
