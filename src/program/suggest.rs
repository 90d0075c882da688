//! Did you mean: the declared names nearest to an unknown one.

use strsim::damerau_levenshtein;

/// The nearest of `candidates` that a slip of the pen may have meant; two if two are as near, by
/// name. Names that differ in case only are nearest.
pub(crate) fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Vec<&'a str> {
    let length = name.chars().count();
    let limit = (length / 3).max(1);
    let lower = name.to_lowercase();
    let mut near: Vec<(usize, &str)> = candidates
        .into_iter()
        .filter(|candidate| *candidate != name)
        // The distance is at least the difference of the lengths, which is cheaper.
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= limit)
        .filter_map(|candidate| {
            if candidate.to_lowercase() == lower {
                return Some((0, candidate));
            }
            let distance = damerau_levenshtein(name, candidate);
            // Of one letter, every other letter is one step away: no suggestion.
            (distance <= limit && distance < length).then_some((distance, candidate))
        })
        .collect();
    near.sort_unstable();
    near.dedup();
    let least = near.first().map(|(distance, _)| *distance);
    let nearest = near.into_iter().take_while(|(distance, _)| Some(*distance) == least);
    nearest.map(|(_, candidate)| candidate).take(2).collect()
}

/// `` `a` ``, `` `a` or `b` ``.
pub(crate) fn either(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_names() {
        let declared = ["claim_modality", "claim_lo", "claim_hi", "total", "x", "Total"];
        let check = |name: &str, expected: &[&str]| {
            assert_eq!(nearest(name, declared), expected, "{name}");
        };
        check("claim_modalty", &["claim_modality"]);
        check("claim_l", &["claim_lo"]);
        check("claim_ho", &["claim_hi", "claim_lo"]);
        check("tota", &["total"]);
        check("TOTAL", &["Total", "total"]);
        check("y", &[]);
        check("supply_chain", &[]);
    }
}
