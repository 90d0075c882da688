//! [`Verifier`]: reads a certificate line by line and refuses the first line that is not so.
//!
//! A tuple is accepted if it is a leaf, or if a rule gives it under the stated binding from tuples
//! of earlier lines: so nothing rests on itself. At the level *model* an absence, and that a group
//! has all its rows, is looked up in relations that were closed before: all that input and facts
//! have of them is there, and every rule for them, tried with all that is there, gives nothing
//! more. What their rules negate or aggregate was closed before them: so the rules are stratified.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashSet;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::form::{
    Aggregate, Atom, Content, Expr, Header, Level, Line, Literal, Member, Origin, Row, Rule,
};
use super::inputs::{Inputs, hex};
use super::search::{Binding, Scope, Table, Tables, no_value, total};
use super::value::{Base, Fail, Tuple, Value, ensure};

/// What a line shows; of an aggregate where it stands, the values that it takes from around it,
/// its value, and the rows that have this value.
enum Shown {
    Nothing,
    Fact(String, Tuple),
    Rule(Rule),
    Tuple(String, Tuple),
    Absent(String, Binding),
    Group(Site, Value, Vec<Binding>),
}

type Site = (usize, Vec<usize>, Binding);

/// Reads a certificate.
#[derive(Default)]
pub struct Verifier<'a> {
    inputs: Option<&'a Inputs>,
    header: Option<Header>,
    tables: Tables,
    lines: Vec<Shown>,
    digest: Sha256,
    begun: bool,
    groups: HashSet<Site>,
    absent: BTreeSet<(String, Binding)>,
    /// Relations in which something is absent or of which all rows are counted.
    read: BTreeSet<String>,
    claims: BTreeMap<usize, BTreeSet<String>>,
    trusted: BTreeMap<&'static str, usize>,
    steps: usize,
    concluded: Option<usize>,
}

fn atom(relation: &str, values: &[Option<Value>]) -> String {
    let text =
        |value: &Option<Value>| value.as_ref().map_or_else(|| "_".to_owned(), Value::to_string);
    format!("{relation}({})", values.iter().map(text).collect::<Vec<_>>().join(", "))
}

impl<'a> Verifier<'a> {
    /// A verifier that compares with files only if it has them.
    #[must_use]
    pub fn new(inputs: Option<&'a Inputs>) -> Self {
        Self { inputs, ..Self::default() }
    }

    /// Checks the next line, which reads `text`.
    ///
    /// # Errors
    /// With what is wrong with it.
    pub fn line(&mut self, text: &str, line: &Line) -> Result<(), String> {
        let shows =
            self.shows(text, &line.0).map_err(|(Fail::NoValue(text) | Fail::Wrong(text))| text)?;
        self.lines.push(shows);
        Ok(())
    }

    fn shows(&mut self, text: &str, content: &Content) -> Result<Shown, Fail> {
        ensure!(self.concluded.is_none(), "a line after the conclusions");
        let first = matches!(content, Content::Header(_));
        ensure!(self.lines.is_empty() == first, "the first line, and no other, is the header");
        if matches!(content, Content::Relation { .. } | Content::Fact(_) | Content::Rule(_)) {
            ensure!(!self.begun, "a part of the program after the first leaf");
            self.digest.update(text);
            self.digest.update("\n");
        } else if !first && !self.begun {
            self.begun = true;
            let digest = hex(&self.digest.clone().finalize());
            let header = self.header.as_ref().map(|header| &header.rules);
            ensure!(header == Some(&digest), "the program is not that of the header");
            let given = self.inputs.and_then(|inputs| inputs.rules.as_ref());
            ensure!(given.is_none_or(|own| *own == digest), "the program is not the given one");
        }
        match content {
            Content::Header(header) => {
                ensure!(header.schema == "hence.cert/1", "the schema is not hence.cert/1");
                self.inputs.map_or(Ok(()), |inputs| inputs.fits(header))?;
                self.header = Some(header.clone());
                Ok(Shown::Nothing)
            }
            Content::Relation { name, columns, input } => {
                let columns = columns.iter().map(|(_, base)| *base).collect();
                let table = Table { columns, input: *input, ..Table::default() };
                let again = self.tables.by_name.insert(name.clone(), table).is_some();
                ensure!(!again, "relation `{name}` again");
                Ok(Shown::Nothing)
            }
            Content::Fact(row) => Ok(Shown::Fact(row.0.clone(), self.tuple(row)?)),
            Content::Rule(rule) => self.rule(rule),
            Content::Leaf { gives, by } => self.leaf(gives, by),
            Content::Step { gives, rule, binding, premises } => {
                self.step(gives, *rule, (binding, premises))
            }
            Content::Aggregate { rule, at, outer, value, rows } => {
                self.group((*rule, at, outer), value, rows)
            }
            Content::Absent(row) => self.absence(row),
            Content::Closed(names) => self.close(names),
            Content::Conclusions(conclusions) => self.conclude(conclusions),
        }
    }

