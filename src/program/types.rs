//! Declared types: names, base types and which type is part of which.

use std::cell::RefCell;
use std::slice;

use crate::base::hash::{Map, Set};
use crate::base::ids::{Id, Table, TypeId};
use crate::program::program::Type;
use crate::program::suggest::{either, nearest};
use crate::syntax::ast;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::span::Span;
use crate::value::base_type::BaseType;

/// The built-in types, in the order of their ids.
const BUILT_IN: [BaseType; 4] =
    [BaseType::Number, BaseType::Unsigned, BaseType::Float, BaseType::Symbol];

/// The types of a program by name.
#[derive(Debug)]
pub(crate) struct Types {
    pub(crate) table: Table<TypeId, Type>,
    names: Map<String, TypeId>,
    /// Types whose declaration is wrong, which has been said: their uses are not checked.
    broken: Set<TypeId>,
    /// Greatest common subtypes asked for so far.
    common: RefCell<Map<(TypeId, TypeId), Vec<TypeId>>>,
}

/// What a variable may hold, as declared types: nothing yet known, or any of these types (the
/// greatest ones that fit every use).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Upper {
    /// No column has bound it: any type of its base.
    Open,
    /// A value of any of these, in id order; none if no type fits every use.
    Of(Vec<TypeId>),
}

/// The built-in type of a base type.
pub(crate) fn built_in(base: BaseType) -> TypeId {
    let index = BUILT_IN.iter().position(|known| *known == base);
    TypeId::new(index.expect("every base type is built in"))
}

impl Types {
    /// The types of an existing program.
    pub(crate) fn of(table: Table<TypeId, Type>) -> Self {
        let names = table.entries().map(|(id, ty)| (ty.name.clone(), id)).collect();
        Self { table, names, broken: Set::default(), common: RefCell::default() }
    }

