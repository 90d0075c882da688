//! Rules typed at a prompt: a head that no `.decl` gives gets one, with the types that its body
//! gives to the arguments.

use std::sync::Arc;

use crate::base::ids::FileId;
use crate::program::program::Program;
use crate::program::question::declare;
use crate::session::session::{Refused, Session};
use crate::syntax::ast;
use crate::syntax::parser::parse;
use crate::syntax::printer::print;
use crate::text::codes::Code;
use crate::text::diagnostic::{Diagnostic, has_errors};
use crate::text::span::Span;

impl Session {
    /// What was typed as a part of a rule file, with the declarations that were left out.
    #[must_use]
    pub fn typed_text(&self) -> String {
        let texts: Vec<String> = self.typed_trees().iter().map(print).collect();
        texts.join("\n")
    }

    /// The statements that were typed, as they were typed.
    #[must_use]
    pub fn typed_statements(&self) -> Vec<&str> {
        let last = self.typed_trees().iter().filter_map(|tree| tree.items.last());
        last.map(|item| self.files().get(item.span.0.file).text.trim()).collect()
    }

    /// Adds the rules and declarations in `file`, one of this session's texts, and derives
    /// everything again.
    ///
    /// # Errors
    /// What is wrong; everything is as before then.
    pub fn add_typed(&mut self, file: FileId) -> Result<(), Refused> {
        let text = Arc::clone(&self.files().get(file).text);
        let (tree, messages) = parse(&text, file);
        if has_errors(&messages) {
            return Err(messages);
        }
        for item in &tree.items {
            if let ast::ItemKind::Directive(_) | ast::ItemKind::Include { .. } = item.kind {
                let message = Diagnostic::new(Code::H0701, "this has no effect at the prompt")
                    .label(item.span.0, "rules and declarations can be added here")
                    .help("write it into a file and load that");
                return Err(vec![message]);
            }
        }
        let tree = declare(&self.world().program, &tree);
        let heads = undeclared(&tree, &self.world().program);
        self.add(tree).map_err(|mut messages| {
            let is_head = |message: &Diagnostic| {
                message.code == Code::H0101
                    && message.span().is_some_and(|span| heads.contains(&span))
            };
            // The types of a head follow from its body: if that is wrong, its own mistake counts.
            if messages.iter().any(|message| !is_head(message)) {
                messages.retain(|message| !is_head(message));
            }
            for message in messages.iter_mut().filter(|message| is_head(message)) {
                message.helps.retain(|help| !help.starts_with("declare it"));
                message
                    .helps
                    .push("its types do not follow from this rule: `.decl` it first".into());
            }
            messages
        })
    }
}

/// The names of heads that nothing declares.
fn undeclared(tree: &ast::Program, program: &Program) -> Vec<Span> {
    let mut declared: Vec<&str> = Vec::new();
    let mut heads: Vec<&ast::Name> = Vec::new();
    for item in &tree.items {
        match &item.kind {
            ast::ItemKind::Relation(decl) => {
                declared.extend(decl.names.iter().map(|name| name.node.as_str()));
            }
            ast::ItemKind::Rule(rule) => heads.extend(rule.heads.iter().map(|head| &head.name)),
            _ => {}
        }
    }
    heads.retain(|name| {
        !declared.contains(&name.node.as_str()) && program.relation(&name.node).is_none()
    });
    heads.iter().map(|name| name.span).collect()
}