    fn is_model(&self) -> bool {
        self.header.as_ref().is_some_and(|header| header.level == Level::Model)
    }

    fn table(&self, name: &str) -> Result<&Table, Fail> {
        self.tables.by_name.get(name).ok_or_else(|| Fail::Wrong(format!("no relation `{name}`")))
    }

    fn tuple(&self, row: &Row) -> Result<Tuple, Fail> {
        let values = typed(&row.1, &self.table(&row.0)?.columns)?;
        ensure!(values.iter().all(Option::is_some), "a tuple with nothing in it");
        Ok(values.into_iter().flatten().collect())
    }

    /// A rule makes sense: variables exist, atoms have the columns of their relations.
    fn rule(&self, rule: &Rule) -> Result<Shown, Fail> {
        let (mut far, mut bodies, mut atoms) = (false, vec![&rule.body], Vec::new());
        let mut see = |var: usize| far |= var >= rule.vars.len();
        rule.head.1.iter().for_each(|arg| arg.each_var(&mut see));
        while let Some(body) = bodies.pop() {
            for literal in body {
                literal.each_var(true, &mut see);
                literal.each_var(false, &mut see);
                match literal {
                    Literal::Aggregate(of) => bodies.push(&of.body),
                    literal => literal.each_atom(&mut |atom, _| atoms.push(atom)),
                }
            }
        }
        ensure!(!far, "a variable too many");
        for Atom(name, args) in atoms {
            let bases = args.iter().map(|arg| match arg {
                Expr::Var(var) => Some(rule.vars[*var].1),
                Expr::Const(base, value) => Value::of(value, *base).ok().map(|_| *base),
                Expr::Call(..) => None,
            });
            let columns = self.table(name)?.columns.iter().map(|base| Some(*base));
            ensure!(bases.eq(columns), "`{name}` has other columns");
        }
        self.table(&rule.head.0)?;
        Ok(Shown::Rule(rule.clone()))
    }

    fn leaf(&mut self, gives: &Row, by: &Origin) -> Result<Shown, Fail> {
        let (tuple, table, none) = (self.tuple(gives)?, self.table(&gives.0)?, Inputs::default());
        if let Origin::Fact(line) = by {
            let fact = self.earlier(*line)?;
            let same =
                matches!(fact, Shown::Fact(name, fact) if *name == gives.0 && *fact == tuple);
            ensure!(same, "line {line} is no such fact");
        } else if let Some(header) = &self.header {
            ensure!(table.input, "`{}` is no input", gives.0);
            let inputs = self.inputs.unwrap_or(&none);
            if let Some(what) = inputs.stands(header, (&gives.0, table), &tuple, by)? {
                *self.trusted.entry(what).or_default() += 1;
            }
        }
        if let Origin::Claim { file, id, .. } = by {
            self.claims.entry(*file).or_default().insert(id.clone());
        }
        self.add(&gives.0, tuple)
    }

    fn add(&mut self, name: &str, tuple: Tuple) -> Result<Shown, Fail> {
        if let Some(table) = self.tables.by_name.get_mut(name) {
            ensure!(!table.closed, "a tuple of `{name}`, which is closed");
            ensure!(table.insert(&tuple), "a tuple again");
        }
        Ok(Shown::Tuple(name.to_owned(), tuple))
    }

