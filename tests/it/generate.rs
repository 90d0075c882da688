//! Random stratified programs with facts, as text, so that they go through parser and resolver.
//! Every program is well typed, every variable bound, every recursion through positive atoms of
//! the same layer. What it contains is noted, so that a test can see what it has covered.

use std::collections::BTreeSet;
use std::fmt::Write;

use arbtest::arbitrary::{Result, Unstructured};

/// A program in pieces that may be put in any order.
#[derive(Clone, Default)]
pub(crate) struct Generated {
    pub(crate) declarations: Vec<String>,
    pub(crate) facts: Vec<String>,
    pub(crate) rules: Vec<Rule>,
    /// Relations that rules derive.
    pub(crate) derived: Vec<String>,
    /// What the program contains.
    pub(crate) features: BTreeSet<&'static str>,
}

/// A rule in pieces: the order of the body is free.
#[derive(Clone)]
pub(crate) struct Rule {
    /// What messages call it.
    pub(crate) name: String,
    pub(crate) heads: Vec<String>,
    pub(crate) body: Vec<String>,
}

impl Generated {
    /// The program in the order of its pieces.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for line in self.declarations.iter().chain(&self.facts) {
            writeln!(text, "{line}").unwrap();
        }
        for Rule { name, heads, body } in &self.rules {
            writeln!(text, "//@ name(\"{name}\")").unwrap();
            writeln!(text, "{} :- {}.", heads.join(", "), body.join(", ")).unwrap();
        }
        text
    }
}

/// Puts items in a random order.
pub(crate) fn shuffle<T>(items: &mut [T], u: &mut Unstructured<'_>) -> Result<()> {
    for i in (1..items.len()).rev() {
        items.swap(i, u.int_in_range(0..=i)?);
    }
    Ok(())
}