    /// The built-in types and those of the declarations, with what is wrong with these.
    pub(crate) fn build<'a>(
        declarations: impl Iterator<Item = &'a ast::TypeDecl>,
    ) -> (Self, Vec<Diagnostic>) {
        let table = BUILT_IN
            .iter()
            .map(|base| Type {
                name: base.name().to_owned(),
                base: *base,
                span: None,
                parents: Vec::new(),
                is_date: false,
            })
            .collect();
        let mut types = Self::of(table);
        let mut found = Vec::new();
        let declared = types.declare(declarations, &mut found);
        let members = types.members(&declared, &mut found);
        types.find_bases(&declared, &members, &mut found);
        types.close_unions(&declared, &members);
        (types, found)
    }

    /// Makes a union a part of all that every one of its members is a part of.
    fn close_unions(
        &mut self,
        declared: &[(TypeId, &ast::TypeDecl)],
        members: &[Vec<(TypeId, Span)>],
    ) {
        let mut grows = true;
        while grows {
            grows = false;
            for ((id, _), members) in declared.iter().zip(members) {
                let [(first, _), rest @ ..] = members.as_slice() else { continue };
                if rest.is_empty() {
                    continue;
                }
                for whole in self.wholes(*first) {
                    let common = rest.iter().all(|(member, _)| self.is_part(*member, whole));
                    if common && !self.is_part(*id, whole) {
                        self.table[*id].parents.push(whole);
                        grows = true;
                    }
                }
            }
        }
    }

    /// All that a type is a part of, itself included, in id order.
    fn wholes(&self, part: TypeId) -> Vec<TypeId> {
        let mut seen = vec![part];
        let mut at = 0;
        while at < seen.len() {
            for parent in &self.table[seen[at]].parents {
                if !seen.contains(parent) {
                    seen.push(*parent);
                }
            }
            at += 1;
        }
        seen.sort_unstable();
        seen
    }

    /// Gives every declared name an id; the first of two declarations counts.
    fn declare<'a>(
        &mut self,
        declarations: impl Iterator<Item = &'a ast::TypeDecl>,
        found: &mut Vec<Diagnostic>,
    ) -> Vec<(TypeId, &'a ast::TypeDecl)> {
        let mut declared = Vec::new();
        for declaration in declarations {
            let name = &declaration.name;
            if let Some(id) = self.names.get(&name.node) {
                found.push(twice("type", name, self.table[*id].span));
                if self.table[*id].span.is_some() {
                    self.broken.insert(*id);
                }
                continue;
            }
            let id = self.table.push(Type {
                name: name.node.clone(),
                base: BaseType::Symbol,
                span: Some(name.span),
                parents: Vec::new(),
                is_date: false,
            });
            self.names.insert(name.node.clone(), id);
            declared.push((id, declaration));
        }
        declared
    }

    /// The types that each declaration names, and their parts recorded.
    fn members(
        &mut self,
        declared: &[(TypeId, &ast::TypeDecl)],
        found: &mut Vec<Diagnostic>,
    ) -> Vec<Vec<(TypeId, Span)>> {
        let mut all = Vec::with_capacity(declared.len());
        for (id, declaration) in declared {
            let names = match &declaration.kind {
                ast::TypeKind::Subtype(name) | ast::TypeKind::Legacy(name) => slice::from_ref(name),
                ast::TypeKind::Union(names) => names,
            };
            let mut members = Vec::new();
            for name in names {
                match self.find(name) {
                    Ok(member) => members.push((member, name.span)),
                    Err(diagnostic) => {
                        found.push(*diagnostic);
                        self.broken.insert(*id);
                    }
                }
            }
            for (member, _) in &members {
                match &declaration.kind {
                    ast::TypeKind::Subtype(_) | ast::TypeKind::Legacy(_) => {
                        self.table[*id].parents.push(*member);
                    }
                    ast::TypeKind::Union(names) => {
                        self.table[*member].parents.push(*id);
                        if names.len() == 1 {
                            self.table[*id].parents.push(*member);
                        }
                    }
                }
            }
            all.push(members);
        }
        all
    }

    /// Follows each declaration to built-in types.
    fn find_bases(
        &mut self,
        declared: &[(TypeId, &ast::TypeDecl)],
        members: &[Vec<(TypeId, Span)>],
        found: &mut Vec<Diagnostic>,
    ) {
        let mut search = BaseSearch {
            members,
            first: declared.first().map_or(self.table.len(), |(id, _)| id.index()),
            known: vec![Visit::New; declared.len()],
            cyclic: Vec::new(),
        };
        for index in 0..declared.len() {
            search.visit(index);
        }
        for (index, (id, declaration)) in declared.iter().enumerate() {
            if search.cyclic.contains(&index) {
                self.broken.insert(*id);
                let name = &declaration.name;
                found.push(
                    Diagnostic::new(
                        Code::H0108,
                        format!("type `{}` is defined by itself", name.node),
                    )
                    .label(name.span, "its definition comes back to it")
                    .help("define it by a built-in type: number, unsigned, float or symbol"),
                );
            }
            let bases: Vec<(BaseType, Span)> = members[index]
                .iter()
                .filter_map(|(member, span)| Some((search.base(*member)?, *span)))
                .collect();
            let Some((base, first)) = bases.first().copied() else { continue };
            self.table[*id].base = base;
            if let Some((other, span)) = bases.iter().find(|(other, _)| *other != base) {
                let name = &declaration.name.node;
                self.broken.insert(*id);
                found.push(
                    Diagnostic::new(
                        Code::H0108,
                        format!("type `{name}` joins a {base} and a {other}"),
                    )
                    .label(*span, format!("this is {other}"))
                    .label(first, format!("this is {base}"))
                    .note("all parts of a union have the same base type"),
                );
            }
        }
    }

    /// The type of a name, or why there is none.
    pub(crate) fn find(&self, name: &ast::Name) -> Result<TypeId, Box<Diagnostic>> {
        if let Some(id) = self.names.get(&name.node) {
            return Ok(*id);
        }
        let near = nearest(&name.node, self.names.keys().map(String::as_str));
        let mut diagnostic = Diagnostic::new(Code::H0106, format!("unknown type `{}`", name.node))
            .label(name.span, "no `.type` for this name");
        diagnostic = match near.as_slice() {
            [] => diagnostic.note("the built-in types are number, unsigned, float and symbol"),
            [one] => diagnostic.fix("a type with a similar name exists", name.span, *one),
            several => diagnostic.help(format!("did you mean {}?", either(several))),
        };
        Err(Box::new(diagnostic))
    }

    /// Takes a type's numbers for days; says so if it holds none.
    pub(crate) fn date(&mut self, name: &ast::Name) -> Option<Diagnostic> {
        let id = *self.names.get(&name.node)?;
        let ty = &mut self.table[id];
        ty.is_date = ty.base == BaseType::Number;
        (!ty.is_date).then(|| {
            Diagnostic::new(Code::H0206, format!("`{}` holds no numbers", name.node))
                .label(name.span, format!("what it holds is {}", ty.base))
                .help("`date` says of a type of numbers that they are days since 1970-01-01")
        })
    }

    /// Whether uses of the type cannot be checked: it or what it is made of is declared wrongly.
    pub(crate) fn is_broken(&self, ty: TypeId) -> bool {
        self.broken
            .iter()
            .any(|broken| *broken == ty || self.is_part(*broken, ty) || self.is_part(ty, *broken))
    }

    /// Whether every value of `part` is one of `whole`.
    pub(crate) fn is_part(&self, part: TypeId, whole: TypeId) -> bool {
        if part == whole {
            return true;
        }
        let mut seen = Set::default();
        let mut open = vec![part];
        while let Some(ty) = open.pop() {
            if ty == whole {
                return true;
            }
            if seen.insert(ty) {
                open.extend(&self.table[ty].parents);
            }
        }
        false
    }

    /// The greatest types that are part of both, in id order.
    fn common(&self, a: TypeId, b: TypeId) -> Vec<TypeId> {
        if self.is_part(a, b) {
            return vec![a];
        }
        if self.is_part(b, a) {
            return vec![b];
        }
        let key = (a.min(b), a.max(b));
        if let Some(known) = self.common.borrow().get(&key) {
            return known.clone();
        }
        let parts: Vec<_> =
            self.table.ids().filter(|ty| self.is_part(*ty, a) && self.is_part(*ty, b)).collect();
        // Of types that are part of each other (aliases) the first stands for all.
        let greatest: Vec<_> = parts
            .iter()
            .copied()
            .filter(|ty| {
                !parts.iter().any(|other| {
                    other != ty
                        && self.is_part(*ty, *other)
                        && (!self.is_part(*other, *ty) || other < ty)
                })
            })
            .collect();
        self.common.borrow_mut().insert(key, greatest.clone());
        greatest
    }

    /// What fits both.
    pub(crate) fn meet(&self, a: &Upper, b: &Upper) -> Upper {
        match (a, b) {
            (Upper::Open, other) | (other, Upper::Open) => other.clone(),
            (Upper::Of(a), Upper::Of(b)) if a == b => Upper::Of(a.clone()),
            (Upper::Of(a), Upper::Of(b)) => {
                let mut all: Vec<_> =
                    a.iter().flat_map(|a| b.iter().flat_map(|b| self.common(*a, *b))).collect();
                all.sort_unstable();
                all.dedup();
                let greatest = all
                    .iter()
                    .copied()
                    .filter(|ty| {
                        !all.iter().any(|other| {
                            other != ty && self.is_part(*ty, *other) && !self.is_part(*other, *ty)
                        })
                    })
                    .collect();
                Upper::Of(greatest)
            }
        }
    }

    /// Whether every value that `upper` allows is one of `ty`; both are of one base type.
    pub(crate) fn fits(&self, upper: &Upper, ty: TypeId) -> bool {
        match upper {
            Upper::Open => true,
            Upper::Of(types) => types.iter().all(|part| self.is_part(*part, ty)),
        }
    }

    /// `` `ClaimId` ``, or several joined by "or".
    pub(crate) fn text(&self, upper: &Upper, base: BaseType) -> String {
        match upper {
            Upper::Open => format!("`{base}`"),
            Upper::Of(types) => {
                let names: Vec<_> =
                    types.iter().map(|ty| format!("`{}`", self.table[*ty].name)).collect();
                names.join(" or ")
            }
        }
    }
}

