//! Statements: declarations, directives, facts and rules. Each is read to its end or reported and
//! skipped.

use std::mem;

use crate::syntax::ast::{
    Column, Directive, DirectiveKind, ItemKind, Name, PlanHint, RelationDecl, Rule, Spanned,
    TypeDecl, TypeKind,
};
use crate::syntax::attach::Slot;
use crate::syntax::lexer;
use crate::syntax::parser::{Failed, Parsed, Parser};
use crate::syntax::token::{Directive as Word, Kind};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::span::Span;

impl Parser<'_> {
    /// Reads one statement.
    pub(super) fn item(&mut self) {
        self.start_item();
        let start = self.token().span;
        let result = match self.kind() {
            Kind::Directive(word) => self.directive(word),
            _ => self.clause(),
        };
        // A declaration that brings names is worth keeping even if a part of it is refused.
        let tainted = self.was_tainted();
        let keep = !self.leave_out && !tainted;
        let span = self.since(start);
        match result {
            Ok(items) => {
                for (kind, span) in items {
                    let declares = matches!(kind, ItemKind::Relation(_) | ItemKind::Type(_));
                    let item = (keep || declares).then_some(kind);
                    self.slots.push(Slot { item, span });
                }
            }
            Err(Failed) => {
                self.recover();
                self.slots.push(Slot { item: None, span });
            }
        }
    }

    fn directive(&mut self, word: Word) -> Parsed<Vec<(ItemKind, Span)>> {
        let start = self.bump().span;
        let item = match word {
            Word::Decl => ItemKind::Relation(self.relation_decl()?),
            Word::Type => ItemKind::Type(self.type_decl()?),
            Word::SymbolType => self.legacy_type("symbol", start)?,
            Word::NumberType => self.legacy_type("number", start)?,
            Word::Input => return self.file_directive(DirectiveKind::Input, start),
            Word::Output => return self.file_directive(DirectiveKind::Output, start),
            Word::Printsize => return self.file_directive(DirectiveKind::Printsize, start),
            Word::Include => ItemKind::Include { path: self.string("the path of a file")? },
            Word::Once => ItemKind::Once,
            Word::Pragma => {
                let key = self.string("the key of a pragma")?;
                let value =
                    if self.kind() == Kind::Text { Some(self.string("a value")?) } else { None };
                ItemKind::Pragma { key, value }
            }
            Word::Plan => {
                self.plan(start)?;
                return Ok(Vec::new());
            }
            Word::Limitsize
            | Word::Comp
            | Word::Init
            | Word::Override
            | Word::Functor
            | Word::Lattice
            | Word::DebugDelta => {
                self.refused_directive(word, start);
                return Ok(Vec::new());
            }
        };
        Ok(vec![(item, self.since(start))])
    }

    fn string(&mut self, what: &str) -> Parsed<Spanned<String>> {
        let token = self.expect(Kind::Text, &format!("{what} in quotes"), &[])?;
        Ok(Spanned { node: lexer::unescape(self.text_of(token.span)), span: token.span })
    }

    fn relation_decl(&mut self) -> Parsed<RelationDecl> {
        let mut names = vec![self.name("relation")?];
        let result = self.relation_decl_rest(&mut names);
        if result.is_err() {
            self.unread.extend(names.iter().map(|name| name.node.clone()));
        }
        let (columns, qualifiers) = result?;
        Ok(RelationDecl { names, columns, qualifiers })
    }

    fn relation_decl_rest(&mut self, names: &mut Vec<Name>) -> Parsed<(Vec<Column>, Vec<Name>)> {
        while self.accept(Kind::Comma) {
            names.push(self.name("relation")?);
        }
        if self.kind() == Kind::Eq {
            self.refused_delta();
            self.unread.extend(names.iter().map(|name| name.node.clone()));
            return Err(Failed);
        }
        let columns = self.columns()?;
        let qualifiers = self.qualifiers()?;
        Ok((columns, qualifiers))
    }

    fn columns(&mut self) -> Parsed<Vec<Column>> {
        let open = self.expect(Kind::Open, "`(` and the columns", &[])?;
        let mut columns = Vec::new();
        if self.accept(Kind::Close) {
            return Ok(columns);
        }
        loop {
            let name = self.name("column")?;
            if self.kind() != Kind::Colon {
                return Err(self.lacks_type(&name));
            }
            self.bump();
            let ty = self.qualified_name("type")?;
            if self.kind() == Kind::Lt && self.ahead(1).kind == Kind::Gt {
                let start = self.bump().span;
                self.bump();
                let span = self.since(start);
                self.refuse("the lattice mark `<>`", span);
            }
            columns.push(Column { name, ty });
            if !self.accept(Kind::Comma) {
                self.close(open)?;
                return Ok(columns);
            }
        }
    }

    fn lacks_type(&mut self, name: &Name) -> Failed {
        if !matches!(self.kind(), Kind::Comma | Kind::Close) {
            return self.unexpected("`:` and a type", &[]);
        }
        let message = format!("column `{}` has no type", name.node);
        self.fail(Diagnostic::new(Code::H0001, message).label(name.span, "").help(format!(
            "write `{}: symbol`, or another type: number, unsigned, float",
            name.node
        )))
    }

    /// The words after the columns of a declaration.
    fn qualifiers(&mut self) -> Parsed<Vec<Name>> {
        let mut qualifiers = Vec::new();
        while self.kind() == Kind::Name && !matches!(self.ahead(1).kind, Kind::Open | Kind::Dot) {
            let span = self.token().span;
            let text = self.text_of(span);
            match text {
                "btree" | "brie" | "btree_delete" | "magic" | "no_magic" | "no_inline"
                | "overridable" => {
                    self.bump();
                    qualifiers.push(Spanned { node: text.to_owned(), span });
                }
                "eqrel" | "inline" => {
                    self.bump();
                    self.refuse(&format!("`{text}`"), span);
                }
                "input" | "output" | "printsize" => {
                    self.bump();
                    let message = format!("the qualifier `{text}` is not supported yet");
                    self.report(
                        Diagnostic::new(Code::H0003, message)
                            .label(span, "")
                            .help(format!("use the directive `.{text}`")),
                    );
                }
                "choice" if self.ahead(1).kind == Kind::Minus => self.refused_choice(),
                _ => return Err(self.unknown_qualifier(span)),
            }
        }
        Ok(qualifiers)
    }

    fn unknown_qualifier(&mut self, span: Span) -> Failed {
        let text = self.text_of(span);
        // The declaration itself can be used; its names are known.
        let message = format!("unknown qualifier `{text}`");
        let diagnostic = Diagnostic::new(Code::H0001, message)
            .label(span, "a declaration ends at its last parenthesis or with a qualifier")
            .note("qualifiers are btree, brie, btree_delete, magic, no_magic, no_inline");
        self.fail(diagnostic)
    }

    fn legacy_type(&mut self, base: &str, span: Span) -> Parsed<ItemKind> {
        let name = self.name("type")?;
        let kind = TypeKind::Legacy(Spanned { node: base.to_owned(), span });
        Ok(ItemKind::Type(TypeDecl { name, kind }))
    }

    fn type_decl(&mut self) -> Parsed<TypeDecl> {
        let name = self.name("type")?;
        let span = name.span;
        let kind = match self.kind() {
            Kind::Subtype => {
                self.bump();
                TypeKind::Subtype(self.qualified_name("type")?)
            }
            Kind::Eq => {
                self.bump();
                self.type_definition(&name)?
            }
            _ => TypeKind::Legacy(Spanned { node: "symbol".to_owned(), span }),
        };
        Ok(TypeDecl { name, kind })
    }

    /// What follows `.type A =`. A record or branch type is refused; a subtype of symbol takes its
    /// place in the tree, so that its name is known.
    fn type_definition(&mut self, name: &Name) -> Parsed<TypeKind> {
        let refused = TypeKind::Subtype(Spanned { node: "symbol".to_owned(), span: name.span });
        if self.kind() == Kind::OpenBracket {
            self.refused_record_type();
            return Ok(refused);
        }
        let mut members = Vec::new();
        loop {
            if self.kind() == Kind::Name && self.ahead(1).kind == Kind::OpenBrace {
                self.refused_branches();
                return Ok(refused);
            }
            members.push(self.qualified_name("type")?);
            if !self.accept(Kind::Pipe) {
                return Ok(TypeKind::Union(members));
            }
        }
    }

    /// `.input a, b(key=value), c`: parameters belong to the names before them; each group becomes
    /// a directive of its own.
    fn file_directive(
        &mut self,
        kind: DirectiveKind,
        start: Span,
    ) -> Parsed<Vec<(ItemKind, Span)>> {
        let mut items = Vec::new();
        let mut relations = Vec::new();
        let mut from = start;
        loop {
            relations.push(self.qualified_name("relation")?);
            let with_parameters = self.kind() == Kind::Open;
            let parameters = if with_parameters { self.parameters(kind)? } else { Vec::new() };
            let more = self.accept(Kind::Comma);
            if with_parameters || !more {
                let relations = mem::take(&mut relations);
                let directive = Directive { kind, relations, parameters };
                items.push((ItemKind::Directive(directive), self.since(from)));
                from = self.token().span;
            }
            if !more {
                return Ok(items);
            }
        }
    }

    fn parameters(&mut self, kind: DirectiveKind) -> Parsed<Vec<(Name, Spanned<String>)>> {
        let open = self.bump();
        let mut parameters = Vec::new();
        if self.accept(Kind::Close) {
            return Ok(parameters);
        }
        loop {
            let key = self.name("parameter")?;
            self.expect(Kind::Eq, "`=` and a value", &[])?;
            let value = self.parameter_value()?;
            if self.check_parameter(kind, &key, &value) {
                parameters.push((key, value));
            }
            if !self.accept(Kind::Comma) {
                self.close(open)?;
                return Ok(parameters);
            }
        }
    }

    fn parameter_value(&mut self) -> Parsed<Spanned<String>> {
        let token = self.token();
        let text = self.text_of(token.span);
        let node = match token.kind {
            Kind::Text => lexer::unescape(text),
            Kind::Name | Kind::Word(_) | Kind::Integer(_) => text.to_owned(),
            _ => return Err(self.unexpected("a value: a word, a number or a string", &[])),
        };
        self.bump();
        Ok(Spanned { node, span: token.span })
    }

    /// `.plan 0: (1, 2), 1: (2, 1)` after a rule, to which it is added.
    fn plan(&mut self, start: Span) -> Parsed<()> {
        let mut hints = Vec::new();
        loop {
            let version = self.small_number("the number of a version")?;
            self.expect(Kind::Colon, "`:`", &[])?;
            let open = self.expect(Kind::Open, "`(` and the order of the atoms", &[])?;
            let mut order = Vec::new();
            if !self.accept(Kind::Close) {
                loop {
                    order.push(self.small_number("the number of an atom")?);
                    if !self.accept(Kind::Comma) {
                        self.close(open)?;
                        break;
                    }
                }
            }
            hints.push(PlanHint { version, order });
            if !self.accept(Kind::Comma) {
                break;
            }
        }
        let end = self.last().span;
        match self.slots.last_mut() {
            Some(Slot { item: Some(ItemKind::Rule(rule)), span }) if rule.body.is_some() => {
                rule.plan.extend(hints);
                *span = span.to(end);
            }
            Some(Slot { item: None, .. }) => {}
            _ => {
                let message = "a `.plan` must follow the rule that it is for";
                self.report(
                    Diagnostic::new(Code::H0001, message).label(start, "no rule before this"),
                );
            }
        }
        Ok(())
    }

    fn small_number(&mut self, what: &str) -> Parsed<Spanned<u32>> {
        let token = self.token();
        match token.kind {
            Kind::Integer(value) if let Ok(node) = u32::try_from(value) => {
                self.bump();
                Ok(Spanned { node, span: token.span })
            }
            _ => Err(self.unexpected(what, &[])),
        }
    }

    /// A fact or a rule.
    fn clause(&mut self) -> Parsed<Vec<(ItemKind, Span)>> {
        let start = self.token().span;
        if self.kind() != Kind::Name || self.text_of(start) == "?" {
            return Err(self.no_statement());
        }
        let mut heads = Vec::new();
        loop {
            let head = self.atom("relation")?;
            heads.push(head.node);
            if !self.accept(Kind::Comma) {
                break;
            }
        }
        let body = match self.kind() {
            Kind::If => {
                self.bump();
                Some(self.body()?.node)
            }
            Kind::Le if self.ahead(1).kind == Kind::Name => {
                self.refused_subsumption()?;
                return Ok(Vec::new());
            }
            _ => None,
        };
        if self.kind() != Kind::Dot {
            let (was_left_out, is_fresh) = (self.leave_out, self.starts_afresh());
            let failed = self.lacks_dot(body.is_some(), heads.len());
            if !is_fresh || body.is_none() && heads.len() > 1 {
                return Err(failed);
            }
            // It is whole but for its end: what else is wrong with it can be told.
            self.leave_out = was_left_out;
            let rule = Rule { heads, body, plan: Vec::new() };
            return Ok(vec![(ItemKind::Rule(rule), self.since(start))]);
        }
        if body.is_none() && heads.len() > 1 {
            return Err(self.facts_joined(&heads[1].name));
        }
        self.bump();
        let rule = Rule { heads, body, plan: Vec::new() };
        Ok(vec![(ItemKind::Rule(rule), self.since(start))])
    }

    fn facts_joined(&mut self, second: &Name) -> Failed {
        self.fail(
            Diagnostic::new(Code::H0001, "expected `:-` after several heads, found `.`")
                .label(self.token().span, "unexpected full stop")
                .label(second.span, "a second head")
                .help("end every fact with its own `.`"),
        )
    }

    /// Whether what stands here looks like the start of another statement.
    fn starts_afresh(&self) -> bool {
        match self.kind() {
            Kind::Directive(_) => true,
            Kind::Name => self.token().flush && self.ahead(1).kind == Kind::Open,
            _ => false,
        }
    }

    /// A clause goes on with something that can neither continue nor end it.
    fn lacks_dot(&mut self, rule: bool, heads: usize) -> Failed {
        let found = self.token();
        if !self.starts_afresh() {
            let expected = match (rule, heads) {
                (true, _) => "`,`, `;` or `.`",
                (false, 1) => "`:-` or `.`",
                (false, _) => "`,` or `:-`",
            };
            let fixes: &[&str] = if rule { &[",", "."] } else { &["."] };
            let failed = self.unexpected(expected, fixes);
            if matches!(found.kind, Kind::Lt | Kind::Le | Kind::Colon | Kind::Eq) && !rule {
                self.advise("a rule is written `head :- body.`");
            }
            return failed;
        }
        let what = if rule { "rule" } else { "fact" };
        let text = self.text_of(found.span);
        let line = self.line(self.last().span.start as usize);
        let message = format!("expected `.` to end the {what}, found `{text}`");
        let mut diagnostic = Diagnostic::new(Code::H0001, message)
            .label(found.span, format!("unexpected {}", found.kind.noun()))
            .label(self.last_literal(), format!("the {what} of line {line} has no `.` after this"));
        let fix = self.tried(&format!("end the {what}"), self.last().span.after(), ".");
        diagnostic.fixes.extend(fix);
        self.fail(diagnostic)
    }

    /// From the name of the atom that the last token closes, or else the last token.
    fn last_literal(&self) -> Span {
        let last = self.last().span;
        let statement = self.first().span.start as usize;
        let text = &self.text[statement..last.end as usize];
        let mut open = 0;
        for (at, byte) in text.bytes().enumerate().rev() {
            match byte {
                b')' => open += 1,
                b'(' => open -= 1,
                b'\n' | b'"' => return last,
                _ => {}
            }
            if open == 0 && byte != b'(' {
                let name = byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'?';
                if !name {
                    let start = u32::try_from(statement + at + 1).unwrap_or(last.start);
                    return Span { start: start.min(last.start), ..last };
                }
            }
        }
        last
    }

    /// What stands here starts no statement.
    fn no_statement(&mut self) -> Failed {
        let found = self.token();
        let span = found.span;
        let text = self.text_of(span);
        let expected = "expected a declaration, a fact or a rule";
        while self.kind() == Kind::Dot && self.ahead(1).kind == Kind::Dot {
            self.bump();
        }
        let diagnostic = match found.kind {
            Kind::Dot
                if self.ahead(1).kind == Kind::Name && self.ahead(1).span.start == span.end =>
            {
                return self.unknown_directive();
            }
            Kind::Bang => Diagnostic::new(Code::H0001, "a head cannot be negated")
                .label(span, "")
                .help("a rule says what holds; deny in its body"),
            Kind::If => Diagnostic::new(Code::H0001, "a rule needs a head before `:-`")
                .label(span, "")
                .help("name the relation that the body fills"),
            Kind::Percent => Diagnostic::new(Code::H0001, format!("{expected}, found `%`"))
                .label(span, "")
                .help("comments start with `//`"),
            Kind::Name if text == "?" => {
                Diagnostic::new(Code::H0001, format!("{expected}, found a question"))
                    .label(span, "")
                    .help("questions are asked at the prompt or with `hence query`")
            }
            Kind::Word(_) => return self.name("relation").map_or_else(|failed| failed, |_| Failed),
            _ => {
                let noun = found.kind.noun();
                let found = lexer::shorten(text);
                Diagnostic::new(Code::H0001, format!("{expected}, found {found}"))
                    .label(span, format!("unexpected {noun}"))
            }
        };
        self.fail(diagnostic)
    }

    /// `.foo`, where `.foo` is no directive.
    fn unknown_directive(&mut self) -> Failed {
        let start = self.bump().span;
        let span = start.to(self.bump().span);
        let text = self.text_of(span);
        let nearest = Word::ALL
            .iter()
            .map(|word| {
                let distance = strsim::osa_distance(word.text(), text);
                (if text.starts_with(word.text()) { 1 } else { distance }, word.text())
            })
            .min()
            .filter(|&(distance, word)| distance <= 1.max(word.len() / 3));
        let mut diagnostic =
            Diagnostic::new(Code::H0001, format!("unknown directive `{text}`")).label(span, "");
        if let Some((_, word)) = nearest {
            diagnostic = diagnostic.help(format!("there is a directive `{word}`"));
        }
        // The rest of the line is its arguments.
        let failed = self.fail(diagnostic);
        let rest = &self.text[span.end as usize..];
        let line_end = span.end as usize + rest.find('\n').unwrap_or(rest.len());
        while self.kind() != Kind::End && (self.token().span.start as usize) < line_end {
            self.bump();
        }
        failed
    }
}
