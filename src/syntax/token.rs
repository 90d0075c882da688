//! [`Token`]: a word or mark of a rule file with its place. Tokens do not own text: names and
//! strings are read from the file by span. Comments are not tokens; the lexer lists them apart.

use crate::text::span::Span;

/// A token.
#[derive(Clone, Copy, Debug)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where.
    pub span: Span,
    /// Whether it is the first token of its line and stands in the first column.
    pub flush: bool,
    /// Whether the lexer has reported something in it or directly before it, so that a complaint
    /// of the parser would be a second one about the same thing.
    pub tainted: bool,
}

/// Kinds of tokens.
#[derive(Clone, Copy, PartialEq, Debug)]
#[expect(missing_docs, reason = "marks are named after themselves; `text` shows them")]
pub enum Kind {
    /// A name that is no word of the language.
    Name,
    /// A word of the language.
    Word(Word),
    /// `.decl` and its like.
    Directive(Directive),
    /// A string in quotes, escapes unread.
    Text,
    /// An integer without suffix.
    Integer(u64),
    /// An integer with suffix `u`.
    Unsigned(u64),
    /// A number with point or exponent.
    Float(f64),
    /// `_`
    Any,
    Open,
    Close,
    OpenBrace,
    CloseBrace,
    OpenBracket,
    CloseBracket,
    Comma,
    Semicolon,
    Dot,
    Colon,
    /// `:-`
    If,
    /// `<:`
    Subtype,
    /// `->`
    Arrow,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    Caret,
    Bang,
    Pipe,
    Dollar,
    At,
    /// The end of the text.
    End,
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident $($text:literal)+;)*) => {
        /// Words that cannot be used as names.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[expect(missing_docs, reason = "the names are those of the language")]
        pub enum Word { $($(#[$doc])* $name,)* }

        impl Word {
            /// Every word as written, with what it is.
            pub const ALL: &'static [(&'static str, Self)] = &[$($(($text, Self::$name),)+)*];

            /// The word spelt `text`.
            #[must_use]
            pub fn of(text: &str) -> Option<Self> {
                Some(match text {
                    $($($text)|+ => Self::$name,)*
                    _ => return None,
                })
            }
        }
    };
}

words! {
    Band "band";
    Bor "bor";
    Bxor "bxor";
    Bshl "bshl";
    Bshr "bshr";
    Bshru "bshru";
    Land "land";
    Lor "lor";
    Lxor "lxor";
    Bnot "bnot";
    Lnot "lnot";
    Count "count";
    Sum "sum";
    Min "min";
    Max "max";
    Mean "mean";
    As "as";
    True "true";
    False "false";
    /// `cat`, `ord`, `range`, `strlen`, `substr`, `to_…`
    Functor "cat" "ord" "range" "strlen" "substr" "to_float" "to_number" "to_string" "to_unsigned";
    /// `match`, `contains`
    Test "match" "contains";
    /// A word of the dialect that hence does not read yet: `nil`, `autoinc`, …
    Later "nil" "autoinc" "recursive_iteration_cnt" "debug_delta"
        "__FILE__" "__LINE__" "__INCL__" "__ITERATION__";
}

impl Word {
    /// Whether it is an operator between two terms.
    #[must_use]
    pub fn is_infix(self) -> bool {
        matches!(
            self,
            Self::Band
                | Self::Bor
                | Self::Bxor
                | Self::Bshl
                | Self::Bshr
                | Self::Bshru
                | Self::Land
                | Self::Lor
                | Self::Lxor
        )
    }
}

macro_rules! directives {
    ($($name:ident $text:literal)*) => {
        /// Directives of the dialect.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[expect(missing_docs, reason = "the names are those of the language")]
        pub enum Directive { $($name,)* }

        impl Directive {
            /// Every directive.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// As written, with the dot.
            #[must_use]
            pub fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The directive spelt `text`, the dot included.
            #[must_use]
            pub fn of(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$name),)* _ => None }
            }
        }
    };
}

directives! {
    Decl ".decl"
    Type ".type"
    SymbolType ".symbol_type"
    NumberType ".number_type"
    Input ".input"
    Output ".output"
    Printsize ".printsize"
    Include ".include"
    Once ".once"
    Pragma ".pragma"
    Plan ".plan"
    Limitsize ".limitsize"
    Comp ".comp"
    Init ".init"
    Override ".override"
    Functor ".functor"
    Lattice ".lattice"
    DebugDelta ".debug_delta"
}

impl Kind {
    /// Whether a term or a comparison goes on after this token: what tells `(x + 1) * 2 = y`
    /// from `(p(x); q(x))`.
    #[must_use]
    pub fn is_operator(self) -> bool {
        match self {
            Self::Plus | Self::Minus | Self::Star | Self::Slash | Self::Percent | Self::Caret => {
                true
            }
            Self::Word(word) => word.is_infix(),
            other => other.is_comparison(),
        }
    }

    /// Whether it compares two terms.
    #[must_use]
    pub fn is_comparison(self) -> bool {
        matches!(self, Self::Eq | Self::Ne | Self::Lt | Self::Le | Self::Gt | Self::Ge)
    }

    /// The bracket that closes this one.
    #[must_use]
    pub fn closing(self) -> Option<Self> {
        match self {
            Self::Open => Some(Self::Close),
            Self::OpenBrace => Some(Self::CloseBrace),
            Self::OpenBracket => Some(Self::CloseBracket),
            _ => None,
        }
    }

    /// What a reader would call it.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Name | Self::Any => "name",
            Self::Word(_) => "word",
            Self::Directive(_) => "directive",
            Self::Text => "string",
            Self::Integer(_) | Self::Unsigned(_) | Self::Float(_) => "number",
            Self::Open
            | Self::Close
            | Self::OpenBrace
            | Self::CloseBrace
            | Self::OpenBracket
            | Self::CloseBracket => "bracket",
            Self::Comma | Self::Semicolon => "separator",
            Self::Dot => "full stop",
            Self::End => "end of the text",
            _ => "operator",
        }
    }
}

/// A comment.
#[derive(Clone, Copy, Debug)]
pub struct Comment {
    /// Which form.
    pub kind: CommentKind,
    /// From its first to its last character, the line end not included.
    pub span: Span,
}

/// Forms of comments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CommentKind {
    /// `// …`
    Line,
    /// `/* … */`
    Block,
    /// `//@ …`
    Annotation,
}
