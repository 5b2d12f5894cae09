//! Random numbers that depend only on a seed.

use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{Rng as _, SeedableRng};

/// SplitMix64 (Steele, Lea and Flood, 2014, OOPSLA, "Fast splittable pseudorandom number
/// generators").
pub(crate) struct Rng(SplitMix64);

/// The increment of SplitMix64's state.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Rng {
    /// The generator of one replicate: its numbers depend on seed and index alone, so that
    /// replicates may be drawn in any order and on any thread.
    pub(crate) fn stream(seed: u64, index: usize) -> Self {
        let index = (index as u64).wrapping_add(1);
        Self::from_state(mix(seed ^ mix(index.wrapping_mul(GOLDEN))))
    }

    fn from_state(state: u64) -> Self {
        Self(SplitMix64::from_seed(state.to_le_bytes()))
    }

    /// From 0, included, to 1, not included, in steps of 2⁻⁵³.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what an f64 holds")]
    pub(crate) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// SplitMix64's output function: what the generator returns once its state has become `state`.
fn mix(state: u64) -> u64 {
    let mut before = Rng::from_state(state.wrapping_sub(GOLDEN));
    before.0.next_u64()
}

/// So many of some indices, drawn at random without replacement; all where there are no more.
pub(crate) fn sample(mut indices: Vec<usize>, size: usize, seed: u64) -> Vec<usize> {
    indices.sort_by_cached_key(|index| (mix_of(seed, *index), *index));
    indices.truncate(size);
    indices
}

/// The first number of an index's stream.
fn mix_of(seed: u64, index: usize) -> u64 {
    Rng::stream(seed, index).0.next_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each index is drawn as often as any other, and no pair of neighbours more often than others.
    #[test]
    fn samples_are_drawn_evenly() {
        let (mut drawn, mut neighbours) = ([0; 40], 0);
        for seed in 0..2000 {
            let found = sample((0..40).collect(), 10, seed);
            assert_eq!(found.len(), 10);
            for index in &found {
                drawn[*index] += 1;
            }
            neighbours += usize::from(found.contains(&7) && found.contains(&8));
        }
        // 500 ± 4.4 standard deviations of 19.4; 115 ± 4.
        assert!(drawn.iter().all(|n| (415..585).contains(n)), "{drawn:?}");
        assert!((73..158).contains(&neighbours), "{neighbours}");
        assert_eq!(sample(vec![3, 1], 5, 0).len(), 2);
    }

    /// The first numbers after seed 1234567, as in Vigna's splitmix64.c and in Rosetta Code.
    #[test]
    fn the_generator_is_splitmix64() {
        let mut rng = Rng::from_state(1_234_567);
        assert_eq!(
            [rng.0.next_u64(), rng.0.next_u64(), rng.0.next_u64()],
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    /// The same streams as before the generator came from a crate: committed reports rest on them.
    #[test]
    fn streams_have_splitmix64s_own_mixing() {
        let mix_by_hand = |z: u64| {
            let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        };
        for (seed, index) in [(0, 0), (1, 3), (240_313_787, 9_999), (u64::MAX, 12)] {
            let by_hand = mix_by_hand(
                seed ^ mix_by_hand((index as u64).wrapping_add(1).wrapping_mul(GOLDEN)),
            );
            let next = mix_by_hand(by_hand.wrapping_add(GOLDEN));
            assert_eq!(Rng::stream(seed, index).0.next_u64(), next);
        }
    }
}