/// The program of some random bytes.
pub(crate) fn generate(u: &mut Unstructured<'_>) -> Result<Generated> {
    let mut generator = Generator { u, relations: Vec::new(), out: Generated::default(), vars: 0 };
    generator.relations()?;
    generator.rules()?;
    Ok(generator.out)
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Type {
    Number,
    Unsigned,
    Float,
    Symbol,
}

const TYPES: [Type; 4] = [Type::Number, Type::Unsigned, Type::Float, Type::Symbol];

#[derive(Clone)]
struct Relation {
    name: String,
    columns: Vec<Type>,
    /// 0 is input; negation and aggregates look at lower layers only.
    layer: usize,
}

struct Generator<'u, 'b> {
    u: &'u mut Unstructured<'b>,
    relations: Vec<Relation>,
    out: Generated,
    vars: usize,
}

/// What is known while one body is written.
#[derive(Default)]
struct Body {
    literals: Vec<String>,
    bound: Vec<(String, Type)>,
    /// Bound variables that come out of an aggregate; another one would see its own.
    witnesses: Vec<String>,
    /// How many of the bound variables are those of the rule's atoms.
    of_atoms: usize,
    /// Atoms may be of this layer, everything else only of lower ones.
    layer: usize,
    recursive: bool,
}

impl Generator<'_, '_> {
    fn chance(&mut self, percent: u8) -> Result<bool> {
        Ok(self.u.int_in_range(0..=99)? < percent)
    }

    fn note(&mut self, feature: &'static str) {
        self.out.features.insert(feature);
    }

    fn fresh(&mut self) -> String {
        self.vars += 1;
        format!("x{}", self.vars)
    }

    // ---- relations and facts ----

    fn relations(&mut self) -> Result<()> {
        for i in 0..self.u.int_in_range(2..=4)? {
            self.relation(format!("e{i}"), 0)?;
        }
        let mut layer = 1;
        for i in 0..self.u.int_in_range(2..=6)? {
            self.relation(format!("d{i}"), layer)?;
            layer += usize::from(self.chance(70)?);
        }
        for relation in self.relations.clone() {
            let is_input = relation.layer == 0;
            if !is_input && !self.chance(15)? {
                continue;
            }
            let count = if is_input { self.u.int_in_range(2..=9)? } else { 1 };
            for _ in 0..count {
                let mut values = Vec::new();
                for ty in &relation.columns {
                    values.push(self.constant(*ty)?);
                }
                self.out.facts.push(format!("{}({}).", relation.name, values.join(", ")));
            }
        }
        Ok(())
    }

    fn relation(&mut self, name: String, layer: usize) -> Result<()> {
        let arity = *self.u.choose(&[0, 1, 1, 2, 2, 2, 2, 3, 3])?;
        if arity == 0 {
            self.note("nullary");
        }
        let mut columns = Vec::new();
        for _ in 0..arity {
            columns.push(*self.u.choose(&[
                Type::Number,
                Type::Number,
                Type::Number,
                Type::Symbol,
                Type::Symbol,
                Type::Float,
                Type::Unsigned,
            ])?);
        }
        let declared: Vec<_> =
            columns.iter().enumerate().map(|(i, ty)| format!("c{i}: {}", type_name(*ty))).collect();
        self.out.declarations.push(format!(".decl {name}({})", declared.join(", ")));
        if layer > 0 {
            self.out.derived.push(name.clone());
        }
        self.relations.push(Relation { name, columns, layer });
        Ok(())
    }

    fn constant(&mut self, ty: Type) -> Result<String> {
        let extreme = self.chance(2)?;
        Ok(match ty {
            Type::Number if extreme => {
                (*self.u.choose(&["9223372036854775807", "-9223372036854775808"])?).to_owned()
            }
            Type::Number => self.u.int_in_range(-2..=6)?.to_string(),
            Type::Unsigned if extreme => "18446744073709551615".to_owned(),
            Type::Unsigned => self.u.int_in_range(0..=5)?.to_string(),
            Type::Float => {
                self.note("float");
                let common = ["0.0", "0.5", "1.5", "-2.25", "3.0", "0.1"];
                let rare = ["1e308", "-1e308", "1e-300"];
                let texts: &[&str] = if extreme { &rare } else { &common };
                (*self.u.choose(texts)?).to_owned()
            }
            Type::Symbol => {
                let texts = ["a", "b", "ab", "c", "7", "-3", "1.5", "é", "", "say \\\"x\\\""];
                format!("\"{}\"", self.u.choose(&texts)?)
            }
        })
    }

    // ---- rules ----

    fn rules(&mut self) -> Result<()> {
        for relation in self.relations.clone().iter().filter(|r| r.layer > 0) {
            for _ in 0..self.u.int_in_range(1..=3)? {
                self.rule(relation)?;
            }
            if self.chance(4)? {
                self.endless(relation)?;
            }
        }
        Ok(())
    }

    fn rule(&mut self, head: &Relation) -> Result<()> {
        let mut body = Body { layer: head.layer, ..Body::default() };
        for _ in 0..*self.u.choose(&[1, 1, 2, 2, 2, 3])? {
            self.atom(&mut body)?;
        }
        body.of_atoms = body.bound.len();
        for _ in 0..*self.u.choose(&[0, 0, 1, 1, 1, 2, 3])? {
            self.extra(&mut body)?;
        }
        let mut heads = vec![self.head(head, &mut body)?];
        if self.chance(8)? {
            let same: Vec<_> =
                self.relations.iter().filter(|r| r.layer == head.layer).cloned().collect();
            let other = self.u.choose(&same)?;
            heads.push(self.head(other, &mut body)?);
            self.note("several heads");
        }
        shuffle(&mut body.literals, self.u)?;
        self.push_rule(heads, body.literals);
        Ok(())
    }

    fn push_rule(&mut self, heads: Vec<String>, body: Vec<String>) {
        let name = format!("r{}", self.out.rules.len());
        self.out.rules.push(Rule { name, heads, body });
    }

    /// A rule that counts without end, if the relation has a column to count in.
    fn endless(&mut self, relation: &Relation) -> Result<()> {
        let Some(at) = relation.columns.iter().position(|ty| *ty == Type::Number) else {
            return Ok(());
        };
        let vars: Vec<String> = relation.columns.iter().map(|_| self.fresh()).collect();
        let mut next = vars.clone();
        next[at] = format!("{} + {}", vars[at], self.u.int_in_range(1..=3)?);
        self.note("recursion");
        let atom = |args: &[String]| format!("{}({})", relation.name, args.join(", "));
        self.push_rule(vec![atom(&next)], vec![atom(&vars)]);
        Ok(())
    }

    fn head(&mut self, head: &Relation, body: &mut Body) -> Result<String> {
        let mut args = Vec::new();
        for ty in &head.columns {
            let arg = match self.bound(body, *ty)? {
                Some(var) if *ty == Type::Number && self.chance(12)? => {
                    self.note("arithmetic");
                    self.guard(body, &var, *ty)?;
                    let op = *self.u.choose(&["+ 1", "- 1", "* 2", "/ 2"])?;
                    format!("{var} {op}")
                }
                Some(var) => var,
                None => self.constant(*ty)?,
            };
            args.push(arg);
        }
        Ok(format!("{}({})", head.name, args.join(", ")))
    }

    /// In a recursive rule most computed values are bounded.
    fn guard(&mut self, body: &mut Body, var: &str, ty: Type) -> Result<()> {
        if !body.recursive || (ty != Type::Symbol && self.chance(40)?) {
            return Ok(());
        }
        body.literals.push(match ty {
            Type::Number => format!("{var} < 9, {var} > -9"),
            Type::Unsigned => format!("{var} < 9"),
            Type::Float => format!("{var} < 9.0, {var} > -9.0"),
            Type::Symbol => format!("strlen({var}) < 5"),
        });
        Ok(())
    }

    /// A bound variable of the type, if there is one.
    fn bound(&mut self, body: &Body, ty: Type) -> Result<Option<String>> {
        let vars: Vec<_> = body.bound.iter().filter(|(_, of)| *of == ty).collect();
        if vars.is_empty() { Ok(None) } else { Ok(Some(self.u.choose(&vars)?.0.clone())) }
    }

    /// A bound variable of the type, or a constant.
    fn operand(&mut self, body: &Body, ty: Type) -> Result<String> {
        let var = if self.chance(75)? { self.bound(body, ty)? } else { None };
        match var {
            Some(var) => Ok(var),
            None => self.constant(ty),
        }
    }

    /// A relation of a lower layer, or of this one where that is allowed.
    fn readable(&mut self, body: &Body, own_layer: bool) -> Result<Relation> {
        let own = own_layer && self.chance(20)?;
        let layers = if own { body.layer..=body.layer } else { 0..=body.layer - 1 };
        let readable: Vec<_> =
            self.relations.iter().filter(|r| layers.contains(&r.layer)).cloned().collect();
        self.u.choose(&readable).cloned()
    }

    fn atom(&mut self, body: &mut Body) -> Result<()> {
        let relation = self.readable(body, true)?;
        if relation.layer == body.layer {
            body.recursive = true;
            self.note("recursion");
        }
        let atom = self.atom_of(&relation, body, 45)?;
        body.literals.push(atom);
        Ok(())
    }

    /// An atom that reuses bound variables with this chance, and binds the others.
    fn atom_of(&mut self, relation: &Relation, body: &mut Body, reuse: u8) -> Result<String> {
        let mut args = Vec::new();
        let mut new = Vec::new();
        for ty in &relation.columns {
            let var = if self.chance(reuse)? { self.bound(body, *ty)? } else { None };
            args.push(if let Some(var) = var {
                var
            } else if self.chance(8)? {
                self.constant(*ty)?
            } else if self.chance(10)? {
                "_".to_owned()
            } else {
                let var = self.fresh();
                new.push((var.clone(), *ty));
                var
            });
            if *ty == Type::Unsigned {
                self.note("unsigned");
            }
        }
        body.bound.extend(new);
        Ok(format!("{}({})", relation.name, args.join(", ")))
    }

    fn extra(&mut self, body: &mut Body) -> Result<()> {
        match self.u.int_in_range(0..=99)? {
            0..=13 => self.comparison(body),
            14..=30 => self.arithmetic(body),
            31..=40 => self.negation(body),
            41..=72 => self.aggregate(body),
            73..=82 => self.text(body),
            83..=91 => self.disjunction(body),
            92..=94 => self.range(body),
            95 => {
                self.note("constant literal");
                body.literals.push("true".to_owned());
                Ok(())
            }
            _ => self.joined_expression(body),
        }
    }

    fn comparison(&mut self, body: &mut Body) -> Result<()> {
        let literal = self.compare_bound(body)?;
        body.literals.push(literal);
        Ok(())
    }

    fn compare_bound(&mut self, body: &Body) -> Result<String> {
        self.note("comparison");
        let ty = *self.u.choose(&TYPES)?;
        let (left, right) = (self.operand(body, ty)?, self.operand(body, ty)?);
        let op = *self.u.choose(&["<", "<=", ">", ">=", "!=", "!=", "="])?;
        // Two constants have no type of their own.
        if left.starts_with('x') || right.starts_with('x') {
            Ok(format!("{left} {op} {right}"))
        } else {
            Ok("1 < 2".to_owned())
        }
    }

    /// A variable takes the value of an expression.
    fn arithmetic(&mut self, body: &mut Body) -> Result<()> {
        self.note("arithmetic");
        let ty = *self.u.choose(&[Type::Number, Type::Number, Type::Number, Type::Float])?;
        let Some(left) = self.bound(body, ty)? else { return Ok(()) };
        let right = self.operand(body, ty)?;
        let ops: &[&str] = match ty {
            Type::Float => &["+", "-", "*", "/"],
            _ => &["+", "+", "-", "-", "*", "*", "/", "%", "band", "bxor"],
        };
        let op = *self.u.choose(ops)?;
        if matches!(op, "/" | "%") {
            self.note("division");
        }
        let var = self.fresh();
        body.literals.push(format!("{var} = {left} {op} {right}"));
        self.guard(body, &var, ty)?;
        body.bound.push((var, ty));
        Ok(())
    }

    /// An atom with an expression as argument: it joins on a computed value, which may err.
    fn joined_expression(&mut self, body: &mut Body) -> Result<()> {
        let lower: Vec<_> = self
            .relations
            .iter()
            .filter(|r| r.layer < body.layer && r.columns.contains(&Type::Number))
            .cloned()
            .collect();
        let (Some(var), false) = (self.bound(body, Type::Number)?, lower.is_empty()) else {
            return Ok(());
        };
        self.note("expression in an atom");
        let relation = self.u.choose(&lower)?;
        let mut args = Vec::new();
        for ty in &relation.columns {
            args.push(match ty {
                Type::Number => {
                    let by = self.constant(Type::Number)?;
                    format!("{var} {} {by}", self.u.choose(&["+", "*", "/"])?)
                }
                _ => "_".to_owned(),
            });
        }
        body.literals.push(format!("{}({})", relation.name, args.join(", ")));
        Ok(())
    }

    fn negation(&mut self, body: &mut Body) -> Result<()> {
        let relation = self.readable(body, false)?;
        let mut args = Vec::new();
        for ty in &relation.columns {
            args.push(if self.chance(25)? { "_".to_owned() } else { self.operand(body, *ty)? });
        }
        self.note("negation");
        body.literals.push(format!("!{}({})", relation.name, args.join(", ")));
        Ok(())
    }

    fn text(&mut self, body: &mut Body) -> Result<()> {
        let Some(text) = self.bound(body, Type::Symbol)? else { return Ok(()) };
        self.note("string functor");
        let var = self.fresh();
        let (literal, ty) = match self.u.int_in_range(0..=7)? {
            0 | 1 => {
                let other = self.operand(body, Type::Symbol)?;
                (format!("{var} = cat({text}, {other})"), Some(Type::Symbol))
            }
            2 => (format!("{var} = strlen({text})"), Some(Type::Number)),
            3 => (format!("{var} = substr({text}, 0, 1)"), Some(Type::Symbol)),
            4 => {
                let part = self.operand(body, Type::Symbol)?;
                (format!("contains({part}, {text})"), None)
            }
            5 => (format!("!match(\"[ab]+\", {text})"), None),
            6 => {
                (format!("match(\"[a-c]*\", {text}), {var} = to_number(\"1\")"), Some(Type::Number))
            }
            _ => (format!("{var} = to_number({text})"), Some(Type::Number)),
        };
        body.literals.push(literal);
        if let Some(ty) = ty {
            self.guard(body, &var, ty)?;
            body.bound.push((var, ty));
        }
        Ok(())
    }

    fn disjunction(&mut self, body: &mut Body) -> Result<()> {
        self.note("disjunction");
        let (one, other) = if self.chance(50)? {
            (self.compare_bound(body)?, self.compare_bound(body)?)
        } else {
            // Both alternatives bind the same variable.
            let numbers = |r: &&Relation| r.columns == [Type::Number] && r.layer < body.layer;
            let unary: Vec<_> = self.relations.iter().filter(numbers).cloned().collect();
            let var = self.fresh();
            let one = match unary.first() {
                Some(relation) => format!("{}({var})", relation.name),
                None => format!("{var} = 3"),
            };
            let value = self.operand(body, Type::Number)?;
            body.bound.push((var.clone(), Type::Number));
            (one, format!("{var} = {value}"))
        };
        body.literals.push(format!("({one} ; {other})"));
        Ok(())
    }

    fn range(&mut self, body: &mut Body) -> Result<()> {
        self.note("range");
        let var = self.fresh();
        let to = self.operand(body, Type::Number)?;
        body.literals.push(format!("{var} = range(0, min(max({to}, -4), 4))"));
        body.bound.push((var, Type::Number));
        Ok(())
    }

    // ---- aggregates ----

    fn aggregate(&mut self, body: &mut Body) -> Result<()> {
        let (mut literal, mut bound) = self.aggregate_over(body, 0)?;
        let known = &body.bound[..body.of_atoms];
        let known: Vec<_> = known.iter().filter(|(_, ty)| *ty == bound[0].1).collect();
        if !known.is_empty() && self.chance(15)? {
            // The result is compared with a variable that has a value already.
            let known = self.u.choose(&known)?.0.clone();
            let (_, aggregate) = literal.split_once(" = ").unwrap();
            literal = format!("{known} = {aggregate}");
            bound.remove(0);
            self.note("aggregate compared");
        }
        let local = bound.iter().filter(|(var, _)| is_local(&literal, var));
        body.witnesses.extend(local.map(|(var, _)| var.clone()));
        body.literals.push(literal);
        body.bound.extend(bound);
        Ok(())
    }

    /// `x = sum y : { … }` and what it binds. Its body sees the bound variables around it.
    fn aggregate_over(
        &mut self,
        around: &Body,
        depth: usize,
    ) -> Result<(String, Vec<(String, Type)>)> {
        let mut inner = Body { layer: around.layer, ..Body::default() };
        let is_witness = |var: &String| around.witnesses.contains(var);
        inner.bound.extend(around.bound.iter().filter(|(var, _)| !is_witness(var)).cloned());
        let outer = inner.bound.len();
        for _ in 0..*self.u.choose(&[1, 1, 1, 2])? {
            let relation = self.readable(&inner, false)?;
            let atom = self.atom_of(&relation, &mut inner, 30)?;
            inner.literals.push(atom);
        }
        if inner.literals.iter().any(|atom| around.bound.iter().any(|(v, _)| mentions(atom, v))) {
            self.note("outer variable");
        }
        if self.chance(15)? {
            self.comparison(&mut inner)?;
        }
        if self.chance(15)? {
            self.arithmetic(&mut inner)?;
        }
        if self.chance(10)? {
            self.negation(&mut inner)?;
        }
        if depth == 0 && self.chance(15)? {
            let (nested, bound) = self.aggregate_over(&inner, 1)?;
            inner.literals.push(nested);
            inner.bound.extend(bound.into_iter().take(1));
            self.note("nested aggregate");
        }
        let local: Vec<_> = inner.bound[outer..].to_vec();
        let numeric: Vec<_> = local.iter().filter(|(_, ty)| *ty != Type::Symbol).cloned().collect();
        let result = self.fresh();
        let kinds = ["count", "sum", "sum", "min", "max", "mean"];
        let kind = if numeric.is_empty() { "count" } else { *self.u.choose(&kinds)? };
        shuffle(&mut inner.literals, self.u)?;
        let text = inner.literals.join(", ");
        self.note(match kind {
            "count" => "count",
            "sum" => "sum",
            "min" => "min",
            "max" => "max",
            _ => "mean",
        });
        if kind == "count" {
            let literal = format!("{result} = count : {{ {text} }}");
            return Ok((literal, vec![(result, Type::Number)]));
        }
        let (value, ty) = self.u.choose(&numeric)?.clone();
        let ty = if kind == "mean" { Type::Float } else { ty };
        let mut bound = vec![(result.clone(), ty)];
        if matches!(kind, "min" | "max") && self.chance(35)? {
            let witness = self.u.choose(&local)?.clone();
            if witness.0 != value && depth == 0 {
                self.note("witness");
                bound.push(witness);
            }
        }
        Ok((format!("{result} = {kind} {value} : {{ {text} }}"), bound))
    }
}

/// Whether the variable is of the aggregate's body, not its result.
fn is_local(literal: &str, var: &str) -> bool {
    literal.split_once(" = ").is_some_and(|(result, _)| result != var)
}

fn mentions(literal: &str, var: &str) -> bool {
    literal.split(|c: char| !c.is_alphanumeric()).any(|word| word == var)
}

fn type_name(ty: Type) -> &'static str {
    match ty {
        Type::Number => "number",
        Type::Unsigned => "unsigned",
        Type::Float => "float",
        Type::Symbol => "symbol",
    }
}
