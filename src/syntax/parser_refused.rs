//! What the dialect has and hence does not read yet: recognised, refused by name, and skipped as a
//! whole.

use crate::syntax::ast::{DirectiveKind, Name, Spanned};
use crate::syntax::lexer;
use crate::syntax::parser::{Parsed, Parser};
use crate::syntax::token::{Directive as Word, Kind};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::span::Span;

/// Parameters of `.input` and `.output` that have an effect here.
const KNOWN_PARAMETERS: [&str; 3] = ["IO", "filename", "name"];

/// Parameters that the dialect has beside those.
const LATER_PARAMETERS: [&str; 14] = [
    "delimiter",
    "headers",
    "rfc4180",
    "compress",
    "columns",
    "attributeNames",
    "dbname",
    "format",
    "operation",
    "params",
    "types",
    "relation_name",
    "fact_dir",
    "output_dir",
];

impl Parser<'_> {
    /// A directive of the dialect that is not read yet; its first token has been taken.
    pub(super) fn refused_directive(&mut self, word: Word, span: Span) {
        if !self.in_refused_component(word) {
            self.refuse(&format!("`{}`", word.text()), span);
        }
        match word {
            Word::Comp | Word::Lattice => self.skip_block(),
            Word::Init => {
                self.accept(Kind::Name);
                self.accept(Kind::Eq);
                self.accept(Kind::Name);
                self.skip_angles();
            }
            Word::Functor => {
                self.accept(Kind::Name);
                self.skip_group();
                if self.accept(Kind::Colon) {
                    self.qualified_text();
                }
                if self.text_of(self.token().span) == "stateful" {
                    self.bump();
                }
            }
            _ => {
                self.qualified_text();
                self.skip_group();
            }
        }
        self.components |= matches!(word, Word::Comp | Word::Init);
    }

    /// An `.init` is not worth a second message where a `.comp` was refused.
    fn in_refused_component(&self, word: Word) -> bool {
        matches!(word, Word::Init | Word::Override) && self.components
    }

    /// `a.b` names a relation or type within a component; where the component itself has been
    /// refused that is enough.
    pub(super) fn refuse_component_member(&mut self, name: &str, span: Span) {
        self.leave_out = true;
        if !self.components {
            self.refuse(&format!("`{name}`, a part of a component,"), span);
        }
    }

    /// To after the brace that closes the next one.
    fn skip_block(&mut self) {
        while !matches!(self.kind(), Kind::OpenBrace | Kind::End | Kind::Directive(_)) {
            self.bump();
        }
        self.skip_group();
    }

    /// To after the bracket that closes the current one; if there is none, of a brace to the end
    /// of the text.
    fn skip_group(&mut self) {
        let open = self.kind();
        let Some(closing) = open.closing() else { return };
        let mut depth = 0_usize;
        while self.kind() != Kind::End {
            let kind = self.bump().kind;
            depth += usize::from(kind == open);
            if kind == closing {
                depth -= 1;
                if depth == 0 {
                    return;
                }
            }
        }
        self.unexpected("a closing bracket", &[]);
    }

    /// `<A, B<C>>`
    fn skip_angles(&mut self) {
        let mut depth = 0_usize;
        while matches!(self.kind(), Kind::Lt | Kind::Gt | Kind::Name | Kind::Comma) {
            match self.kind() {
                Kind::Lt => depth += 1,
                Kind::Gt => depth = depth.saturating_sub(1),
                _ if depth == 0 => return,
                _ => {}
            }
            self.bump();
        }
    }

    /// `= debug_delta(r)` in a declaration.
    pub(super) fn refused_delta(&mut self) {
        self.bump();
        let span = self.token().span;
        self.refuse("`debug_delta`", span);
        self.bump();
        self.skip_group();
    }

    /// `choice-domain x, (y, z)`
    pub(super) fn refused_choice(&mut self) {
        let start = self.bump().span;
        self.bump();
        self.accept(Kind::Name);
        let span = self.since(start);
        self.refuse("`choice-domain`", span);
        loop {
            if self.kind() == Kind::Open {
                self.skip_group();
            } else {
                self.accept(Kind::Name);
            }
            if !self.accept(Kind::Comma) {
                return;
            }
        }
    }

    /// `[a: number]` in a type declaration.
    pub(super) fn refused_record_type(&mut self) {
        let span = self.token().span;
        self.refuse("a record type `[…]`", span);
        self.skip_group();
    }

    /// `A {x: number} | B {}` in a type declaration.
    pub(super) fn refused_branches(&mut self) {
        let start = self.token().span;
        let name = self.text_of(start);
        self.refuse(&format!("a type with branches such as `{name} {{…}}`"), start);
        loop {
            self.accept(Kind::Name);
            if self.kind() == Kind::OpenBrace {
                self.skip_group();
            }
            if !self.accept(Kind::Pipe) {
                return;
            }
        }
    }

    /// `p(x) <= p(y) :- body.` after the first head.
    pub(super) fn refused_subsumption(&mut self) -> Parsed<()> {
        let span = self.bump().span;
        self.refuse("`<=` between heads (subsumption)", span);
        self.atom("relation")?;
        self.expect(Kind::If, "`:-`", &[])?;
        self.body()?;
        self.expect(Kind::Dot, "`,`, `;` or `.`", &["."])?;
        Ok(())
    }

    /// Whether a parameter of a file directive can be used; if not, that is reported.
    pub(super) fn check_parameter(
        &mut self,
        kind: DirectiveKind,
        key: &Name,
        value: &Spanned<String>,
    ) -> bool {
        let name = key.node.as_str();
        let leave_out = self.leave_out;
        if name == "IO" && value.node != "file" {
            self.refuse(&lexer::shorten(&format!("IO={}", value.node)), value.span);
        } else if LATER_PARAMETERS.contains(&name) {
            self.refuse(&format!("the parameter `{name}`"), key.span);
        } else if !KNOWN_PARAMETERS.contains(&name) {
            let directive = match kind {
                DirectiveKind::Input => ".input",
                DirectiveKind::Output => ".output",
                DirectiveKind::Printsize => ".printsize",
            };
            let message = format!("unknown parameter `{name}` of `{directive}`");
            let nearest = KNOWN_PARAMETERS
                .into_iter()
                .chain(LATER_PARAMETERS)
                .find(|known| strsim::osa_distance(known, name) <= 1.max(name.len() / 3));
            let diagnostic = Diagnostic::new(Code::H0109, message).label(key.span, "");
            self.report(match nearest {
                Some(known) => diagnostic.help(format!("there is a parameter `{known}`")),
                None => diagnostic.note("parameters are IO, filename and name"),
            });
        } else {
            return true;
        }
        // The directive itself is good: without the parameter it stays in the tree.
        self.leave_out = leave_out;
        false
    }
}
