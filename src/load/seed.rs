//! The seeds of what is random in a load. Pure.

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// The seed of one round of a load, from the one that the scenario says (or the default) and
/// what tells loads apart, so that loads with equal seeds are not one and the same process.
///
/// FNV-1a of 64 bits over: `seed` and `round` as 8 bytes each, the least first, the phase's name,
/// a byte 0xff (which no name has, being UTF-8), and the load's name, empty for the phase's own
/// load. The same on every machine and in every version, so that a run can be repeated. It need
/// not be a good hash: the generator that it seeds spreads it.
pub fn of_load(seed: u64, round: u64, phase: &str, load: Option<&str>) -> u64 {
    let numbers = [seed.to_le_bytes(), round.to_le_bytes()].concat();
    let names = [
        phase.as_bytes(),
        &[0xff],
        load.unwrap_or_default().as_bytes(),
    ]
    .concat();
    let bytes = numbers.iter().chain(&names);
    bytes.fold(OFFSET, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(PRIME)
    })
}

/// The seed of the lengths and thinking times of one round of a load whose scenario writes `seed`:
/// as [`of_load`], but without names, so that they stay what they are where a phase is named anew,
/// and two loads with one seed can be compared request by request.
pub fn of_lengths(seed: u64, round: u64) -> u64 {
    // no phase has an empty name
    of_load(seed, round, "", None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_tells_loads_apart_makes_another_seed() {
        let seeds = [
            of_load(0, 0, "a", None),
            of_load(1, 0, "a", None),
            of_load(0, 1, "a", None),
            of_load(0, 0, "b", None),
            of_load(0, 0, "a", Some("x")),
            of_load(0, 0, "a", Some("y")),
            of_load(0, 0, "ax", None),
        ];
        for (at, seed) in seeds.iter().enumerate() {
            assert!(!seeds[at + 1..].contains(seed), "{seeds:x?}");
        }
    }

    /// Computed apart, from the published definition of FNV-1a.
    #[test]
    fn seeds_never_change() {
        assert_eq!(of_load(0, 0, "a", None), 0x769e_36b1_c69d_8ca9);
        assert_eq!(of_load(7, 2, "stress", Some("chat")), 0xa935_6224_c71b_9597);
    }
}