/// A second declaration of a name.
pub(crate) fn twice(kind: &str, name: &ast::Name, first: Option<Span>) -> Diagnostic {
    match first {
        Some(first) => {
            Diagnostic::new(Code::H0105, format!("{kind} `{}` is declared twice", name.node))
                .label(name.span, "declared again here")
                .label(first, "first declared here")
        }
        None => Diagnostic::new(Code::H0105, format!("{kind} `{}` is built in", name.node))
            .label(name.span, "cannot be declared again"),
    }
}

/// A search from declared types to built-in ones.
struct BaseSearch<'a> {
    /// For each declaration the types it names.
    members: &'a [Vec<(TypeId, Span)>],
    /// The id of the first declaration; those before are built in.
    first: usize,
    known: Vec<Visit>,
    cyclic: Vec<usize>,
}

/// How far the search is with a declaration.
#[derive(Clone, Copy)]
enum Visit {
    New,
    Open,
    Done(Option<BaseType>),
}

impl BaseSearch<'_> {
    /// The base of a type that is done.
    fn base(&self, ty: TypeId) -> Option<BaseType> {
        match ty.index().checked_sub(self.first) {
            None => BUILT_IN.get(ty.index()).copied(),
            Some(index) => match self.known[index] {
                Visit::Done(base) => base,
                Visit::New | Visit::Open => None,
            },
        }
    }

    /// Depth first, without recursion: a chain of declarations may be long.
    fn visit(&mut self, start: usize) {
        let mut stack = vec![start];
        while let Some(&index) = stack.last() {
            let members = &self.members[index];
            if matches!(self.known[index], Visit::Done(_)) {
                stack.pop();
                continue;
            }
            self.known[index] = Visit::Open;
            let declared = members.iter().filter_map(|(ty, _)| ty.index().checked_sub(self.first));
            let mut next = None;
            for member in declared {
                match self.known[member] {
                    Visit::New => next = next.or(Some(member)),
                    Visit::Open => self.cyclic.push(index),
                    Visit::Done(_) => {}
                }
            }
            if let Some(next) = next {
                // Cycles through `index` are found again when it is looked at for the last time.
                self.cyclic.retain(|cyclic| *cyclic != index);
                stack.push(next);
                continue;
            }
            let base = members.iter().find_map(|(ty, _)| self.base(*ty));
            self.known[index] = Visit::Done(base);
            stack.pop();
        }
    }
}