    fn earlier(&self, line: usize) -> Result<&Shown, Fail> {
        let found = line.checked_sub(1).and_then(|at| self.lines.get(at));
        found.ok_or_else(|| Fail::Wrong(format!("line {line} does not come before")))
    }

    fn rule_at(&self, line: usize) -> Result<(&Rule, Scope<'_>), Fail> {
        match self.earlier(line)? {
            Shown::Rule(rule) => Ok((rule, Scope::new(&self.tables, rule))),
            _ => Err(Fail::Wrong(format!("line {line} is no rule"))),
        }
    }

    fn step(&mut self, gives: &Row, line: usize, with: (&[Json], &[usize])) -> Result<Shown, Fail> {
        let ((rule, scope), tuple) = (self.rule_at(line)?, self.tuple(gives)?);
        let binding = binding(rule, with.0, &needs(&rule.body, &rule.head.1))?;
        let head: Binding = scope.values(&rule.head.1, &binding)?.into_iter().map(Some).collect();
        let same = rule.head.0 == gives.0 && head.iter().flatten().eq(tuple.iter());
        ensure!(same, "rule {} gives {} here", rule.name, atom(&rule.head.0, &head));
        self.body(&scope, (line, &[]), &rule.body, (&binding, with.1))?;
        self.steps += 1;
        self.add(&gives.0, tuple)
    }

    /// Every literal of a body holds, by its premise if it has one.
    fn body(
        &self,
        scope: &Scope<'_>,
        (rule, path): (usize, &[usize]),
        body: &[Literal],
        (binding, premises): (&Binding, &[usize]),
    ) -> Result<(), Fail> {
        let mut premises = premises.iter();
        for (at, literal) in body.iter().enumerate() {
            let asks = match literal {
                Literal::Atom(of) | Literal::Absent(of) => scope.asks(of, binding),
                Literal::Aggregate(of) => {
                    of.outer.iter().map(|var| binding[*var].clone()).collect()
                }
                _ => {
                    ensure!(scope.holds(literal, binding)?, "literal {} does not hold", at + 1);
                    continue;
                }
            };
            let line = *premises.next().unwrap_or(&0);
            let holds = match (literal, self.earlier(line)?) {
                (Literal::Atom(of), Shown::Tuple(name, tuple)) => {
                    *name == of.0 && asks.iter().map(Option::as_ref).eq(tuple.iter().map(Some))
                }
                (Literal::Absent(of), Shown::Absent(name, own)) => *name == of.0 && *own == asks,
                (Literal::Aggregate(of), Shown::Group(site, value, rows)) => {
                    let same =
                        |row: &Binding| of.witnesses.iter().all(|var| row[*var] == binding[*var]);
                    *site == (rule, [path, &[at]].concat(), asks)
                        && binding[of.var].as_ref() == Some(value)
                        && (of.witnesses.is_empty() || rows.iter().any(same))
                }
                _ => false,
            };
            ensure!(holds, "literal {} does not hold by line {line}", at + 1);
        }
        ensure!(premises.next().is_none(), "a premise too many");
        Ok(())
    }

