//! What a relation is, in words: its signature, its comment, and what its module says of it.

use crate::program::program::{Program, Relation};
use crate::text::files::Files;

/// `total(r: symbol, lo: number)`
#[must_use]
pub fn signature(program: &Program, relation: &Relation) -> String {
    let columns: Vec<String> = relation
        .columns
        .iter()
        .map(|column| format!("{}: {}", column.name, program.types[column.ty].name))
        .collect();
    format!("{}({})", relation.name, columns.join(", "))
}

/// What is said of a relation where it is declared, a line each: its comment, or else what the
/// comment at the start of the file says of it; and how its tuples read.
#[must_use]
pub fn about(relation: &Relation, files: &Files) -> Vec<String> {
    let comment = relation.doc.lines().map(|line| line.trim_start_matches('/').trim().to_owned());
    let mut lines: Vec<String> = comment.collect();
    if relation.doc.is_empty() {
        let text = &files.get(relation.span.file).text;
        lines.extend(described(text, &relation.name).map(str::to_owned));
    }
    lines.extend(relation.words.say.iter().map(|say| format!("reads as: {say}")));
    lines
}

/// What the comment at the start of a file says of a relation, as modules do that list theirs:
/// `//  total(r, label, lo, hi)  what the reading r comes to;  …`
#[must_use]
pub fn described<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let atom = format!("{name}(");
    for line in text.lines().take_while(|line| line.starts_with("//")) {
        let starts = line.match_indices(&atom).map(|(at, _)| at);
        for at in starts.filter(|at| line[..*at].ends_with(' ')) {
            // After the atom, and others of which the same is said, stand two spaces.
            let Some((_, about)) = line[at..].split_once(")  ") else { continue };
            let about = about.split(";  ").next().unwrap_or(about).trim();
            if !about.is_empty() {
                return Some(about);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::described;

    #[test]
    fn the_head_of_a_file_describes_its_relations() {
        let text = "// m.dl: a question\n//\n// outputs  a(x, y)  what x is;  ab(x)  another\n\
                    //          lo(c), hi(c)  the figure of c (if any)\n//          none(x)\n\n\
                    // b(x)  too late\n";
        assert_eq!(described(text, "a"), Some("what x is"));
        assert_eq!(described(text, "ab"), Some("another"));
        assert_eq!(described(text, "lo"), Some("the figure of c (if any)"));
        assert_eq!(described(text, "hi"), Some("the figure of c (if any)"));
        assert_eq!(described(text, "none"), None);
        assert_eq!(described(text, "b"), None);
    }
}
