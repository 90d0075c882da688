//! Rules typed at a prompt: a head that no `.decl` gives gets one, with the types that its body
//! gives to the arguments.

use std::sync::Arc;

use crate::base::ids::FileId;
use crate::program::question::declare;
use crate::session::session::{Refused, Session};
use crate::syntax::ast;
use crate::syntax::parser::parse;
use crate::text::codes::Code;
use crate::text::diagnostic::{Diagnostic, has_errors};

impl Session {
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
        self.add(tree)
    }
}
