//! The words after a command: options, which may be cut to a unique beginning, and the rest.

use crate::cli::repl::command::Verb;

/// Words that follow an option.
fn values(option: &str) -> usize {
    match option {
        "--by" | "--top" | "--depth" | "--expand" | "--budget" | "--rows" => 1,
        "--diff" => 2,
        _ => 0,
    }
}

/// The one of `names` that is meant: the same, or the only one that starts so.
#[must_use]
pub fn whole<'n>(names: &[&'n str], typed: &str) -> Option<&'n str> {
    if let Some(same) = names.iter().find(|name| **name == typed) {
        return Some(same);
    }
    let mut fitting = names.iter().filter(|name| !typed.is_empty() && name.starts_with(typed));
    match (fitting.next(), fitting.next()) {
        (Some(one), None) => Some(one),
        _ => None,
    }
}

/// Options with what follows each of them, and the rest as it was typed. Options stand before the
/// rest or after it; what stands after those comes with them, to be refused.
#[must_use]
pub fn apart(verb: Verb, line: &str) -> (Vec<&str>, &str) {
    let (mut options, mut rest) = (Vec::new(), line.trim());
    leading(verb, &mut rest, &mut options);
    let (about, mut after) = rest.split_at(first_option(rest));
    while !after.is_empty() {
        leading(verb, &mut after, &mut options);
        if !after.is_empty() {
            options.push(take(&mut after));
        }
    }
    (options, about.trim_end())
}

/// Takes the options that a text starts with.
fn leading<'l>(verb: Verb, rest: &mut &'l str, options: &mut Vec<&'l str>) {
    while rest.starts_with("--") {
        let typed = take(rest);
        let option = if typed.len() > 2 { whole(verb.options(), typed) } else { None };
        let option = option.unwrap_or(typed);
        options.push(option);
        for _ in 0..values(option) {
            if !rest.is_empty() {
                options.push(take(rest));
            }
        }
    }
}

/// Where the first option stands that is not in quotes or parentheses; the end if there is none.
#[must_use]
pub fn first_option(text: &str) -> usize {
    let (mut depth, mut quoted, mut escaped, mut after_blank) = (0_usize, false, false, true);
    for (at, c) in text.char_indices() {
        match c {
            '"' if !escaped => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            '-' if after_blank && !quoted && depth == 0 => {
                let name = text[at..].strip_prefix("--").unwrap_or_default();
                if name.starts_with(|c: char| c.is_ascii_alphabetic()) {
                    return at;
                }
            }
            _ => {}
        }
        escaped = quoted && c == '\\' && !escaped;
        after_blank = c.is_whitespace();
    }
    text.len()
}

/// Cuts a word, or a text in quotes of either kind, off the front.
fn take<'l>(rest: &mut &'l str) -> &'l str {
    let quoted = ['"', '\''].iter().find_map(|&quote| rest.strip_prefix(quote)?.split_once(quote));
    let (word, after) = match quoted {
        Some((quoted, after)) => (quoted, after),
        None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
    };
    *rest = after.trim_start();
    word
}

/// Names apart by blanks or commas; quotes hold a label together.
#[must_use]
pub fn names(rest: &str) -> Vec<&str> {
    let mut quoted = false;
    let apart = rest.split(|c: char| {
        quoted ^= c == '"';
        !quoted && (c.is_whitespace() || c == ',')
    });
    apart.map(|name| name.trim_matches('"')).filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_stand_before_or_after() {
        let why = |line| apart(Verb::Why, line);
        assert_eq!(
            why("--by height p(\"a --all\", 1)"),
            (vec!["--by", "height"], "p(\"a --all\", 1)")
        );
        assert_eq!(why("2 --dep 3 --full"), (vec!["--depth", "3", "--full"], "2"));
        assert_eq!(why("p(x), x = \"\\\" --y\" --a"), (vec!["--all"], "p(x), x = \"\\\" --y\""));
        assert_eq!(why("--expand 'a rule' 1"), (vec!["--expand", "a rule"], "1"));
        assert_eq!(why("--top"), (vec!["--top"], ""));
        assert_eq!(why("p(x - --y)"), (vec![], "p(x - --y)"));
        assert_eq!(apart(Verb::Sources, "a --nec b"), (vec!["--necessary", "b"], "a"));
        // Of several none is chosen.
        assert_eq!(apart(Verb::Sources, "--f total"), (vec!["--f"], "total"));
    }

    #[test]
    fn names_by_their_beginnings() {
        assert_eq!(whole(&["json", "jsonl"], "json"), Some("json"));
        assert_eq!(whole(&["json", "jsonl"], "js"), None);
        assert_eq!(whole(&["on", "off"], "of"), Some("off"));
        assert_eq!(whole(&["on", "off"], ""), None);
    }

    #[test]
    fn quotes_hold_a_label_together() {
        assert_eq!(names("c1, \"Jenny Town\"  x"), ["c1", "Jenny Town", "x"]);
    }
}
