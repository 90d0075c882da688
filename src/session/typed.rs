//! Rules typed at a prompt: a head that no `.decl` gives gets one, with the types that its body
//! gives to the arguments.

use crate::base::ids::FileId;
use crate::program::program::Program;
use crate::session::question::Question;
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
        let text = self.files().get(file).text.clone();
        let (mut tree, messages) = parse(&text, file);
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
        let declared = self.declarations(&tree)?;
        tree.items.splice(0..0, declared);
        self.add(tree)
    }

    /// Declarations for the heads that have none.
    fn declarations(&self, tree: &ast::Program) -> Result<Vec<ast::Item>, Refused> {
        let program = &self.world().program;
        let mut items: Vec<ast::Item> = Vec::new();
        let mut known: Vec<&str> = Vec::new();
        for item in &tree.items {
            if let ast::ItemKind::Relation(decl) = &item.kind {
                known.extend(decl.names.iter().map(|name| name.node.as_str()));
            }
        }
        for item in &tree.items {
            let ast::ItemKind::Rule(rule) = &item.kind else {
                continue;
            };
            for head in &rule.heads {
                let name = head.name.node.as_str();
                if program.relation(name).is_some() || known.contains(&name) {
                    continue;
                }
                items.push(self.declaration(head, rule.body.as_ref(), program)?);
                known.push(name);
            }
        }
        Ok(items)
    }

    /// `.decl` of a head. The arguments are asked for as variables of their own: the question's
    /// columns have the types.
    fn declaration(
        &self,
        head: &ast::Atom,
        body: Option<&ast::Body>,
        program: &Program,
    ) -> Result<ast::Item, Refused> {
        let span = head.span.0;
        let fresh = |i: usize| format!("${i}");
        let mut parts: Vec<ast::Body> = body.cloned().into_iter().collect();
        for (i, arg) in head.args.iter().enumerate() {
            let var = ast::Spanned { node: ast::ExprKind::Var(fresh(i)), span: arg.span };
            let equal = ast::Literal::Compare(ast::CompareOp::Eq, var, arg.clone());
            parts.push(ast::Body::Literal(ast::Spanned { node: equal, span: arg.span }));
        }
        let body = ast::Body::And(parts);
        let question = Question::resolve(&self.trees(), &body, span, program)?;
        let column = |(i, arg): (usize, &ast::Expr)| {
            let found = question.columns().iter().find(|column| column.name == fresh(i));
            let base = found.map(|column| column.base).ok_or_else(|| {
                let text = format!("the type of column {} is not clear", i + 1);
                let help = format!("declare it first: .decl {}(…)", head.name.node);
                vec![Diagnostic::new(Code::H0104, text).label(arg.span, "").help(help)]
            })?;
            let name = ast::Spanned { node: column_name(head, i), span: arg.span };
            let ty = ast::Spanned { node: base.name().to_owned(), span: arg.span };
            Ok(ast::Column { name, ty })
        };
        let columns =
            head.args.iter().enumerate().map(column).collect::<Result<Vec<_>, Refused>>()?;
        let decl =
            ast::RelationDecl { names: vec![head.name.clone()], columns, qualifiers: vec![] };
        Ok(ast::Item {
            kind: ast::ItemKind::Relation(decl),
            annotations: Vec::new(),
            doc: ast::Doc::default(),
            span: ast::ItemSpan(span),
        })
    }
}

/// The name of the variable in the column, if it is the only such column; else `c1`, `c2`, ….
fn column_name(head: &ast::Atom, i: usize) -> String {
    let var = |arg: &ast::Expr| match &arg.node {
        ast::ExprKind::Var(name) => Some(name.clone()),
        _ => None,
    };
    let own = var(&head.args[i]);
    let same = head.args.iter().filter(|arg| var(arg) == own).count();
    own.filter(|_| same == 1).unwrap_or_else(|| format!("c{}", i + 1))
}