    fn group(
        &mut self,
        (line, at, outer): (usize, &[usize], &[Json]),
        value: &Json,
        rows: &[Member],
    ) -> Result<Shown, Fail> {
        let (rule, scope) = self.rule_at(line)?;
        let of = aggregate_at(&rule.body, at)
            .ok_or_else(|| Fail::Wrong("no aggregate stands there".to_owned()))?;
        let outer =
            typed(outer, &of.outer.iter().map(|var| rule.vars[*var].1).collect::<Vec<_>>())?;
        let mut start: Binding = vec![None; rule.vars.len()];
        of.outer.iter().zip(&outer).for_each(|(var, value)| start[*var].clone_from(value));
        let mut needs = needs(&of.body, of.value.as_slice());
        needs.retain(|var| !of.outer.contains(var));
        let (mut found, mut seen) = (Vec::new(), HashSet::new());
        for (cells, premises) in rows {
            let mut row = binding(rule, cells, &needs)?;
            of.outer.iter().for_each(|var| row[*var].clone_from(&start[*var]));
            self.body(&scope, (line, at), &of.body, (&row, premises))?;
            ensure!(seen.insert(row.clone()), "a row again");
            let part = scope.part(of, &row)?;
            found.push((row, part));
        }
        let value = Value::of(value, rule.vars[of.var].1)?;
        let same = total(of, &found)?.as_ref() == Some(&value);
        ensure!(same, "the aggregate is not {value}");
        let mut read = BTreeSet::new();
        of.body
            .iter()
            .for_each(|literal| literal.each_atom(&mut |atom, _| read.extend([atom.0.clone()])));
        if self.is_model() {
            let closed = read.iter().all(|name| self.tables.by_name[name].closed);
            ensure!(closed, "it counts what is not closed before");
            let all = scope.rows(of, &start)?;
            let missing = all.iter().filter(|(row, _)| !seen.contains(row)).count();
            ensure!(missing == 0, "{missing} rows of the group are missing");
        }
        self.read.extend(read);
        found.retain(|(_, part)| *part == value);
        let site = (line, at.to_vec(), outer);
        ensure!(self.groups.insert(site.clone()), "a group again");
        Ok(Shown::Group(site, value, found.into_iter().map(|(row, _)| row).collect()))
    }

    fn absence(&mut self, row: &Row) -> Result<Shown, Fail> {
        let (name, table) = (&row.0, self.table(&row.0)?);
        let asks = typed(&row.1, &table.columns)?;
        ensure!(!self.is_model() || table.closed, "`{name}` is not closed before");
        ensure!(table.select(&asks).next().is_none(), "{} is there", atom(name, &asks));
        self.read.insert(name.clone());
        ensure!(self.absent.insert((name.clone(), asks.clone())), "an absence again");
        Ok(Shown::Absent(name.clone(), asks))
    }

    /// Neither input nor facts nor rules have another tuple of these relations.
    fn close(&mut self, names: &[String]) -> Result<Shown, Fail> {
        ensure!(self.is_model(), "nothing is closed at the level proof");
        for name in names {
            let table = self.table(name)?;
            ensure!(!table.closed, "`{name}` is closed again");
            if let (Some(inputs), Some(header)) = (self.inputs, &self.header) {
                inputs.all_in(header, name, table)?;
            }
        }
        for shows in &self.lines {
            match shows {
                Shown::Fact(name, tuple) if names.contains(name) => {
                    let there = self.table(name)?.known.contains(tuple);
                    ensure!(there, "a fact of `{name}` is missing");
                }
                Shown::Rule(rule) if names.contains(&rule.head.0) => self.closes(rule, names)?,
                _ => {}
            }
        }
        for name in names {
            self.tables.by_name.get_mut(name).into_iter().for_each(|table| table.closed = true);
        }
        Ok(Shown::Nothing)
    }

    fn closes(&self, rule: &Rule, names: &[String]) -> Result<(), Fail> {
        let mut open = false;
        rule.body.iter().for_each(|literal| {
            literal.each_atom(&mut |atom, positive| {
                let own = positive && names.contains(&atom.0);
                open |= !own && !self.tables.by_name[&atom.0].closed;
            });
        });
        ensure!(!open, "rule {} reads what is not closed before", rule.name);
        let (scope, table) = (Scope::new(&self.tables, rule), self.table(&rule.head.0)?);
        let body: Vec<&Literal> = rule.body.iter().collect();
        scope.each(&body, &vec![None; rule.vars.len()], None, &mut |binding, failed| {
            let head = failed.map_or_else(|| scope.values(&rule.head.1, binding), no_value)?;
            let there = table.known.contains(&head[..]);
            let head: Binding = head.into_iter().map(Some).collect();
            ensure!(there, "{} gives {} too", rule.name, atom(&rule.head.0, &head));
            Ok(())
        })
    }

    fn conclude(&mut self, conclusions: &[(usize, Row)]) -> Result<Shown, Fail> {
        for (name, asks) in &self.absent {
            let there = self.table(name)?.select(asks).next().is_some();
            ensure!(!there, "{} is there after all", atom(name, asks));
        }
        let mut seen = BTreeSet::new();
        for (line, row) in conclusions {
            let (found, tuple) = (self.earlier(*line)?, self.tuple(row)?);
            let same = matches!(found, Shown::Tuple(name, own) if *name == row.0 && *own == tuple);
            ensure!(same, "line {line} shows another tuple");
            ensure!(seen.insert(line), "line {line} is concluded again");
        }
        self.concluded = Some(conclusions.len());
        Ok(Shown::Nothing)
    }

