//! Sentences with placeholders, as annotations give them: `{a}` is a value or the label of an id,
//! `{a.id}` the id itself, `{a..b}` a range.

/// A sentence with the texts of its placeholders, if all have one. `text` is asked for a name, and
/// whether the id itself is meant; `range` writes two ends that differ.
pub fn fill(
    template: &str,
    text: &dyn Fn(&str, bool) -> Option<String>,
    range: &dyn Fn(String, String) -> String,
) -> Option<String> {
    let text = |name: &str| match name.strip_suffix(".id") {
        Some(name) => text(name, true),
        None => text(name, false),
    };
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, next) = after.split_once('}').unwrap_or((after, ""));
        out.push_str(before);
        out.push_str(&match name.split_once("..") {
            None => text(name)?,
            Some((from, to)) => match (text(from)?, text(to)?) {
                (from, to) if from == to => from,
                (from, to) => range(from, to),
            },
        });
        rest = next;
    }
    out.push_str(rest);
    Some(out)
}
