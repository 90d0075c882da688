//! Did you mean: the known names that a mistyped one is nearest to.

/// At most two of `known` that differ from `name` by at most a third of its length (by one
/// character at least), nearest first, equals in the order given.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let allowed = (name.chars().count() / 3).max(1);
    let folded = name.to_lowercase();
    let mut found: Vec<(usize, &str)> = known
        .into_iter()
        .filter(|candidate| *candidate != name)
        .map(|candidate| {
            (strsim::damerau_levenshtein(&folded, &candidate.to_lowercase()), candidate)
        })
        .filter(|(distance, _)| *distance <= allowed)
        .collect();
    found.sort_by_key(|(distance, _)| *distance);
    found.dedup_by_key(|(_, candidate)| *candidate);
    found.into_iter().take(2).map(|(_, candidate)| candidate).collect()
}

/// `a` or `a` or `b`, in backquotes, for a message; nothing if there is no name.
#[must_use]
pub fn alternatives(names: &[&str]) -> Option<String> {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    (!quoted.is_empty()).then(|| quoted.join(" or "))
}