    /// Says what was verified.
    ///
    /// # Errors
    /// If there are no conclusions.
    pub fn finish(self) -> Result<String, String> {
        let conclusions = self.concluded.ok_or("it ends without conclusions")?;
        let header = self.header.as_ref().ok_or("it is empty")?;
        let tuples = self.lines.iter().filter(|line| matches!(line, Shown::Tuple(..))).count();
        let (steps, leaves) = (self.steps, tuples - self.steps);
        let mut out = format!("ok: {conclusions} conclusions, {steps} steps, {leaves} leaves");
        for (file, ids) in &self.claims {
            let file = &header.inputs[*file];
            out += &format!(", {} claims bound to {}@{:.8}…", ids.len(), file.name, file.sha256);
        }
        let (absent, groups) = (self.absent.len(), self.groups.len());
        let names = self.read.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let closed = self.tables.by_name.values().filter(|table| table.closed).count();
        let level = format!("{:?}", header.level).to_lowercase();
        out += &format!("\nlevel {level}: absent: {absent}; aggregates: {groups} regrouped; ");
        out += &match header.level {
            Level::Model => format!("both looked up in {closed} closed relations"),
            Level::Proof => format!("trusted to be complete: {names}"),
        };
        match self.inputs {
            Some(inputs) => out += &inputs.summary(header, &self.trusted),
            None => out += "\nnot compared with files of input or rules",
        }
        Ok(out)
    }
}

/// Values of columns or variables of these types, nothing for `null`.
fn typed(cells: &[Json], bases: &[Base]) -> Result<Binding, Fail> {
    ensure!(cells.len() == bases.len(), "{} values where there are {}", cells.len(), bases.len());
    let value = |(cell, base): (&Json, &Base)| match cell {
        Json::Null => Ok(None),
        cell => Value::of(cell, *base).map(Some),
    };
    cells.iter().zip(bases).map(value).collect()
}

/// The values of variables, exactly those needed.
fn binding(rule: &Rule, cells: &[Json], needs: &BTreeSet<usize>) -> Result<Binding, Fail> {
    let binding = typed(cells, &rule.vars.iter().map(|(_, base)| *base).collect::<Vec<_>>())?;
    let right = (0..binding.len()).all(|var| binding[var].is_some() == needs.contains(&var));
    ensure!(right, "a variable has no value, or one too many");
    Ok(binding)
}

/// Variables that have values: all but those that only absences have or the inside of aggregates.
fn needs(body: &[Literal], exprs: &[Expr]) -> BTreeSet<usize> {
    let mut needs = BTreeSet::new();
    let mut add = |var: usize| needs.extend([var]);
    let positive = body.iter().filter(|literal| !matches!(literal, Literal::Absent(_)));
    positive.for_each(|literal| literal.each_var(false, &mut add));
    exprs.iter().for_each(|expr| expr.each_var(&mut add));
    needs
}

fn aggregate_at<'r>(body: &'r [Literal], at: &[usize]) -> Option<&'r Aggregate> {
    let (first, rest) = at.split_first()?;
    match body.get(*first)? {
        Literal::Aggregate(of) if rest.is_empty() => Some(of),
        Literal::Aggregate(of) => aggregate_at(&of.body, rest),
        _ => None,
    }
}

/// Reads a whole certificate and says what was verified.
///
/// # Errors
/// With the line that is refused, from 1, and what is wrong with it.
pub fn verify(text: &str, inputs: Option<&Inputs>) -> Result<String, (usize, String)> {
    let mut verifier = Verifier::new(inputs);
    for (at, line) in text.lines().enumerate() {
        let checked = Line::parse(line).and_then(|parsed| verifier.line(line, &parsed));
        checked.map_err(|reason| (at + 1, reason))?;
    }
    verifier.finish().map_err(|reason| (text.lines().count(), reason))
}
